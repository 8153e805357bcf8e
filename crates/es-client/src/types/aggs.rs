use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::{
    buckets::{Buckets, SingleBucket},
    lenient::{Lenient, Read},
    object::object,
    search::{Hits, Inner},
};
use crate::{
    error::Result,
    json_read::{ReadError, from_text},
};

/// The aggregations of a response or a bucket, by name, in the order of the response.
///
/// Each has a method for its kind; [`read`](Self::read) reads any into a type of the
/// caller's. Names are the caller's own, whether `typed_keys` was on or not.
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
#[derive(Clone, Debug, Default)]
pub struct Aggregations(pub(super) Vec<(String, Box<RawValue>)>);

/// Defines methods that read one kind of aggregation, and the member that it must have.
macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident -> $response:ty, $member:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Returns an error if there is no such aggregation, or if it is of another kind.
        #[inline]
        pub fn $name(&self, name: &str) -> Result<$response> {
            self.read_kind(name, stringify!($name), $member)
        }
    )*};
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Returns an error if there is no such aggregation, or if it is of another kind.
        #[inline]
        pub fn $name(&self, name: &str) -> Result<Option<f64>> {
            self.read_kind::<Metric>(name, stringify!($name), "value").map(|metric| metric.value)
        }
    )*};
}

impl Aggregations {
    readers! {
        /// Returns the buckets of a terms aggregation, or of its relatives (`rare_terms`,
        /// `significant_terms`, `multi_terms`).
        terms -> Buckets, "buckets";
        /// Returns the buckets of a histogram.
        histogram -> Buckets, "buckets";
        /// Returns the buckets of a date histogram.
        date_histogram -> Buckets, "buckets";
        /// Returns the buckets of ranges of numbers, dates, addresses or distances.
        range -> Buckets, "buckets";
        /// Returns the buckets of several filters, by name or in their order.
        filters -> Buckets, "buckets";
        /// Returns one page of composite buckets, with the key of the next page.
        composite -> Buckets, "buckets";
        /// Returns the bucket of a filter.
        filter -> SingleBucket, "doc_count";
        /// Returns the bucket of nested documents.
        nested -> SingleBucket, "doc_count";
        /// Returns the bucket of the documents that nested ones belong to.
        reverse_nested -> SingleBucket, "doc_count";
        /// Returns the bucket of all documents, regardless of the query.
        global -> SingleBucket, "doc_count";
        /// Returns the bucket of documents without a value.
        missing -> SingleBucket, "doc_count";
        /// Returns statistics, including extended ones.
        stats -> Stats, "count";
        /// Returns percentiles or percentile ranks, in the server's order.
        percentiles -> Percentiles, "values";
    }

    metrics! {
        /// Returns an average; `None` if no document has a value.
        avg;
        /// Returns a sum.
        sum;
        /// Returns the minimum; `None` if no document has a value.
        min;
        /// Returns the maximum; `None` if no document has a value.
        max;
        /// Returns the number of any aggregation that has a single one.
        value;
    }

    /// Returns the approximate number of distinct values.
    ///
    /// ```
    /// use es_client::types::Aggregations;
    ///
    /// let aggs: Aggregations = serde_json::from_str(r#"{"brands": {"value": 17}}"#)?;
    /// assert_eq!(aggs.cardinality("brands")?, 17);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such aggregation, or if it is of another kind.
    #[inline]
    pub fn cardinality(&self, name: &str) -> Result<i64> {
        self.read_kind::<Count>(name, "cardinality", "value")
            .map(|count| count.value)
    }

    /// Returns the number of values.
    ///
    /// # Errors
    /// Returns an error if there is no such aggregation, or if it is of another kind.
    #[inline]
    pub fn value_count(&self, name: &str) -> Result<i64> {
        self.read_kind::<Count>(name, "value_count", "value")
            .map(|count| count.value)
    }

    /// Returns the top hits. Documents that are not a `T` fail by themselves.
    ///
    /// ```
    /// use es_client::types::Aggregations;
    ///
    /// let aggs: Aggregations = serde_json::from_str(
    ///     r#"{"cheapest": {"hits": {"hits": [{"_index": "p", "_id": "1", "_source": 80}]}}}"#,
    /// )?;
    /// let cheapest = aggs.top_hits::<u32>("cheapest")?;
    /// assert_eq!(cheapest.hits[0].source()?, Some(&80));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such aggregation, or if it is of another kind.
    pub fn top_hits<T: DeserializeOwned>(&self, name: &str) -> Result<Hits<T>> {
        self.read_kind::<Inner<T>>(name, "top_hits", "hits")
            .map(|top| top.hits)
    }

