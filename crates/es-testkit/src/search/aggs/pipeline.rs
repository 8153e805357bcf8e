//! Aggregations over the buckets of others, without scripts.

use serde_json::{Value, json};

use super::metric::Sum;
use super::{Agg, member};
use crate::api::error::ApiError;
use crate::api::value::number;
use crate::json::Json;
use crate::strict::Fields;

const SIBLINGS: &[&str] = &[
    "avg_bucket",
    "sum_bucket",
    "min_bucket",
    "max_bucket",
    "stats_bucket",
];
const PARENTS: &[&str] = &["bucket_sort", "cumulative_sum", "derivative"];

pub(super) fn is_pipeline(kind: &str) -> bool {
    SIBLINGS.contains(&kind) || PARENTS.contains(&kind)
}

/// Finds a result by its name, whatever type stands before it.
fn named<'j>(results: &'j [(String, Json)], name: &str, typed: bool) -> Option<&'j Json> {
    let fits = |known: &str| {
        known == name
            || (typed
                && known
                    .split_once('#')
                    .is_some_and(|(_, known)| known == name))
    };
    results
        .iter()
        .find(|(known, _)| fits(known))
        .map(|(_, json)| json)
}

/// The number at a path of a bucket: `_count`, `name`, `name.max`, `name>other`.
fn value_at(bucket: &Json, path: &str, typed: bool) -> Option<f64> {
    if path == "_count" {
        return member(bucket, "doc_count")?.to_value().as_f64();
    }
    if path == "_key" {
        return member(bucket, "key")?.to_value().as_f64();
    }
    let Json::Object(members) = bucket else {
        return None;
    };
    if let Some((first, rest)) = path.split_once('>') {
        return value_at(named(members, first, typed)?, rest, typed);
    }
    let (name, property) = path.split_once('.').unwrap_or((path, "value"));
    let value = member(named(members, name, typed)?, property)?.to_value();
    value.as_f64()
}

/// The treatment of a bucket without documents, or without a value.
#[derive(Clone, Copy)]
enum Gap {
    Skip,
    Zeros,
    Keep,
}

impl Gap {
    fn read(fields: &Fields<'_>) -> Result<Self, ApiError> {
        match fields.text("gap_policy")?.as_deref() {
            None | Some("skip") => Ok(Self::Skip),
            Some("insert_zeros") => Ok(Self::Zeros),
            Some("keep_values") => Ok(Self::Keep),
            Some(other) => Err(ApiError::parsing(format!(
                "Invalid gap policy: [{other}], accepted values: [insert_zeros, skip, keep_values]"
            ))),
        }
    }

    /// Returns the number at a path of a bucket, gaps filled; `None` for a bucket that is left out.
    fn value_at(self, bucket: &Json, path: &str, typed: bool) -> Option<f64> {
        let count = member(bucket, "doc_count").and_then(|count| count.to_value().as_u64());
        let empty = count == Some(0) && path != "_count";
        let value = value_at(bucket, path, typed);
        match self {
            Self::Skip => value.filter(|_| !empty),
            Self::Zeros => value.filter(|_| !empty).or(Some(0.0)),
            Self::Keep => value,
        }
    }
}

/// Runs the aggregations over the buckets of their neighbours.
pub(super) fn siblings(
    aggs: &[Agg],
    results: &mut Vec<(String, Json)>,
    typed: bool,
) -> Result<(), ApiError> {
    for agg in aggs
        .iter()
        .filter(|agg| SIBLINGS.contains(&agg.kind.as_str()))
    {
        let fields = Fields::section(&agg.kind, &agg.settings)?;
        fields.unsupported(&["format"])?;
        let path = fields.text("buckets_path")?.ok_or_else(no_path)?;
        let gap = Gap::read(&fields)?;
        fields.finish()?;
        check_target(aggs, &path)?;
        let (first, rest) = match path.strip_suffix("._count") {
            Some(first) => (first, "_count"),
            None => path.split_once('>').unwrap_or((&path, "_count")),
        };
        let Some(found) = named(results, first, typed) else {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                format!("Validation Failed: 1: No aggregation found for path [{path}];"),
            ));
        };
        let values: Vec<(String, f64)> = buckets_of(found)
            .into_iter()
            .filter_map(|(key, bucket)| Some((key, gap.value_at(&bucket, rest, typed)?)))
            .collect();
        let (kind, mut body) = over(&agg.kind, &values);
        if let (Some(meta), Some(fields)) = (&agg.meta, body.as_object_mut()) {
            fields.insert("meta".to_owned(), meta.clone());
        }
        let name = if typed {
            format!("{kind}#{}", agg.name)
        } else {
            agg.name.clone()
        };
        results.push((name, body.into()));
    }
    Ok(())
}

