use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{
    aggs::Aggregations,
    cause::ShardFailure,
    document::Documents,
    object::{object, response},
    source::Source,
    suggest::Suggestion,
    total::Total,
};
use crate::{
    error::{DecodeError, Error, Result},
    json_read::{from_bytes, from_text},
};

response! {
    /// The response of a search, with documents of type `T`.
    ///
    /// A document that is not a `T` does not affect other hits:
    /// [`documents`](Self::documents) and [`Hit::source`] return its error.
    ///
    /// ```
    /// use es_client::SearchResponse;
    /// use serde::Deserialize;
    ///
    /// #[derive(Debug, Deserialize)]
    /// struct Product {
    ///     price: f64,
    /// }
    ///
    /// # fn show(found: SearchResponse<Product>) -> es_client::Result<()> {
    /// // Stops at the first document that cannot be read.
    /// let all = found.documents().collect::<es_client::Result<Vec<_>>>()?;
    ///
    /// // Skips them, and reports each with its index, ID and field.
    /// for hit in found.hits() {
    ///     match hit.source() {
    ///         Ok(product) => println!("{} {product:?}", hit.id),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// In tests, create one from hits:
    ///
    /// ```
    /// use es_client::{SearchResponse, types::Hit};
    ///
    /// let found: SearchResponse<u32> = [Hit::new("products", "1", 7)].into_iter().collect();
    /// assert_eq!(found.total(), Some(1));
    /// # assert_eq!(found.hits()[0].source()?, Some(&7));
    /// # Ok::<(), es_client::Error>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct SearchResponse<T> {
        /// The time that the cluster took, in milliseconds.
        pub took: i64,
        /// Whether hits are missing because the search timed out. `None` if it is not in
        /// the response.
        pub timed_out: Option<bool>,
        /// Whether a shard stopped early because it had collected `terminate_after`
        /// documents.
        pub terminated_early: Option<bool>,
        /// The shards that executed the request.
        pub shards: Shards = "_shards",
        /// The clusters of a cross-cluster search: their number, and the `details` of
        /// each.
        pub clusters: Option<Value> = "_clusters",
        /// The hits and their total.
        pub hits: Hits<T>,
        /// The aggregations, by name.
        pub aggregations: Aggregations,
        /// The suggestions by the names of the suggesters, one entry for each piece of the
        /// text.
        pub suggest: BTreeMap<String, Vec<Suggestion>>,
        /// The timings of each shard, if `profile` was set.
        pub profile: Option<Value>,
        /// The ID of the scroll.
        pub scroll_id: Option<String> = "_scroll_id",
        /// The ID of the point in time; it may differ from the one that was sent.
        pub pit_id: Option<String>,
    }
}

impl SearchResponse<Value> {
    /// Decodes a response. Nothing calls this function: it is here so that the decoder of hits
    /// with JSON values, and of the parts that they share with other responses, is compiled with
    /// this crate. Debug builds of programs link that code instead of compiling it again.
    #[doc(hidden)]
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        from_bytes(bytes).map_err(|error| {
            let raw = String::from_utf8_lossy(bytes);
            DecodeError::of_part("the response", None, None, error, &raw).into()
        })
    }
}

impl<T> SearchResponse<T> {
    /// Returns the hits.
    pub fn hits(&self) -> &[Hit<T>] {
        &self.hits.hits
    }

    /// Returns the documents of the hits; a document that cannot be deserialized is an
    /// error.
    pub fn documents(&self) -> impl Iterator<Item = Result<&T>> {
        self.hits.documents()
    }

    /// Returns the documents of the hits; a document that cannot be deserialized is an
    /// error.
    pub fn into_documents(self) -> impl Iterator<Item = Result<T>> {
        self.hits.into_documents()
    }

    /// Returns the aggregations, by name.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }

    /// Returns the number of matching documents; a lower bound if `total.relation` is
    /// `gte`. `None` if it was not counted.
    pub fn total(&self) -> Option<i64> {
        self.hits.total.as_ref().and_then(|total| total.value)
    }
}

