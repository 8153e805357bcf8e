//! Settings of indices: get and put.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::index::each;
use super::reply::Reply;
use crate::analysis::Analyzers;
use crate::store::{Index, routing_shards};
use crate::sync::lock;

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let is_flat = call.params.flag("flat_settings")?.unwrap_or(false);
    each(call, &lock(&call.shared.store), |index| {
        let shown = shown_settings(call, index);
        json!({"settings": if is_flat { dotted(&shown) } else { shown }})
    })
}

/// Returns settings by their dotted names.
pub(crate) fn dotted(settings: &Value) -> Value {
    fn walk(value: &Value, path: &str, flat: &mut Map<String, Value>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(value, &format!("{path}{dot}{name}"), flat);
                }
            }
            value => {
                flat.insert(path.to_owned(), value.clone());
            }
        }
    }
    let mut flat = Map::new();
    walk(settings, "", &mut flat);
    Value::Object(flat)
}

pub(crate) fn put(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let given = match body.get("settings") {
        Some(Value::Object(given)) if body.len() == 1 => given,
        _ => &body,
    };
    if given.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no settings to update;",
        ));
    }
    let mut store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let mut changed = Vec::new();
    for name in &names {
        if let Some(index) = store.indices.get(name) {
            let mut index = index.clone();
            apply(&mut index, given, false)?;
            index.version += 1;
            changed.push(index);
        }
    }
    for index in changed {
        store.indices.insert(index.name.to_string(), index);
    }
    Ok(Reply::acknowledged())
}

/// Settings that say how the server works, which changes nothing here.
const NO_EFFECT: &[&str] = &[
    "refresh_interval",
    "codec",
    "hidden",
    "priority",
    "max_inner_result_window",
    "max_rescore_window",
    "max_docvalue_fields_search",
    "max_script_fields",
    "max_ngram_diff",
    "max_shingle_diff",
    "max_refresh_listeners",
    "max_terms_count",
    "max_regex_length",
    "auto_expand_replicas",
    "gc_deletes",
    "write.wait_for_active_shards",
    "unassigned.node_left.delayed_timeout",
    "highlight.max_analyzed_offset",
    "lifecycle.name",
    "lifecycle.rollover_alias",
    "requests.cache.enable",
    "soft_deletes.retention_lease.period",
];

const NO_EFFECT_BELOW: &[&str] = &[
    "translog.",
    "merge.",
    "routing.allocation.",
    "search.slowlog.",
    "indexing.slowlog.",
    "search.idle.",
    "store.",
];

/// Settings that are fixed when the index is made.
const STATIC: &[&str] = &[
    "number_of_shards",
    "number_of_routing_shards",
    "codec",
    "soft_deletes.enabled",
    "mode",
    "routing_partition_size",
];

/// Settings that change what is found, and are not done here.
const UNSUPPORTED: &[&str] = &[
    "routing_partition_size",
    "mode",
    "query.default_field",
    "sort.field",
    "sort.order",
    "sort.mode",
    "sort.missing",
    "blocks.read_only",
    "blocks.read_only_allow_delete",
    "blocks.read",
    "blocks.write",
    "blocks.metadata",
    "mapping.coerce",
    "mapping.ignore_malformed",
    "similarity.default.type",
    "time_series.start_time",
    "time_series.end_time",
    "routing_path",
    "mapping.source.mode",
    "mapping.synthetic_source_keep",
    "soft_deletes.enabled",
    "load_fixed_bitset_filters_eagerly",
    "format",
    "shard.check_on_startup",
    "verified_before_close",
    "knn",
];

