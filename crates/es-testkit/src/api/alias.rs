//! Aliases: add, remove, look at.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::index;
use super::params::Params;
use super::reply::Reply;
use crate::search::{Request, Source, matching};
use crate::store::{Index, ResolveOptions, Restriction, Store, matches_wildcard};
use crate::strict::Fields;
use crate::sync::lock;

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let settings = Value::Object(call.whole_object()?);
    for name in ["is_hidden", "must_exist"] {
        if settings.get(name).is_some() {
            return Err(ApiError::illegal_argument(format!(
                "unknown field [{name}] of an alias"
            )));
        }
    }
    only(call.part("name"), &settings)?;
    let mut store = lock(&call.shared.store);
    let before = (store.indices.clone(), store.streams.clone());
    let outcome = add(&mut store, call.part("index"), call.part("name"), &settings)
        .and_then(|()| check_write_indices(&store));
    if outcome.is_err() {
        (store.indices, store.streams) = before;
    }
    outcome.map(|()| done(call))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let wanted = call.part("name");
    let mut removed = false;
    for alias in wanted.split(',') {
        removed |= remove(&mut store, call.part("index"), alias, false)?;
    }
    if removed {
        Ok(done(call))
    } else {
        Err(missing(wanted))
    }
}

/// The response to a change: 8.0 and later say that there was no error.
fn done(call: &Call<'_>) -> Reply {
    if call.shared.settings.is_legacy() || call.shared.settings.is_opensearch() {
        return Reply::acknowledged();
    }
    Reply::ok(json!({"acknowledged": true, "errors": false}))
}

/// `POST _aliases`: a list of actions, all or none.
pub(crate) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    if body.get("actions").is_some_and(Value::is_object) {
        return Err(ApiError::bad_request(
            "x_content_parse_exception",
            "[1:1] [aliases] failed to parse field [actions]",
        ));
    }
    let actions = body
        .get("actions")
        .and_then(Value::as_array)
        .ok_or_else(|| ApiError::illegal_argument("No action specified"))?;
    if actions.is_empty() {
        return Err(ApiError::illegal_argument("No action specified"));
    }
    let mut store = lock(&call.shared.store);
    let before = (store.indices.clone(), store.streams.clone());
    let outcome = actions
        .iter()
        .map(|action| carry_out(&mut store, action))
        .collect::<Result<Vec<bool>, _>>()
        .and_then(|did| check_write_indices(&store).map(|()| did))
        .and_then(|did| match did.contains(&true) {
            true if did.contains(&false) => Ok(partly_done(actions, &did)),
            true => Ok(done(call)),
            false => Err(missing(&aliases_of(actions).join(", "))),
        });
    if outcome.is_err() {
        (store.indices, store.streams) = before;
    }
    outcome
}

/// The response where an alias that need not exist was not there.
fn partly_done(actions: &[Value], did: &[bool]) -> Reply {
    let results = actions.iter().zip(did).map(|(action, did)| {
        let entry = action.as_object().and_then(|action| action.iter().next());
        let member = |name: &str| texts(entry.and_then(|(_, settings)| settings.get(name)));
        let indices = [member("index"), member("indices")].concat();
        let mut result = json!({
            "action": {
                "type": entry.map(|(verb, _)| verb),
                "indices": indices,
                "aliases": aliases_of(std::slice::from_ref(action)),
            },
            "status": if *did { 200 } else { 404 },
        });
        if let (false, Some(fields)) = (did, result.as_object_mut()) {
            fields.insert(
                "error".to_owned(),
                missing(&aliases_of(std::slice::from_ref(action)).join(", ")).cause(),
            );
        }
        result
    });
    let results: Vec<Value> = results.collect();
    Reply::ok(json!({"acknowledged": true, "errors": true, "action_results": results}))
}

/// The names of aliases in actions.
fn aliases_of(actions: &[Value]) -> Vec<String> {
    let all = actions.iter().filter_map(Value::as_object);
    all.flat_map(serde_json::Map::values)
        .flat_map(|settings| [texts(settings.get("alias")), texts(settings.get("aliases"))])
        .flatten()
        .collect()
}