impl<T> Documents for SearchResponse<T> {
    type Document = T;

    fn all_documents(self) -> Result<Vec<T>> {
        if self.timed_out == Some(true) || self.shards.has_failures() {
            let count = |shards: Option<i32>| shards.unwrap_or_default().unsigned_abs();
            let first = self.shards.failures.first().map(ToString::to_string);
            return Err(Error::partial(
                count(self.shards.failed),
                count(self.shards.total),
                first,
            ));
        }
        self.into_documents().collect()
    }
}

impl<T> FromIterator<Hit<T>> for SearchResponse<T> {
    fn from_iter<I: IntoIterator<Item = Hit<T>>>(hits: I) -> Self {
        let hits: Vec<_> = hits.into_iter().collect();
        let total = i64::try_from(hits.len()).ok().map(Total::exactly);
        let timed_out = Some(false);
        Self {
            timed_out,
            hits: Hits {
                total,
                hits,
                ..Hits::default()
            },
            ..Self::default()
        }
    }
}

object! {
    /// The hits of a search and their total.
    #[derive(Clone, Debug)]
    pub struct Hits<T> {
        /// The number of matching documents; `None` if it was not counted.
        pub total: Option<Total>,
        /// The maximum score.
        pub max_score: Option<f64>,
        /// The hits.
        pub hits: Vec<Hit<T>>,
    }
}

impl<T> Hits<T> {
    /// Returns the documents of the hits; a document that cannot be deserialized is an
    /// error.
    pub fn documents(&self) -> impl Iterator<Item = Result<&T>> {
        self.hits.iter().filter_map(|hit| hit.source().transpose())
    }

    /// Returns the documents of the hits; a document that cannot be deserialized is an
    /// error.
    pub fn into_documents(self) -> impl Iterator<Item = Result<T>> {
        self.hits
            .into_iter()
            .filter_map(|hit| hit.into_source().transpose())
    }
}

object! {
    /// A hit.
    #[derive(Clone, Debug)]
    pub struct Hit<T> {
        /// The index of the document.
        pub index: String = "_index",
        /// The ID of the document; empty if the response has none (`stored_fields` is
        /// `_none_`).
        pub id: String = "_id",
        /// The routing value, if it is not the ID.
        pub routing: Option<String> = "_routing",
        /// The score; `None` if hits are not sorted by score.
        pub score: Option<f64> = "_score",
        /// The version of the document, if `version` was set.
        pub version: Option<i64> = "_version",
        /// The sequence number of its last change, if `seq_no_primary_term` was set.
        pub seq_no: Option<i64> = "_seq_no",
        /// The primary term of its last change, if `seq_no_primary_term` was set.
        pub primary_term: Option<i64> = "_primary_term",
        source: Source<T> = "_source",
        /// The sort values, for `search_after`.
        pub sort: Vec<Value>,
        /// The fields that were requested by name.
        pub fields: Option<Box<RawValue>>,
        /// The highlighted fragments, by field.
        pub highlight: BTreeMap<String, Vec<String>>,
        /// The names of the named queries (`_name`) that match.
        pub matched_queries: Vec<String>,
        /// The fields that were ignored when the document was indexed.
        pub ignored: Vec<String> = "_ignored",
        /// The field and offset of a nested object.
        pub nested: Option<Value> = "_nested",
        /// The matching nested objects, children, parent or members of the group, by the
        /// names of the `inner_hits`; [`inner_hits`](Self::inner_hits) reads them.
        pub inner_hits: Option<Box<RawValue>>,
        /// The explanation of the score, if `explain` was set.
        pub explanation: Option<Box<RawValue>> = "_explanation",
    }
}

impl<T> Hit<T> {
    /// Creates a hit, for tests.
    pub fn new(index: impl Into<String>, id: impl Into<String>, document: T) -> Self {
        let source = Source::Document(document);
        Self {
            index: index.into(),
            id: id.into(),
            source,
            ..Self::default()
        }
    }

