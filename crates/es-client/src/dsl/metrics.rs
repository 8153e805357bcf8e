use serde::Serialize;
use serde_json::Map;

use super::{
    aggregation::Aggregation,
    buckets::of_field,
    object::{json, options, pair, texts},
};

/// Aggregations that compute numbers.
impl Aggregation {
    of_field! {
        /// The average.
        avg;
        /// The sum.
        sum;
        /// The least value.
        min;
        /// The greatest value.
        max;
        /// How many values.
        value_count;
        /// How many different values, about.
        cardinality;
        /// Count, least, greatest, average and sum.
        stats;
        /// The same with variance and deviation.
        extended_stats;
        /// Count, length and entropy of texts.
        string_stats;
        /// Percentiles.
        percentiles;
        /// Quartiles and whiskers.
        boxplot;
        /// The median of the distances from the median.
        median_absolute_deviation;
        /// The box around all points.
        geo_bounds;
        /// The centre of all points.
        geo_centroid;
        /// The box around all shapes of a plane.
        cartesian_bounds;
        /// The centre of all shapes of a plane.
        cartesian_centroid;
    }

    /// The percents of the documents that lie below these values.
    pub fn percentile_ranks(
        field: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        Self::new("percentile_ranks", pair("field", field.into())).with("values", values)
    }

    /// The average of one field, weighted by another, such as
    /// `json!({"field": "grade"})`.
    pub fn weighted_avg(value: impl Serialize, weight: impl Serialize) -> Self {
        Self::new("weighted_avg", pair("value", value)).with("weight", weight)
    }

    /// How many documents, or how much of a field, in each `month` and the like; only
    /// within a histogram over time.
    pub fn rate(unit: impl Into<String>) -> Self {
        Self::new("rate", pair("unit", unit.into()))
    }

    /// How several fields hang together.
    pub fn matrix_stats<T: Into<String>>(fields: impl IntoIterator<Item = T>) -> Self {
        Self::new("matrix_stats", pair("fields", texts(fields)))
    }

    /// Whether two populations differ, such as `json!({"field": "before"})`.
    pub fn t_test(a: impl Serialize, b: impl Serialize) -> Self {
        Self::new("t_test", pair("a", a)).with("b", b)
    }

    /// The points of documents in their order, as a line: `json!({"field": "at"})`.
    pub fn geo_line(point: impl Serialize) -> Self {
        Self::new("geo_line", pair("point", point))
    }

    /// The same by its other name.
    pub fn line(point: impl Serialize) -> Self {
        Self::new("line", pair("point", point))
    }

    /// The best hits of each bucket.
    pub fn top_hits(size: u32) -> Self {
        Self::new("top_hits", pair("size", size))
    }

    /// Fields of the document that comes first by [`sort`](Self::sort), such as
    /// `json!({"field": "price"})`.
    pub fn top_metrics<T: Serialize>(metrics: impl IntoIterator<Item = T>) -> Self {
        let metrics: Vec<_> = metrics.into_iter().map(json).collect();
        Self::new("top_metrics", pair("metrics", metrics))
    }

    /// What scripts make of the documents: `map` of each, `combine` of a shard,
    /// `reduce` of all.
    pub fn scripted_metric(
        map: impl Serialize,
        combine: impl Serialize,
        reduce: impl Serialize,
    ) -> Self {
        let metric = Self::new("scripted_metric", Map::new()).with("map_script", map);
        metric.with("combine_script", combine).with("reduce_script", reduce)
    }

    options! {
        /// Up to how many different values the count is nearly exact.
        precision_threshold("precision_threshold");
        /// Whether values are hashed anew.
        rehash("rehash");
        /// How many deviations the bounds lie apart.
        sigma("sigma");
        /// Whether the share of each character is told.
        show_distribution("show_distribution");
        /// The percents of percentiles.
        percents("percents");
        /// Percentiles by the HDR histogram, such as
        /// `json!({"number_of_significant_value_digits": 3})`.
        hdr("hdr");
        /// Percentiles by the t-digest, such as `json!({"compression": 200})`.
        tdigest("tdigest");
        /// How exact quartiles are, at the cost of memory.
        compression("compression");
        /// Whether a box may cross the date line. Default: `true`.
        wrap_longitude("wrap_longitude");
        /// Which of several values counts, or what a rate counts.
        mode("mode");
        /// `paired`, `homoscedastic` or `heteroscedastic`.
        kind("type");
        /// Whether each point tells by what it was sorted.
        include_sort("include_sort");
        /// Whether points are in the order `asc` (default) or `desc`.
        sort_order("sort_order");
        /// The script that runs first.
        init_script("init_script");
        /// Which part of the documents the hits show.
        source("_source");
        /// The fields that hits show.
        fields("fields");
        /// Fields that hits show from their doc values.
        docvalue_fields("docvalue_fields");
        /// Stored fields that hits show.
        stored_fields("stored_fields");
        /// Fields of hits that scripts make.
        script_fields("script_fields");
        /// How matches in hits are highlighted.
        highlight("highlight");
        /// Whether each score is explained.
        explain("explain");
        /// Whether scores are made though hits are sorted otherwise.
        track_scores("track_scores");
        /// Whether each hit tells its version.
        version("version");
        /// Whether each hit tells its sequence number and primary term.
        seq_no_primary_term("seq_no_primary_term");
    }
}
