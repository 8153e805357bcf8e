//! Index templates and component templates.

mod new;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use self::new::{New, check, check_name, check_parts};
use crate::api::call::Call;
use crate::api::error::ApiError;
use crate::api::reply::Reply;
use crate::dates::now_millis;
use crate::store::{Kind, Store, matches_wildcard};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = body(call)?;
    let name = call.part("name");
    let new = New::read(name, &body)?;
    let mut store = lock(&call.shared.store);
    if call.params.flag("create")? == Some(true) && store.templates.contains_key(name) {
        return Err(exists("index template", name));
    }
    new.check(&store)?;
    let shown = dated(call, new.shown(&body), store.templates.get(name));
    let replaced = store.templates.insert(name.to_owned(), shown);
    let outcome = check_composed(&store, name, new.is_stream)
        .and_then(|()| check_streams(&store, name, &new.patterns, new.priority, new.is_stream));
    if outcome.is_err() {
        match replaced {
            Some(template) => store.templates.insert(name.to_owned(), template),
            None => store.templates.remove(name),
        };
    }
    outcome.map(|()| Reply::acknowledged())
}

/// Adds the creation and modification dates that 9.2 and later return.
pub(super) fn dated(call: &Call<'_>, mut shown: Value, before: Option<&Value>) -> Value {
    let settings = &call.shared.settings;
    let is_shown = (settings.version.major, settings.version.minor) >= (9, 2);
    if let (true, Some(fields)) = (is_shown && !settings.is_opensearch(), shown.as_object_mut()) {
        let now = Value::from(now_millis());
        let created = before.and_then(|before| before.get("created_date_millis"));
        fields.insert(
            "created_date_millis".to_owned(),
            created.unwrap_or(&now).clone(),
        );
        fields.insert("modified_date_millis".to_owned(), now);
    }
    shown
}

/// Whether a request gives dates, which are the server's own.
fn is_dated(body: &Map<String, Value>) -> bool {
    ["created_date_millis", "modified_date_millis"]
        .iter()
        .any(|name| body.contains_key(*name))
}

/// The body of a request for a template.
fn body(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.required_object()
        .map_err(|error| error.retyped("parsing_exception", "x_content_parse_exception"))
}

fn exists(kind: &str, name: &str) -> ApiError {
    ApiError::illegal_argument(format!("{kind} [{name}] already exists"))
}

/// Returns a template with its settings as the server keeps them.
fn normalized(body: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = body.clone();
    if let Some(Value::Object(settings)) = shown
        .get_mut("template")
        .and_then(|template| template.get_mut("settings"))
    {
        *settings = crate::api::settings::nested(settings);
    }
    shown
}

/// Refuses a template of a data stream whose timestamp is no date.
fn check_composed(store: &Store, name: &str, is_stream: bool) -> Result<(), ApiError> {
    let Some(template) = store.templates.get(name).filter(|_| is_stream) else {
        return Ok(());
    };
    let body = crate::api::data_stream::body(&layers(store, template));
    let mut scratch = Store::default();
    let index = crate::api::index::build(&mut scratch, "scratch", &body)?;
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
    priority: u64,
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
    let body = body(call)?;
    let name = call.part("name");
    if is_dated(&body) {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: the dates of a component template are managed by the system;",
        ));
    }
    let fields = Fields::new(Reader::Section, "component_template", &body);
    fields.unsupported(&["deprecated"])?;
    let template = fields.object("template")?;
    template.map_or(Ok(()), check_parts)?;
    fields.integer("version")?;
    fields.object("_meta")?;
    fields.finish()?;
    let template = template.ok_or_else(|| ApiError::illegal_argument("Required [template]"))?;
    check(template)?;
    check_name(name)?;
    let mut store = lock(&call.shared.store);
    if call.params.flag("create")? == Some(true) && store.components.contains_key(name) {
        return Err(exists("component template", name));
    }
    let shown = Value::Object(normalized(&body));
    let shown = dated(call, shown, store.components.get(name));
    store.components.insert(name.to_owned(), shown);
    Ok(Reply::acknowledged())
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
    known: &BTreeMap<String, Value>,
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
    let status = if shown.is_empty() && !wanted.is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    if *call.method == Method::HEAD {
        return Ok(Reply::json(status, json!({})));
    }
    if status == StatusCode::NOT_FOUND && !wanted.contains('*') {
        return Err(missing(one, wanted));
    }
    Ok(Reply::json(status, json!({list: shown})))
}

