use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    aggregation::Aggregation,
    object::{json, one, options, pair, values},
    query::Query,
};

/// Aggregations of one field without further needs.
macro_rules! of_field {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(field: impl Into<String>) -> Self {
            Self::new(stringify!($name), super::object::pair("field", field.into()))
        }
    )*};
}
pub(super) use of_field;

fn jsons<T: Serialize>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(json).collect()
}

/// Aggregations that make a bucket for each value or range.
impl Aggregation {
    of_field! {
        /// A bucket for each of the most frequent values.
        terms;
        /// A bucket for each of the rarest values.
        rare_terms;
        /// A bucket for each value that is more frequent here than elsewhere.
        significant_terms;
        /// The same for the words of a text.
        significant_text;
        /// A bucket for each kind of text, such as of log messages.
        categorize_text;
        /// The documents without a value.
        missing;
        /// A bucket for each geohash.
        geohash_grid;
        /// A bucket for each hexagon of H3.
        geohex_grid;
        /// A bucket for each map tile.
        geotile_grid;
        /// The best documents of each shard, few of each value.
        diversified_sampler;
    }

    /// A bucket for each step of numbers.
    pub fn histogram(field: impl Into<String>, interval: f64) -> Self {
        let interval = whole(interval);
        Self::new("histogram", pair("field", field.into())).with("interval", interval)
    }

    /// About so many buckets, where the numbers gather.
    pub fn variable_width_histogram(field: impl Into<String>, buckets: u32) -> Self {
        let of = Self::new("variable_width_histogram", pair("field", field.into()));
        of.with("buckets", buckets)
    }

    /// A bucket for each `day`, `month` and the like of the calendar.
    pub fn date_histogram(field: impl Into<String>, interval: impl Into<String>) -> Self {
        let of = Self::new("date_histogram", pair("field", field.into()));
        of.with("calendar_interval", interval.into())
    }

    /// A bucket for each step of fixed length, such as `12h`.
    pub fn fixed_date_histogram(field: impl Into<String>, interval: impl Into<String>) -> Self {
        let of = Self::new("date_histogram", pair("field", field.into()));
        of.with("fixed_interval", interval.into())
    }

    /// About so many buckets of equal time.
    pub fn auto_date_histogram(field: impl Into<String>, buckets: u32) -> Self {
        Self::new("auto_date_histogram", pair("field", field.into())).with("buckets", buckets)
    }

    /// A bucket for each range, such as `json!({"from": 10, "to": 20})`.
    pub fn range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("range", pair("field", field.into())).with("ranges", jsons(ranges))
    }

    /// A bucket for each range of dates, such as `json!({"to": "now-10M/M"})`.
    pub fn date_range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("date_range", pair("field", field.into())).with("ranges", jsons(ranges))
    }

    /// A bucket for each range of addresses, such as `json!({"mask": "10.0.0.0/25"})`.
    pub fn ip_range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("ip_range", pair("field", field.into())).with("ranges", jsons(ranges))
    }

    /// A bucket for each network whose prefix is so long.
    pub fn ip_prefix(field: impl Into<String>, prefix_length: u32) -> Self {
        let of = Self::new("ip_prefix", pair("field", field.into()));
        of.with("prefix_length", prefix_length)
    }

    /// A bucket for each range of distances from a point.
    pub fn geo_distance<T: Serialize>(
        field: impl Into<String>,
        origin: impl Serialize,
        ranges: impl IntoIterator<Item = T>,
    ) -> Self {
        let of = Self::new("geo_distance", pair("field", field.into())).with("origin", origin);
        of.with("ranges", jsons(ranges))
    }

    /// A bucket for each combination of the values of several sources, such as
    /// `json!({"field": "brand"})`.
    pub fn multi_terms<T: Serialize>(terms: impl IntoIterator<Item = T>) -> Self {
        Self::new("multi_terms", pair("terms", jsons(terms)))
    }

    /// A bucket for each combination of values, page by page; sources are
    /// aggregations by name.
    pub fn composite<N: Into<String>>(sources: impl IntoIterator<Item = (N, Self)>) -> Self {
        let named = |(name, source): (N, Self)| one(name, json(source));
        let sources: Vec<_> = sources.into_iter().map(named).collect();
        Self::new("composite", pair("sources", sources))
    }

    /// Values that often occur together, of these fields, such as
    /// `json!({"field": "brand"})`.
    pub fn frequent_item_sets<T: Serialize>(fields: impl IntoIterator<Item = T>) -> Self {
        Self::new("frequent_item_sets", pair("fields", jsons(fields)))
    }

    /// A bucket for each time series. Experimental.
    pub fn time_series() -> Self {
        Self::new("time_series", Map::new())
    }
}

/// Aggregations whose buckets are other sets of documents.
impl Aggregation {
    /// The documents of a query.
    pub fn filter(query: impl Into<Query>) -> Self {
        let options = match Value::from(query.into()) {
            Value::Object(query) => query,
            _ => Map::new(),
        };
        Self::new("filter", options)
    }

    /// A bucket for each of several queries, by name.
    pub fn filters<N: Into<String>, Q: Into<Query>>(
        filters: impl IntoIterator<Item = (N, Q)>,
    ) -> Self {
        Self::new("filters", pair("filters", named(filters)))
    }

    /// A bucket for each of several queries, in their order.
    pub fn filters_listed<Q: Into<Query>>(filters: impl IntoIterator<Item = Q>) -> Self {
        Self::new("filters", pair("filters", values(filters.into_iter().map(Into::into))))
    }

    /// A bucket for each of several queries, by name, and for each two of them.
    pub fn adjacency_matrix<N: Into<String>, Q: Into<Query>>(
        filters: impl IntoIterator<Item = (N, Q)>,
    ) -> Self {
        Self::new("adjacency_matrix", pair("filters", named(filters)))
    }

