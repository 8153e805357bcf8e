//! Metadata of responses, and untyped responses.

use std::{borrow::Cow, fmt, ops::Deref, sync::Arc, time::Duration};

use bytes::Bytes;
use es_transport::{ResponseBody, attempt::Attempt, extensions::Attempts, warning};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// The status, headers, node and attempts of a response.
///
/// ```
/// use es_client::{Response, http::StatusCode};
///
/// let response = Response::new(StatusCode::CREATED, r#"{"_id": "1", "result": "created"}"#);
/// assert_eq!(response.meta().status(), StatusCode::CREATED);
/// // One attempt is not listed.
/// assert!(response.meta().attempts().is_empty());
/// ```
#[derive(Clone)]
pub struct Meta(Arc<Parts>);

struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    node: Option<Arc<str>>,
    attempts: Option<Attempts>,
    duration: Duration,
    call: Option<&'static str>,
}

impl Meta {
    /// Describes a response that came after this time.
    pub(crate) fn new(
        parts: http::response::Parts,
        node: Option<Arc<str>>,
        duration: Duration,
    ) -> Self {
        Self::of_call(None, parts, node, duration)
    }

    /// As [`new`](Self::new), of the call with this name.
    pub(crate) fn of_call(
        call: Option<&'static str>,
        parts: http::response::Parts,
        node: Option<Arc<str>>,
        duration: Duration,
    ) -> Self {
        let attempts = parts.extensions.get::<Attempts>().cloned();
        let http::response::Parts {
            status, headers, ..
        } = parts;
        Self(Arc::new(Parts {
            status,
            headers,
            node,
            attempts,
            duration,
            call,
        }))
    }

    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = status;
        Self::new(parts, None, Duration::ZERO)
    }

    /// Returns the name of the endpoint, such as `indices.create`; `None` for a raw
    /// request.
    pub fn call(&self) -> Option<&'static str> {
        self.0.call
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the URL of the node that responded, without user info.
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }

    /// Returns all attempts if there was more than one; otherwise an empty slice.
    pub fn attempts(&self) -> &[Attempt] {
        self.0.attempts.as_ref().map_or(&[], |attempts| &attempts.0)
    }

    /// Returns the duration of the request: all attempts with their waits, including
    /// the time to read the response unless it is streamed.
    pub fn duration(&self) -> Duration {
        self.0.duration
    }

    /// Returns the server's warnings: the texts of its `Warning` headers.
    ///
    /// ```
    /// use es_client::{Call, Elasticsearch, es_transport::Body, http::Response};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::from_service(tower::service_fn(async |_| {
    ///     let warning = r#"299 Elasticsearch-9.2.0 "use _doc""#;
    ///     let response = Response::builder().header("warning", warning);
    ///     response.body(Body::from(r#"{"count": 3}"#))
    /// }));
    /// let counted = client.count("products").typed().await?;
    /// assert_eq!(counted.meta().warnings().collect::<Vec<_>>(), ["use _doc"]);
    /// # Ok(())
    /// # }
    /// ```
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

/// An untyped response.
///
/// `Debug` shows only the number of bytes, because some responses contain keys and tokens.
#[derive(Clone)]
pub struct Response {
    meta: Meta,
    body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = Hidden(&self.body);
        f.debug_struct("Response")
            .field("meta", &self.meta)
            .field("body", &body)
            .finish()
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
    pub(crate) fn from_parts(meta: Meta, body: Bytes) -> Self {
        Self { meta, body }
    }

    /// Creates a response, for tests: [`json`](Self::json) reads it as the client does.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::from_parts(Meta::of_status(status), body.into())
    }

    /// Returns the status, headers, node and attempts.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.meta.status()
    }

    /// Returns the bytes of the body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Deserializes the body into any type, such as one of [`types`](crate::types).
    ///
    /// ```
    /// use es_client::{Response, http::StatusCode, types::CountResponse};
    ///
    /// let response = Response::new(StatusCode::OK, r#"{"count": 3}"#);
    /// let counted: CountResponse = response.json()?;
    /// assert_eq!(counted.count, Some(3));
    /// # Ok::<(), es_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the body is not JSON, does not match the type, or is an error of
    /// the server.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.json_borrowed()
    }

    /// Deserializes the body into a type that may borrow from it: documents as
    /// `&RawValue` are neither parsed nor copied.
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
    ///     let document = document?;
    ///     println!("{}", document.get());
    /// #   assert_eq!(document.get(), r#"{"price":80}"#);
    /// }
    /// # assert_eq!(found.hits().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as those of [`json`](Self::json).
    pub fn json_borrowed<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        crate::json_read::from_bytes(&self.body).map_err(|error| {
            Error::decode("the response", error, self.meta.clone(), self.body.clone())
        })
    }
}

/// A typed response with its status, headers, node and attempts:
/// [`Call::typed`](crate::Call::typed) returns it. It dereferences to the response.
#[derive(Clone, Debug)]
pub struct Typed<T> {
    body: T,
    meta: Meta,
}

impl<T> Typed<T> {
    pub(crate) fn new(body: T, meta: Meta) -> Self {
        Self { body, meta }
    }

    /// Returns the status, headers, node and attempts.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns the typed response.
    pub fn into_inner(self) -> T {
        self.body
    }

    /// Returns the typed response and its meta.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::Call;
    ///
    /// let (info, meta) = client.info().typed().await?.into_parts();
    /// assert_eq!(info.version.number, "9.2.0");
    /// assert_eq!((meta.call(), meta.node()), (Some("info"), Some(&*cluster.url(0))));
    /// # Ok(()) }
    /// ```
    pub fn into_parts(self) -> (T, Meta) {
        (self.body, self.meta)
    }
}

impl<T> Deref for Typed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

/// A response that is read as a stream, in constant memory.
#[derive(Debug)]
pub struct StreamingResponse {
    meta: Meta,
    body: ResponseBody,
}

impl StreamingResponse {
    pub(crate) fn new(meta: Meta, body: ResponseBody) -> Self {
        Self { meta, body }
    }

    /// Returns the status, headers, node and attempts.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns the next piece of the body; `None` at its end.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::Call;
    ///
    /// let mut response = client.info().stream().await?;
    /// let mut bytes = 0;
    /// while let Some(piece) = response.chunk().await? {
    ///     bytes += piece.len();
    /// }
    /// assert_eq!(response.meta().headers()["content-length"], bytes.to_string());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the connection broke, a time limit was exceeded, or the response
    /// cannot be decompressed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        Ok(self.body.chunk().await?)
    }

    /// Returns the body, for readers of [`http_body::Body`](https://docs.rs/http-body).
    pub fn into_body(self) -> ResponseBody {
        self.body
    }
}
