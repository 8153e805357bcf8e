//! Index templates and component templates.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::store::{Store, matches_wildcard};
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
    if let Some(stream) = fields.get("data_stream")? {
        Fields::section("data_stream", stream)?.finish()?;
    }
    check(fields.get("template")?)?;
    fields.finish()?;
    let mut store = lock(&call.shared.store);
    if let Some(missing) = composed.iter().find(|name| !store.components.contains_key(*name)) {
        return Err(ApiError::bad_request(
            "invalid_index_template_exception",
            format!(
                "index_template [{name}] invalid, cause [index template [{name}] specifies component templates [{missing}] that do not exist]"
            ),
        ));
    }
    let overlaps = |(other, known): &(&String, &Value)| {
        let same = known.get("priority").and_then(Value::as_u64).unwrap_or(0) == priority as u64;
        let theirs = known.get("index_patterns").and_then(Value::as_array).into_iter().flatten();
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
    store.templates.insert(name.to_owned(), Value::Object(body.clone()));
    Ok(Reply::acknowledged())
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
    let Some(template) = template else { return Ok(()) };
    let fields = Fields::section("template", template)?;
    fields.unsupported(&["lifecycle", "data_stream_options"])?;
    for name in ["settings", "mappings", "aliases"] {
        fields.get(name)?;
    }
    fields.finish()?;
    let mut scratch = Store::default();
    let body = template.as_object().cloned().unwrap_or_default();
    super::index::build(&mut scratch, "scratch", &body).map(|_| ()).map_err(|error| {
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
    show(call, &store.components, "component_templates", "component_template")
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
        wanted.is_empty() || wanted.split(',').any(|pattern| matches_wildcard(pattern, name))
    };
    let shown: Vec<Value> = known
        .iter()
        .filter(|(name, _)| fits(name))
        .map(|(name, body)| json!({"name": name, one: body}))
        .collect();
    let is_missing = shown.is_empty() && !wanted.is_empty() && !wanted.contains('*');
    if *call.method == Method::HEAD {
        let status = if is_missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
        return Ok(Reply::json(status, json!({})));
    }
    if is_missing {
        return Err(missing(one, wanted));
    }
    Ok(Reply::ok(json!({list: shown})))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let gone = lock(&call.shared.store).templates.remove(call.part("name"));
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
        let parts = body.get("composed_of").and_then(Value::as_array).into_iter().flatten();
        parts.filter_map(Value::as_str).any(|part| part == name)
    });
    if let Some((user, _)) = used {
        return Err(ApiError::illegal_argument(format!(
            "component templates [{name}] cannot be removed as they are still in use by index templates [{user}]"
        )));
    }
    let gone = store.components.remove(name);
    gone.map(|_| Reply::acknowledged()).ok_or_else(|| missing("component_template", name))
}

/// Returns the body of a new index with what its template says underneath.
pub(crate) fn compose(store: &Store, name: &str, body: &Map<String, Value>) -> Map<String, Value> {
    let fits = |template: &&Value| {
        let patterns = template.get("index_patterns");
        let listed: Vec<&str> = match patterns {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        };
        listed.iter().any(|pattern| matches_wildcard(pattern, name))
    };
    let priority =
        |template: &&Value| template.get("priority").and_then(Value::as_u64).unwrap_or(0);
    let Some(template) = store.templates.values().filter(fits).max_by_key(priority) else {
        return body.clone();
    };
    let parts = template.get("composed_of").and_then(Value::as_array).into_iter().flatten();
    let mut layers: Vec<&Value> =
        parts.filter_map(|part| store.components.get(part.as_str()?)?.get("template")).collect();
    layers.extend(template.get("template"));
    let mut composed = Value::Object(Map::new());
    for layer in layers {
        merge(&mut composed, layer);
    }
    merge(&mut composed, &Value::Object(body.clone()));
    composed.as_object().cloned().unwrap_or_default()
}

/// Objects are merged, everything else is replaced; settings are found by their dotted names.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