    /// Deserializes an aggregation into any type.
    ///
    /// ```
    /// use es_client::types::Aggregations;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Boxplot {
    ///     q2: f64,
    /// }
    /// let aggs: Aggregations = serde_json::from_str(r#"{"load": {"q1": 1.0, "q2": 2.5}}"#)?;
    /// assert_eq!(aggs.read::<Boxplot>("load")?.q2, 2.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such aggregation, or if it does not match the type.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let (_, raw) = self
            .find(name)
            .ok_or_else(|| AggregationError::missing(name))?;
        Ok(from_text(raw.get()).map_err(|error| AggregationError::form(name, error))?)
    }

    /// Returns the JSON of an aggregation.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.find(name).map(|(_, raw)| raw)
    }

    /// Returns all aggregations by their names in the response, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With `typed_keys` a name is `kind#name`.
    fn find(&self, name: &str) -> Option<(&str, &RawValue)> {
        let typed = |key: &str| key.split_once('#').is_some_and(|(_, own)| own == name);
        let exact = self.iter().find(|(key, _)| *key == name);
        exact.or_else(|| self.iter().find(|(key, _)| typed(key)))
    }

    fn read_kind<T: DeserializeOwned>(
        &self,
        name: &str,
        wanted: &'static str,
        member: &str,
    ) -> Result<T> {
        let raw = self.of_kind(name, wanted, member)?;
        Ok(from_text(raw.get()).map_err(|error| AggregationError::form(name, error))?)
    }

    /// Returns an aggregation that has the member of its kind.
    fn of_kind(&self, name: &str, wanted: &'static str, member: &str) -> Result<&RawValue> {
        let (key, raw) = self
            .find(name)
            .ok_or_else(|| AggregationError::missing(name))?;
        let Read(members) = from_text::<Read<Vec<String>>>(raw.get())
            .map_err(|error| AggregationError::form(name, error))?;
        if !members.iter().any(|known| known == member) {
            let typed = key.split_once('#').map(|(kind, _)| kind);
            return Err(AggregationError::kind(name, wanted, typed, &members).into());
        }
        Ok(raw)
    }
}

impl<'de> Lenient<'de> for Aggregations {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AggregationsVisitor)
    }
}

impl<'de> Deserialize<'de> for Aggregations {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Lenient::read(from)
    }
}

struct AggregationsVisitor;

impl<'de> Visitor<'de> for AggregationsVisitor {
    type Value = Aggregations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("aggregations by name")
    }

    fn visit_unit<E>(self) -> Result<Aggregations, E> {
        Ok(Aggregations::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Aggregations, A::Error> {
        let mut all = Vec::new();
        while let Some(named) = map.next_entry()? {
            all.push(named);
        }
        Ok(Aggregations(all))
    }
}

object! {
    #[derive(Debug)]
    pub(super) struct Metric {
        pub value: Option<f64>,
    }
}

object! {
    #[derive(Debug)]
    pub(super) struct Count {
        pub value: i64,
    }
}

object! {
    /// Statistics of numbers. `sum_of_squares` and the following fields are set only for
    /// extended statistics.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Stats {
        /// The number of values.
        pub count: i64,
        /// The minimum.
        pub min: Option<f64>,
        /// The maximum.
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

object! {
    /// Percentiles, or percentile ranks, in the server's order.
    ///
    /// ```
    /// use es_client::types::Aggregations;
    ///
    /// let aggs: Aggregations = serde_json::from_str(
    ///     r#"{"load": {"values": {"50.0": 1.5, "99.0": null, "100.0": "NaN"}}}"#,
    /// )?;
    /// let load = aggs.percentiles("load")?;
    /// assert_eq!(load.get("50.0"), Some(1.5));
    /// assert_eq!(load.iter().map(|(percent, _)| percent).collect::<Vec<_>>(), ["50.0", "99.0", "100.0"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct Percentiles {
        /// Each percent with its value.
        pub values: Vec<Percentile>,
    }
}

impl Percentiles {
    /// Returns the value at a percent as the server writes it, such as `99.0`; `None` if
    /// there are no values.
    pub fn get(&self, percent: &str) -> Option<f64> {
        self.iter()
            .find(|(known, _)| *known == percent)
            .and_then(|(_, value)| value)
    }

    /// Returns the value at a percent as the server formats it, such as a date; `None` if
    /// the server sent no text.
    pub fn as_string(&self, percent: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|one| one.key == percent)?
            .value_as_string
            .as_deref()
    }

    /// Returns each percent as the server writes it, with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.values.iter().map(|one| (&*one.key, one.value))
    }
}

