use serde::Serialize;
use serde_json::Map;

use super::{
    aggregation::Aggregation,
    kinds::*,
    object::{Clause, pair},
    sort::Sort,
};
use crate::params::{NormalizeMethod, Param};

/// Aggregations of one path that require nothing else.
macro_rules! of_path {
    ($($(#[$doc:meta])* $name:ident -> $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(buckets_path: impl Into<String>) -> $kind {
            $kind(of_paths(stringify!($name), buckets_path.into()))
        }
    )*};
}

fn of_paths(kind: &'static str, paths: impl Serialize) -> Clause {
    Clause::new(kind, pair("buckets_path", paths))
}

/// Aggregations of the buckets of others. A path leads to their values:
/// `sales>price`; several are an object, by the names of a script's parameters.
impl Aggregation {
    of_path! {
        /// Computes the average over the buckets.
        avg_bucket -> AverageBucketAggregation;
        /// Computes the sum over the buckets.
        sum_bucket -> SumBucketAggregation;
        /// Finds the bucket with the minimum.
        min_bucket -> MinBucketAggregation;
        /// Finds the bucket with the maximum.
        max_bucket -> MaxBucketAggregation;
        /// Computes count, minimum, maximum, average and sum over the buckets.
        stats_bucket -> StatsBucketAggregation;
        /// Computes the same, with variance and standard deviation.
        extended_stats_bucket -> ExtendedStatsBucketAggregation;
        /// Computes percentiles over the buckets.
        percentiles_bucket -> PercentilesBucketAggregation;
        /// Computes the difference from the previous bucket.
        derivative -> DerivativeAggregation;
        /// Computes the difference from the bucket a [`lag`](SerialDifferencingAggregation::lag)
        /// before.
        serial_diff -> SerialDifferencingAggregation;
        /// Computes the sum up to each bucket.
        cumulative_sum -> CumulativeSumAggregation;
        /// Counts the distinct values up to each bucket, approximately.
        cumulative_cardinality -> CumulativeCardinalityAggregation;
        /// Finds where the values change: a dip, a step, a trend.
        change_point -> ChangePointAggregation;
        /// Tests whether the values have the same distribution as others. Experimental.
        bucket_count_ks_test -> BucketKsAggregation;
    }

    /// Computes how the values correlate with others. Experimental.
    pub fn bucket_correlation(
        buckets_path: impl Into<String>,
        function: impl Serialize,
    ) -> BucketCorrelationAggregation {
        let mut clause = of_paths("bucket_correlation", buckets_path.into());
        clause.set("function", function);
        BucketCorrelationAggregation(clause)
    }

    /// Computes what a script returns for the values of each bucket.
    ///
    /// ```
    /// use es_client::dsl::Aggregation;
    /// use serde_json::json;
    ///
    /// let paths = json!({"sum": "sales", "count": "_count"});
    /// assert_eq!(
    ///     json!(Aggregation::bucket_script(paths, "params.sum / params.count")),
    ///     json!({"bucket_script": {"buckets_path": {"sum": "sales", "count": "_count"},
    ///         "script": "params.sum / params.count"}})
    /// );
    /// ```
    pub fn bucket_script(
        buckets_path: impl Serialize,
        script: impl Param<Script>,
    ) -> BucketScriptAggregation {
        let mut clause = of_paths("bucket_script", buckets_path);
        clause.param("script", script);
        BucketScriptAggregation(clause)
    }

    /// Keeps the buckets for which a script returns `true`.
    pub fn bucket_selector(
        buckets_path: impl Serialize,
        script: impl Param<Script>,
    ) -> BucketSelectorAggregation {
        let mut clause = of_paths("bucket_selector", buckets_path);
        clause.param("script", script);
        BucketSelectorAggregation(clause)
    }

    /// Sorts the buckets, or keeps a page of them.
    ///
    /// ```
    /// use es_client::dsl::{Aggregation, Sort};
    /// use serde_json::json;
    ///
    /// let best = Aggregation::bucket_sort(Sort::field("sales").desc()).size(3);
    /// assert_eq!(
    ///     json!(best),
    ///     json!({"bucket_sort": {"sort": [{"sales": {"order": "desc"}}], "size": 3}})
    /// );
    /// ```
    pub fn bucket_sort(sort: impl Param<[Sort]>) -> BucketSortAggregation {
        let mut clause = Clause::new("bucket_sort", Map::new());
        clause.list("sort", sort);
        BucketSortAggregation(clause)
    }

    /// Normalizes the values.
    pub fn normalize(
        buckets_path: impl Into<String>,
        method: NormalizeMethod,
    ) -> NormalizeAggregation {
        let mut clause = of_paths("normalize", buckets_path.into());
        clause.set("method", method);
        NormalizeAggregation(clause)
    }

    /// Computes what a script returns for the values of a window of buckets.
    pub fn moving_fn(
        buckets_path: impl Into<String>,
        window: u32,
        script: impl Into<String>,
    ) -> MovingFunctionAggregation {
        let mut clause = of_paths("moving_fn", buckets_path.into());
        clause.set("window", window);
        clause.set("script", script.into());
        MovingFunctionAggregation(clause)
    }

    /// Computes the percentiles of a window of buckets.
    pub fn moving_percentiles(
        buckets_path: impl Into<String>,
        window: u32,
    ) -> MovingPercentilesAggregation {
        let mut clause = of_paths("moving_percentiles", buckets_path.into());
        clause.set("window", window);
        MovingPercentilesAggregation(clause)
    }

    /// Computes the average of a window of buckets by a model: `simple`, `linear`,
    /// `ewma`, `holt` or `holt_winters`. Not in 8: use [`moving_fn`](Self::moving_fn).
    pub fn moving_avg(
        buckets_path: impl Into<String>,
        model: impl Into<String>,
        settings: impl Serialize,
    ) -> MovingAverageAggregation {
        let mut clause = of_paths("moving_avg", buckets_path.into());
        clause.set("model", model.into());
        clause.set("settings", settings);
        MovingAverageAggregation(clause)
    }

    /// Computes what a trained model infers from the values of each bucket.
    pub fn inference(
        model_id: impl Into<String>,
        buckets_path: impl Serialize,
    ) -> InferenceAggregation {
        let mut clause = of_paths("inference", buckets_path);
        clause.set("model_id", model_id.into());
        InferenceAggregation(clause)
    }
}
