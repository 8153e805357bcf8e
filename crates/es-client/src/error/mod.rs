//! Errors of requests, helpers and responses.

use std::{error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;
use http::StatusCode;

use crate::{
    helpers::bulk::BulkStopped,
    json_read::{ReadError, from_bytes},
    response::Meta,
    types::{AggregationError, ErrorCause, REFUSED},
};

mod api;
mod decode;

pub use api::ApiError;
pub use decode::DecodeError;

/// A `Result` whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a request, a helper or a response.
///
/// It is opaque and has the size of a pointer. Methods such as [`Error::is_not_found`] and
/// [`Error::status`] return what happened. The errors of the builder, of the bulk helper
/// and of aggregations convert into it with `?`.
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    /// There is no response.
    Transport(es_transport::Error),
    /// The server responded with an error.
    Api(Box<ApiError>),
    /// Returns an error if the call is invalid and cannot be sent.
    Invalid(Box<str>),
    /// A helper cannot go on, or was told to stop.
    Helper {
        message: Box<str>,
        source: Option<es_transport::BoxError>,
    },
    /// Whether a task of the server ended with an error.
    Task(ErrorCause),
    /// One failure that several calls have in common.
    Shared(Arc<Error>),
    /// A bulk helper ended early; its own error says why.
    Stopped(Box<BulkStopped>),
    /// Whether the input of a helper failed.
    Source(es_transport::BoxError),
    /// A response is incomplete: shards failed or time was over.
    Partial {
        failed: u32,
        total: u32,
        first: Option<Box<str>>,
    },
    Encode {
        what: Box<str>,
        source: serde_json::Error,
    },
    /// A response or a part of it does not have the expected form.
    Decode(DecodeError),
    /// An aggregation is missing or of another kind.
    Aggregation(AggregationError),
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Invalid(message.into().into())))
    }

    pub(crate) fn no_runtime() -> Self {
        Self::helper("a helper must be polled within a tokio runtime", None)
    }

    pub(crate) fn runtime_ended() -> Self {
        Self::helper(
            "the runtime ended, or the transport panicked, before the response",
            None,
        )
    }

    /// The response lacks a part, for this reason.
    pub(crate) fn incomplete(reason: impl Into<String>) -> Self {
        Self::partial(0, 0, Some(reason.into()))
    }

    pub(crate) fn thread(source: std::io::Error) -> Self {
        Self::helper("cannot start the thread of the input", Some(source.into()))
    }

    /// A helper cannot go on, or was told to stop.
    pub(crate) fn helper(
        message: impl Into<Box<str>>,
        source: Option<es_transport::BoxError>,
    ) -> Self {
        Self(Box::new(Kind::Helper {
            message: message.into(),
            source,
        }))
    }

    pub(crate) fn source_of_operations(source: es_transport::BoxError) -> Self {
        Self(Box::new(Kind::Source(source)))
    }

    pub(crate) fn partial(failed: u32, total: u32, first: Option<String>) -> Self {
        Self(Box::new(Kind::Partial {
            failed,
            total,
            first: first.map(Into::into),
        }))
    }

    pub(crate) fn task(cause: ErrorCause) -> Self {
        Self(Box::new(Kind::Task(cause)))
    }

    /// The same failure for each of several calls.
    pub(crate) fn shared(error: Arc<Self>) -> Self {
        Self(Box::new(Kind::Shared(error)))
    }

    /// The kind that questions are about: that of what lies behind.
    fn kind(&self) -> &Kind {
        match &*self.0 {
            Kind::Shared(error) => error.kind(),
            Kind::Stopped(stopped) => stopped.error.kind(),
            kind => kind,
        }
    }

    pub(crate) fn encode(what: impl Into<String>, source: serde_json::Error) -> Self {
        Self(Box::new(Kind::Encode {
            what: what.into().into(),
            source,
        }))
    }

    /// Creates the error of a response that could not be read, and that may be an error itself.
    #[cold]
    pub(crate) fn decode(
        what: &'static str,
        error: impl Into<ReadError>,
        meta: Meta,
        body: Bytes,
    ) -> Self {
        let error = error.into();
        let refused = || error.error.to_string().starts_with(REFUSED) || is_error(&body);
        if !meta.status().is_success() || refused() {
            return Self::api(meta, body);
        }
        DecodeError::of_response(what, error, meta, body).into()
    }

    pub(crate) fn api(meta: Meta, body: Bytes) -> Self {
        Self(Box::new(Kind::Api(Box::new(ApiError::parse(meta, body)))))
    }

    /// Returns the error response of the server.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// let error = client.indices().get("no-such-index").await.unwrap_err();
    /// assert!(error.is_not_found());
    /// let response = error.as_api().unwrap();
    /// assert_eq!(response.kind.as_deref(), Some("index_not_found_exception"));
    /// assert_eq!(response.root_causes[0].index.as_deref(), Some("no-such-index"));
    /// # Ok(()) }
    /// ```
    pub fn as_api(&self) -> Option<&ApiError> {
        match self.kind() {
            Kind::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the error of the transport, if there is no response.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = es_client::Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// client.transport().close();
    /// let error = client.info().await.unwrap_err();
    /// assert!(error.as_transport().is_some_and(|error| error.is_closed()));
    /// assert_eq!(error.status(), None);
    /// # Ok(()) }
    /// ```
    pub fn as_transport(&self) -> Option<&es_transport::Error> {
        match self.kind() {
            Kind::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the report of a bulk helper that stopped. All other methods refer to the
    /// error that stopped it.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// async fn load(client: es_client::Elasticsearch) -> es_client::Result<()> {
    ///     let lines = [Ok(serde_json::json!({"n": 1})), Err(std::io::Error::other("disk"))];
    ///     client.helpers().bulk("numbers", lines).await?;
    ///     Ok(())
    /// }
    /// let error = load(client).await.unwrap_err();
    /// assert!(error.is_source());
    /// assert_eq!(error.as_bulk_stopped().unwrap().report.succeeded, 1);
    /// # Ok(()) }
    /// ```
    pub fn as_bulk_stopped(&self) -> Option<&BulkStopped> {
        match &*self.0 {
            Kind::Stopped(stopped) => Some(stopped),
            Kind::Shared(error) => error.as_bulk_stopped(),
            _ => None,
        }
    }

    /// Returns the details of a response or document that does not have the expected form.
    pub fn as_decode(&self) -> Option<&DecodeError> {
        match self.kind() {
            Kind::Decode(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the error of an aggregation that is missing or of another kind.
    pub fn as_aggregation(&self) -> Option<&AggregationError> {
        match self.kind() {
            Kind::Aggregation(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the status of the response.
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            Kind::Api(error) => Some(error.status),
            Kind::Decode(error) => error.meta().map(Meta::status),
            _ => None,
        }
    }

    /// Returns the body of the response, or the document that could not be read.
    ///
    /// ```
    /// use es_client::{ApiError, Error, http::StatusCode};
    ///
    /// let error = Error::from(ApiError::new(StatusCode::BAD_GATEWAY, "<h1>No upstream</h1>"));
    /// assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
    /// assert_eq!(error.body().unwrap(), "<h1>No upstream</h1>");
    /// ```
    pub fn body(&self) -> Option<&Bytes> {
        match self.kind() {
            Kind::Api(error) => Some(&error.body),
            Kind::Decode(error) => Some(error.body()),
            _ => None,
        }
    }

    /// Whether the status is 404: the index or document does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the status is 409: the document exists already or was changed by another
    /// write.
    ///
    /// ```
    /// # async fn register(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use serde_json::json;
    ///
    /// match client.create("users", "jane").document(json!({"name": "Jane"})).await {
    ///     Err(error) if error.is_conflict() => println!("the user exists already"),
    ///     created => println!("version {}", created?.version),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(StatusCode::CONFLICT)
    }

    /// Whether the status is 400: the server could not parse the request.
    pub fn is_bad_request(&self) -> bool {
        self.status() == Some(StatusCode::BAD_REQUEST)
    }

    /// Whether the status is 401: the credentials are missing or wrong.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// Whether the status is 403: the user lacks a privilege.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// Whether the status is 429: the cluster is overloaded.
    pub fn is_too_many_requests(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether a time limit was exceeded.
    pub fn is_timeout(&self) -> bool {
        self.as_transport()
            .is_some_and(es_transport::Error::is_timeout)
    }

    /// Whether the request is invalid and was not sent, for example because a part of the
    /// path is empty.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind(), Kind::Invalid(_))
    }

    /// Whether a task of the server ended with an error.
    pub fn is_task(&self) -> bool {
        matches!(self.kind(), Kind::Task(_))
    }

    /// Whether a response is incomplete because shards failed or the server's timeout was
    /// reached.
    ///
    /// ```
    /// use es_client::{Response, SearchResponse, http::StatusCode, types::Documents};
    ///
    /// let found: SearchResponse<serde_json::Value> = Response::new(
    ///     StatusCode::OK,
    ///     r#"{"hits": {"hits": []}, "_shards": {"total": 2, "successful": 1, "failed": 1}}"#,
    /// )
    /// .json()?;
    /// assert!(found.shards.has_failures());
    /// assert!(found.all_documents().unwrap_err().is_partial());
    /// # Ok::<(), es_client::Error>(())
    /// ```
    pub fn is_partial(&self) -> bool {
        matches!(self.kind(), Kind::Partial { .. })
    }

    /// Whether the input of a helper failed.
    pub fn is_source(&self) -> bool {
        matches!(self.kind(), Kind::Source(_))
    }

    /// Whether a value of the body could not be serialized.
    pub fn is_encode(&self) -> bool {
        matches!(self.kind(), Kind::Encode { .. })
    }

    /// Whether the response, or a part of it, does not have the expected form.
    pub fn is_decode(&self) -> bool {
        matches!(self.kind(), Kind::Decode(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stopped) = self.as_bulk_stopped() {
            return stopped.fmt(f);
        }
        match self.kind() {
            Kind::Transport(error) => error.fmt(f),
            Kind::Api(error) => error.fmt(f),
            Kind::Invalid(message) => write!(f, "the call cannot be sent: {message}"),
            Kind::Helper { message, .. } => f.write_str(message),
            Kind::Task(cause) => write!(f, "the task failed: {cause}"),
            Kind::Shared(error) => error.fmt(f),
            Kind::Stopped(stopped) => stopped.fmt(f),
            Kind::Partial {
                failed: 0,
                first: Some(reason),
                ..
            } => {
                write!(f, "the response is incomplete: {reason}")
            }
            Kind::Partial { failed: 0, .. } => {
                f.write_str("the response is incomplete: the server timed out")
            }
            Kind::Partial {
                failed,
                total,
                first,
            } => {
                write!(
                    f,
                    "the response is incomplete: {failed} of {total} shards failed"
                )?;
                first
                    .as_ref()
                    .map_or(Ok(()), |first| write!(f, ": {first}"))
            }
            Kind::Source(_) => f.write_str("the input of the helper failed"),
            Kind::Encode { what, .. } => write!(f, "`{what}` cannot be written as JSON"),
            Kind::Decode(error) => error.fmt(f),
            Kind::Aggregation(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    /// Shows no body of a response: it may hold a key that was just made.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stopped) = self.as_bulk_stopped() {
            return stopped.fmt(f);
        }
        self.kind().fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if let Some(stopped) = self.as_bulk_stopped() {
            return stopped.source();
        }
        match self.kind() {
            Kind::Transport(error) => error.source(),
            Kind::Source(source) => Some(&**source),
            Kind::Encode { source, .. } => Some(source),
            Kind::Task(cause) => cause.source(),
            Kind::Shared(error) => error.source(),
            Kind::Stopped(stopped) => stopped.source(),
            Kind::Helper { source, .. } => source.as_ref().map(|source| &**source as _),
            Kind::Api(_)
            | Kind::Invalid(_)
            | Kind::Partial { .. }
            | Kind::Decode(_)
            | Kind::Aggregation(_) => None,
        }
    }
}

/// The report goes along: see [`Error::as_bulk_stopped`].
impl From<BulkStopped> for Error {
    fn from(stopped: BulkStopped) -> Self {
        Self(Box::new(Kind::Stopped(Box::new(stopped))))
    }
}

impl From<es_transport::Error> for Error {
    fn from(error: es_transport::Error) -> Self {
        Self(Box::new(Kind::Transport(error)))
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self(Box::new(Kind::Api(Box::new(error))))
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self(Box::new(Kind::Decode(error)))
    }
}

impl From<AggregationError> for Error {
    fn from(error: AggregationError) -> Self {
        Self(Box::new(Kind::Aggregation(error)))
    }
}

/// Whether a body is an error of the server.
fn is_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Envelope {
        error: Option<serde::de::IgnoredAny>,
        status: Option<serde::de::IgnoredAny>,
    }
    from_bytes(body).is_ok_and(|e: Envelope| e.error.is_some() && e.status.is_some())
}
