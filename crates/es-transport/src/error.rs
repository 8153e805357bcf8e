//! The one error type of the crate.
//!
//! [`Error`] is opaque and one pointer wide. It is asked by questions
//! ([`Error::is_timeout`], [`Error::is_connect`], …), says its own level only
//! (what lies below is its [`source`](std::error::Error::source)), and tells
//! every attempt that was made ([`Error::attempts`]).

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use crate::attempt::Attempt;

/// A boxed error, as tower's middleware passes them.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a transport could not be built or a request got no answer.
///
/// An answer with an error status is *not* an error of the transport; it is
/// returned as an answer.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    source: Option<BoxError>,
    /// The node of the last attempt, without user info.
    node: Option<Arc<str>>,
    /// Whether the server may have seen a part of the request.
    unsent: bool,
    /// Whether the pool has a live node that the request did not try yet.
    untried: bool,
    attempts: Vec<Attempt>,
}

#[derive(Debug)]
enum Kind {
    /// A setting, named, and what is wrong with it.
    Config {
        setting: &'static str,
        message: Box<str>,
    },
    /// A request that cannot be sent as it stands.
    Request(Box<str>),
    Connect(Option<Box<str>>),
    Tls(Option<Box<str>>),
    Timeout {
        phase: TimeoutPhase,
        after: Duration,
    },
    /// The connection broke, or what came is not HTTP.
    Io(Option<Box<str>>),
    /// An answer that came but cannot be read.
    Body(Box<str>),
    Redirect {
        status: u16,
        location: Option<Box<str>>,
    },
    UnsupportedProduct(Box<str>),
    MediaType(Box<str>),
    Credentials(Box<str>),
    Sniff(Box<str>),
    NoNodes,
    Closed,
    /// An error of a foreign service or layer in the stack.
    Service,
}

/// What was being waited for when the time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Opening the TCP connection and the TLS handshake.
    Connect,
    /// One attempt: from the choice of the node to the end of its answer.
    Attempt,
    /// The whole request with all its attempts.
    Total,
    /// The next piece of an answer that is read as a stream.
    Read,
}

impl Error {
    fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            source: None,
            node: None,
            unsent: false,
            untried: false,
            attempts: Vec::new(),
        }))
    }

    /// A setting that cannot be used: its name, and what is wrong with it.
    ///
    /// The message must not contain the setting's value where that may be a secret.
    pub fn config(setting: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Config { setting, message: message.into().into() }).unsent()
    }

    /// The same error once more, if it is about a setting: a setting that was
    /// kept is reported by every request that would use it.
    pub fn clone_config(&self) -> Option<Self> {
        match &self.0.kind {
            Kind::Config { setting, message } => Some(Self::config(setting, &**message)),
            _ => None,
        }
    }

    /// A request that cannot be sent as it stands.
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request(message.into().into())).unsent()
    }

    /// No connection could be opened; nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Connect(None)).with_source(source).unsent()
    }

    /// As [`Error::connect`], with words of its own instead of a source.
    pub fn connect_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Connect(Some(message.into().into()))).unsent()
    }

    /// The TLS handshake failed; nothing was sent.
    pub fn tls(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Tls(None)).with_source(source).unsent()
    }

    /// As [`Error::tls`], with words of its own.
    pub fn tls_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Tls(Some(message.into().into()))).unsent()
    }

    /// The time for `phase` was over.
    pub fn timeout(phase: TimeoutPhase, after: Duration) -> Self {
        let error = Self::new(Kind::Timeout { phase, after });
        if phase == TimeoutPhase::Connect { error.unsent() } else { error }
    }

    /// The connection broke after it was open.
    pub fn io(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Io(None)).with_source(source)
    }

    /// As [`Error::io`], with words of its own.
    pub fn io_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Io(Some(message.into().into())))
    }

    /// An answer that came but cannot be read.
    pub fn body(message: impl Into<String>) -> Self {
        Self::new(Kind::Body(message.into().into()))
    }

    /// A redirect, which is never followed.
    pub fn redirect(status: http::StatusCode, location: Option<&str>) -> Self {
        Self::new(Kind::Redirect { status: status.as_u16(), location: location.map(Into::into) })
    }

    /// The server does not prove to be Elasticsearch.
    pub fn unsupported_product(message: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedProduct(message.into().into()))
    }

    /// The server refused the media type of compatibility mode.
    pub fn media_type(message: impl Into<String>) -> Self {
        Self::new(Kind::MediaType(message.into().into()))
    }

    /// A credentials provider failed; nothing was sent.
    pub fn credentials(message: impl Into<String>) -> Self {
        Self::new(Kind::Credentials(message.into().into())).unsent()
    }

    /// Sniffing failed.
    pub fn sniff(message: impl Into<String>) -> Self {
        Self::new(Kind::Sniff(message.into().into()))
    }

    /// The pool has no node.
    pub fn no_nodes() -> Self {
        Self::new(Kind::NoNodes).unsent()
    }

    /// The transport was closed.
    pub fn closed() -> Self {
        Self::new(Kind::Closed).unsent()
    }

    /// Takes an error of any service: an [`Error`] is kept as it is (also when
    /// another layer boxed it), anything else becomes the source of a new one.
    pub fn from_service(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(other) => Self::classify(other),
        }
    }

    /// An I/O error somewhere in a foreign chain says what happened.
    fn classify(error: BoxError) -> Self {
        use std::io::ErrorKind;
        match find::<std::io::Error>(error.as_ref()).map(std::io::Error::kind) {
            Some(
                ErrorKind::ConnectionRefused
                | ErrorKind::AddrNotAvailable
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable,
            ) => Self::connect(error),
            Some(_) => Self::io(error),
            None => Self::new(Kind::Service).with_source(error),
        }
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the node that the last attempt went to (its URL without user info).
    #[must_use]
    pub fn with_node(mut self, node: Arc<str>) -> Self {
        self.0.node = Some(node);
        self
    }

    /// States that no byte of the request was taken, so that it may be sent again.
    #[must_use]
    pub fn unsent(mut self) -> Self {
        self.0.unsent = true;
        self
    }

    /// States whether the pool has another live node that this request did not
    /// try yet: a retry then need not wait.
    #[must_use]
    pub fn with_untried(mut self, untried: bool) -> Self {
        self.0.untried = untried;
        self
    }

    /// Adds the attempts that were made, the last one included.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.0.attempts = attempts;
        self
    }
}

