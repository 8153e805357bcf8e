//! Index templates and component templates.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::store::{Kind, Store, matches_wildcard};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let name = call.part("name");
    let fields = Fields::new(Reader::Section, "index_template", &body);
    fields.unsupported(&[
        "allow_auto_create",
        "deprecated",
        "ignore_missing_component_templates",
    ])?;
    let patterns = fields.texts("index_patterns")?.unwrap_or_default();
    if patterns.is_empty() {
        return Err(ApiError::illegal_argument("Required [index_patterns]"));
    }
    let composed = fields.texts("composed_of")?.unwrap_or_default();
    let priority = fields.count("priority")?.unwrap_or(0);
    fields.integer("version")?;
    fields.get("_meta")?;
    let stream = fields.get("data_stream")?;
    if let Some(stream) = stream {
        check_stream(stream)?;
    }
    let template = fields.get("template")?;
    check(template)?;
    fields.finish()?;
    let mut store = lock(&call.shared.store);
    if let Some(missing) = composed
        .iter()
        .find(|name| !store.components.contains_key(*name))
    {
        return Err(ApiError::bad_request(
            "invalid_index_template_exception",
            format!(
                "index_template [{name}] invalid, cause [index template [{name}] specifies component templates [{missing}] that do not exist]"
            ),
        ));
    }
    let overlaps = |(other, known): &(&String, &Value)| {
        let same = known.get("priority").and_then(Value::as_u64).unwrap_or(0) == priority as u64;
        let theirs = known
            .get("index_patterns")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let touches = theirs.filter_map(Value::as_str).any(|theirs| {
            patterns.iter().any(|own| {
                matches_wildcard(own, &theirs.replace('*', "x"))
                    || matches_wildcard(theirs, &own.replace('*', "x"))
            })
        });
        *other != name && same && touches
    };
    if let Some((other, _)) = store.templates.iter().find(overlaps) {
        return Err(ApiError::illegal_argument(format!(
            "index template [{name}] has index patterns {patterns:?} matching patterns from existing templates [{other}] that have the same priority [{priority}], multiple index templates may not match during index creation, please use a different priority"
        )));
    }
    let shown = normalized(&body, &patterns, &composed);
    let replaced = store.templates.insert(name.to_owned(), shown);
    let outcome = check_composed(&store, name, stream.is_some())
        .and_then(|()| check_streams(&store, name, &patterns, priority, stream.is_some()));
    if outcome.is_err() {
        match replaced {
            Some(template) => store.templates.insert(name.to_owned(), template),
            None => store.templates.remove(name),
        };
    }
    outcome.map(|()| Reply::acknowledged())
}

/// Returns a template as the server shows it.
fn normalized(body: &Map<String, Value>, patterns: &[String], composed: &[String]) -> Value {
    let mut shown = body.clone();
    shown.insert("index_patterns".to_owned(), patterns.into());
    shown.insert("composed_of".to_owned(), composed.into());
    if let Some(stream) = shown.get_mut("data_stream").and_then(Value::as_object_mut) {
        for flag in ["hidden", "allow_custom_routing"] {
            let given = stream.get(flag) == Some(&Value::Bool(true));
            stream.insert(flag.to_owned(), given.into());
        }
    }
    if let Some(Value::Object(settings)) = shown
        .get_mut("template")
        .and_then(|template| template.get_mut("settings"))
    {
        *settings = super::settings::nested(settings);
    }
    Value::Object(shown)
}

fn check_stream(stream: &Value) -> Result<(), ApiError> {
    let fields = Fields::section("data_stream_template", stream)?;
    fields.unsupported(&["failure_store"])?;
    fields.flag("hidden")?;
    fields.flag("allow_custom_routing")?;
    fields.finish()
}

/// Refuses a template of a data stream whose timestamp is no date.
fn check_composed(store: &Store, name: &str, is_stream: bool) -> Result<(), ApiError> {
    let Some(template) = store.templates.get(name).filter(|_| is_stream) else {
        return Ok(());
    };
    let body = super::data_stream::body(&layers(store, template));
    let mut scratch = Store::default();
    let index = super::index::build(&mut scratch, "scratch", &body)?;
    match index.mapping.field("@timestamp") {
        Some(field) if matches!(field.kind, Kind::Date { .. }) => Ok(()),
        _ => {
            let reason = "data stream timestamp field [@timestamp] is of another type, but [date,date_nanos] is expected";
            let text =
                format!("composable template [{name}] template after composition is invalid");
            Err(ApiError::illegal_argument(text).caused_by("illegal_argument_exception", reason))
        }
    }
}

/// Refuses a template that leaves a data stream without one.
fn check_streams(
    store: &Store,
    name: &str,
    patterns: &[String],
    priority: usize,
    is_stream: bool,
) -> Result<(), ApiError> {
    let orphans: Vec<&str> = store
        .streams
        .keys()
        .map(String::as_str)
        .filter(|stream| of_stream(store, stream).is_none())
        .collect();
    if orphans.is_empty() {
        return Ok(());
    }
    let without = if is_stream {
        ""
    } else {
        " and no data stream configuration"
    };
    Err(ApiError::illegal_argument(format!(
        "composable template [{name}] with index patterns {patterns:?}, priority [{priority}]{without} would cause data streams [{}] to no longer match a data stream template",
        orphans.join(", ")
    )))
}

