use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    aggregation::{Aggregation, CompositeSource},
    kinds::*,
    object::{Clause, all, json, jsons, one, pair},
    query::Query,
};
use crate::params::{CalendarInterval, Param};

/// Aggregations of one field that require nothing else.
macro_rules! of_field {
    ($($(#[$doc:meta])* $name:ident -> $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(field: impl Into<String>) -> $kind {
            $kind(Clause::new(stringify!($name), super::object::pair("field", field.into())))
        }
    )*};
}
pub(super) use of_field;

kind! {
    /// The `filter` aggregation.
    FilterAggregation in [Aggregation] with buckets;
}

/// Aggregations that make a bucket for each value or range.
impl Aggregation {
    of_field! {
        /// Makes a bucket for each of the most frequent values.
        terms -> TermsAggregation;
        /// Makes a bucket for each of the rarest values.
        rare_terms -> RareTermsAggregation;
        /// Makes a bucket for each value that is more frequent here than in the background set.
        significant_terms -> SignificantTermsAggregation;
        /// Makes a bucket for each term of a text that is more frequent here than in the
        /// background set.
        significant_text -> SignificantTextAggregation;
        /// Makes a bucket for each category of text, such as of log messages.
        categorize_text -> CategorizeTextAggregation;
        /// Makes a bucket for the documents without a value.
        missing -> MissingAggregation;
        /// Makes a bucket for each cell of geohashes.
        geohash_grid -> GeoHashGridAggregation;
        /// Makes a bucket for each cell of H3.
        geohex_grid -> GeohexGridAggregation;
        /// Makes a bucket for each map tile.
        geotile_grid -> GeoTileGridAggregation;
        /// Limits sub-aggregations to the best documents of each shard, few of each value.
        diversified_sampler -> DiversifiedSamplerAggregation;
    }

    /// Makes a bucket for each interval of numbers.
    pub fn histogram(field: impl Into<String>, interval: f64) -> HistogramAggregation {
        let mut clause = Clause::new("histogram", pair("field", field.into()));
        clause.set("interval", whole(interval));
        HistogramAggregation(clause)
    }

    /// Makes about this number of buckets, of a width that follows the values.
    pub fn variable_width_histogram(
        field: impl Into<String>,
        buckets: u32,
    ) -> VariableWidthHistogramAggregation {
        let mut clause = Clause::new("variable_width_histogram", pair("field", field.into()));
        clause.set("buckets", buckets);
        VariableWidthHistogramAggregation(clause)
    }

    /// Makes a bucket for each interval of the calendar.
    ///
    /// ```
    /// use es_client::{dsl::Aggregation, params::CalendarInterval};
    /// use serde_json::json;
    ///
    /// let months = Aggregation::date_histogram("at", CalendarInterval::Month);
    /// let months = months.time_zone("Europe/Berlin");
    /// assert_eq!(
    ///     json!(months.aggregation("sales", Aggregation::sum("price"))),
    ///     json!({"date_histogram": {"field": "at", "calendar_interval": "month",
    ///         "time_zone": "Europe/Berlin"}, "aggs": {"sales": {"sum": {"field": "price"}}}})
    /// );
    /// ```
    pub fn date_histogram(
        field: impl Into<String>,
        interval: impl Param<CalendarInterval>,
    ) -> DateHistogramAggregation {
        let mut clause = Clause::new("date_histogram", pair("field", field.into()));
        clause.param("calendar_interval", interval);
        DateHistogramAggregation(clause)
    }

    /// Makes a bucket for each interval of fixed length.
    pub fn fixed_date_histogram(
        field: impl Into<String>,
        interval: impl Param<Duration>,
    ) -> DateHistogramAggregation {
        let mut clause = Clause::new("date_histogram", pair("field", field.into()));
        clause.param("fixed_interval", interval);
        DateHistogramAggregation(clause)
    }

    /// Makes about this number of buckets, of equal time.
    pub fn auto_date_histogram(
        field: impl Into<String>,
        buckets: u32,
    ) -> AutoDateHistogramAggregation {
        let mut clause = Clause::new("auto_date_histogram", pair("field", field.into()));
        clause.set("buckets", buckets);
        AutoDateHistogramAggregation(clause)
    }

    /// Makes a bucket for each range, such as `json!({"from": 10, "to": 20})`.
    ///
    /// ```
    /// use es_client::dsl::Aggregation;
    /// use serde_json::json;
    ///
    /// let prices = Aggregation::range("price", [json!({"to": 20}), json!({"from": 20})]);
    /// assert_eq!(
    ///     json!(prices),
    ///     json!({"range": {"field": "price", "ranges": [{"to": 20}, {"from": 20}]}})
    /// );
    /// ```
    pub fn range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> RangeAggregation {
        RangeAggregation(ranges_of("range", field, ranges))
    }