    /// The nested objects at a path.
    pub fn nested(path: impl Into<String>) -> Self {
        Self::new("nested", pair("path", path.into()))
    }

    /// The documents that nested objects belong to.
    pub fn reverse_nested() -> Self {
        Self::new("reverse_nested", Map::new())
    }

    /// The children of this type.
    pub fn children(child: impl Into<String>) -> Self {
        Self::new("children", pair("type", child.into()))
    }

    /// The parents of children of this type.
    pub fn parent(child: impl Into<String>) -> Self {
        Self::new("parent", pair("type", child.into()))
    }

    /// All documents, whatever the query.
    pub fn global() -> Self {
        Self::new("global", Map::new())
    }

    /// The best documents of each shard, so many.
    pub fn sampler(shard_size: u32) -> Self {
        Self::new("sampler", pair("shard_size", shard_size))
    }

    /// Each document with this probability, at most 0.5 or 1. Experimental.
    pub fn random_sampler(probability: f64) -> Self {
        Self::new("random_sampler", pair("probability", probability))
    }

    options! {
        /// How many documents a bucket has at least.
        min_doc_count("min_doc_count");
        /// The same on each shard.
        shard_min_doc_count("shard_min_doc_count");
        /// How many documents a bucket has at most (rare terms).
        max_doc_count("max_doc_count");
        /// How many buckets or documents each shard gives.
        shard_size("shard_size");
        /// Which values are taken.
        include("include");
        /// Which values are left out.
        exclude("exclude");
        /// Whether documents without a value have a bucket.
        missing_bucket("missing_bucket");
        /// Where that bucket is: `first`, `last` or `default`.
        missing_order("missing_order");
        /// Whether buckets within are made at once or for the best only: `depth_first`
        /// or `breadth_first`.
        collect_mode("collect_mode");
        /// How values are gathered, such as `map` or `global_ordinals`.
        execution_hint("execution_hint");
        /// Whether each bucket tells by how much its count may be wrong.
        show_term_doc_count_error("show_term_doc_count_error");
        /// The type to take values for.
        value_type("value_type");
        /// The zone of dates.
        time_zone("time_zone");
        /// By how much the buckets begin later.
        offset("offset");
        /// From where to where there are buckets, even empty ones.
        extended_bounds("extended_bounds");
        /// From where to where there may be buckets.
        hard_bounds("hard_bounds");
        /// The shortest step of an automatic histogram.
        minimum_interval("minimum_interval");
        /// How many documents are looked at before widths are chosen.
        initial_buffer("initial_buffer");
        /// Whether an address is of IPv6. Default: `false`.
        is_ipv6("is_ipv6");
        /// Whether keys tell the length of the prefix. Default: `false`.
        append_prefix_length("append_prefix_length");
        /// How fine a grid is, or how exact the count of rare terms.
        precision("precision");
        /// The box that a grid is limited to.
        bounds("bounds");
        /// The unit of distances, or of a rate.
        unit("unit");
        /// How distances are computed: `arc` (default) or `plane`.
        distance_type("distance_type");
        /// The key after which the page of a composite starts.
        after("after");
        /// Whether documents of no filter have a bucket.
        other_bucket("other_bucket");
        /// The name of that bucket.
        other_bucket_key("other_bucket_key");
        /// What stands between two names of an adjacency matrix. Default: `&`.
        separator("separator");
        /// How many documents of one value are taken, at most.
        max_docs_per_value("max_docs_per_value");
        /// The beginning of randomness, for samples that stay the same.
        seed("seed");
        /// The same for the choice on each shard.
        shard_seed("shard_seed");
    }
}

/// Aggregations of what is significant or belongs together.
impl Aggregation {
    options! {
        /// The documents that those of the query are compared with.
        background_filter("background_filter");
        /// Significance by chi-square, such as `json!({"include_negatives": true})`.
        chi_square("chi_square");
        /// Significance by Google's normalised distance.
        gnd("gnd");
        /// Significance by shares, relative and absolute (default): `json!({})`.
        jlh("jlh");
        /// Significance by mutual information.
        mutual_information("mutual_information");
        /// Significance by p-values.
        p_value("p_value");
        /// Significance by the share of documents: `json!({})`.
        percentage("percentage");
        /// Significance by a script.
        script_heuristic("script_heuristic");
        /// Whether text that repeats is left out.
        filter_duplicate_text("filter_duplicate_text");
        /// The fields of sources that the text is taken from.
        source_fields("source_fields");
        /// How many values a set has, at least.
        minimum_set_size("minimum_set_size");
        /// In which share of the documents a set is, at least.
        minimum_support("minimum_support");
        /// The documents whose sets are looked for.
        set_filter("filter");
        /// How texts are cut into words before they are sorted by kind.
        categorization_analyzer("categorization_analyzer");
        /// Regular expressions of what is left out before that.
        categorization_filters("categorization_filters");
        /// How many words of a kind are compared, at most.
        max_matched_tokens("max_matched_tokens");
        /// How many different words there may be.
        max_unique_tokens("max_unique_tokens");
        /// How alike texts of a kind are, in percent.
        similarity_threshold("similarity_threshold");
    }
}

fn named<N: Into<String>, Q: Into<Query>>(
    filters: impl IntoIterator<Item = (N, Q)>,
) -> Map<String, Value> {
    let named = |(name, query): (N, Q)| (name.into(), Value::from(query.into()));
    filters.into_iter().map(named).collect()
}

/// A whole number is written as one: `50`, not `50.0`.
fn whole(number: f64) -> Value {
    let text = number.to_string();
    text.parse::<i64>().map_or_else(|_| json(number), Value::from)
}
