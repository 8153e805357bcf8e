use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    object::{Clause, json, one, options, pair},
    query::Query,
};

/// An aggregation, with others within its buckets.
///
/// ```
/// use es_client::dsl::Aggregation;
/// use serde_json::json;
///
/// let brands = Aggregation::terms("brand").size(5).aggregation("price", Aggregation::avg("price"));
/// assert_eq!(
///     serde_json::to_value(&brands)?,
///     json!({"terms": {"field": "brand", "size": 5}, "aggs": {"price": {"avg": {"field": "price"}}}})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    own: Clause,
    within: Map<String, Value>,
}

/// Aggregations of one field without further needs.
macro_rules! of_field {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(field: impl Into<String>) -> Self {
            Self::new(stringify!($name), pair("field", field.into()))
        }
    )*};
}

impl Aggregation {
    fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self { own: Clause::new(kind, options), within: Map::new() }
    }

    of_field! {
        /// A bucket for each of the most frequent values.
        terms;
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
        /// Percentiles.
        percentiles;
        /// The documents without a value.
        missing;
    }

    /// A bucket for each step of numbers.
    pub fn histogram(field: impl Into<String>, interval: f64) -> Self {
        let interval = whole(interval);
        Self::new("histogram", pair("field", field.into())).with("interval", interval)
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

    /// A bucket for each range, such as `json!({"from": 10, "to": 20})`.
    pub fn range<T: Serialize>(
        field: impl Into<String>,
        ranges: impl IntoIterator<Item = T>,
    ) -> Self {
        let ranges: Vec<_> = ranges.into_iter().map(json).collect();
        Self::new("range", pair("field", field.into())).with("ranges", ranges)
    }

    /// The documents of a query.
    pub fn filter(query: impl Into<Query>) -> Self {
        let mut own = Clause::new("filter", Map::new());
        if let Value::Object(query) = Value::from(query.into()) {
            query.into_iter().for_each(|(kind, options)| own.set(kind, options));
        }
        Self { own, within: Map::new() }
    }

    /// A bucket for each of several queries, by name.
    pub fn filters<N: Into<String>, Q: Into<Query>>(
        filters: impl IntoIterator<Item = (N, Q)>,
    ) -> Self {
        let named = |(name, query): (N, Q)| (name.into(), Value::from(query.into()));
        let filters: Map<_, _> = filters.into_iter().map(named).collect();
        Self::new("filters", pair("filters", filters))
    }

    /// The nested objects at a path.
    pub fn nested(path: impl Into<String>) -> Self {
        Self::new("nested", pair("path", path.into()))
    }

    /// The documents that nested objects belong to.
    pub fn reverse_nested() -> Self {
        Self::new("reverse_nested", Map::new())
    }

    /// All documents, whatever the query.
    pub fn global() -> Self {
        Self::new("global", Map::new())
    }

    /// The best hits of each bucket.
    pub fn top_hits(size: u32) -> Self {
        Self::new("top_hits", pair("size", size))
    }

    /// A bucket for each combination of values, page by page; sources are
    /// aggregations by name.
    pub fn composite<N: Into<String>>(sources: impl IntoIterator<Item = (N, Self)>) -> Self {
        let named = |(name, source): (N, Self)| one(name, json(source));
        let sources: Vec<_> = sources.into_iter().map(named).collect();
        Self::new("composite", pair("sources", sources))
    }

    options! {
        /// How many buckets, or hits, at most.
        size("size");
        /// How the buckets are sorted, such as `json!({"_key": "asc"})`.
        order("order");
        /// How many documents a bucket has at least.
        min_doc_count("min_doc_count");
        /// What stands for documents without a value.
        missing_value("missing");
        /// Which values are taken.
        include("include");
        /// Which values are left out.
        exclude("exclude");
        /// The zone of dates.
        time_zone("time_zone");
        /// The form in which keys are shown.
        format("format");
        /// The percents of percentiles.
        percents("percents");
        /// Which part of the documents the hits show.
        source("_source");
        /// How hits are sorted.
        sort("sort");
        /// The key after which the page of a composite starts.
        after("after");
        /// Up to how many different values the count is nearly exact.
        precision_threshold("precision_threshold");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.own.set(option, json(value));
        self
    }

    /// Adds an aggregation within the buckets.
    #[must_use]
    pub fn aggregation(mut self, name: impl Into<String>, within: impl Serialize) -> Self {
        self.within.insert(name.into(), json(within));
        self
    }
}

/// A whole number is written as one: `50`, not `50.0`.
fn whole(number: f64) -> Value {
    let text = number.to_string();
    text.parse::<i64>().map_or_else(|_| json(number), Value::from)
}

impl From<Aggregation> for Value {
    fn from(Aggregation { own, within }: Aggregation) -> Self {
        let mut value = Self::from(own);
        if let Self::Object(parts) = &mut value
            && !within.is_empty()
        {
            parts.insert("aggs".to_owned(), Self::Object(within));
        }
        value
    }
}

impl Serialize for Aggregation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(to)
    }
}