/// Applies settings to an index that is being made, or to one that is there.
///
/// # Errors
/// 400 for what no index has, has a wrong value, or is not done here.
pub(crate) fn apply(
    index: &mut Index,
    given: &Map<String, Value>,
    new: bool,
) -> Result<(), ApiError> {
    let (flat, analysis) = flatten(given);
    for (name, value) in &flat {
        if !new && STATIC.contains(&name.as_str()) {
            return Err(ApiError::illegal_argument(format!(
                "Can't update non dynamic settings [[index.{name}]] for open indices [[{}/{}]]",
                index.name, index.uuid
            )));
        }
        let known = NO_EFFECT.contains(&name.as_str())
            || NO_EFFECT_BELOW
                .iter()
                .any(|prefix| name.starts_with(prefix))
            || name.starts_with("mapping.total_fields")
            || name.starts_with("mapping.depth")
            || name.starts_with("mapping.nested_")
            || name.starts_with("mapping.field_name_length")
            || matches!(
                name.as_str(),
                "number_of_shards"
                    | "number_of_replicas"
                    | "number_of_routing_shards"
                    | "max_result_window"
                    | "default_pipeline"
                    | "final_pipeline"
                    | "mapping.exclude_source_vectors"
            );
        if name == "refresh_interval" && !value.is_null() {
            let text = value.as_str().unwrap_or_default();
            if text != "-1" && crate::dates::parse_time(text).is_none() {
                return Err(ApiError::illegal_argument(format!(
                    "failed to parse setting [index.refresh_interval] with value [{text}] as a time value: unit is missing or unrecognized"
                )));
            }
        }
        // Only a limit above the usual one, which is not enforced either, makes no difference.
        let limit = match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        };
        if name == "mapping.total_fields.limit" && limit.is_some_and(|limit| limit < 1000) {
            return Err(ApiError::unsupported(format!("the setting [index.{name}]")));
        }
        if known {
            continue;
        }
        if UNSUPPORTED.contains(&name.as_str()) || name.starts_with("similarity.") {
            return Err(ApiError::unsupported(format!("the setting [index.{name}]")));
        }
        return Err(ApiError::illegal_argument(format!(
            "unknown setting [index.{name}] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"
        )));
    }
    if let Some(analysis) = analysis {
        if !new {
            return Err(ApiError::illegal_argument(format!(
                "Can't update non dynamic settings [[index.analysis]] for open indices [[{}/{}]]",
                index.name, index.uuid
            )));
        }
        let mut mapping = (*index.mapping).clone();
        mapping.analyzers = Arc::new(Analyzers::parse(&analysis)?);
        index.mapping = Arc::new(mapping);
        index.settings.insert("analysis".to_owned(), analysis);
    }
    for (name, value) in flat {
        // `null` brings the default back.
        if value.is_null() {
            index.settings.remove(&name);
        } else {
            index.settings.insert(name, value);
        }
    }
    numbers(index)
}

/// Takes the numbers of shards and replicas from an index's settings.
fn numbers(index: &mut Index) -> Result<(), ApiError> {
    let number = |name: &str, least: u32, most: u32| match index.settings.get(name) {
        None => Ok(None),
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            match text.parse::<i64>() {
                Err(_) => Err(ApiError::illegal_argument(format!(
                    "Failed to parse value [{text}] for setting [index.{name}]"
                ))),
                Ok(number) => match u32::try_from(number)
                    .ok()
                    .filter(|number| (least..=most).contains(number))
                {
                    Some(number) => Ok(Some(number)),
                    None => Err(ApiError::illegal_argument(format!(
                        "Failed to parse value [{text}] for setting [index.{name}] must be >= {least} and <= {most}"
                    ))),
                },
            }
        }
    };
    let shards = number("number_of_shards", 1, 1024)?;
    let replicas = number("number_of_replicas", 0, i32::MAX.unsigned_abs())?;
    let split = number("number_of_routing_shards", 1, i32::MAX.unsigned_abs())?;
    number("max_result_window", 1, i32::MAX.unsigned_abs())?;
    index.shards = shards.unwrap_or(index.shards);
    index.replicas = replicas.unwrap_or(1);
    index.routing_shards = split.unwrap_or_else(|| routing_shards(index.shards));
    if let Some(value) = index.settings.get("mapping.exclude_source_vectors") {
        index.excludes_vectors = value != "false";
    }
    if !index.routing_shards.is_multiple_of(index.shards) {
        return Err(ApiError::illegal_argument(format!(
            "the number of source shards [{}] must be a factor of [{}]",
            index.shards, index.routing_shards
        )));
    }
    Ok(())
}

