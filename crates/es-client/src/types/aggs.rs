use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::answer::answer;
use super::{
    buckets::{Buckets, SingleBucket},
    search::Hits,
};

/// The aggregations of an answer, or of a bucket, by name.
///
/// Each is read by the method for its kind; [`read`](Self::read) reads any into a
/// type of the caller's. Names are the caller's own, whether `typed_keys` was on
/// or not.
///
/// ```
/// use es_client::types::SearchResponse;
///
/// let found: SearchResponse<serde_json::Value> = serde_json::from_str(
///     r#"{"hits": {"hits": []}, "aggregations": {"by_brand": {"buckets": [
///         {"key": "acme", "doc_count": 3, "price": {"value": 12.5}}]}}}"#,
/// )?;
/// for bucket in &found.aggs().terms("by_brand")? {
///     println!("{} {} {:?}", bucket.key(), bucket.doc_count, bucket.aggs().avg("price")?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Aggregations(pub(super) BTreeMap<String, Value>);

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident -> $answer:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// There is no such aggregation, or it is of another kind.
        pub fn $name(&self, name: &str) -> Result<$answer, AggregationError> {
            self.read(name)
        }
    )*};
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// There is no such aggregation, or it is of another kind.
        pub fn $name(&self, name: &str) -> Result<Option<f64>, AggregationError> {
            self.read::<Metric<Option<f64>>>(name).map(|metric| metric.value)
        }
    )*};
}

impl Aggregations {
    readers! {
        /// The buckets of a terms aggregation, and of its relatives (`rare_terms`,
        /// `significant_terms`, `multi_terms`).
        terms -> Buckets;
        /// The buckets of a histogram.
        histogram -> Buckets;
        /// The buckets of a histogram over time.
        date_histogram -> Buckets;
        /// The buckets of ranges, of numbers, dates or distances.
        range -> Buckets;
        /// The buckets of several filters, by name or in their order.
        filters -> Buckets;
        /// One page of buckets, with the key to go on after.
        composite -> Buckets;
        /// The only bucket of a filter.
        filter -> SingleBucket;
        /// The only bucket of nested documents.
        nested -> SingleBucket;
        /// The only bucket of the documents that nested ones belong to.
        reverse_nested -> SingleBucket;
        /// The only bucket of all documents, whatever the query.
        global -> SingleBucket;
        /// The only bucket of documents without a value.
        missing -> SingleBucket;
        /// Count, least, greatest, average, sum; of extended statistics the others too.
        stats -> Stats;
    }

    metrics! {
        /// An average; `None` where no document has a value.
        avg;
        /// A sum.
        sum;
        /// The least value; `None` where no document has one.
        min;
        /// The greatest value; `None` where no document has one.
        max;
        /// Any aggregation that has a single number.
        value;
    }

    /// How many different values there are, about.
    ///
    /// # Errors
    /// There is no such aggregation, or it is of another kind.
    pub fn cardinality(&self, name: &str) -> Result<u64, AggregationError> {
        self.read::<Metric<u64>>(name).map(|metric| metric.value)
    }

    /// How many values there are.
    ///
    /// # Errors
    /// There is no such aggregation, or it is of another kind.
    pub fn value_count(&self, name: &str) -> Result<u64, AggregationError> {
        self.cardinality(name)
    }

    /// Percentiles by their percents as they were written, such as `99.0`; `None`
    /// where there are no values.
    ///
    /// # Errors
    /// There is no such aggregation, or it is of another kind (`keyed: false` included).
    pub fn percentiles(
        &self,
        name: &str,
    ) -> Result<BTreeMap<String, Option<f64>>, AggregationError> {
        #[derive(Deserialize)]
        struct Percentiles {
            values: BTreeMap<String, Value>,
        }
        let values = self.read::<Percentiles>(name)?.values;
        let numbers = values.into_iter().filter(|(name, _)| !name.ends_with("_as_string"));
        Ok(numbers.map(|(name, value)| (name, value.as_f64())).collect())
    }

    /// The best hits of a bucket.
    ///
    /// # Errors
    /// There is no such aggregation, or it is of another kind, or a document is
    /// not of this type.
    pub fn top_hits<T: DeserializeOwned>(&self, name: &str) -> Result<Hits<T>, AggregationError> {
        #[derive(Deserialize)]
        struct TopHits<T> {
            hits: Hits<T>,
        }
        self.read::<TopHits<T>>(name).map(|top| top.hits)
    }

    /// Any aggregation, into a type of the caller's.
    ///
    /// # Errors
    /// There is no such aggregation, or it has not that form.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, AggregationError> {
        let error = |source| AggregationError { name: name.to_owned(), source };
        let value = self.get(name).ok_or_else(|| error(None))?;
        T::deserialize(value).map_err(|source| error(Some(source)))
    }

    /// An aggregation as it came.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let typed = |(key, value): (&String, _)| is_typed(key, name).then_some(value);
        self.0.get(name).or_else(|| self.0.iter().find_map(typed))
    }

    /// All, by their names on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// With `typed_keys` a name is `kind#name`.
fn is_typed(key: &str, name: &str) -> bool {
    key.split_once('#').is_some_and(|(_, own)| own == name)
}

#[derive(Deserialize)]
struct Metric<T> {
    value: T,
}

answer! {
    /// Statistics of numbers. The fields from `sum_of_squares` on are of extended ones.
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct Stats {
        /// How many values.
        pub count: u64,
        /// The least.
        pub min: Option<f64>,
        /// The greatest.
        pub max: Option<f64>,
        /// The average.
        pub avg: Option<f64>,
        /// The sum.
        pub sum: f64,
        /// The sum of their squares.
        pub sum_of_squares: Option<f64>,
        /// The variance.
        pub variance: Option<f64>,
        /// The standard deviation.
        pub std_deviation: Option<f64>,
    }
}

/// An aggregation that is not there, or is of another kind.
#[derive(Debug)]
pub struct AggregationError {
    name: String,
    source: Option<serde_json::Error>,
}

impl AggregationError {
    /// Whether there is no aggregation of that name.
    pub fn is_missing(&self) -> bool {
        self.source.is_none()
    }
}

impl fmt::Display for AggregationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_missing() { "is not in the answer" } else { "has another form" };
        write!(f, "the aggregation `{}` {what}", self.name)
    }
}

impl std::error::Error for AggregationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
