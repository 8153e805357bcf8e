//! How errors are made.

use std::{sync::Arc, time::Duration};

use super::{BoxError, Error, Inner, Kind, TimeoutPhase, find};
use crate::attempt::Attempt;

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

    /// The body of a request failed while it was sent. A part of it may have arrived.
    pub(crate) fn request_body() -> Self {
        Self::new(Kind::Request("its body failed".into()))
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
        match phase {
            TimeoutPhase::Connect | TimeoutPhase::Acquire => error.unsent(),
            _ => error,
        }
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

    /// An I/O error somewhere in a foreign chain says what happened. Only what
    /// ends nothing but a connect counts as unsent: an open connection whose
    /// route is lost ends as unreachable too, with the request perhaps carried out.
    fn classify(error: BoxError) -> Self {
        use std::io::ErrorKind;
        match find::<std::io::Error>(error.as_ref()).map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable) => {
                Self::connect(error)
            }
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