    /// Makes a bucket for each range of dates, such as `json!({"to": "now-10M/M"})`.
    pub fn date_range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> DateRangeAggregation {
        DateRangeAggregation(ranges_of("date_range", field, ranges))
    }

    /// Makes a bucket for each range of addresses, such as `json!({"mask": "10.0.0.0/25"})`.
    pub fn ip_range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> IpRangeAggregation {
        IpRangeAggregation(ranges_of("ip_range", field, ranges))
    }

    /// Makes a bucket for each network with a prefix of this length.
    pub fn ip_prefix(field: impl Into<String>, prefix_length: u32) -> IpPrefixAggregation {
        let mut clause = Clause::new("ip_prefix", pair("field", field.into()));
        clause.set("prefix_length", prefix_length);
        IpPrefixAggregation(clause)
    }

    /// Makes a bucket for each range of distances from a point.
    pub fn geo_distance<T: Serialize>(
        field: impl Into<String>,
        origin: impl Serialize,
        ranges: impl IntoIterator<Item = T>,
    ) -> GeoDistanceAggregation {
        let mut clause = ranges_of("geo_distance", field, ranges);
        clause.set("origin", origin);
        GeoDistanceAggregation(clause)
    }

    /// Makes a bucket for each combination of the values of several sources, such as
    /// `json!({"field": "brand"})`.
    pub fn multi_terms<T: Serialize>(terms: impl IntoIterator<Item = T>) -> MultiTermsAggregation {
        MultiTermsAggregation(Clause::new("multi_terms", pair("terms", jsons(terms))))
    }

    /// Makes a bucket for each combination of values, page by page.
    ///
    /// ```
    /// use es_client::dsl::{Aggregation, CompositeSource};
    ///
    /// let pages = Aggregation::composite([("brand", CompositeSource::terms("brand"))]).size(100);
    /// ```
    pub fn composite<N: Into<String>, S: Into<CompositeSource>>(
        sources: impl IntoIterator<Item = (N, S)>,
    ) -> CompositeAggregation {
        let named = |(name, source): (N, S)| one(name, json(source.into()));
        let sources: Vec<_> = sources.into_iter().map(named).collect();
        CompositeAggregation(Clause::new("composite", pair("sources", sources)))
    }

    /// Finds values of these fields that often occur together, such as
    /// `json!({"field": "brand"})`.
    pub fn frequent_item_sets<T: Serialize>(
        fields: impl IntoIterator<Item = T>,
    ) -> FrequentItemSetsAggregation {
        let fields = pair("fields", jsons(fields));
        FrequentItemSetsAggregation(Clause::new("frequent_item_sets", fields))
    }

    /// Makes a bucket for each time series. Experimental.
    pub fn time_series() -> TimeSeriesAggregation {
        TimeSeriesAggregation(Clause::new("time_series", Map::new()))
    }
}

/// Sources of composite aggregations.
impl CompositeSource {
    of_field! {
        /// Takes the values of a field.
        terms -> CompositeTermsAggregation;
        /// Takes the map tiles of a field.
        geotile_grid -> CompositeGeoTileGridAggregation;
    }

    /// Takes intervals of numbers.
    pub fn histogram(field: impl Into<String>, interval: f64) -> CompositeHistogramAggregation {
        let mut clause = Clause::new("histogram", pair("field", field.into()));
        clause.set("interval", whole(interval));
        CompositeHistogramAggregation(clause)
    }

    /// Takes intervals of dates: set [`calendar_interval`](
    /// CompositeDateHistogramAggregation::calendar_interval) or [`fixed_interval`](
    /// CompositeDateHistogramAggregation::fixed_interval).
    pub fn date_histogram(field: impl Into<String>) -> CompositeDateHistogramAggregation {
        let field = pair("field", field.into());
        CompositeDateHistogramAggregation(Clause::new("date_histogram", field))
    }
}

impl CompositeDateHistogramAggregation {
    /// Calendar interval of the buckets.
    pub fn calendar_interval(mut self, interval: impl Param<CalendarInterval>) -> Self {
        self.0.param("calendar_interval", interval);
        self
    }
}

