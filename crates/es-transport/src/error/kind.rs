//! Kinds of errors and their classification.

use std::{sync::Arc, time::Duration};

use super::Error;
use crate::attempt::Attempt;

#[derive(Clone, Debug)]
pub(super) enum Kind {
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
        after: Option<Duration>,
    },
    /// The connection broke, or the response is not HTTP.
    Io(Option<Box<str>>),
    /// A response that arrived but cannot be read.
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
    /// A layer rejected the request before it was sent.
    Rejected,
    /// An error of a foreign service or layer in the stack.
    Service,
}

/// The effect that a failed request may have had on the server, which decides whether a
/// retry is safe.
///
/// | error | class | evidence against the node |
/// |---|---|---|
/// | connect error, TLS handshake, connect timeout | [`NotSent`](Self::NotSent) | yes |
/// | no connection became free (acquire timeout) | [`NotSent`](Self::NotSent) | weak, like any timeout |
/// | the connection was closed before the request was sent; HTTP/2 refused its stream | [`NotSent`](Self::NotSent) | yes |
/// | [`Error::rejected`], tower's `Overloaded` | [`NotSent`](Self::NotSent) | no |
/// | no node can take the request | [`NotSent`](Self::NotSent) | no |
/// | an open connection broke, or its runtime ended; the response is not HTTP | [`MaybeApplied`](Self::MaybeApplied) | yes |
/// | attempt or total timeout; a timeout of hyper, tokio, tower or tower-http | [`MaybeApplied`](Self::MaybeApplied) | weak |
/// | any other error of another crate | [`MaybeApplied`](Self::MaybeApplied) | no |
/// | redirect, product check, media type | [`RefusedByServer`](Self::RefusedByServer) | no |
/// | response too large, broken framing or compression | [`RefusedByClient`](Self::RefusedByClient) | no |
/// | settings, the request or its body, credentials, closed | [`RefusedByClient`](Self::RefusedByClient) | no |
///
/// A request with several attempts has the class of the last one, but never
/// [`NotSent`](Self::NotSent) if an earlier attempt may have been applied.
///
/// [`Error::from_service`] recognizes errors of other crates anywhere in the chain of
/// sources: [`Error`] itself, errors of hyper, rustls, tokio, tower and tower-http, and
/// [`std::io::Error`]. They are recognized by their types, except the timeout of
/// tower-http's bodies: its message is used instead, which works with any version of
/// tower-http. A custom layer can replace the classification by mapping its inner error to
/// one of the constructors of [`Error`], or with [`Error::with_class`].
///
/// ```
/// use es_transport::{Body, Error, error::FailureClass};
/// use http::{Request, Response};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let backend = service_fn(async |_: Request<Body>| Err::<Response<Body>, _>("no route"));
/// // This backend fails before it sends anything.
/// let mut service = ServiceBuilder::new().map_err(Error::rejected).service(backend);
///
/// let error = service.ready().await.unwrap().call(Request::default()).await.unwrap_err();
/// assert_eq!(error.class(), FailureClass::NotSent);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// No byte of the request reached a server: a retry is safe.
    NotSent,
    /// A server may have applied the request: a retry is safe if it is idempotent.
    MaybeApplied,
    /// The server refused the request, or the response does not come from
    /// Elasticsearch: another attempt would fail as well.
    RefusedByServer,
    /// This client rejected the request or its response: another attempt would fail as
    /// well.
    RefusedByClient,
}

/// The step whose time limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Opening the TCP connection and the TLS handshake.
    Connect,
    /// Waiting for a connection to the node.
    Acquire,
    /// One attempt: from the selection of the node to the end of its response.
    Attempt,
    /// The whole request with all its attempts.
    Total,
    /// The next frame of a streamed response.
    Read,
}