/// Carries out one action, and returns whether there was anything to do.
fn carry_out(store: &mut Store, action: &Value) -> Result<bool, ApiError> {
    let entry = action.as_object().and_then(|action| action.iter().next());
    let Some((verb, settings)) = entry else {
        return Err(ApiError::illegal_argument("No action specified"));
    };
    let names = |one: &str, many: &str| {
        let mut names = texts(settings.get(one));
        names.extend(texts(settings.get(many)));
        names
    };
    let indices = names("index", "indices").join(",");
    let aliases = names("alias", "aliases");
    let needed = match verb.as_str() {
        "add" | "remove" | "remove_index" if indices.is_empty() => Some("[index] or [indices]"),
        "add" | "remove" if aliases.iter().all(String::is_empty) => Some("[alias] or [aliases]"),
        _ => None,
    };
    if let Some(needed) = needed {
        return Err(ApiError::bad_request(
            "x_content_parse_exception",
            "[1:1] [aliases] failed to parse field [actions]",
        )
        .caused_by(
            "illegal_argument_exception",
            &format!("One of {needed} is required"),
        ));
    }
    match verb.as_str() {
        "add" => aliases
            .iter()
            .try_for_each(|alias| add(store, &indices, alias, settings))
            .map(|()| true),
        "remove" => {
            let must_exist = settings.get("must_exist") == Some(&Value::Bool(true));
            aliases.iter().try_fold(false, |did, alias| {
                Ok(remove(store, &indices, alias, must_exist)? || did)
            })
        }
        "remove_index" => {
            for name in store.resolve(
                &indices,
                ResolveOptions {
                    refuse_aliases: true,
                    ..ResolveOptions::default()
                },
            )? {
                store.indices.remove(&name);
            }
            Ok(true)
        }
        other => Err(ApiError::bad_request(
            "x_content_parse_exception",
            format!("[1:1] [alias_action] unknown field [{other}]"),
        )),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn add(store: &mut Store, indices: &str, alias: &str, settings: &Value) -> Result<(), ApiError> {
    check_name(store, alias)?;
    let kept = kept(alias, settings)?;
    let names = store.resolve(
        indices,
        ResolveOptions {
            require_some: true,
            ..ResolveOptions::default()
        },
    )?;
    let (streams, names) = split(store, indices, names);
    if let Some(stream) = names.iter().find_map(|name| store.stream_of(name)) {
        return Err(ApiError::illegal_argument(format!(
            "The provided expressions [{indices}] match a backing index belonging to data stream [{}]. Data stream backing indices don't support aliases.",
            stream.name
        )));
    }
    if !streams.is_empty() && (kept.get("index_routing").or(kept.get("search_routing"))).is_some() {
        return Err(ApiError::illegal_argument(
            "aliases that point to data streams don't support routing",
        ));
    }
    check_kinds(store, alias, &streams, &names)?;
    let backing = streams
        .iter()
        .filter_map(|name| store.streams.get(name)?.indices.last());
    for index in names
        .iter()
        .chain(backing)
        .filter_map(|name| store.indices.get(name))
    {
        check_filter(index, alias, &kept)?;
    }
    for name in streams {
        if let Some(stream) = store.streams.get_mut(&name) {
            stream.aliases.insert(alias.to_owned(), kept.clone());
        }
    }
    for name in names {
        if let Some(index) = store.indices.get_mut(&name) {
            index.aliases.insert(alias.to_owned(), kept.clone());
            index.version += 1;
        }
    }
    Ok(())
}

/// Refuses an alias of both data streams and indices.
fn check_kinds(
    store: &Store,
    alias: &str,
    streams: &BTreeSet<String>,
    indices: &[String],
) -> Result<(), ApiError> {
    let of_streams = store
        .streams
        .values()
        .any(|stream| stream.aliases.contains_key(alias));
    let of_indices = store
        .indices
        .values()
        .any(|index| index.aliases.contains_key(alias));
    if (of_streams || !streams.is_empty()) && (of_indices || !indices.is_empty()) {
        return Err(ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "illegal_state_exception",
            format!(
                "index, alias, and data stream names need to be unique, but the following duplicates were found [data stream alias and indices alias have the same name ({alias})]"
            ),
        ));
    }
    Ok(())
}

/// Refuses the name of an alias that none may have, or that is taken.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_name(store: &Store, alias: &str) -> Result<(), ApiError> {
    let reason = if store.indices.contains_key(alias) || store.streams.contains_key(alias) {
        "an index or data stream exists with the same name as the alias"
    } else if alias.starts_with(['_', '-', '+']) || alias.contains(index::FORBIDDEN) {
        "must be a name that an index may have"
    } else {
        return Ok(());
    };
    let text = format!("Invalid alias name [{alias}]: {reason}");
    Err(ApiError::bad_request("invalid_alias_name_exception", text))
}