/// Aggregations whose buckets are other sets of documents.
impl Aggregation {
    /// Makes a bucket for the documents of a query.
    pub fn filter(query: impl Into<Query>) -> FilterAggregation {
        let options = match Value::from(query.into()) {
            Value::Object(query) => query,
            _ => Map::new(),
        };
        FilterAggregation(Clause::new("filter", options))
    }

    /// Makes a bucket for each of several queries, by name.
    ///
    /// ```
    /// use es_client::dsl::{Aggregation, Query};
    /// use serde_json::json;
    ///
    /// let levels = ["error", "warn"].map(|level| (level, Query::term("level", level)));
    /// assert_eq!(
    ///     json!(Aggregation::filters(levels)),
    ///     json!({"filters": {"filters": {"error": {"term": {"level": {"value": "error"}}},
    ///         "warn": {"term": {"level": {"value": "warn"}}}}}})
    /// );
    /// ```
    pub fn filters<N: Into<String>, Q: Into<Query>>(
        filters: impl IntoIterator<Item = (N, Q)>,
    ) -> FiltersAggregation {
        FiltersAggregation(Clause::new("filters", pair("filters", named(filters))))
    }

    /// Makes a bucket for each of several queries, in their order.
    pub fn filters_listed<Q: Into<Query>>(
        filters: impl IntoIterator<Item = Q>,
    ) -> FiltersAggregation {
        let filters = pair("filters", all::<Query, _>(filters));
        FiltersAggregation(Clause::new("filters", filters))
    }

    /// Makes a bucket for each of several queries, by name, and for each two of them.
    pub fn adjacency_matrix<N: Into<String>, Q: Into<Query>>(
        filters: impl IntoIterator<Item = (N, Q)>,
    ) -> AdjacencyMatrixAggregation {
        let filters = pair("filters", named(filters));
        AdjacencyMatrixAggregation(Clause::new("adjacency_matrix", filters))
    }

    /// Aggregates the nested objects at a path.
    ///
    /// ```
    /// use es_client::dsl::Aggregation;
    /// use serde_json::json;
    ///
    /// let reviews = Aggregation::nested("reviews");
    /// assert_eq!(
    ///     json!(reviews.aggregation("stars", Aggregation::avg("reviews.stars"))),
    ///     json!({"nested": {"path": "reviews"},
    ///         "aggs": {"stars": {"avg": {"field": "reviews.stars"}}}})
    /// );
    /// ```
    pub fn nested(path: impl Into<String>) -> NestedAggregation {
        NestedAggregation(Clause::new("nested", pair("path", path.into())))
    }

    /// Aggregates the documents that nested objects belong to.
    pub fn reverse_nested() -> ReverseNestedAggregation {
        ReverseNestedAggregation(Clause::new("reverse_nested", Map::new()))
    }

    /// Aggregates the children of this type.
    pub fn children(child: impl Into<String>) -> ChildrenAggregation {
        ChildrenAggregation(Clause::new("children", pair("type", child.into())))
    }

    /// Aggregates the parents of children of this type.
    pub fn parent(child: impl Into<String>) -> ParentAggregation {
        ParentAggregation(Clause::new("parent", pair("type", child.into())))
    }

    /// Aggregates all documents, regardless of the query.
    pub fn global() -> GlobalAggregation {
        GlobalAggregation(Clause::new("global", Map::new()))
    }

    /// Limits sub-aggregations to this number of the best documents of each shard.
    pub fn sampler(shard_size: u32) -> SamplerAggregation {
        SamplerAggregation(Clause::new("sampler", pair("shard_size", shard_size)))
    }

    /// Samples each document with a probability, at most 0.5 or 1. Experimental.
    pub fn random_sampler(probability: f64) -> RandomSamplerAggregation {
        RandomSamplerAggregation(Clause::new(
            "random_sampler",
            pair("probability", probability),
        ))
    }
}

fn ranges_of<T: Serialize>(
    kind: &'static str,
    field: impl Into<String>,
    ranges: impl IntoIterator<Item = T>,
) -> Clause {
    let mut clause = Clause::new(kind, pair("field", field.into()));
    clause.set("ranges", jsons(ranges));
    clause
}

fn named<N: Into<String>, Q: Into<Query>>(
    filters: impl IntoIterator<Item = (N, Q)>,
) -> Map<String, Value> {
    let named = |(name, query): (N, Q)| (name.into(), Value::from(query.into()));
    filters.into_iter().map(named).collect()
}

/// Writes a whole number as one: `50`, not `50.0`.
fn whole(number: f64) -> Value {
    let text = number.to_string();
    text.parse::<i64>()
        .map_or_else(|_| json(number), Value::from)
}
