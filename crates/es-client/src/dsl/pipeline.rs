use serde::Serialize;
use serde_json::Map;

use super::{
    aggregation::Aggregation,
    object::{json, options, pair},
};

/// Aggregations of one path without further needs.
macro_rules! of_path {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(buckets_path: impl Into<String>) -> Self {
            Self::of_paths(stringify!($name), buckets_path.into())
        }
    )*};
}

/// Aggregations of the buckets of others. A path leads to their numbers:
/// `sales>price`; several are an object, by the names of a script's parameters.
impl Aggregation {
    fn of_paths(kind: &'static str, paths: impl Serialize) -> Self {
        Self::new(kind, pair("buckets_path", paths))
    }

    of_path! {
        /// The average over the buckets.
        avg_bucket;
        /// The sum over the buckets.
        sum_bucket;
        /// The bucket with the least number.
        min_bucket;
        /// The bucket with the greatest number.
        max_bucket;
        /// Count, least, greatest, average and sum over the buckets.
        stats_bucket;
        /// The same with variance and deviation.
        extended_stats_bucket;
        /// Percentiles over the buckets.
        percentiles_bucket;
        /// The difference from the bucket before.
        derivative;
        /// The difference from the bucket a [`lag`](Self::lag) before.
        serial_diff;
        /// The sum up to each bucket.
        cumulative_sum;
        /// How many different values there are up to each bucket, about.
        cumulative_cardinality;
        /// Where the numbers change: a dip, a step, a trend.
        change_point;
        /// Whether the numbers are distributed as others are. Experimental.
        bucket_count_ks_test;
    }

    /// How the numbers hang together with others. Experimental.
    pub fn bucket_correlation(buckets_path: impl Into<String>, function: impl Serialize) -> Self {
        Self::of_paths("bucket_correlation", buckets_path.into()).with("function", function)
    }

    /// What a script makes of numbers of each bucket.
    pub fn bucket_script(buckets_path: impl Serialize, script: impl Serialize) -> Self {
        Self::of_paths("bucket_script", buckets_path).with("script", script)
    }

    /// The buckets for which a script says yes.
    pub fn bucket_selector(buckets_path: impl Serialize, script: impl Serialize) -> Self {
        Self::of_paths("bucket_selector", buckets_path).with("script", script)
    }

    /// The buckets in another order, or a page of them.
    pub fn bucket_sort<T: Serialize>(sort: impl IntoIterator<Item = T>) -> Self {
        let sort: Vec<_> = sort.into_iter().map(json).collect();
        let options = if sort.is_empty() { Map::new() } else { pair("sort", sort) };
        Self::new("bucket_sort", options)
    }

    /// The numbers on another scale, such as `percent_of_sum` or `z-score`.
    pub fn normalize(buckets_path: impl Into<String>, method: impl Into<String>) -> Self {
        Self::of_paths("normalize", buckets_path.into()).with("method", method.into())
    }

    /// What a script makes of the numbers of a window of buckets.
    pub fn moving_fn(
        buckets_path: impl Into<String>,
        window: u32,
        script: impl Into<String>,
    ) -> Self {
        let moving = Self::of_paths("moving_fn", buckets_path.into()).with("window", window);
        moving.with("script", script.into())
    }

    /// The percentiles of a window of buckets.
    pub fn moving_percentiles(buckets_path: impl Into<String>, window: u32) -> Self {
        Self::of_paths("moving_percentiles", buckets_path.into()).with("window", window)
    }

    /// The average of a window of buckets, by a model: `simple`, `linear`, `ewma`,
    /// `holt` or `holt_winters`. 8 and later do not have it: use
    /// [`moving_fn`](Self::moving_fn).
    pub fn moving_avg(
        buckets_path: impl Into<String>,
        model: impl Into<String>,
        settings: impl Serialize,
    ) -> Self {
        let moving = Self::of_paths("moving_avg", buckets_path.into()).with("model", model.into());
        moving.with("settings", settings)
    }

    /// What a trained model makes of numbers of each bucket.
    pub fn inference(model_id: impl Into<String>, buckets_path: impl Serialize) -> Self {
        Self::of_paths("inference", buckets_path).with("model_id", model_id.into())
    }

    options! {
        /// What becomes of buckets without a number: `skip` (default), `insert_zeros`
        /// or `keep_values`.
        gap_policy("gap_policy");
        /// How many buckets before the difference is taken from.
        lag("lag");
        /// How many buckets a window begins later.
        shift("shift");
        /// How many buckets a window has.
        window("window");
        /// How many buckets are foretold.
        predict("predict");
        /// Whether the settings of a model are tuned to its numbers.
        minimize("minimize");
        /// How a trained model is asked.
        inference_config("inference_config");
        /// What the distribution is tested for: `less`, `greater`, `two_sided`.
        alternative("alternative");
        /// The distribution that it is compared with.
        fractions("fractions");
        /// Where points are taken for the test: `upper_tail` (default), `uniform`,
        /// `lower_tail`.
        sampling_method("sampling_method");
    }
}
