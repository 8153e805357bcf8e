use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{Clause, json, options};

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
    meta: Option<Value>,
}

impl Aggregation {
    pub(super) fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self { own: Clause::new(kind, options), within: Map::new(), meta: None }
    }

    options! {
        /// The field.
        field("field");
        /// The script whose values are taken.
        script("script");
        /// The values of the parameters of scripts.
        params("params");
        /// What stands for documents without a value.
        missing_value("missing");
        /// The form in which keys or numbers are shown.
        format("format");
        /// How many buckets, or hits, at most.
        size("size");
        /// How many hits or buckets are passed over.
        from("from");
        /// How the buckets are sorted, such as `json!({"_key": "asc"})`.
        order("order");
        /// How hits, buckets or points are sorted.
        sort("sort");
        /// Whether buckets or numbers are given as an object, by their keys.
        keyed("keyed");
        /// Over which field or path, where the constructor did not say it.
        path("path");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.own.set(option, json(value));
        self
    }

    /// What is given back with the answer.
    #[must_use]
    pub fn meta(mut self, meta: impl Serialize) -> Self {
        self.meta = Some(json(meta));
        self
    }

    /// Adds an aggregation within the buckets.
    #[must_use]
    pub fn aggregation(mut self, name: impl Into<String>, within: impl Serialize) -> Self {
        self.within.insert(name.into(), json(within));
        self
    }
}

impl From<Aggregation> for Value {
    fn from(Aggregation { own, within, meta }: Aggregation) -> Self {
        let mut value = Self::from(own);
        if let Self::Object(parts) = &mut value {
            if !within.is_empty() {
                parts.insert("aggs".to_owned(), Self::Object(within));
            }
            parts.extend(meta.map(|meta| ("meta".to_owned(), meta)));
        }
        value
    }
}

impl Serialize for Aggregation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(to)
    }
}