    /// Returns the document; `None` if the response has none (`_source` is `false`).
    ///
    /// # Errors
    /// Returns an error if the document is not a `T`; see
    /// [`Error::as_decode`](crate::Error::as_decode).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use es_client::{Response, SearchResponse};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Product {
    ///     price: f64,
    /// }
    ///
    /// let found: SearchResponse<Product> = Response::new(
    ///     http::StatusCode::OK,
    ///     r#"{"hits": {"hits": [
    ///         {"_index": "products", "_id": "1", "_source": {"price": 80}},
    ///         {"_index": "products", "_id": "2", "_source": {"price": "n/a"}}]}}"#,
    /// )
    /// .json()?;
    /// assert_eq!(found.hits()[0].source()?.unwrap().price, 80.0);
    ///
    /// let error = found.hits()[1].source().err().unwrap();
    /// let error = error.as_decode().unwrap();
    /// assert_eq!((error.index(), error.id()), (Some("products"), Some("2")));
    /// assert_eq!(error.path(), "_source.price");
    /// assert_eq!(error.raw(), r#"{"price": "n/a"}"#);
    /// # Ok(())
    /// # }
    /// ```
    pub fn source(&self) -> Result<Option<&T>> {
        self.source.get(&self.index, &self.id)
    }

    /// Returns the document; `None` if the response has none.
    ///
    /// # Errors
    /// The same as those of [`source`](Self::source).
    pub fn into_source(self) -> Result<Option<T>> {
        self.source.into_inner(&self.index, &self.id)
    }

    /// Returns the document; `None` if there is none or it cannot be deserialized.
    pub fn document(&self) -> Option<&T> {
        self.source.document()
    }

    /// Returns the inner hits with this name, with documents of type `U`; `None` if
    /// there are none. By default, the name is the path or type.
    ///
    /// ```
    /// use es_client::types::Hit;
    ///
    /// let hit: Hit<serde_json::Value> = serde_json::from_str(
    ///     r#"{"_index": "books", "_id": "1", "inner_hits": {"pages": {"hits": {
    ///         "total": {"value": 1, "relation": "eq"},
    ///         "hits": [{"_index": "books", "_id": "1", "_source": {"number": 7}}]}}}}"#,
    /// )?;
    /// let pages = hit.inner_hits::<serde_json::Value>("pages")?.unwrap_or_default();
    /// assert_eq!(pages.hits[0].source()?.unwrap()["number"], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the inner hits do not have the expected form. A document that
    /// cannot be deserialized does not affect the others.
    pub fn inner_hits<U: DeserializeOwned>(&self, name: &str) -> Result<Option<Hits<U>>> {
        let Some(all) = &self.inner_hits else {
            return Ok(None);
        };
        let read = || {
            let all: BTreeMap<String, &RawValue> = from_text(all.get())?;
            all.get(name)
                .map(|inner| from_text::<Inner<U>>(inner.get()))
                .transpose()
        };
        let inner = read().map_err(|error| {
            let index = Some(&*self.index);
            let subject = format!("the inner hits `{name}`");
            DecodeError::of_part(subject, index, Some(&*self.id), error, all.get())
        })?;
        Ok(inner.map(|inner| inner.hits))
    }
}

object! {
    #[derive(Debug)]
    pub(super) struct Inner<T> {
        /// The hits.
        pub hits: Hits<T>,
    }
}

object! {
    /// The shards that executed a request. A number is `None` if it is not in the
    /// response.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Shards {
        /// All shards.
        pub total: Option<i32>,
        /// Those that succeeded.
        pub successful: Option<i32>,
        /// Those that were skipped because they cannot match.
        pub skipped: Option<i32>,
        /// Those that failed.
        pub failed: Option<i32>,
        /// The failures, one for each kind.
        pub failures: Vec<ShardFailure>,
    }
}

impl Shards {
    /// Whether shards failed, according to the response.
    pub fn has_failures(&self) -> bool {
        self.failed.is_some_and(|failed| failed > 0) || !self.failures.is_empty()
    }
}
