//! What can go wrong with a call of the API.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use crate::response::Meta;

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

/// What Elasticsearch said: the parts of its error object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiError {
    /// The status of the answer.
    pub status: StatusCode,
    /// The kind of error, such as `index_not_found_exception`.
    pub kind: Option<String>,
    /// What is wrong, in the server's words.
    pub reason: Option<String>,
    /// What caused it, innermost.
    pub root_causes: Vec<Cause>,
    /// The whole body, as it came.
    pub body: Bytes,
    /// Node, headers, attempts.
    pub meta: Meta,
}

/// One cause of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// The kind of error.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What is wrong.
    #[serde(default)]
    pub reason: Option<String>,
    /// The index that it happened in.
    #[serde(default)]
    pub index: Option<String>,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Invalid(message.into().into())))
    }

    pub(crate) fn source_of_operations(source: es_transport::BoxError) -> Self {
        Self(Box::new(Kind::Source(source)))
    }

    pub(crate) fn partial(failed: u32, total: u32, first: Option<String>) -> Self {
        Self(Box::new(Kind::Partial { failed, total, first: first.map(Into::into) }))
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
        match &*self.0 {
            Kind::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What the transport says, if there was no answer.
    pub fn as_transport(&self) -> Option<&es_transport::Error> {
        match &*self.0 {
            Kind::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match &*self.0 {
            Kind::Api(error) => Some(error.status),
            Kind::Decode { meta, .. } => Some(meta.status()),
            _ => None,
        }
    }

    /// The body of the answer, if there was one.
    pub fn body(&self) -> Option<&Bytes> {
        match &*self.0 {
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
        matches!(&*self.0, Kind::Invalid(_))
    }

    /// Shards failed or the server's time was over, so that hits are missing.
    pub fn is_partial(&self) -> bool {
        matches!(&*self.0, Kind::Partial { .. })
    }

    /// The input of a helper failed.
    pub fn is_source(&self) -> bool {
        matches!(&*self.0, Kind::Source(_))
    }

    /// A value of the body could not be serialised.
    pub fn is_encode(&self) -> bool {
        matches!(&*self.0, Kind::Encode { .. })
    }

    /// The answer does not have the expected form.
    pub fn is_decode(&self) -> bool {
        matches!(&*self.0, Kind::Decode { .. })
    }
}

/// The forms of an error body: an object, or a mere string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reported {
    Object {
        #[serde(flatten)]
        cause: Cause,
        #[serde(default)]
        root_cause: Vec<Cause>,
    },
    Text(String),
}

impl ApiError {
    fn parse(meta: Meta, body: Bytes) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Option<Reported>,
        }
        let reported = serde_json::from_slice(&body).ok().and_then(|e: Envelope| e.error);
        let (cause, root_causes) = match reported {
            Some(Reported::Object { cause, root_cause }) => (cause, root_cause),
            Some(Reported::Text(reason)) => {
                (Cause { reason: Some(reason), ..Cause::default() }, Vec::new())
            }
            None => (Cause::default(), Vec::new()),
        };
        let Cause { kind, reason, .. } = cause;
        Self { status: meta.status(), kind, reason, root_causes, body, meta }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "elasticsearch answered {}", self.status)?;
        if let Some(kind) = &self.kind {
            write!(f, ": {kind}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Transport(error) => error.fmt(f),
            Kind::Api(error) => error.fmt(f),
            Kind::Invalid(message) => write!(f, "the call cannot be sent: {message}"),
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Kind::Transport(error) => error.source(),
            Kind::Source(source) => Some(&**source),
            Kind::Encode { source, .. } | Kind::Decode { source, .. } => Some(source),
            Kind::Api(_) | Kind::Invalid(_) | Kind::Partial { .. } => None,
        }
    }
}

impl From<es_transport::Error> for Error {
    fn from(error: es_transport::Error) -> Self {
        Self(Box::new(Kind::Transport(error)))
    }
}
