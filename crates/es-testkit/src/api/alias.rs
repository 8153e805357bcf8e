//! Aliases: add, remove, look at.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::store::{ResolveOptions, Store, matches_wildcard};
use crate::strict::Fields;
use crate::sync::lock;

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let settings = Value::Object(call.object()?);
    let mut store = lock(&call.shared.store);
    add(&mut store, call.part("index"), call.part("name"), &settings)?;
    Ok(done(call))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    remove(&mut lock(&call.shared.store), call.part("index"), call.part("name"), true)?;
    Ok(done(call))
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
    let actions = body
        .get("actions")
        .and_then(Value::as_array)
        .ok_or_else(|| ApiError::illegal_argument("No action specified"))?;
    if actions.is_empty() {
        return Err(ApiError::illegal_argument("No action specified"));
    }
    let mut store = lock(&call.shared.store);
    let before = store.indices.clone();
    let outcome = actions.iter().try_for_each(|action| carry_out(&mut store, action));
    if let Err(error) = outcome {
        store.indices = before;
        return Err(error);
    }
    Ok(done(call))
}

fn carry_out(store: &mut Store, action: &Value) -> Result<(), ApiError> {
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
    match verb.as_str() {
        "add" => aliases.iter().try_for_each(|alias| add(store, &indices, alias, settings)),
        "remove" => {
            let must_exist = settings.get("must_exist").and_then(Value::as_bool).unwrap_or(true);
            aliases.iter().try_for_each(|alias| remove(store, &indices, alias, must_exist))
        }
        "remove_index" => {
            for name in store.resolve(
                &indices,
                ResolveOptions { refuse_aliases: true, ..ResolveOptions::default() },
            )? {
                store.indices.remove(&name);
            }
            Ok(())
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
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn add(store: &mut Store, indices: &str, alias: &str, settings: &Value) -> Result<(), ApiError> {
    if store.indices.contains_key(alias) {
        let text = format!(
            "Invalid alias name [{alias}]: an index or data stream exists with the same name as the alias"
        );
        return Err(ApiError::bad_request("invalid_alias_name_exception", text));
    }
    let kept = kept(settings)?;
    let names = store
        .resolve(indices, ResolveOptions { require_some: true, ..ResolveOptions::default() })?;
    for name in names {
        if let Some(index) = store.indices.get_mut(&name) {
            index.aliases.insert(alias.to_owned(), kept.clone());
            index.version += 1;
        }
    }
    Ok(())
}

/// What an index keeps of an alias's settings.
///
/// # Errors
/// 400 for what no alias has, or is not done here.
pub(crate) fn kept(settings: &Value) -> Result<Value, ApiError> {
    let fields = Fields::section("alias", settings)?;
    fields.unsupported(&["routing", "index_routing", "search_routing"])?;
    for name in ["index", "indices", "alias", "aliases"] {
        fields.raw(name);
    }
    let mut kept = Map::new();
    if let Some(filter) = fields.raw("filter").filter(|filter| !filter.is_null()) {
        kept.insert("filter".to_owned(), filter.clone());
    }
    for name in ["is_write_index", "is_hidden"] {
        if let Some(flag) = fields.flag(name)? {
            kept.insert(name.to_owned(), flag.into());
        }
    }
    fields.flag("must_exist")?;
    fields.finish()?;
    Ok(Value::Object(kept))
}

fn remove(
    store: &mut Store,
    indices: &str,
    pattern: &str,
    must_exist: bool,
) -> Result<(), ApiError> {
    let mut removed = false;
    for name in store.resolve(indices, ResolveOptions::default())? {
        if let Some(index) = store.indices.get_mut(&name) {
            let before = index.aliases.len();
            index.aliases.retain(|alias, _| !matches_wildcard(pattern, alias));
            removed |= index.aliases.len() < before;
        }
    }
    if removed || !must_exist {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "aliases_not_found_exception",
        format!("aliases [{pattern}] missing"),
    )
    .with("resource.type", "aliases")
    .with("resource.id", pattern))
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let wanted: Vec<&str> = call.part("name").split(',').filter(|name| !name.is_empty()).collect();
    let mut shown = Map::new();
    for name in call.indices(&store)?.into_iter().filter(|name| call.identity.may_read(name)) {
        let Some(index) = store.indices.get(&name) else {
            continue;
        };
        let fits = |alias: &String| {
            wanted.is_empty() || wanted.iter().any(|pattern| matches_wildcard(pattern, alias))
        };
        let aliases: Map<String, Value> = index
            .aliases
            .iter()
            .filter(|(alias, _)| fits(alias))
            .map(|(alias, settings)| (alias.clone(), settings.clone()))
            .collect();
        if wanted.is_empty() || !aliases.is_empty() {
            shown.insert(name, json!({"aliases": aliases}));
        }
    }
    let nothing = shown.is_empty() && !wanted.is_empty();
    if nothing && (*call.method == Method::HEAD || wanted.iter().all(|name| !name.contains('*'))) {
        let text = format!("alias [{}] missing", wanted.join(","));
        return Ok(Reply::json(StatusCode::NOT_FOUND, json!({"error": text, "status": 404})));
    }
    Ok(Reply::ok(Value::Object(shown)))
}
