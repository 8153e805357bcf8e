//! The error type of the crate.
//!
//! [`Error`] is opaque and has the size of a pointer. Methods such as
//! [`Error::is_timeout`] and [`Error::is_connect`] identify its kind, [`Error::class`]
//! tells whether the request may have been applied, and [`Error::attempts`] lists every
//! attempt. The message describes only its own level; the cause is the
//! [`source`](std::error::Error::source).

use std::{error::Error as StdError, sync::Arc, time::Duration};

use crate::attempt::Attempt;

mod display;
mod foreign;
mod kind;

pub(crate) use foreign::{hyper, is_too_large, is_unreadable};
use kind::Kind;
pub use kind::{FailureClass, TimeoutPhase};

/// A boxed error, as used by tower's middleware.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A `Result` whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that occurred when a transport was built or a request was sent.
///
/// A response with an error status is *not* an error of the transport; it is
/// returned as a response.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    source: Option<BoxError>,
    /// The node of the last attempt, without user info.
    node: Option<Arc<str>>,
    /// Whether no byte of the request was taken by a server.
    is_not_sent: bool,
    /// Whether the pool has a live node that the request did not try yet.
    has_untried_node: bool,
    /// A classification that replaces the kind's.
    class: Option<FailureClass>,
    attempts: Vec<Attempt>,
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
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