/// Refuses a path to nothing, or to what is no number.
fn check_target(aggs: &[Agg], path: &str) -> Result<(), ApiError> {
    let path = path
        .strip_suffix("._count")
        .map_or(path.to_owned(), |path| format!("{path}>_count"));
    let mut level = aggs;
    let mut found: Option<&Agg> = None;
    for part in path.split('>') {
        if matches!(part, "_count" | "_key") && found.is_some() {
            return Ok(());
        }
        let (name, property) = part.split_once('.').unwrap_or((part, ""));
        let name = name.split('[').next().unwrap_or_default();
        let fits = |agg: &&Agg| agg.name == name && !SIBLINGS.contains(&agg.kind.as_str());
        let Some(agg) = level.iter().find(fits) else {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                format!("Validation Failed: 1: No aggregation found for path [{path}];"),
            ));
        };
        let has_one = matches!(
            agg.kind.as_str(),
            "avg" | "sum" | "min" | "max" | "value_count" | "cardinality" | "weighted_avg"
        );
        if has_one && !matches!(property, "" | "value") {
            return Err(no_number(&path));
        }
        (level, found) = (&agg.subs, Some(agg));
    }
    if path.contains('>') {
        Ok(())
    } else {
        Err(no_number(&path))
    }
}

fn no_number(path: &str) -> ApiError {
    ApiError::illegal_argument(format!("the path [{path}] is not one to a number"))
        .rooted("")
        .in_search()
}

/// The buckets of a result with their keys.
fn buckets_of(result: &Json) -> Vec<(String, Json)> {
    match member(result, "buckets") {
        Some(Json::Array(buckets)) => buckets
            .into_iter()
            .map(|bucket| (key_of(&bucket), bucket))
            .collect(),
        Some(Json::Object(buckets)) => buckets,
        _ => Vec::new(),
    }
}

/// The result over the values of buckets, and its prefix under `typed_keys`.
fn over(kind: &str, values: &[(String, f64)]) -> (&'static str, Value) {
    let numbers = || values.iter().map(|(_, value)| *value);
    let best = |best: Option<f64>| {
        let keys: Vec<&str> = values
            .iter()
            .filter(|(_, value)| Some(*value) == best)
            .map(|(key, _)| key.as_str())
            .collect();
        json!({"value": best.map(number), "keys": keys})
    };
    let sum = Sum::of(numbers());
    let average = (!values.is_empty()).then(|| sum / values.len() as f64);
    let least = numbers().min_by(f64::total_cmp);
    let most = numbers().max_by(f64::total_cmp);
    match kind {
        "avg_bucket" => ("simple_value", json!({"value": average.map(number)})),
        "sum_bucket" => ("simple_value", json!({"value": number(sum)})),
        "min_bucket" => ("bucket_metric_value", best(least)),
        "max_bucket" => ("bucket_metric_value", best(most)),
        _ => (
            "stats_bucket",
            json!({"count": values.len(), "min": least.map(number), "max": most.map(number), "avg": average.map(number), "sum": number(sum)}),
        ),
    }
}

fn key_of(bucket: &Json) -> String {
    let text = member(bucket, "key_as_string")
        .or_else(|| member(bucket, "key"))
        .map(|value| value.to_value());
    match text {
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// Runs the aggregations over the buckets that they are within.
pub(super) fn within(
    agg: &Agg,
    mut buckets: Vec<Json>,
    typed: bool,
) -> Result<Vec<Json>, ApiError> {
    for sub in agg
        .subs
        .iter()
        .filter(|sub| PARENTS.contains(&sub.kind.as_str()))
    {
        let fields = Fields::section(&sub.kind, &sub.settings)?;
        if sub.kind == "bucket_sort" {
            buckets = bucket_sort(agg, &fields, buckets, typed)?;
            continue;
        }
        if !matches!(agg.kind.as_str(), "histogram" | "date_histogram") {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                format!(
                    "Validation Failed: 1: {} aggregation [{}] must have a histogram, date_histogram or auto_date_histogram as parent;",
                    sub.kind, sub.name
                ),
            ));
        }
        fields.unsupported(&["format", "unit"])?;
        let path = fields.text("buckets_path")?.ok_or_else(no_path)?;
        check_path(agg, &path)?;
        let shown = if sub.kind == "cumulative_sum" {
            fields.finish()?;
            totals(&buckets, &path, typed)
        } else {
            let gap = Gap::read(&fields)?;
            fields.finish()?;
            differences(&buckets, &path, gap, typed)
        };
        let name = match (typed, sub.kind.as_str()) {
            (true, "cumulative_sum") => format!("simple_value#{}", sub.name),
            (true, kind) => format!("{kind}#{}", sub.name),
            (false, _) => sub.name.clone(),
        };
        for (bucket, value) in buckets.iter_mut().zip(shown) {
            if let Some(value) = value {
                bucket.insert(&name, json!({"value": value}));
            }
        }
    }
    Ok(buckets)
}