/// Questions.
impl Error {
    /// A setting is wrong; the transport was not built.
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config { .. })
    }

    /// The name of the setting that is wrong.
    pub fn setting(&self) -> Option<&'static str> {
        match self.0.kind {
            Kind::Config { setting, .. } => Some(setting),
            _ => None,
        }
    }

    /// The request itself cannot be sent.
    pub fn is_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request(_))
    }

    /// No connection could be opened (refused, unreachable, name not found).
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_) | Kind::Timeout { phase: TimeoutPhase::Connect, .. })
    }

    /// The TLS handshake failed: certificate, name, fingerprint or protocol.
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls(_))
    }

    /// The time was over; [`Error::timeout_phase`] says which.
    pub fn is_timeout(&self) -> bool {
        self.timeout_phase().is_some()
    }

    /// Which time was over.
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        match self.0.kind {
            Kind::Timeout { phase, .. } => Some(phase),
            _ => None,
        }
    }

    /// How long was waited before the time was over.
    pub fn timeout_after(&self) -> Option<Duration> {
        match self.0.kind {
            Kind::Timeout { after, .. } => Some(after),
            _ => None,
        }
    }

    /// The connection broke, or what came is not HTTP.
    pub fn is_io(&self) -> bool {
        matches!(self.0.kind, Kind::Io(_))
    }

    /// The answer came but cannot be read (compression, size).
    pub fn is_body(&self) -> bool {
        matches!(self.0.kind, Kind::Body(_))
    }

    /// The server answered with a redirect, which is never followed.
    pub fn is_redirect(&self) -> bool {
        matches!(self.0.kind, Kind::Redirect { .. })
    }

    /// The server does not prove to be Elasticsearch.
    pub fn is_unsupported_product(&self) -> bool {
        matches!(self.0.kind, Kind::UnsupportedProduct(_))
    }

    /// The server refused the media type of compatibility mode.
    pub fn is_media_type(&self) -> bool {
        matches!(self.0.kind, Kind::MediaType(_))
    }

    /// A credentials provider failed.
    pub fn is_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::Credentials(_))
    }

    /// Sniffing failed.
    pub fn is_sniff(&self) -> bool {
        matches!(self.0.kind, Kind::Sniff(_))
    }

    /// The pool had no node to send the request to.
    pub fn is_no_nodes(&self) -> bool {
        matches!(self.0.kind, Kind::NoNodes)
    }

    /// A foreign service or layer of the stack failed, and nothing more is known.
    pub fn is_foreign(&self) -> bool {
        matches!(self.0.kind, Kind::Service)
    }

    /// The transport was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.0.kind, Kind::Closed)
    }

    /// No byte of the request was taken by a server: sending it again cannot
    /// do its work twice.
    pub fn is_unsent(&self) -> bool {
        self.0.unsent
    }

    /// The pool had another live node that this request did not try.
    pub fn has_untried(&self) -> bool {
        self.0.untried
    }

    /// The node of the last attempt: its URL, without user info.
    pub fn node(&self) -> Option<&Arc<str>> {
        self.0.node.as_ref()
    }

    /// Every attempt that was made for the request, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }
}

