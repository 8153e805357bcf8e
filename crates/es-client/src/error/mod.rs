//! What can go wrong with a call of the API.

use std::{error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;
use http::StatusCode;

use crate::{
    helpers::bulk::BulkStopped,
    response::{Hidden, Meta},
};

mod api;

pub use api::{ApiError, Cause};

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call gave no answer of its type.
///
/// It is opaque and one pointer wide; ask it by its questions
/// ([`Error::is_not_found`], [`Error::status`], …).
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    /// No answer: what the transport says.
    Transport(es_transport::Error),
    /// An answer with an error status.
    Api(Box<ApiError>),
    /// The call cannot be sent as it stands.
    Invalid(Box<str>),
    /// A helper cannot go on, or was told to stop.
    Helper {
        message: Box<str>,
        source: Option<es_transport::BoxError>,
    },
    /// A task of the server ended with an error.
    Task(Cause),
    /// One failure that several calls have in common.
    Shared(Arc<Error>),
    /// A bulk helper ended early; its own error says why.
    Stopped(Box<BulkStopped>),
    /// What a helper was to write could not be read.
    Source(es_transport::BoxError),
    /// An answer lacks what some shards should have given.
    Partial {
        failed: u32,
        total: u32,
        first: Option<Box<str>>,
    },
    Encode {
        what: Box<str>,
        source: serde_json::Error,
    },
    Decode {
        what: &'static str,
        source: serde_json::Error,
        meta: Meta,
        body: Bytes,
    },
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Invalid(message.into().into())))
    }

    pub(crate) fn no_runtime() -> Self {
        Self::helper("a helper must be polled within a tokio runtime", None)
    }

    pub(crate) fn thread(source: std::io::Error) -> Self {
        Self::helper("cannot start the thread of the input", Some(source.into()))
    }

    /// A helper cannot go on, or was told to stop.
    pub(crate) fn helper(
        message: impl Into<Box<str>>,
        source: Option<es_transport::BoxError>,
    ) -> Self {
        Self(Box::new(Kind::Helper { message: message.into(), source }))
    }

    pub(crate) fn source_of_operations(source: es_transport::BoxError) -> Self {
        Self(Box::new(Kind::Source(source)))
    }

    pub(crate) fn partial(failed: u32, total: u32, first: Option<String>) -> Self {
        Self(Box::new(Kind::Partial { failed, total, first: first.map(Into::into) }))
    }

    pub(crate) fn task(cause: Cause) -> Self {
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
        Self(Box::new(Kind::Encode { what: what.into().into(), source }))
    }

    pub(crate) fn decode(
        what: &'static str,
        source: serde_json::Error,
        meta: Meta,
        body: Bytes,
    ) -> Self {
        Self(Box::new(Kind::Decode { what, source, meta, body }))
    }

    pub(crate) fn api(meta: Meta, body: Bytes) -> Self {
        Self(Box::new(Kind::Api(Box::new(ApiError::parse(meta, body)))))
    }

    /// What Elasticsearch said, if it answered with an error status.
    pub fn as_api(&self) -> Option<&ApiError> {
        match self.kind() {
            Kind::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What the transport says, if there was no answer.
    pub fn as_transport(&self) -> Option<&es_transport::Error> {
        match self.kind() {
            Kind::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// What a bulk helper had done when it stopped, if it did; the questions are
    /// about what stopped it.
    pub fn as_bulk_stopped(&self) -> Option<&BulkStopped> {
        match &*self.0 {
            Kind::Stopped(stopped) => Some(stopped),
            Kind::Shared(error) => error.as_bulk_stopped(),
            _ => None,
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self.kind() {
            Kind::Api(error) => Some(error.status),
            Kind::Decode { meta, .. } => Some(meta.status()),
            _ => None,
        }
    }

    /// The body of the answer, if there was one.
    pub fn body(&self) -> Option<&Bytes> {
        match self.kind() {
            Kind::Api(error) => Some(&error.body),
            Kind::Decode { body, .. } => Some(body),
            _ => None,
        }
    }

    /// 404: no such index, document or whatever was asked for.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// 409: another write came first.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(StatusCode::CONFLICT)
    }

    /// 400: the server could not understand the call.
    pub fn is_bad_request(&self) -> bool {
        self.status() == Some(StatusCode::BAD_REQUEST)
    }

    /// 401: no or wrong credentials.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// 403: the credentials do not allow it.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// 429: the cluster has too much to do.
    pub fn is_too_many_requests(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// The time was over.
    pub fn is_timeout(&self) -> bool {
        self.as_transport().is_some_and(es_transport::Error::is_timeout)
    }

    /// The call cannot be sent as it stands: a missing, empty or forbidden part.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind(), Kind::Invalid(_))
    }

    /// A task of the server ended with an error.
    pub fn is_task(&self) -> bool {
        matches!(self.kind(), Kind::Task(_))
    }

    /// Shards failed or the server's time was over, so that hits are missing.
    pub fn is_partial(&self) -> bool {
        matches!(self.kind(), Kind::Partial { .. })
    }

    /// The input of a helper failed.
    pub fn is_source(&self) -> bool {
        matches!(self.kind(), Kind::Source(_))
    }

    /// A value of the body could not be serialised.
    pub fn is_encode(&self) -> bool {
        matches!(self.kind(), Kind::Encode { .. })
    }

    /// The answer does not have the expected form.
    pub fn is_decode(&self) -> bool {
        matches!(self.kind(), Kind::Decode { .. })
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
            Kind::Partial { failed: 0, .. } => {
                f.write_str("the answer is incomplete: the server's time was over")
            }
            Kind::Partial { failed, total, first } => {
                write!(f, "the answer is incomplete: {failed} of {total} shards failed")?;
                first.as_ref().map_or(Ok(()), |first| write!(f, ": {first}"))
            }
            Kind::Source(_) => f.write_str("the input of the helper failed"),
            Kind::Encode { what, .. } => write!(f, "`{what}` cannot be written as JSON"),
            Kind::Decode { what, .. } => write!(f, "the answer is no {what}"),
        }
    }
}

impl fmt::Debug for Error {
    /// Shows no body of an answer: it may hold a key that was just made.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stopped) = self.as_bulk_stopped() {
            return stopped.fmt(f);
        }
        match self.kind() {
            Kind::Decode { what, source, meta, body } => f
                .debug_struct("Decode")
                .field("what", what)
                .field("source", source)
                .field("meta", meta)
                .field("body", &Hidden(body))
                .finish(),
            kind => kind.fmt(f),
        }
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
            Kind::Encode { source, .. } | Kind::Decode { source, .. } => Some(source),
            Kind::Shared(error) => error.source(),
            Kind::Stopped(stopped) => stopped.source(),
            Kind::Helper { source, .. } => source.as_ref().map(|source| &**source as _),
            Kind::Api(_) | Kind::Invalid(_) | Kind::Partial { .. } | Kind::Task(_) => None,
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
