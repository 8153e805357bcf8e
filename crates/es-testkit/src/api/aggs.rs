//! Aggregations: `terms` with sub-aggregations, and the metrics of one field.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::sort::no_fielddata;
use super::value::{Term, terms_of};
use crate::store::{Document, FieldKind, Found, Index};

/// One aggregation.
#[derive(Clone, Debug)]
pub(crate) enum Agg {
    Metric {
        kind: String,
        field: String,
    },
    Terms {
        field: String,
        size: usize,
        order: (String, bool),
        min_doc_count: usize,
        subs: Vec<(String, Agg)>,
    },
}

const METRICS: &[&str] = &["avg", "min", "max", "sum", "value_count", "cardinality", "stats"];

/// Parses the `aggs` of a search body.
///
/// # Errors
/// 400 for an aggregation that is not known here, or has no field.
pub(crate) fn parse(value: Option<&Value>) -> Result<Vec<(String, Agg)>, ApiError> {
    let Some(named) = value.and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    named.iter().map(|(name, body)| Ok((name.clone(), parse_one(name, body)?))).collect()
}

fn parse_one(name: &str, body: &Value) -> Result<Agg, ApiError> {
    let fields = body
        .as_object()
        .ok_or_else(|| ApiError::parsing(format!("Expected [START_OBJECT] in [{name}]")))?;
    let subs = parse(fields.get("aggs").or_else(|| fields.get("aggregations")))?;
    let mut kinds = fields
        .iter()
        .filter(|(kind, _)| !matches!(kind.as_str(), "aggs" | "aggregations" | "meta"));
    let (Some((kind, settings)), None) = (kinds.next(), kinds.next()) else {
        return Err(ApiError::parsing(format!(
            "Expected exactly one aggregation type in [{name}]"
        )));
    };
    let field = settings.get("field").and_then(Value::as_str).map(str::to_owned);
    let field = field.ok_or_else(|| {
        ApiError::illegal_argument(
            "Required one of fields [field, script], but none were specified. ",
        )
    });
    if METRICS.contains(&kind.as_str()) {
        if !subs.is_empty() {
            return Err(ApiError::bad_request(
                "aggregation_initialization_exception",
                format!("Aggregator [{name}] of type [{kind}] cannot accept sub-aggregations"),
            ));
        }
        return Ok(Agg::Metric { kind: kind.clone(), field: field? });
    }
    if kind != "terms" {
        return Err(ApiError::parsing(format!("Unknown aggregation type [{kind}]")));
    }
    let number = |name: &str, default| {
        settings
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(default)
    };
    Ok(Agg::Terms {
        field: field?,
        size: number("size", 10),
        order: order(settings.get("order")),
        min_doc_count: number("min_doc_count", 1),
        subs,
    })
}

/// The sort key of the buckets and whether it descends; by default the largest comes first.
fn order(value: Option<&Value>) -> (String, bool) {
    let first = match value {
        Some(Value::Array(items)) => items.first(),
        other => other,
    };
    let entry = first.and_then(Value::as_object).and_then(|order| order.iter().next());
    match entry {
        Some((key, direction)) => (key.clone(), direction.as_str() == Some("desc")),
        None => ("_count".to_owned(), true),
    }
}

/// Carries out aggregations over the documents that matched.
///
/// # Errors
/// 400 for a text field.
pub(crate) fn run(
    aggs: &[(String, Agg)],
    indices: &[&Index],
    found: &[Found],
    typed_keys: bool,
) -> Result<Value, ApiError> {
    let mut results = Map::new();
    for (name, agg) in aggs {
        let (kind, result) = match agg {
            Agg::Metric { kind, field } => {
                check(indices, field)?;
                (kind.clone(), metric(kind, &values(indices, found, field)))
            }
            Agg::Terms { .. } => buckets(agg, indices, found, typed_keys)?,
        };
        results.insert(if typed_keys { format!("{kind}#{name}") } else { name.clone() }, result);
    }
    Ok(Value::Object(results))
}

fn check(indices: &[&Index], field: &str) -> Result<(), ApiError> {
    let text = indices.iter().find(|index| index.mapping.field(field).0 == FieldKind::Text);
    text.map_or(Ok(()), |index| Err(no_fielddata(index, field)))
}

fn document_terms(indices: &[&Index], (name, document): &Found, field: &str) -> Vec<Term> {
    let index = indices.iter().find(|index| index.name == *name);
    index.map(|index| terms_of(&index.mapping, document, name, field)).unwrap_or_default()
}

fn values(indices: &[&Index], found: &[Found], field: &str) -> Vec<Term> {
    found.iter().flat_map(|found| document_terms(indices, found, field)).collect()
}

