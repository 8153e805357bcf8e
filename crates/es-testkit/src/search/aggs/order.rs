//! Paths to the values by which buckets are sorted.

use serde_json::Value;

use super::metric::DEFAULT_PERCENTS;
use super::{Agg, member};
use crate::api::error::ApiError;
use crate::json::Json;

/// Returns the value of one percentile of several.
fn percentile(values: &Value, percent: f64) -> Value {
    let mut named = values.as_object().into_iter().flatten();
    let found = named.find(|(name, _)| name.parse() == Ok(percent));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// A path to the metric by which buckets are sorted.
pub(super) struct OrderPath<'p> {
    /// The aggregations on the way, the one with the value last.
    names: Vec<&'p str>,
    /// The member of its result, and the member of that.
    values: Vec<&'p str>,
    percent: Option<f64>,
}

impl<'p> OrderPath<'p> {
    /// Reads a path such as `filter>stats.max`.
    ///
    /// # Errors
    /// 400 for a path to no number.
    pub fn read(agg: &Agg, path: &'p str) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::bad_request(
                "invalid_path",
                format!("Invalid aggregation order path [{path}]."),
            )
            .in_search()
        };
        let (around, last) = path
            .rsplit_once('>')
            .map_or((None, path), |(around, last)| (Some(around), last));
        let bracket = last.strip_suffix(']').and_then(|last| last.split_once('['));
        let (name, property) = bracket
            .or_else(|| last.rsplit_once('.'))
            .unwrap_or((last, ""));
        let mut names: Vec<&str> = around
            .map(|names| names.split('>').collect())
            .unwrap_or_default();
        let mut subs = &agg.subs;
        for name in &names {
            let sub = subs.iter().find(|sub| sub.name == **name);
            let single = sub.filter(|sub| SINGLE_BUCKET.contains(&sub.kind.as_str()));
            subs = &single.ok_or_else(invalid)?.subs;
        }
        names.push(name);
        let sub = subs.iter().find(|sub| sub.name == name);
        let kind = sub.map(|sub| sub.kind.as_str()).ok_or_else(invalid)?;
        let percent: Option<f64> = property.parse().ok();
        let values = match (kind, property) {
            (kind, "" | "doc_count") if SINGLE_BUCKET.contains(&kind) => vec!["doc_count"],
            (kind, "" | "value") if SINGLE_VALUE.contains(&kind) => vec!["value"],
            ("stats" | "extended_stats", "count" | "min" | "max" | "avg" | "sum") => vec![property],
            ("extended_stats", property) if EXTENDED.contains(&property) => vec![property],
            ("extended_stats", "std_upper") => vec!["std_deviation_bounds", "upper"],
            ("extended_stats", "std_lower") => vec!["std_deviation_bounds", "lower"],
            ("percentiles" | "percentile_ranks", _)
                if percent.is_some_and(|percent| computes(sub, percent)) =>
            {
                vec!["values"]
            }
            ("percentiles" | "percentile_ranks", _) if percent.is_some() => {
                return Err(ApiError::unsupported(format!(
                    "an order by a value that [{kind}] does not show"
                )));
            }
            _ => return Err(invalid()),
        };
        Ok(Self {
            names,
            values,
            percent: percent.filter(|_| kind.starts_with("percentile")),
        })
    }

    /// Returns the name of the first aggregation on the way.
    pub fn first(&self) -> &'p str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Returns the metric's value in the result of the first aggregation.
    pub fn value(&self, result: Json) -> Option<f64> {
        let inner = self.names.iter().skip(1).chain(&self.values);
        let found = inner
            .copied()
            .try_fold(result, |result, name| member(&result, name))?
            .to_value();
        match self.percent {
            None => found.as_f64(),
            Some(percent) => percentile(&found, percent).as_f64(),
        }
    }
}

/// Whether `percentiles` or `percentile_ranks` show this one.
fn computes(sub: Option<&Agg>, percent: f64) -> bool {
    let shown = sub.and_then(|sub| sub.settings.get("percents").or(sub.settings.get("values")));
    match shown {
        Some(Value::Array(items)) => items.iter().any(|item| item.as_f64() == Some(percent)),
        Some(value) => value.as_f64() == Some(percent),
        None => DEFAULT_PERCENTS.contains(&percent),
    }
}

/// Aggregations of one bucket.
const SINGLE_BUCKET: [&str; 5] = ["filter", "nested", "missing", "reverse_nested", "global"];

/// Metrics of one number.
const SINGLE_VALUE: [&str; 8] = [
    "avg",
    "cardinality",
    "max",
    "median_absolute_deviation",
    "min",
    "sum",
    "value_count",
    "weighted_avg",
];

/// The numbers that only extended statistics have.
const EXTENDED: [&str; 7] = [
    "sum_of_squares",
    "variance",
    "variance_population",
    "variance_sampling",
    "std_deviation",
    "std_deviation_population",
    "std_deviation_sampling",
];