/// Returns the templates that an expression names.
///
/// # Errors
/// 404 for a name that is not there.
fn named(
    known: &BTreeMap<String, Value>,
    expression: &str,
    missing: impl Fn(&str) -> ApiError,
) -> Result<Vec<String>, ApiError> {
    let mut found = Vec::new();
    for pattern in expression.split(',') {
        let names = known.keys().filter(|name| matches_wildcard(pattern, name));
        let before = found.len();
        found.extend(names.cloned());
        if found.len() == before {
            return Err(missing(pattern));
        }
    }
    Ok(found)
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let names = named(&store.templates, call.part("name"), |name| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "index_template_missing_exception",
            format!("index_template [{name}] missing"),
        )
    })?;
    let used: Vec<&str> = store
        .streams
        .keys()
        .map(String::as_str)
        .filter(|stream| of_stream(&store, stream).is_some_and(|(used, _)| names.contains(&used)))
        .collect();
    if !used.is_empty() {
        return Err(ApiError::illegal_argument(format!(
            "unable to remove composable templates {names:?} as they are in use by a data streams [{}]",
            used.join(", ")
        )));
    }
    store.templates.retain(|name, _| !names.contains(name));
    Ok(Reply::acknowledged())
}

pub(crate) fn delete_component(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    let names = named(&store.components, call.part("name"), |name| {
        missing("component_template", name)
    })?;
    let used = store.templates.iter().find(|(_, body)| {
        let parts = body.get("composed_of").and_then(Value::as_array);
        let mut parts = parts.into_iter().flatten().filter_map(Value::as_str);
        parts.any(|part| names.iter().any(|name| name == part))
    });
    if let Some((user, _)) = used {
        return Err(ApiError::illegal_argument(format!(
            "component templates {names:?} cannot be removed as they are still in use by index templates [{user}]"
        )));
    }
    store.components.retain(|name, _| !names.contains(name));
    Ok(Reply::acknowledged())
}

/// Returns the template that a new index follows.
fn matching<'s>(store: &'s Store, name: &str) -> Option<(&'s String, &'s Value)> {
    let fits = |(_, template): &(&String, &Value)| {
        patterns_of(template).any(|pattern| matches_wildcard(pattern, name))
    };
    let all = store.templates.iter().filter(fits);
    all.max_by_key(|(_, template)| priority_of(template))
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
    let mut body = body.clone();
    if let Some(Value::Object(settings)) = body.get_mut("settings") {
        *settings = crate::api::settings::nested(settings);
    }
    merge(&mut composed, &Value::Object(body));
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
pub(in crate::api) fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match (name.as_str(), into.get_mut(name), value) {
                    // The server merges these by their names, as the index does.
                    ("dynamic_templates", Some(Value::Array(into)), Value::Array(from)) => {
                        merge_by_name(into, from);
                    }
                    _ => merge(into.entry(name.clone()).or_insert(Value::Null), value),
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Replaces the dynamic templates of the same names, and adds the others.
fn merge_by_name(into: &mut Vec<Value>, from: &[Value]) {
    let name = |template: &Value| template.as_object()?.keys().next().cloned();
    for template in from {
        match into.iter_mut().find(|known| name(known) == name(template)) {
            Some(known) => *known = template.clone(),
            None => into.push(template.clone()),
        }
    }
}

fn patterns_of(template: &Value) -> impl Iterator<Item = &str> {
    let listed = template.get("index_patterns").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str)
}

fn priority_of(template: &Value) -> u64 {
    template
        .get("priority")
        .and_then(Value::as_u64)
        .unwrap_or(0)
}