/// Settings by dotted names below `index`, as the server keeps them, and apart from them those of
/// analysis as they are.
fn flatten(given: &Map<String, Value>) -> (Map<String, Value>, Option<Value>) {
    let mut flat = Map::new();
    let mut analysis = Map::new();
    walk(given, "", &mut flat, &mut analysis);
    (
        flat,
        (!analysis.is_empty()).then_some(Value::Object(analysis)),
    )
}

fn walk(
    given: &Map<String, Value>,
    prefix: &str,
    flat: &mut Map<String, Value>,
    analysis: &mut Map<String, Value>,
) {
    for (name, value) in given {
        let whole = format!("{prefix}{name}");
        let path = whole.strip_prefix("index.").unwrap_or(&whole);
        match value {
            Value::Object(inner) if path == "analysis" => analysis.extend(inner.clone()),
            _ if path.starts_with("analysis.") => {
                nest(analysis, path.trim_start_matches("analysis."), value)
            }
            Value::Object(inner) if path == "index" => walk(inner, "", flat, analysis),
            Value::Object(inner) => walk(inner, &format!("{path}."), flat, analysis),
            // Every setting is shown as text.
            Value::Number(_) | Value::Bool(_) => {
                flat.insert(path.to_owned(), value.to_string().into());
            }
            value => {
                flat.insert(path.to_owned(), value.clone());
            }
        }
    }
}

/// Returns settings by their dotted names below `index`.
pub(crate) fn flat(given: &Map<String, Value>) -> Map<String, Value> {
    flatten(given).0
}

/// Returns settings as templates show them: below `index`, as texts.
pub(crate) fn nested(given: &Map<String, Value>) -> Map<String, Value> {
    let (flat, analysis) = flatten(given);
    let mut shown = Map::new();
    for (name, value) in &flat {
        nest(&mut shown, name, &texts(value));
    }
    if let Some(analysis) = analysis {
        shown.insert("analysis".to_owned(), texts(&analysis));
    }
    Map::from_iter([("index".to_owned(), Value::Object(shown))])
}

pub(crate) fn shown_settings(call: &Call<'_>, index: &Index) -> Value {
    let mut shown = Map::new();
    let server = &call.shared.settings;
    if server.version.major >= 8 && !server.is_opensearch() {
        let tier = match index.data_stream {
            Some(_) => "data_hot",
            None => "data_content",
        };
        let name = "routing.allocation.include._tier_preference";
        nest(&mut shown, name, &tier.into());
    }
    shown.insert(
        "number_of_shards".to_owned(),
        index.shards.to_string().into(),
    );
    shown.insert(
        "number_of_replicas".to_owned(),
        index.replicas.to_string().into(),
    );
    for (name, value) in &index.settings {
        nest(&mut shown, name, &texts(value));
    }
    shown.insert("uuid".to_owned(), index.uuid.as_str().into());
    shown.insert(
        "creation_date".to_owned(),
        index.created_at.to_string().into(),
    );
    shown.insert("provided_name".to_owned(), (*index.name).into());
    json!({"index": shown})
}

/// Every setting is shown as text.
fn texts(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), texts(value)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Number(_) | Value::Bool(_) => value.to_string().into(),
        value => value.clone(),
    }
}

fn nest(into: &mut Map<String, Value>, name: &str, value: &Value) {
    match name.split_once('.') {
        None => {
            into.insert(name.to_owned(), value.clone());
        }
        Some((first, rest)) => {
            if let Value::Object(inner) = into.entry(first.to_owned()).or_insert_with(|| json!({}))
            {
                nest(inner, rest, value);
            }
        }
    }
}