pub(crate) fn put_component(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Section, "component_template", &body);
    fields.unsupported(&["deprecated"])?;
    check(Some(fields.required("template")?))?;
    fields.integer("version")?;
    fields.get("_meta")?;
    fields.finish()?;
    lock(&call.shared.store)
        .components
        .insert(call.part("name").to_owned(), Value::Object(body.clone()));
    Ok(Reply::acknowledged())
}

/// Refuses a template of which no index could be made.
fn check(template: Option<&Value>) -> Result<(), ApiError> {
    let Some(template) = template else {
        return Ok(());
    };
    let fields = Fields::section("template", template)?;
    fields.unsupported(&["lifecycle", "data_stream_options"])?;
    for name in ["settings", "mappings", "aliases"] {
        fields.get(name)?;
    }
    fields.finish()?;
    let mut scratch = Store::default();
    let body = template.as_object().cloned().unwrap_or_default();
    super::index::build(&mut scratch, "scratch", &body)
        .map(|_| ())
        .map_err(|error| {
            if error.reason.starts_with("es-testkit") {
                return error;
            }
            let reason = format!("invalid template, cause [{}]", error.reason);
            ApiError::bad_request("invalid_index_template_exception", reason)
        })
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    show(call, &store.templates, "index_templates", "index_template")
}

pub(crate) fn get_component(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    show(
        call,
        &store.components,
        "component_templates",
        "component_template",
    )
}

fn missing(kind: &str, name: &str) -> ApiError {
    let kind = kind.replace('_', " ");
    ApiError::new(
        StatusCode::NOT_FOUND,
        "resource_not_found_exception",
        format!("{kind} matching [{name}] not found"),
    )
}

fn show(
    call: &Call<'_>,
    known: &std::collections::BTreeMap<String, Value>,
    list: &str,
    one: &str,
) -> Result<Reply, ApiError> {
    let wanted = call.part("name");
    let fits = |name: &String| {
        wanted.is_empty()
            || wanted
                .split(',')
                .any(|pattern| matches_wildcard(pattern, name))
    };
    let shown: Vec<Value> = known
        .iter()
        .filter(|(name, _)| fits(name))
        .map(|(name, body)| json!({"name": name, one: body}))
        .collect();
    let is_missing = shown.is_empty() && !wanted.is_empty() && !wanted.contains('*');
    if *call.method == Method::HEAD {
        let status = if is_missing {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        };
        return Ok(Reply::json(status, json!({})));
    }
    if is_missing {
        return Err(missing(one, wanted));
    }
    Ok(Reply::ok(json!({list: shown})))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let name = call.part("name");
    let used: Vec<&str> = store
        .streams
        .keys()
        .map(String::as_str)
        .filter(|stream| of_stream(&store, stream).is_some_and(|(template, _)| template == name))
        .collect();
    if !used.is_empty() {
        return Err(ApiError::illegal_argument(format!(
            "unable to remove composable templates [{name}] as they are in use by a data streams [{}]",
            used.join(", ")
        )));
    }
    let gone = store.templates.remove(name);
    gone.map(|_| Reply::acknowledged()).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "index_template_missing_exception",
            format!("index_template [{}] missing", call.part("name")),
        )
    })
}

pub(crate) fn delete_component(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let name = call.part("name");
    let used = store.templates.iter().find(|(_, body)| {
        let parts = body
            .get("composed_of")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        parts.filter_map(Value::as_str).any(|part| part == name)
    });
    if let Some((user, _)) = used {
        return Err(ApiError::illegal_argument(format!(
            "component templates [{name}] cannot be removed as they are still in use by index templates [{user}]"
        )));
    }
    let gone = store.components.remove(name);
    gone.map(|_| Reply::acknowledged())
        .ok_or_else(|| missing("component_template", name))
}

/// Returns the template that a new index follows.
fn matching<'s>(store: &'s Store, name: &str) -> Option<(&'s String, &'s Value)> {
    let fits = |(_, template): &(&String, &Value)| {
        let patterns = template.get("index_patterns");
        let listed: Vec<&str> = match patterns {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        };
        listed.iter().any(|pattern| matches_wildcard(pattern, name))
    };
    let priority = |(_, template): &(&String, &Value)| {
        template
            .get("priority")
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    store.templates.iter().filter(fits).max_by_key(priority)
}

/// Returns the name and the `data_stream` of the template that makes data streams of this name.
pub(crate) fn of_stream<'s>(store: &'s Store, name: &str) -> Option<(String, &'s Value)> {
    let (template, body) = matching(store, name)?;
    Some((template.clone(), body.get("data_stream")?))
}

/// Returns the body of a new index with what its template says underneath.
pub(crate) fn compose(store: &Store, name: &str, body: &Map<String, Value>) -> Map<String, Value> {
    let Some((_, template)) = matching(store, name) else {
        return body.clone();
    };
    let mut composed = Value::Object(layers(store, template));
    merge(&mut composed, &Value::Object(body.clone()));
    composed.as_object().cloned().unwrap_or_default()
}

/// Returns a template with its components underneath.
fn layers(store: &Store, template: &Value) -> Map<String, Value> {
    let parts = template
        .get("composed_of")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut layers: Vec<&Value> = parts
        .filter_map(|part| store.components.get(part.as_str()?)?.get("template"))
        .collect();
    layers.extend(template.get("template"));
    let mut composed = Value::Object(Map::new());
    for layer in layers {
        merge(&mut composed, layer);
    }
    composed.as_object().cloned().unwrap_or_default()
}

/// Objects are merged, everything else is replaced; settings are found by their dotted names.
pub(super) fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
