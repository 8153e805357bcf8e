use serde_json::Value;

use super::{cause::ErrorCause, object::response, search::Shards, source::Source};
use crate::error::Result;

response! {
    /// The response of a write of one document.
    #[derive(Clone, Debug)]
    pub struct WriteResponse {
        /// The index of the document.
        pub index: String = "_index",
        /// The ID of the document.
        pub id: String = "_id",
        /// The version of the document.
        pub version: i64 = "_version",
        /// `created`, `updated`, `deleted`, `not_found` or `noop`.
        pub result: String,
        /// The sequence number of this change, for `if_seq_no` of a later write, together
        /// with `primary_term`. `None` if nothing was changed.
        pub seq_no: Option<i64> = "_seq_no",
        /// The primary term of this change.
        pub primary_term: Option<i64> = "_primary_term",
        /// The shards that executed the write.
        pub shards: Shards = "_shards",
        /// Whether the write forced a refresh.
        pub forced_refresh: bool,
        /// `used` if the document could not be indexed and was stored in the failure store
        /// of its data stream.
        pub failure_store: Option<String>,
        /// The document after an update, if its source was requested.
        pub get: Option<Value>,
    }
}

response! {
    /// The response of `get`, and an entry of the response of `mget`.
    ///
    /// Since 9.2, its source omits vectors unless `source_exclude_vectors(false)` is set: a
    /// document that is read without them and indexed again loses them.
    #[derive(Clone, Debug)]
    pub struct GetResponse<T> {
        /// The index of the document.
        pub index: String = "_index",
        /// The ID of the document.
        pub id: String = "_id",
        /// Whether the document exists. `None` if it is not in the response.
        pub found: Option<bool>,
        /// The version of the document.
        pub version: Option<i64> = "_version",
        /// The sequence number of its last change.
        pub seq_no: Option<i64> = "_seq_no",
        /// The primary term of its last change.
        pub primary_term: Option<i64> = "_primary_term",
        /// The routing value, if it is not the ID.
        pub routing: Option<String> = "_routing",
        source: Source<T> = "_source",
        /// The fields that were requested by name.
        pub fields: Option<Value>,
        /// The error of this entry of the response of `mget`.
        pub error: Option<ErrorCause>,
    }
}

/// A response with documents, for [`Call::into_documents`](crate::Call::into_documents).
pub trait Documents {
    /// The type of the documents.
    type Document;

    /// Returns all documents.
    ///
    /// # Errors
    /// Returns an error if the response is incomplete, or if a document does not match its
    /// type.
    fn all_documents(self) -> Result<Vec<Self::Document>>;
}

impl<T> GetResponse<T> {
    /// Creates the response for a document that exists, for tests.
    pub fn new(index: impl Into<String>, id: impl Into<String>, document: T) -> Self {
        let source = Source::Document(document);
        let found = Some(true);
        Self {
            index: index.into(),
            id: id.into(),
            found,
            source,
            ..Self::default()
        }
    }

    /// Returns the document; `None` if it does not exist or its source was not requested.
    ///
    /// # Errors
    /// Returns an error if the document is not a `T`; see
    /// [`Error::as_decode`](crate::Error::as_decode).
    pub fn source(&self) -> Result<Option<&T>> {
        self.source.get(&self.index, &self.id)
    }

    /// Returns the document; `None` if it does not exist or its source was not requested.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// client.index("numbers").id("1").document(serde_json::json!({"n": 7})).await?;
    /// let found = client.get::<serde_json::Value>("numbers", "1").await?;
    /// assert_eq!(found.into_source()?.unwrap()["n"], 7);
    ///
    /// let missing = client.get::<serde_json::Value>("numbers", "2").await?;
    /// assert_eq!(missing.found, Some(false));
    /// assert!(missing.into_source()?.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The same as those of [`source`](Self::source).
    pub fn into_source(self) -> Result<Option<T>> {
        self.source.into_inner(&self.index, &self.id)
    }
}
