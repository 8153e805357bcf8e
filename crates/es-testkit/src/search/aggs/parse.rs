//! From JSON to aggregations.

use serde_json::Value;

use super::{Agg, pipeline};
use crate::api::error::ApiError;

const BUCKETS: &[&str] = &[
    "terms",
    "rare_terms",
    "composite",
    "date_histogram",
    "histogram",
    "range",
    "date_range",
    "ip_range",
    "filter",
    "filters",
    "missing",
    "global",
    "nested",
    "reverse_nested",
];

const METRICS: &[&str] = &[
    "avg",
    "sum",
    "min",
    "max",
    "value_count",
    "cardinality",
    "stats",
    "extended_stats",
    "percentiles",
    "percentile_ranks",
    "weighted_avg",
    "top_hits",
    "geo_bounds",
    "median_absolute_deviation",
];

/// Aggregations of the server that are not done here.
const UNSUPPORTED: &[&str] = &[
    "adjacency_matrix",
    "auto_date_histogram",
    "boxplot",
    "bucket_correlation",
    "bucket_count_ks_test",
    "bucket_script",
    "bucket_selector",
    "categorize_text",
    "change_point",
    "children",
    "diversified_sampler",
    "cumulative_cardinality",
    "extended_stats_bucket",
    "frequent_item_sets",
    "geo_centroid",
    "geo_distance",
    "geo_line",
    "geohash_grid",
    "geohex_grid",
    "geotile_grid",
    "inference",
    "ip_prefix",
    "matrix_stats",
    "moving_fn",
    "moving_percentiles",
    "multi_terms",
    "normalize",
    "parent",
    "percentiles_bucket",
    "random_sampler",
    "rate",
    "sampler",
    "scripted_metric",
    "serial_diff",
    "significant_terms",
    "significant_text",
    "string_stats",
    "t_test",
    "time_series",
    "top_metrics",
    "variable_width_histogram",
    "cartesian_bounds",
    "cartesian_centroid",
];

/// Parses the `aggs` of a search.
///
/// # Errors
/// 400 for what is not known, or not done here.
pub(crate) fn parse(value: &Value) -> Result<Vec<Agg>, ApiError> {
    let Some(named) = value.as_object() else {
        return Err(ApiError::parsing(format!(
            "Found {} in [aggs]",
            crate::strict::token(value)
        )));
    };
    named.iter().map(|(name, body)| one(name, body)).collect()
}

/// Refuses aggregations that go back from nested objects where there are none.
///
/// # Errors
/// 400 as the shards say it.
pub(crate) fn check_nesting(aggs: &[Agg]) -> Result<(), ApiError> {
    for agg in aggs.iter().filter(|agg| agg.kind != "nested") {
        if agg.kind == "reverse_nested" {
            return Err(ApiError::illegal_argument(format!(
                "Reverse nested aggregation [{}] can not be used outside a [nested] context",
                agg.name
            ))
            .in_search());
        }
        check_nesting(&agg.subs)?;
    }
    Ok(())
}

/// Whether a `composite` may be inside.
fn is_single(kind: &str) -> bool {
    matches!(kind, "filter" | "nested")
}

fn has_composite(aggs: &[Agg]) -> bool {
    aggs.iter()
        .any(|agg| agg.kind == "composite" || (is_single(&agg.kind) && has_composite(&agg.subs)))
}

fn one(name: &str, body: &Value) -> Result<Agg, ApiError> {
    if name.is_empty() || name.contains(['[', ']', '>']) {
        return Err(ApiError::parsing(format!(
            "Invalid aggregation name [{name}]. Aggregation names cannot contain '[', ']', or '>'"
        )));
    }
    let Some(fields) = body.as_object() else {
        return Err(ApiError::parsing(format!(
            "Aggregation definition for [{name} starts with a value, expected a [START_OBJECT]."
        )));
    };
    let mut subs = Vec::new();
    let mut meta = None;
    let mut found: Option<(&String, &Value)> = None;
    for (member, value) in fields {
        match member.as_str() {
            "aggs" | "aggregations" => {
                if !subs.is_empty() {
                    return Err(ApiError::parsing(format!(
                        "Found two sub aggregation definitions under [{name}]"
                    )));
                }
                subs = parse(value)?;
            }
            "meta" if value.is_object() => meta = Some(value.clone()),
            _ if found.is_some() => {
                let known = found.map_or("", |(kind, _)| kind);
                return Err(ApiError::parsing(format!(
                    "Found two aggregation type definitions in [{name}]: [{known}] and [{member}]"
                )));
            }
            _ => found = Some((member, value)),
        }
    }
    let Some((kind, settings)) = found else {
        return Err(ApiError::parsing(format!(
            "Missing definition for aggregation [{name}]"
        )));
    };
    check(name, kind, settings, &subs)?;
    Ok(Agg {
        name: name.to_owned(),
        kind: kind.clone(),
        settings: settings.clone(),
        subs,
        meta,
    })
}

/// Refuses a kind that there is not, and what it cannot have inside.
fn check(name: &str, kind: &str, settings: &Value, subs: &[Agg]) -> Result<(), ApiError> {
    let known = |list: &[&str]| list.contains(&kind);
    if known(UNSUPPORTED) {
        return Err(ApiError::unsupported(format!("the aggregation [{kind}]")));
    }
    if !known(BUCKETS) && !known(METRICS) && !pipeline::is_pipeline(kind) {
        return Err(ApiError::parsing(format!(
            "Unknown aggregation type [{kind}]"
        )));
    }
    if !settings.is_object() {
        return Err(ApiError::parsing(format!(
            "Expected [START_OBJECT] under [{kind}], but got a [{}] in [{name}]",
            crate::strict::token(settings)
        )));
    }
    if !is_single(kind) && has_composite(subs) {
        return Err(ApiError::illegal_argument(format!(
            "[composite] aggregation cannot be used with a parentAggregation of type: [{kind}]"
        ))
        .in_search());
    }
    let is_one = is_single(kind) || matches!(kind, "global" | "missing" | "reverse_nested");
    let rare = |sub: &&Agg| sub.kind == "rare_terms" && !sub.subs.is_empty();
    if !is_one && subs.iter().any(|sub| rare(&sub)) {
        // The server shows those of other buckets then.
        return Err(ApiError::unsupported(
            "aggregations inside of [rare_terms] inside of other buckets",
        ));
    }
    if let Some(global) = subs.iter().find(|sub| sub.kind == "global") {
        return Err(ApiError::illegal_argument(format!(
            "Aggregation [{name}] cannot have a global sub-aggregation [{}]. Global aggregations can only be defined as top level aggregations",
            global.name
        ))
        .in_search());
    }
    if !known(BUCKETS) && !subs.is_empty() {
        return Err(ApiError::illegal_argument(format!(
            "Aggregator [{name}] of type [{kind}] cannot accept sub-aggregations"
        )));
    }
    Ok(())
}