impl Error {
    /// Returns the kind of the error as one of a few fixed names, for spans and
    /// metrics. `_OTHER` is OpenTelemetry's name for any other kind.
    ///
    /// ```
    /// use es_transport::{Error, error::TimeoutPhase};
    ///
    /// assert_eq!(Error::connect_message("refused").type_name(), "connect");
    /// assert_eq!(Error::timeout(TimeoutPhase::Acquire, None).type_name(), "timeout.acquire");
    /// assert_eq!(Error::from_service("an error of a layer").type_name(), "_OTHER");
    /// ```
    pub fn type_name(&self) -> &'static str {
        match self.0.kind {
            Kind::Config { .. } => "config",
            Kind::Request(_) => "request",
            Kind::Connect(_) => "connect",
            Kind::Tls(_) => "tls",
            Kind::Timeout {
                phase: TimeoutPhase::Connect,
                ..
            } => "timeout.connect",
            Kind::Timeout {
                phase: TimeoutPhase::Acquire,
                ..
            } => "timeout.acquire",
            Kind::Timeout {
                phase: TimeoutPhase::Attempt,
                ..
            } => "timeout.attempt",
            Kind::Timeout {
                phase: TimeoutPhase::Total,
                ..
            } => "timeout.total",
            Kind::Timeout {
                phase: TimeoutPhase::Read,
                ..
            } => "timeout.read",
            Kind::Io(_) => "io",
            Kind::Body(_) => "body",
            Kind::Redirect { .. } => "redirect",
            Kind::UnsupportedProduct(_) => "unsupported_product",
            Kind::MediaType(_) => "media_type",
            Kind::Credentials(_) => "credentials",
            Kind::Sniff(_) => "sniff",
            Kind::NoNodes => "no_nodes",
            Kind::Closed => "closed",
            Kind::Rejected => "rejected",
            Kind::Service => "_OTHER",
        }
    }

    /// Whether a setting is invalid, so the transport was not built.
    pub fn is_config(&self) -> bool {
        matches!(self.0.kind, Kind::Config { .. })
    }

    /// Returns the name of the invalid setting.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// let error = Transport::builder().node("ftp://localhost").build().unwrap_err();
    /// assert!(error.is_config());
    /// assert_eq!(error.setting(), Some("nodes"));
    /// ```
    pub fn setting(&self) -> Option<&'static str> {
        match self.0.kind {
            Kind::Config { setting, .. } => Some(setting),
            _ => None,
        }
    }

    /// Whether the request is invalid and cannot be sent.
    pub fn is_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request(_))
    }

    /// Whether no connection could be opened (refused, unreachable, name not found).
    pub fn is_connect(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect(_)
                | Kind::Timeout {
                    phase: TimeoutPhase::Connect,
                    ..
                }
        )
    }

    /// Whether the TLS handshake failed: certificate, name, fingerprint or protocol.
    pub fn is_tls(&self) -> bool {
        matches!(self.0.kind, Kind::Tls(_))
    }

    /// Whether a time limit was exceeded; [`Error::timeout_phase`] says which.
    pub fn is_timeout(&self) -> bool {
        self.timeout_phase().is_some()
    }

    /// Returns the step whose time limit was exceeded.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Error, error::TimeoutPhase};
    ///
    /// fn is_overload(error: &Error) -> bool {
    ///     error.timeout_phase() == Some(TimeoutPhase::Acquire)
    /// }
    /// # assert!(is_overload(&Error::timeout(TimeoutPhase::Acquire, Duration::from_secs(1))));
    /// ```
    pub fn timeout_phase(&self) -> Option<TimeoutPhase> {
        match self.0.kind {
            Kind::Timeout { phase, .. } => Some(phase),
            _ => None,
        }
    }

    /// Returns the time limit that was exceeded, if it is known.
    pub fn timeout_after(&self) -> Option<Duration> {
        match self.0.kind {
            Kind::Timeout { after, .. } => after,
            _ => None,
        }
    }

    /// Whether an open connection broke.
    pub fn is_io(&self) -> bool {
        matches!(self.0.kind, Kind::Io(_))
    }

    /// Whether this client rejected the response because of its size, framing or
    /// compression.
    pub fn is_body(&self) -> bool {
        matches!(self.0.kind, Kind::Body(_))
    }

    /// Whether the response was a redirect, which is never followed.
    pub fn is_redirect(&self) -> bool {
        matches!(self.0.kind, Kind::Redirect { .. })
    }

    /// Whether the server does not identify itself as Elasticsearch.
    pub fn is_unsupported_product(&self) -> bool {
        matches!(self.0.kind, Kind::UnsupportedProduct(_))
    }

    /// Whether the server refused the media type of compatibility mode.
    pub fn is_media_type(&self) -> bool {
        matches!(self.0.kind, Kind::MediaType(_))
    }

    /// Whether a credentials provider failed.
    pub fn is_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::Credentials(_))
    }

    /// Whether sniffing failed.
    pub fn is_sniff(&self) -> bool {
        matches!(self.0.kind, Kind::Sniff(_))
    }

    /// Whether the pool had no node to send the request to.
    pub fn is_no_nodes(&self) -> bool {
        matches!(self.0.kind, Kind::NoNodes)
    }

    /// Whether a service or layer of another crate failed with an error that is not
    /// recognized.
    pub fn is_foreign(&self) -> bool {
        matches!(self.0.kind, Kind::Service)
    }

    /// Whether the transport was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.0.kind, Kind::Closed)
    }

    /// Whether no byte of the request reached a server, so a retry cannot apply it
    /// twice.
    pub fn is_not_sent(&self) -> bool {
        self.0.is_not_sent
    }

    /// Whether the pool had another live node that this request had not tried.
    pub fn has_untried_node(&self) -> bool {
        self.0.has_untried_node
    }

    /// Returns the node of the last attempt: its URL, without user info.
    ///
    /// ```
    /// use es_transport::{Error, Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let pool = NodePool::new(["http://elastic:changeme@a:9200".parse::<Node>()?])?;
    /// let service = SelectNodeLayer::new(pool, RoundRobin::default()).layer(service_fn(
    ///     async |_: Request<()>| Err::<Response<String>, _>(Error::io_message("reset by peer")),
    /// ));
    /// let error = service.oneshot(Request::new(())).await.unwrap_err();
    /// assert_eq!(error.node().map(|url| &**url), Some("http://a:9200"));
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn node(&self) -> Option<&Arc<str>> {
        self.0.node.as_ref()
    }

    /// Returns every attempt that was made for the request, in order.
    ///
    /// ```
    /// use es_transport::Error;
    ///
    /// fn report(error: &Error) {
    ///     for attempt in error.attempts() {
    ///         println!("{:?} took {:?}: {:?}", attempt.node, attempt.duration, attempt.outcome);
    ///     }
    /// }
    /// ```
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Whether a layer of the stack rejected the request before it was sent.
    pub fn is_rejected(&self) -> bool {
        matches!(self.0.kind, Kind::Rejected)
    }

    /// Returns the effect that the request may have had; see the table of [`FailureClass`].
    ///
    /// ```
    /// use es_transport::{Error, error::{FailureClass, TimeoutPhase}};
    ///
    /// let acquire = Error::timeout(TimeoutPhase::Acquire, None);
    /// assert_eq!(acquire.class(), FailureClass::NotSent);
    /// let attempt = Error::timeout(TimeoutPhase::Attempt, None);
    /// assert_eq!(attempt.class(), FailureClass::MaybeApplied);
    /// let proxy = Error::redirect(http::StatusCode::FOUND, None);
    /// assert_eq!(proxy.class(), FailureClass::RefusedByServer);
    /// ```
    pub fn class(&self) -> FailureClass {
        if let Some(class) = self.0.class {
            return class;
        }
        match self.0.kind {
            Kind::Config { .. }
            | Kind::Request(_)
            | Kind::Body(_)
            | Kind::Credentials(_)
            | Kind::Sniff(_)
            | Kind::Closed => FailureClass::RefusedByClient,
            Kind::Redirect { .. } | Kind::UnsupportedProduct(_) | Kind::MediaType(_) => {
                FailureClass::RefusedByServer
            }
            Kind::Connect(_)
            | Kind::Tls(_)
            | Kind::Timeout { .. }
            | Kind::Io(_)
            | Kind::NoNodes
            | Kind::Rejected
            | Kind::Service => match self.0.is_not_sent {
                true => FailureClass::NotSent,
                false => FailureClass::MaybeApplied,
            },
        }
    }

    /// Whether the error marks the node as failed: connect, TLS and I/O errors do.
    ///
    /// ```
    /// use es_transport::{Error, node::NodeOutcome};
    ///
    /// assert!(Error::io_message("connection reset").is_node_failure());
    /// // A layer refused the request: the node is as healthy as before.
    /// let error = Error::rejected("over the limit");
    /// assert!(!error.is_node_failure());
    /// assert_eq!(NodeOutcome::of_error(&error), NodeOutcome::Unknown);
    /// ```
    pub fn is_node_failure(&self) -> bool {
        self.is_connect() || self.is_tls() || self.is_io()
    }
}