fn metric(kind: &str, values: &[Term]) -> Value {
    let numbers: Vec<f64> = values.iter().filter_map(Term::number).collect();
    let sum: f64 = numbers.iter().sum();
    let count = numbers.len();
    let optional = |number: Option<f64>| number.map_or(Value::Null, Value::from);
    let average = (count > 0).then(|| sum / count as f64);
    let least = numbers.iter().copied().min_by(f64::total_cmp);
    let most = numbers.iter().copied().max_by(f64::total_cmp);
    match kind {
        "avg" => json!({"value": optional(average)}),
        "min" => json!({"value": optional(least)}),
        "max" => json!({"value": optional(most)}),
        "sum" => json!({"value": sum}),
        "value_count" => json!({"value": values.len()}),
        "cardinality" => {
            let mut sorted = values.to_vec();
            sorted.sort_by(Term::compare);
            sorted.dedup_by(|a, b| a.compare(b).is_eq());
            json!({"value": sorted.len()})
        }
        _ => json!({
            "count": count, "min": optional(least), "max": optional(most), "avg": optional(average), "sum": sum,
        }),
    }
}

struct Bucket {
    key: Term,
    found: Vec<(Arc<str>, Arc<Document>)>,
    subs: Value,
}

fn buckets(
    agg: &Agg,
    indices: &[&Index],
    found: &[Found],
    typed_keys: bool,
) -> Result<(String, Value), ApiError> {
    let Agg::Terms { field, size, order, min_doc_count, subs } = agg else {
        return Err(ApiError::illegal_argument("not a terms aggregation"));
    };
    check(indices, field)?;
    // Terms have no total order of their own that a map could use; their JSON text serves as key.
    let mut grouped: BTreeMap<String, Bucket> = BTreeMap::new();
    for item in found {
        let mut terms = document_terms(indices, item, field);
        terms.sort_by(Term::compare);
        terms.dedup_by(|a, b| a.compare(b).is_eq());
        for term in terms {
            let empty = || Bucket { key: term.clone(), found: Vec::new(), subs: Value::Null };
            grouped
                .entry(term.to_json().to_string())
                .or_insert_with(empty)
                .found
                .push(item.clone());
        }
    }
    let mut buckets: Vec<Bucket> =
        grouped.into_values().filter(|bucket| bucket.found.len() >= *min_doc_count).collect();
    for bucket in &mut buckets {
        bucket.subs = run(subs, indices, &bucket.found, typed_keys)?;
    }
    arrange(&mut buckets, order, typed_keys);
    let others: usize = buckets.iter().skip(*size).map(|bucket| bucket.found.len()).sum();
    let date = indices.iter().any(|index| index.mapping.field(field).0 == FieldKind::Date);
    let kind = match buckets.first().map(|bucket| &bucket.key) {
        Some(Term::Integer(_) | Term::Boolean(_)) => "lterms",
        Some(Term::Float(_)) => "dterms",
        Some(Term::Text(_)) => "sterms",
        None => "umterms",
    };
    let shown: Vec<Value> = buckets.iter().take(*size).map(|bucket| show(bucket, date)).collect();
    let body =
        json!({"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": shown});
    Ok((kind.to_owned(), body))
}

fn arrange(buckets: &mut [Bucket], (by, descending): &(String, bool), typed_keys: bool) {
    let metric_of = |bucket: &Bucket| {
        let (name, property) = by.split_once('.').unwrap_or((by, "value"));
        let subs = bucket.subs.as_object()?;
        let fits = |key: &str| {
            key == name || (typed_keys && key.split_once('#').is_some_and(|(_, key)| key == name))
        };
        subs.iter().find(|(key, _)| fits(key))?.1.get(property)?.as_f64()
    };
    buckets.sort_by(|a, b| {
        let order = match by.as_str() {
            "_count" => a.found.len().cmp(&b.found.len()),
            "_key" | "_term" => a.key.compare(&b.key),
            _ => metric_of(a)
                .unwrap_or(f64::NEG_INFINITY)
                .total_cmp(&metric_of(b).unwrap_or(f64::NEG_INFINITY)),
        };
        let directed = if *descending { order.reverse() } else { order };
        directed.then_with(|| a.key.compare(&b.key))
    });
}

fn show(bucket: &Bucket, date: bool) -> Value {
    let mut shown = match &bucket.subs {
        Value::Object(subs) => subs.clone(),
        _ => Map::new(),
    };
    // Booleans and dates are numbers in keys, with the readable form beside.
    let (key, text) = match &bucket.key {
        Term::Boolean(flag) => (Value::from(u8::from(*flag)), Some(flag.to_string())),
        Term::Integer(millis) if date => {
            (Value::from(*millis), Some(crate::store::iso_date(*millis)))
        }
        term => (term.to_json(), None),
    };
    shown.insert("key".to_owned(), key);
    if let Some(text) = text {
        shown.insert("key_as_string".to_owned(), text.into());
    }
    shown.insert("doc_count".to_owned(), bucket.found.len().into());
    Value::Object(shown)
}