/// One of [`Percentiles`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Percentile {
    /// The percent as the server writes it, such as `99.0`; of percentile ranks, the value.
    pub key: String,
    /// The value; `None` if there is none.
    pub value: Option<f64>,
    /// The value as the server formats it.
    pub value_as_string: Option<String>,
    /// The members that have no field here, by name.
    pub other: Map<String, Value>,
}

impl<'de> Lenient<'de> for Percentile {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Read(Keyed {
            key,
            value,
            value_as_string,
            other,
        }) = Read::deserialize(from)?;
        Ok(Self {
            key,
            value,
            value_as_string,
            other,
        })
    }

    fn read_list<D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        from.deserialize_any(PercentilesVisitor)
    }
}

object! {
    #[derive(Debug)]
    pub(super) struct Keyed {
        pub key: String,
        pub value: Option<f64>,
        pub value_as_string: Option<String>,
    }
}

/// Percentiles are a list of keys and values, or an object (`keyed`), in which texts stand
/// beside the numbers.
struct PercentilesVisitor;

impl<'de> Visitor<'de> for PercentilesVisitor {
    type Value = Vec<Percentile>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("percentiles")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Read(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::<Percentile>::new();
        let mut texts = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if let Some(percent) = key.strip_suffix("_as_string") {
                texts.push((
                    percent.to_owned(),
                    map.next_value::<Read<Option<String>>>()?.0,
                ));
            } else {
                let value = map.next_value::<Read<Option<f64>>>()?.0;
                all.push(Percentile {
                    key,
                    value,
                    ..Percentile::default()
                });
            }
        }
        for (percent, text) in texts {
            match all.iter_mut().find(|one| one.key == percent) {
                Some(one) => one.value_as_string = text,
                None => all.push(Percentile {
                    key: percent,
                    value_as_string: text,
                    ..Percentile::default()
                }),
            }
        }
        Ok(all)
    }
}

/// An aggregation that is missing or of another kind: see
/// [`Error::as_aggregation`](crate::Error::as_aggregation).
///
/// ```
/// use es_client::types::Aggregations;
///
/// let aggs: Aggregations = serde_json::from_str(r#"{"price": {"value": 12.5}}"#)?;
/// let error = aggs.terms("price").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the aggregation `price` is a metric with a single value, not `terms`"
/// );
/// assert!(aggs.avg("cost").unwrap_err().as_aggregation().unwrap().is_missing());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AggregationError {
    name: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Missing,
    Kind { wanted: &'static str, found: String },
    Form(ReadError),
}

impl AggregationError {
    fn missing(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            problem: Problem::Missing,
        }
    }

    fn form(name: &str, error: ReadError) -> Self {
        Self {
            name: name.to_owned(),
            problem: Problem::Form(error),
        }
    }

    #[cold]
    fn kind(name: &str, wanted: &'static str, typed: Option<&str>, members: &[String]) -> Self {
        const SHAPES: [(&str, &str); 5] = [
            ("buckets", "an aggregation with buckets"),
            ("values", "percentiles or a metric with several values"),
            ("hits", "top hits"),
            ("doc_count", "an aggregation with a single bucket"),
            ("value", "a metric with a single value"),
        ];
        let has = |member: &str| members.iter().any(|known| known == member);
        let shape = SHAPES.iter().find(|(member, _)| has(member));
        let found = match (typed, shape) {
            (Some(typed), _) => format!("`{typed}`"),
            (None, Some((_, shape))) => (*shape).to_owned(),
            (None, None) if has("count") => "statistics".to_owned(),
            (None, None) => {
                let names: Vec<_> = members.iter().map(|name| format!("`{name}`")).collect();
                format!("an aggregation with {}", names.join(", "))
            }
        };
        Self {
            name: name.to_owned(),
            problem: Problem::Kind { wanted, found },
        }
    }

    /// Whether there is no aggregation of that name.
    pub fn is_missing(&self) -> bool {
        matches!(self.problem, Problem::Missing)
    }
}

impl fmt::Display for AggregationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.problem {
            Problem::Missing => write!(f, "the response has no aggregation `{name}`"),
            Problem::Kind { wanted, found } => {
                write!(f, "the aggregation `{name}` is {found}, not `{wanted}`")
            }
            Problem::Form(error) if error.path.is_empty() => {
                write!(f, "cannot decode the aggregation `{name}`: {error}")
            }
            Problem::Form(error) => {
                write!(
                    f,
                    "cannot decode the aggregation `{name}` at `{}`: {error}",
                    error.path
                )
            }
        }
    }
}

impl std::error::Error for AggregationError {}
