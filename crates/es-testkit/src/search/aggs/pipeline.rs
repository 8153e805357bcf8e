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
        let path = fields
            .text("buckets_path")?
            .ok_or_else(|| ApiError::illegal_argument("Required [buckets_path]"))?;
        let zeros = fields
            .choice("gap_policy", &[("skip", false), ("insert_zeros", true)])?
            .unwrap_or(false);
        fields.finish()?;
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
        let buckets: Vec<(String, Json)> = match member(found, "buckets") {
            Some(Json::Array(buckets)) => buckets
                .into_iter()
                .map(|bucket| (key_of(&bucket), bucket))
                .collect(),
            Some(Json::Object(buckets)) => buckets,
            _ => Vec::new(),
        };
        let values: Vec<(String, f64)> = buckets
            .into_iter()
            .filter_map(|(key, bucket)| {
                let count =
                    member(&bucket, "doc_count").and_then(|count| count.to_value().as_u64());
                let empty = count == Some(0) && rest != "_count";
                match value_at(&bucket, rest, typed).filter(|_| !empty) {
                    Some(value) => Some((key, value)),
                    None => zeros.then_some((key, 0.0)),
                }
            })
            .collect();
        let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        let best = |best: Option<f64>| {
            let keys: Vec<&str> = values
                .iter()
                .filter(|(_, value)| Some(*value) == best)
                .map(|(key, _)| key.as_str())
                .collect();
            json!({"value": best.map(number), "keys": keys})
        };
        let sum = Sum::of(numbers.iter().copied());
        let average = (!numbers.is_empty()).then(|| sum / numbers.len() as f64);
        let least = numbers.iter().copied().min_by(f64::total_cmp);
        let most = numbers.iter().copied().max_by(f64::total_cmp);
        let (kind, mut body) = match agg.kind.as_str() {
            "avg_bucket" => ("simple_value", json!({"value": average.map(number)})),
            "sum_bucket" => ("simple_value", json!({"value": number(sum)})),
            "min_bucket" => ("bucket_metric_value", best(least)),
            "max_bucket" => ("bucket_metric_value", best(most)),
            _ => (
                "stats_bucket",
                json!({"count": numbers.len(), "min": least.map(number), "max": most.map(number), "avg": average.map(number), "sum": number(sum)}),
            ),
        };
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
            buckets = bucket_sort(&fields, buckets, typed)?;
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
        let path = fields
            .text("buckets_path")?
            .ok_or_else(|| ApiError::illegal_argument("Required [buckets_path]"))?;
        fields.text("gap_policy")?;
        fields.finish()?;
        let mut total = 0.0;
        let mut before: Option<f64> = None;
        for bucket in &mut buckets {
            let value = value_at(bucket, &path, typed);
            let shown = if sub.kind == "cumulative_sum" {
                total += value.unwrap_or(0.0);
                Some(("simple_value", total))
            } else {
                let difference = value
                    .zip(before)
                    .map(|(value, before)| ("derivative", value - before));
                before = value.or(before);
                difference
            };
            if let Some((kind, value)) = shown {
                let name = if typed {
                    format!("{kind}#{}", sub.name)
                } else {
                    sub.name.clone()
                };
                bucket.insert(&name, json!({"value": number(value)}));
            }
        }
    }
    Ok(buckets)
}

fn bucket_sort(
    fields: &Fields<'_>,
    mut buckets: Vec<Json>,
    typed: bool,
) -> Result<Vec<Json>, ApiError> {
    let sort = fields.get("sort")?.cloned().unwrap_or_else(|| json!([]));
    let from = fields.count("from")?.unwrap_or(0);
    let size = fields.positive("size")?.unwrap_or(usize::MAX);
    fields.text("gap_policy")?;
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
    // Buckets without a value for any key are left out.
    buckets.retain(|bucket| {
        keys.is_empty()
            || keys
                .iter()
                .any(|(path, _)| path == "_key" || value_at(bucket, path, typed).is_some())
    });
    buckets.sort_by(|a, b| {
        let compared = keys.iter().map(|(path, descending)| {
            let order = if path == "_key" && value_at(a, path, typed).is_none() {
                key_of(a).cmp(&key_of(b))
            } else {
                let value =
                    |bucket: &Json| value_at(bucket, path, typed).unwrap_or(f64::NEG_INFINITY);
                value(a).total_cmp(&value(b))
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
