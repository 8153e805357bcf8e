//! Typed responses against the JSON that they were read from: each field is what the
//! JSON says, and what no field takes is listed.
//!
//! Used by the tests on recorded responses, and by those against a live server.

mod cluster;
mod documents;
mod indices;
mod manage;
mod searches;
mod security;

use es_client::types::{Acknowledged, CatRow, ErrorCause, ShardFailure, Shards};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Reads the response of an endpoint into its type, and compares. Panics where they
/// differ, where the response cannot be read, and where it has something that the
/// type leaves out without its being listed.
pub(crate) fn check(endpoint: &str, body: &[u8]) {
    let (namespace, _) = endpoint.split_once('.').unwrap_or(("", endpoint));
    let known = match namespace {
        "cat" => compared(body, |json, typed: &Vec<CatRow>| cat(json, typed)),
        "cluster" | "nodes" | "tasks" => cluster::check(endpoint, body),
        "indices" => indices::check(endpoint, body),
        "security" => security::check(endpoint, body),
        "ingest" | "snapshot" => manage::check(endpoint, body),
        _ => searches::check(endpoint, body) || documents::check(endpoint, body),
    };
    assert!(
        known || acknowledged(body),
        "{endpoint} is compared with nothing"
    );
}

/// Calls a comparison with both forms of a body.
fn compared<T: DeserializeOwned>(body: &[u8], compare: fn(&Value, &T)) -> bool {
    let json = serde_json::from_slice(body).unwrap();
    let typed = serde_json::from_slice(body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)));
    compare(&json, &typed);
    true
}

fn acknowledged(body: &[u8]) -> bool {
    let json: Value = serde_json::from_slice(body).unwrap();
    json.get("acknowledged").is_some()
        && compared(
            body,
            |json, typed: &Acknowledged| same!(json, typed; acknowledged, errors; "action_results"),
        )
}

fn cat(json: &Value, typed: &[CatRow]) {
    each(json, typed, |json, row| {
        for (column, value) in json.as_object().unwrap() {
            let text = value.as_str().map(str::to_owned);
            let text = text.or_else(|| (!value.is_null()).then(|| value.to_string()));
            assert_eq!(row.get(column), text.as_deref(), "{column}");
        }
    });
}

/// Compares the fields of an object by their names, or by the key that is given
/// for a name. The keys after the semicolon are those that the type leaves out.
macro_rules! same {
    ($json:expr, $typed:expr; $($field:ident $(= $key:literal)?),* $(,)?; $($left_out:literal),* $(,)?) => {{
        let json: &serde_json::Value = $json;
        let keys = [$(same!(@key $field $($key)?)),*];
        $($crate::agreement::field(json, same!(@key $field $($key)?), &$typed.$field);)*
        $crate::agreement::nothing_else(json, &keys, &[$($left_out),*]);
    }};
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
}
use same;

/// A field is what the JSON says; where that says nothing it is empty.
fn field(json: &Value, key: &str, typed: &impl Serialize) {
    let typed = serde_json::to_value(typed).unwrap();
    match json.get(key) {
        Some(given) if !given.is_null() => assert!(equal(given, &typed), "{key}: {given} {typed}"),
        _ => assert!(
            is_empty(&typed),
            "{key} is not in the response, but {typed}"
        ),
    }
}

fn nothing_else(json: &Value, fields: &[&str], left_out: &[&str]) {
    let keys = json
        .as_object()
        .unwrap_or_else(|| panic!("no object: {json}"))
        .keys();
    let lost: Vec<_> = keys.filter(|key| !fields.contains(&&***key)).collect();
    let lost: Vec<_> = lost
        .into_iter()
        .filter(|key| !left_out.contains(&&***key))
        .collect();
    assert!(lost.is_empty(), "nothing takes {lost:?} of {json}");
}

/// A member without a field is among the others, as it came.
fn others(json: &Value, fields: &[&str], others: &Map<String, Value>) {
    let mut rest = json.as_object().unwrap().clone();
    rest.retain(|key, _| !fields.contains(&&**key));
    assert_eq!(&rest, others);
}

/// The same, but that 1 and 1.0 are the same number, and that one item may stand
/// for a list of it.
fn equal(json: &Value, typed: &Value) -> bool {
    match (json, typed) {
        (Value::Number(json), Value::Number(typed)) => json.as_f64() == typed.as_f64(),
        (Value::Array(json), Value::Array(typed)) => {
            json.len() == typed.len() && json.iter().zip(typed).all(|(a, b)| equal(a, b))
        }
        (one, Value::Array(typed)) => typed.len() == 1 && equal(one, &typed[0]),
        (Value::Object(json), Value::Object(typed)) => {
            json.len() == typed.len()
                && json
                    .iter()
                    .all(|(key, a)| typed.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => json == typed,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        Value::Bool(true) => false,
    }
}

/// Compares the items of a list in their order.
fn each<T>(json: &Value, typed: &[T], compare: impl Fn(&Value, &T)) {
    let items = json.as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(items.len(), typed.len());
    for (json, typed) in items.iter().zip(typed) {
        compare(json, typed);
    }
}

/// Compares what has names.
fn named<'a, T: 'a>(
    json: &Value,
    typed: impl IntoIterator<Item = (&'a String, &'a T)>,
    compare: impl Fn(&Value, &T),
) {
    let mut left = json.as_object().cloned().unwrap_or_default();
    for (name, typed) in typed {
        compare(
            &left
                .remove(name)
                .unwrap_or_else(|| panic!("{name} is not in {json}")),
            typed,
        );
    }
    assert!(left.is_empty(), "lost: {left:?}");
}

/// The shards of a response, where it tells of any.
fn shards(json: &Value, typed: &Shards) {
    if json.is_null() {
        assert_eq!(typed, &Shards::default());
        return;
    }
    same!(json, typed; total, successful, skipped, failed; "failures");
    each(&json["failures"], &typed.failures, shard_failure);
}

fn shard_failure(json: &Value, typed: &ShardFailure) {
    same!(json, typed; shard, index, node; "reason");
    cause(&json["reason"], &typed.reason);
}

fn cause(json: &Value, typed: &ErrorCause) {
    for (key, typed) in [
        ("type", Some(&typed.kind)),
        ("reason", typed.reason.as_ref()),
        ("index", typed.index.as_ref()),
    ] {
        field(json, key, &typed);
    }
    others(
        json,
        &["type", "reason", "index", "root_cause", "caused_by"],
        &typed.other,
    );
    match &typed.caused_by {
        Some(inner) => cause(&json["caused_by"], inner),
        None => assert!(json["caused_by"].is_null()),
    }
}