/// Refuses aliases that write to several indices.
///
/// # Errors
/// 500 for one, as from the server.
fn check_write_indices(store: &Store) -> Result<(), ApiError> {
    let settings = json!({"is_write_index": true});
    let aliases = store
        .indices
        .values()
        .flat_map(|index| index.aliases.keys());
    aliases
        .collect::<BTreeSet<_>>()
        .into_iter()
        .try_for_each(|alias| check_write_index(store, alias, &settings, None))
}

/// Refuses a second index that an alias writes to.
///
/// # Errors
/// 500 for it, as from the server.
pub(crate) fn check_write_index(
    store: &Store,
    alias: &str,
    settings: &Value,
    new: Option<&str>,
) -> Result<(), ApiError> {
    let writes = |settings: &Value| settings.get("is_write_index") == Some(&Value::Bool(true));
    if !writes(settings) {
        return Ok(());
    }
    let known = store
        .indices
        .values()
        .filter(|index| index.aliases.get(alias).is_some_and(writes))
        .map(|index| &*index.name);
    let all: BTreeSet<&str> = known.chain(new).collect();
    if all.len() < 2 {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "illegal_state_exception",
        format!(
            "alias [{alias}] has more than one write index [{}]",
            Vec::from_iter(all).join(",")
        ),
    ))
}

/// Refuses a filter that is no query of this index.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_filter(index: &Index, alias: &str, settings: &Value) -> Result<(), ApiError> {
    let Some(filter) = settings.get("filter") else {
        return Ok(());
    };
    let body = Map::from_iter([("query".to_owned(), filter.clone())]);
    let request = Request::parse(&body, &Params::parse(None), false)?;
    let source = Source {
        indices: vec![(index, Restriction::default())],
    };
    match matching(&source, &request) {
        Err(error) if !error.is_unsupported() => Err(ApiError::illegal_argument(format!(
            "failed to parse filter for alias [{alias}]"
        ))
        .caused_by(error.kind, &error.reason)),
        outcome => outcome.map(|_| ()),
    }
}

/// Returns the data streams among what an expression found, and the indices that are not there
/// because of one of them.
fn split(store: &Store, expression: &str, found: Vec<String>) -> (BTreeSet<String>, Vec<String>) {
    let is_named = |name: &str| {
        expression
            .split(',')
            .any(|part| matches_wildcard(part, name))
    };
    let mut streams = BTreeSet::new();
    let mut indices = Vec::new();
    for name in found {
        match store
            .stream_of(&name)
            .filter(|stream| is_named(&stream.name))
        {
            Some(stream) => {
                streams.insert(stream.name.to_string());
            }
            None => indices.push(name),
        }
    }
    (streams, indices)
}

/// Returns the settings of an alias as an index keeps them.
///
/// # Errors
/// 400 for what no alias has, or is not done here.
pub(crate) fn kept(alias: &str, settings: &Value) -> Result<Value, ApiError> {
    let fields = Fields::section("alias", settings)?;
    for name in ["index", "indices", "alias", "aliases"] {
        fields.raw(name);
    }
    let mut kept = Map::new();
    let filter = match fields.raw("filter") {
        Some(filter) if !filter.is_object() => return Err(fields.wrong("filter", filter)),
        // An empty filter is ignored.
        filter => filter.filter(|filter| **filter != json!({})),
    };
    if let Some(filter) = filter {
        kept.insert("filter".to_owned(), filter.clone());
    }
    let both = fields.text("routing")?;
    for name in ["index_routing", "search_routing"] {
        if let Some(routing) = fields.text(name)?.or_else(|| both.clone()) {
            if name == "index_routing" && routing.contains(',') {
                return Err(ApiError::illegal_argument(format!(
                    "alias [{alias}] has several index routing values associated with it"
                )));
            }
            kept.insert(name.to_owned(), routing.into());
        }
    }
    for name in ["is_write_index", "is_hidden"] {
        if let Some(flag) = fields.flag(name)? {
            kept.insert(name.to_owned(), flag.into());
        }
    }
    fields.finish()?;
    Ok(Value::Object(kept))
}