/// Sums up the values of the buckets so far.
fn totals(buckets: &[Json], path: &str, typed: bool) -> Vec<Option<Value>> {
    let mut total = 0.0;
    let running = buckets.iter().map(|bucket| {
        total += Gap::Zeros.value_at(bucket, path, typed).unwrap_or(0.0);
        Some(number(total))
    });
    running.collect()
}

/// Compares each bucket with the one before: `null` beside a gap, nothing for the first one.
fn differences(buckets: &[Json], path: &str, gap: Gap, typed: bool) -> Vec<Option<Value>> {
    let values: Vec<Option<f64>> = buckets
        .iter()
        .map(|bucket| gap.value_at(bucket, path, typed))
        .collect();
    let pairs = values.windows(2).map(|pair| match pair {
        [Some(before), Some(value)] => Some(number(value - before)),
        _ => Some(Value::Null),
    });
    std::iter::once(None).chain(pairs).collect()
}

/// Refuses the path of an aggregation that the buckets do not have.
fn check_path(parent: &Agg, path: &str) -> Result<(), ApiError> {
    let first = path.split(['>', '.', '[']).next().unwrap_or_default();
    if matches!(path, "_count" | "_key") || parent.subs.iter().any(|sub| sub.name == first) {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "action_request_validation_exception",
        format!("Validation Failed: 1: No aggregation found for path [{path}];"),
    ))
}

fn bucket_sort(
    parent: &Agg,
    fields: &Fields<'_>,
    mut buckets: Vec<Json>,
    typed: bool,
) -> Result<Vec<Json>, ApiError> {
    let sort = fields.get("sort")?.cloned().unwrap_or_else(|| json!([]));
    let from = fields.count("from")?.unwrap_or(0);
    let size = fields.positive("size")?.unwrap_or(usize::MAX);
    let gap = Gap::read(fields)?;
    fields.finish()?;
    let items = sort
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![sort.clone()]);
    let mut keys = Vec::new();
    for item in &items {
        match item {
            Value::String(path) => keys.push((path.clone(), false)),
            Value::Object(named) => {
                for (path, settings) in named {
                    let order = settings
                        .as_str()
                        .or_else(|| settings.get("order")?.as_str());
                    keys.push((path.clone(), order == Some("desc")));
                }
            }
            _ => return Err(ApiError::parsing("malformed sort of [bucket_sort]")),
        }
    }
    for (path, _) in &keys {
        check_path(parent, path)?;
    }
    // A bucket without a value for any key is left out; one without some of them is last there.
    let value = |bucket: &Json, path: &str| match path {
        "_key" => value_at(bucket, path, typed),
        path => gap.value_at(bucket, path, typed),
    };
    buckets.retain(|bucket| {
        keys.is_empty()
            || keys
                .iter()
                .any(|(path, _)| path == "_key" || value(bucket, path).is_some())
    });
    buckets.sort_by(|a, b| {
        let compared = keys.iter().map(|(path, descending)| {
            let order = match (value(a, path), value(b, path)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ if path == "_key" => key_of(a).cmp(&key_of(b)),
                (a, b) => return a.is_none().cmp(&b.is_none()),
            };
            if *descending { order.reverse() } else { order }
        });
        compared
            .into_iter()
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(buckets.into_iter().skip(from).take(size).collect())
}

/// The error of a pipeline that names no buckets.
fn no_path() -> ApiError {
    ApiError::parsing("Missing required field [buckets_path]")
}