/// The first error of type `T` in a chain of sources.
pub(crate) fn find<'a, T: StdError + 'static>(
    mut error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    loop {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error hides the error that it carries from `source()`.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .map(|e| e as &(dyn StdError + 'static));
        error = inner.or_else(|| error.source())?;
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        if let Some(node) = &self.0.node {
            write!(f, " (node {node}")?;
            match self.0.attempts.len() {
                0 | 1 => f.write_str(")"),
                n => write!(f, ", after {n} attempts)"),
            }?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |f: &mut fmt::Formatter<'_>, text: &str, more: &Option<Box<str>>| match more
        {
            Some(more) => write!(f, "{text}: {more}"),
            None => f.write_str(text),
        };
        match self {
            Self::Config { setting, message } => write!(f, "`{setting}`: {message}"),
            Self::Request(message) => write!(f, "the request cannot be sent: {message}"),
            Self::Connect(more) => optional(f, "cannot connect", more),
            Self::Tls(more) => optional(f, "the TLS handshake failed", more),
            Self::Timeout { phase, after } => write!(f, "no {phase} within {after:?}"),
            Self::Io(more) => optional(f, "the connection broke", more),
            Self::Body(message) => write!(f, "the answer cannot be read: {message}"),
            Self::Redirect { status, location } => match location {
                Some(location) => {
                    write!(f, "redirects are not followed: status {status} to {location}")
                }
                None => write!(f, "redirects are not followed: status {status} without a location"),
            },
            Self::UnsupportedProduct(message) => {
                write!(f, "the server is not known to be Elasticsearch: {message}")
            }
            Self::MediaType(message) => write!(f, "the media type was refused: {message}"),
            Self::Credentials(message) => write!(f, "no credentials: {message}"),
            Self::Sniff(message) => write!(f, "sniffing failed: {message}"),
            Self::NoNodes => f.write_str("the node pool is empty"),
            Self::Closed => f.write_str("the transport is closed"),
            Self::Service => f.write_str("a service of the stack failed"),
        }
    }
}

impl fmt::Display for TimeoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Attempt => "answer to the attempt",
            Self::Total => "answer to the request with all its attempts",
            Self::Read => "further part of the answer",
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        if let Some(node) = &self.0.node {
            debug.field("node", node);
        }
        if !self.0.attempts.is_empty() {
            debug.field("attempts", &self.0.attempts);
        }
        debug.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide_and_can_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn an_error_boxed_on_its_way_is_found_again() {
        let boxed: BoxError =
            Box::new(Error::timeout(TimeoutPhase::Attempt, Duration::from_secs(1)));
        assert!(Error::from_service(boxed).is_timeout());
    }

    #[test]
    fn a_foreign_refusal_counts_as_unsent() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::from_service(refused);
        assert!(error.is_connect() && error.is_unsent());
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let error = Error::from_service(reset);
        assert!(error.is_io() && !error.is_unsent());
    }

    #[test]
    fn the_message_says_its_own_level_only() {
        let error = Error::connect(std::io::Error::other("below")).with_node("http://a:1".into());
        assert_eq!(error.to_string(), "cannot connect (node http://a:1)");
        assert_eq!(StdError::source(&error).map(ToString::to_string).as_deref(), Some("below"));
    }
}