/// The same where nothing but these settings is read.
///
/// # Errors
/// As for [`kept`].
pub(crate) fn only(alias: &str, settings: &Value) -> Result<Value, ApiError> {
    if settings.get("filter").is_some_and(Value::is_null) {
        return Err(ApiError::parsing("[filter] of an alias must be an object"));
    }
    kept(alias, settings)
        .map_err(|error| error.retyped("x_content_parse_exception", "illegal_argument_exception"))
}

fn remove(
    store: &mut Store,
    indices: &str,
    pattern: &str,
    must_exist: bool,
) -> Result<bool, ApiError> {
    let mut removed = false;
    let names = store.resolve(indices, ResolveOptions::default())?;
    let (streams, names) = split(store, indices, names);
    for name in streams {
        if let Some(stream) = store.streams.get_mut(&name) {
            let before = stream.aliases.len();
            stream
                .aliases
                .retain(|alias, _| !matches_wildcard(pattern, alias));
            removed |= stream.aliases.len() < before;
        }
    }
    for name in names {
        if let Some(index) = store.indices.get_mut(&name) {
            let before = index.aliases.len();
            index
                .aliases
                .retain(|alias, _| !matches_wildcard(pattern, alias));
            removed |= index.aliases.len() < before;
        }
    }
    if removed || !must_exist {
        return Ok(removed);
    }
    Err(missing(pattern))
}

fn missing(pattern: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "aliases_not_found_exception",
        format!("aliases [{pattern}] missing"),
    )
    .with("resource.type", "aliases")
    .with("resource.id", pattern)
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let wanted: Vec<&str> = call
        .part("name")
        .split(',')
        .filter(|name| !name.is_empty())
        .collect();
    if wanted.iter().any(|name| name.starts_with('-')) {
        return Err(ApiError::unsupported("exclusions among names of aliases"));
    }
    let mut shown = Map::new();
    // Hidden indices are shown unless the caller says otherwise.
    let mut options = call.resolve_options()?;
    options.hidden |= call.params.get("expand_wildcards").is_none();
    let names = store.resolve(call.part("index"), options)?;
    let may_read = |name: &String| call.identity.may_read(store.owner(name));
    for name in names.into_iter().filter(may_read) {
        let Some(index) = store.indices.get(&name) else {
            continue;
        };
        let stream = store.stream_of(&name);
        let (name, aliases) = match stream {
            Some(stream) => (stream.name.to_string(), &stream.aliases),
            None => (name, &index.aliases),
        };
        let fits = |alias: &String| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|pattern| matches_wildcard(pattern, alias))
        };
        let aliases: Map<String, Value> = aliases
            .iter()
            .filter(|(alias, _)| fits(alias))
            .map(|(alias, settings)| (alias.clone(), settings.clone()))
            .collect();
        if (wanted.is_empty() && stream.is_none()) || !aliases.is_empty() {
            shown.insert(name, json!({"aliases": aliases}));
        }
    }
    let is_shown = |alias: &str| {
        let of_index = |index: &Value| index["aliases"].get(alias).is_some();
        shown.values().any(of_index)
    };
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| !name.contains('*') && *name != "_all" && !is_shown(name))
        .collect();
    let is_empty_head = *call.method == Method::HEAD && shown.is_empty() && !wanted.is_empty();
    if missing.is_empty() && !is_empty_head {
        return Ok(Reply::ok(Value::Object(shown)));
    }
    let word = if missing.len() > 1 {
        "aliases"
    } else {
        "alias"
    };
    let text = format!("{word} [{}] missing", missing.join(","));
    shown.insert("error".to_owned(), text.into());
    shown.insert("status".to_owned(), 404.into());
    Ok(Reply::json(StatusCode::NOT_FOUND, Value::Object(shown)))
}
