use serde::Serialize;
use serde_json::Map;

use super::{
    aggregation::Aggregation,
    buckets::of_field,
    kinds::*,
    object::{Clause, jsons, pair, texts},
};
use crate::params::Param;

/// Aggregations that compute numbers.
impl Aggregation {
    of_field! {
        /// Computes the average.
        avg -> AverageAggregation;
        /// Computes the sum.
        sum -> SumAggregation;
        /// Computes the minimum.
        min -> MinAggregation;
        /// Computes the maximum.
        max -> MaxAggregation;
        /// Counts the values.
        value_count -> ValueCountAggregation;
        /// Counts the distinct values, approximately.
        cardinality -> CardinalityAggregation;
        /// Computes count, minimum, maximum, average and sum.
        stats -> StatsAggregation;
        /// Computes the same, with variance and standard deviation.
        extended_stats -> ExtendedStatsAggregation;
        /// Computes count, length and entropy of texts.
        string_stats -> StringStatsAggregation;
        /// Computes percentiles.
        percentiles -> PercentilesAggregation;
        /// Computes quartiles and whiskers.
        boxplot -> BoxplotAggregation;
        /// Computes the median of the distances from the median.
        median_absolute_deviation -> MedianAbsoluteDeviationAggregation;
        /// Computes the bounding box of all points.
        geo_bounds -> GeoBoundsAggregation;
        /// Computes the centroid of all points.
        geo_centroid -> GeoCentroidAggregation;
        /// Computes the bounding box of all shapes of a plane.
        cartesian_bounds -> CartesianBoundsAggregation;
        /// Computes the centroid of all shapes of a plane.
        cartesian_centroid -> CartesianCentroidAggregation;
    }

    /// Computes the percentage of the documents whose values are below these.
    pub fn percentile_ranks(
        field: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
    ) -> PercentileRanksAggregation {
        let mut clause = Clause::new("percentile_ranks", pair("field", field.into()));
        clause.set("values", values.into_iter().collect::<Vec<_>>());
        PercentileRanksAggregation(clause)
    }

    /// Computes the average of one field, weighted by another, such as
    /// `json!({"field": "grade"})`.
    ///
    /// ```
    /// use es_client::dsl::Aggregation;
    /// use serde_json::json;
    ///
    /// let (grade, credits) = (json!({"field": "grade"}), json!({"field": "credits"}));
    /// assert_eq!(
    ///     json!(Aggregation::weighted_avg(grade, credits)),
    ///     json!({"weighted_avg": {"value": {"field": "grade"}, "weight": {"field": "credits"}}})
    /// );
    /// ```
    pub fn weighted_avg(
        value: impl Serialize,
        weight: impl Serialize,
    ) -> WeightedAverageAggregation {
        let mut clause = Clause::new("weighted_avg", pair("value", value));
        clause.set("weight", weight);
        WeightedAverageAggregation(clause)
    }

    /// Counts documents, or sums a field, per `month` and the like; within a date
    /// histogram only.
    pub fn rate(unit: impl Param<crate::params::CalendarInterval>) -> RateAggregation {
        let mut clause = Clause::new("rate", Map::new());
        clause.param("unit", unit);
        RateAggregation(clause)
    }

    /// Computes how several fields correlate.
    pub fn matrix_stats<T: Into<String>>(
        fields: impl IntoIterator<Item = T>,
    ) -> MatrixStatsAggregation {
        MatrixStatsAggregation(Clause::new("matrix_stats", pair("fields", texts(fields))))
    }

    /// Tests whether two populations differ, such as `json!({"field": "before"})`.
    pub fn t_test(a: impl Serialize, b: impl Serialize) -> TTestAggregation {
        let mut clause = Clause::new("t_test", pair("a", a));
        clause.set("b", b);
        TTestAggregation(clause)
    }

    /// Connects the points of documents in their order: `json!({"field": "at"})`.
    pub fn geo_line(point: impl Serialize) -> GeoLineAggregation {
        GeoLineAggregation(Clause::new("geo_line", pair("point", point)))
    }

    /// The other name of [`geo_line`](Self::geo_line).
    pub fn line(point: impl Serialize) -> GeoLineAggregation {
        GeoLineAggregation(Clause::new("line", pair("point", point)))
    }

    /// Returns the best hits of each bucket.
    ///
    /// ```
    /// use es_client::dsl::{Aggregation, Sort};
    /// use serde_json::json;
    ///
    /// let cheapest = Aggregation::top_hits(1).sort([Sort::field("price").asc()]);
    /// assert_eq!(
    ///     json!(Aggregation::terms("brand").aggregation("cheapest", cheapest)),
    ///     json!({"terms": {"field": "brand"}, "aggs": {"cheapest": {"top_hits": {"size": 1,
    ///         "sort": [{"price": {"order": "asc"}}]}}}})
    /// );
    /// ```
    pub fn top_hits(size: u32) -> TopHitsAggregation {
        TopHitsAggregation(Clause::new("top_hits", pair("size", size)))
    }

    /// Returns fields of the first document by [`sort`](TopMetricsAggregation::sort),
    /// such as `json!({"field": "price"})`.
    pub fn top_metrics<T: Serialize>(
        metrics: impl IntoIterator<Item = T>,
    ) -> TopMetricsAggregation {
        TopMetricsAggregation(Clause::new("top_metrics", pair("metrics", jsons(metrics))))
    }

    /// Computes what scripts return: `map` for each document, `combine` for a shard,
    /// `reduce` for all.
    pub fn scripted_metric(
        map: impl Param<Script>,
        combine: impl Param<Script>,
        reduce: impl Param<Script>,
    ) -> ScriptedMetricAggregation {
        let mut clause = Clause::new("scripted_metric", Map::new());
        clause.param("map_script", map);
        clause.param("combine_script", combine);
        clause.param("reduce_script", reduce);
        ScriptedMetricAggregation(clause)
    }
}
