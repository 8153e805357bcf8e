//! Answers: what every one of them carries, and those that are not typed.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use es_transport::{
    ResponseBody,
    attempt::{Attempt, Attempts},
    warning,
};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// Status, headers, node and attempts of an answer.
#[derive(Clone)]
pub struct Meta(Arc<Parts>);

struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    node: Option<Arc<str>>,
    attempts: Option<Attempts>,
    duration: Duration,
}

impl Meta {
    /// What the head of an answer says, which came after this time.
    pub(crate) fn new(
        parts: http::response::Parts,
        node: Option<Arc<str>>,
        duration: Duration,
    ) -> Self {
        let attempts = parts.extensions.get::<Attempts>().cloned();
        let http::response::Parts { status, headers, .. } = parts;
        Self(Arc::new(Parts { status, headers, node, attempts, duration }))
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The URL of the node that answered, without user info.
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }

    /// Every attempt, where more than one was needed; empty otherwise.
    pub fn attempts(&self) -> &[Attempt] {
        self.0.attempts.as_ref().map_or(&[], |attempts| &attempts.0)
    }

    /// How long the call took, from the moment it was sent: all attempts with
    /// their waits, and the reading of the answer unless it is streamed.
    pub fn duration(&self) -> Duration {
        self.0.duration
    }

    /// What the server warns of: the texts of its `Warning` headers.
    pub fn warnings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        warning::texts(&self.0.headers)
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("status", &self.0.status)
            .field("node", &self.0.node)
            .field("duration", &self.0.duration)
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}

/// An answer as it came, with its bytes.
///
/// `Debug` shows how many they are: some answers bring keys and tokens.
#[derive(Clone)]
pub struct Response {
    meta: Meta,
    body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = Hidden(&self.body);
        f.debug_struct("Response").field("meta", &self.meta).field("body", &body).finish()
    }
}

/// A body of which `Debug` shows the length only.
pub(crate) struct Hidden<'a>(pub(crate) &'a Bytes);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Response {
    pub(crate) fn new(meta: Meta, body: Bytes) -> Self {
        Self { meta, body }
    }

    /// Status, headers, node and attempts.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.meta.status()
    }

    /// The bytes of the body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body, read as JSON into a type of the caller's.
    ///
    /// # Errors
    /// The body is no JSON, or not of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.json_borrowed()
    }

    /// As [`json`](Self::json), into a type that may borrow from the body: sources
    /// as `&RawValue` are neither read nor copied.
    ///
    /// ```
    /// # use es_client::{Elasticsearch, SearchResponse};
    /// # use serde_json::{json, value::RawValue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// # client.index("products").document(json!({"price": 80})).refresh(true).await?;
    /// let response = client.search::<()>("products").send().await?;
    /// let found: SearchResponse<&RawValue> = response.json_borrowed()?;
    /// for document in found.documents() {
    ///     println!("{}", document.get());
    /// #   assert_eq!(document.get(), r#"{"price":80}"#);
    /// }
    /// # assert_eq!(found.hits().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The body is no JSON, or not of that form.
    pub fn json_borrowed<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        crate::json_read::from_bytes(&self.body).map_err(|error| {
            Error::decode(std::any::type_name::<T>(), error, self.meta.clone(), self.body.clone())
        })
    }
}

/// An answer that is read as a stream, in constant memory.
#[derive(Debug)]
pub struct StreamingResponse {
    meta: Meta,
    body: ResponseBody,
}

impl StreamingResponse {
    pub(crate) fn new(meta: Meta, body: ResponseBody) -> Self {
        Self { meta, body }
    }

    /// Status, headers, node and attempts.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, the time was over, or the answer cannot be decompressed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        Ok(self.body.chunk().await?)
    }

    /// The body, for readers of [`http_body::Body`](https://docs.rs/http-body).
    pub fn into_body(self) -> ResponseBody {
        self.body
    }
}