impl Error {
    fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            source: None,
            node: None,
            is_not_sent: false,
            has_untried_node: false,
            class: None,
            attempts: Vec::new(),
        }))
    }

    /// Creates the error of an invalid setting, from its name and the reason.
    ///
    /// The message must not contain the setting's value if that may be a secret.
    pub fn config(setting: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Config {
            setting,
            message: message.into().into(),
        })
        .not_sent()
    }

    /// Returns a copy of an error about a setting; `None` for all other kinds.
    pub fn clone_config(&self) -> Option<Self> {
        match &self.0.kind {
            Kind::Config { setting, message } => Some(Self::config(setting, &**message)),
            _ => None,
        }
    }

    /// Names the environment variable that a setting comes from.
    pub(crate) fn with_variable(mut self, variable: &str) -> Self {
        if let Kind::Config { message, .. } = &mut self.0.kind {
            *message = format!("{message} (from {variable})").into();
        }
        self
    }

    /// Creates the error of a request that cannot be sent.
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request(message.into().into())).not_sent()
    }

    /// Creates the error of a request whose body failed while it was sent. A part of it
    /// may have arrived.
    fn request_body() -> Self {
        Self::new(Kind::Request("its body failed".into()))
    }

    /// Creates the error of a connection that could not be opened; nothing was sent.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Connect(None))
            .with_source(source)
            .not_sent()
    }

    /// Creates the same error as [`Error::connect`], with a message instead of a source.
    pub fn connect_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Connect(Some(message.into().into()))).not_sent()
    }

    /// Creates the error of a failed TLS handshake; nothing was sent.
    pub fn tls(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Tls(None)).with_source(source).not_sent()
    }

    /// Creates the same error as [`Error::tls`], with a message instead of a source.
    pub fn tls_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Tls(Some(message.into().into()))).not_sent()
    }

    /// Creates the error of a time limit that was exceeded.
    pub fn timeout(phase: TimeoutPhase, after: impl Into<Option<Duration>>) -> Self {
        let error = Self::new(Kind::Timeout {
            phase,
            after: after.into(),
        });
        match phase {
            TimeoutPhase::Connect | TimeoutPhase::Acquire => error.not_sent(),
            _ => error,
        }
    }

    /// Creates the error of an open connection that broke.
    pub fn io(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Io(None)).with_source(source)
    }

    /// Creates the same error as [`Error::io`], with a message instead of a source.
    pub fn io_message(message: impl Into<String>) -> Self {
        Self::new(Kind::Io(Some(message.into().into())))
    }

    /// Creates the error of a response that cannot be read or is rejected because of
    /// its size, framing or compression.
    pub fn body(message: impl Into<String>) -> Self {
        Self::new(Kind::Body(message.into().into()))
    }

    /// Creates the error of a redirect, which is never followed.
    pub fn redirect(status: http::StatusCode, location: Option<&str>) -> Self {
        Self::new(Kind::Redirect {
            status: status.as_u16(),
            location: location.map(Into::into),
        })
    }

    /// Creates the error of a server that does not identify itself as Elasticsearch.
    pub fn unsupported_product(message: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedProduct(message.into().into()))
    }

    /// Creates the error of a media type that the server refused.
    pub fn media_type(message: impl Into<String>) -> Self {
        Self::new(Kind::MediaType(message.into().into()))
    }

    /// Creates the error of a credentials provider that failed; nothing was sent.
    pub fn credentials(message: impl Into<String>) -> Self {
        Self::new(Kind::Credentials(message.into().into())).not_sent()
    }

    /// Creates the error of a failed sniff.
    pub fn sniff(message: impl Into<String>) -> Self {
        Self::new(Kind::Sniff(message.into().into()))
    }

    /// Creates the error of a pool without a node for the request. It may be retried,
    /// because the pool may have other nodes by then.
    pub fn no_nodes() -> Self {
        Self::new(Kind::NoNodes).not_sent()
    }

    /// Creates the error of a transport that was closed.
    pub fn closed() -> Self {
        Self::new(Kind::Closed).not_sent()
    }

    /// Creates the error of a layer, such as a rate limiter, that rejected the request
    /// before it was sent. The request may be retried, and the error does not affect
    /// the health of the node.
    ///
    /// ```
    /// use es_transport::{Error, error::FailureClass};
    ///
    /// let error = Error::rejected("the quota of this tenant is used up");
    /// assert_eq!(error.class(), FailureClass::NotSent);
    /// assert!(!error.is_node_failure());
    /// ```
    pub fn rejected(source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Rejected).with_source(source).not_sent()
    }

    /// Creates the error of a service of which nothing more is known.
    fn service(source: BoxError) -> Self {
        Self::new(Kind::Service).with_source(source)
    }

    /// Converts the error of any service, and recognizes errors of other crates as
    /// listed in the table of [`FailureClass`].
    ///
    /// ```
    /// use es_transport::{Error, error::FailureClass};
    /// use std::io::ErrorKind;
    ///
    /// let error = Error::from_service(std::io::Error::from(ErrorKind::ConnectionRefused));
    /// assert!(error.is_connect());
    /// assert_eq!(error.class(), FailureClass::NotSent);
    /// ```
    pub fn from_service(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(other) => foreign::convert(other),
        }
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Sets the node of the last attempt: its URL, without user info.
    #[must_use]
    pub fn with_node(mut self, node: Arc<str>) -> Self {
        self.0.node = Some(node);
        self
    }

    /// Marks the request as not sent: no byte of it reached a server, so it can be
    /// retried.
    #[must_use]
    pub fn not_sent(mut self) -> Self {
        self.0.is_not_sent = true;
        self
    }

    /// Sets whether the pool has another live node that this request has not tried yet,
    /// so a retry need not wait.
    #[must_use]
    pub fn with_untried_node(mut self, has_untried_node: bool) -> Self {
        self.0.has_untried_node = has_untried_node;
        self
    }

    /// Replaces the classification of this error.
    ///
    /// ```
    /// use es_transport::{Error, error::FailureClass};
    ///
    /// // A gateway that reports with certainty that it forwarded nothing.
    /// let error = Error::io_message("the gateway is full").with_class(FailureClass::NotSent);
    /// assert!(error.is_not_sent());
    /// ```
    #[must_use]
    pub fn with_class(mut self, class: FailureClass) -> Self {
        self.0.is_not_sent = class == FailureClass::NotSent;
        self.0.class = Some(class);
        self
    }

    /// Sets the attempts that were made, including the last one.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.0.attempts = attempts;
        self
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
        let boxed: BoxError = Box::new(Error::timeout(
            TimeoutPhase::Attempt,
            Duration::from_secs(1),
        ));
        assert!(Error::from_service(boxed).is_timeout());
    }

    #[test]
    fn a_foreign_refusal_counts_as_unsent() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::from_service(refused);
        assert!(error.is_connect() && error.is_not_sent());
    }

    #[test]
    fn what_may_end_an_open_connection_does_not_count_as_unsent() {
        use std::io::ErrorKind::{ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut};
        for kind in [
            ConnectionReset,
            HostUnreachable,
            NetworkUnreachable,
            TimedOut,
        ] {
            let error = Error::from_service(std::io::Error::from(kind));
            assert!(error.is_io() && !error.is_not_sent(), "{kind}");
        }
    }

    #[test]
    fn the_message_says_its_own_level_only() {
        let error = Error::connect(std::io::Error::other("below")).with_node("http://a:1".into());
        assert_eq!(error.to_string(), "cannot connect (node http://a:1)");
        assert_eq!(
            StdError::source(&error).map(ToString::to_string).as_deref(),
            Some("below")
        );
    }
}
