use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::params::{Param, ParamValue, ToParam};

container! {
    /// An aggregation of any kind, which has one of its constructors' types for each kind.
    ///
    /// A constructor takes what its kind requires, and returns a type that has the
    /// options of that kind, and no others. Those that make buckets take aggregations
    /// within them.
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
    Aggregation;
    /// A source of the values of a composite aggregation.
    CompositeSource;
}

/// Aggregations by their names.
///
/// A search takes arrays, vectors and maps of names and aggregations as well.
///
/// ```
/// use es_client::dsl::{Aggregation, Aggregations};
///
/// # fn call(client: es_client::Elasticsearch) {
/// # use serde_json::Value;
/// let call = client.search::<Value>("products").aggs([("price", Aggregation::avg("price"))]);
///
/// let several = Aggregations::new()
///     .with("price", Aggregation::avg("price"))
///     .with("brands", Aggregation::terms("brand"));
/// let call = client.search::<Value>("products").aggs(several);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aggregations(Map<String, Value>);

impl Aggregations {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an aggregation.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, aggregation: impl Into<Aggregation>) -> Self {
        self.0.insert(name.into(), aggregation.into().into());
        self
    }
}

impl Serialize for Aggregations {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl ToParam for Aggregations {
    fn to_param(&self) -> ParamValue {
        ParamValue::json(Value::Object(self.0.clone()))
    }
}

impl Param<Aggregations> for Aggregations {}
impl Param<Aggregations> for Value {}

/// Lets lists of pairs, and maps, be an object whose values are of a certain kind.
macro_rules! named {
    ($($kind:ty => $named:ty;)*) => {$(
        impl<N, T: Param<$kind>> Param<$named> for [(N, T)] where [(N, T)]: ToParam {}
        impl<N, T: Param<$kind>> Param<$named> for Vec<(N, T)> where Vec<(N, T)>: ToParam {}
        impl<N, T: Param<$kind>, const L: usize> Param<$named> for [(N, T); L]
        where
            [(N, T); L]: ToParam,
        {
        }
        impl<N, T: Param<$kind>> Param<$named> for BTreeMap<N, T> where BTreeMap<N, T>: ToParam {}
        impl<N, T: Param<$kind>, H> Param<$named> for HashMap<N, T, H>
        where
            HashMap<N, T, H>: ToParam,
        {
        }
    )*};
}
named! {
    Aggregation => Aggregations;
    super::Suggester => super::Suggesters;
    super::Field => super::Properties;
}

fn object<'a, N: AsRef<str> + 'a, T: ToParam + 'a>(
    entries: impl IntoIterator<Item = (&'a N, &'a T)>,
) -> ParamValue {
    let entries = entries.into_iter();
    let named =
        |(name, value): (&N, &T)| Some((name.as_ref().to_owned(), value.to_param().into_json()?));
    ParamValue::json(Value::Object(entries.filter_map(named).collect()))
}

impl<N: AsRef<str>, T: ToParam> ToParam for [(N, T)] {
    fn to_param(&self) -> ParamValue {
        object(self.iter().map(|(name, value)| (name, value)))
    }
}

impl<N: AsRef<str>, T: ToParam> ToParam for Vec<(N, T)> {
    fn to_param(&self) -> ParamValue {
        self.as_slice().to_param()
    }
}

impl<N: AsRef<str>, T: ToParam, const L: usize> ToParam for [(N, T); L] {
    fn to_param(&self) -> ParamValue {
        self.as_slice().to_param()
    }
}

impl<N: AsRef<str>, T: ToParam> ToParam for BTreeMap<N, T> {
    fn to_param(&self) -> ParamValue {
        object(self)
    }
}

impl<N: AsRef<str>, T: ToParam, H> ToParam for HashMap<N, T, H> {
    fn to_param(&self) -> ParamValue {
        object(self)
    }
}
