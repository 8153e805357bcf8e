//! Settings of the pool.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::Uri;
use hyper::client::conn::http1;
#[cfg(feature = "http2")]
use hyper::client::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::Service;

use super::{
    connection::{self, Connect, Io},
    host::Limits,
    service::Connections,
};
use crate::{error::BoxError, rng};

/// The largest head of a response. Elasticsearch adds a line per warning, and some
/// products long ones.
const MAX_HEADER_SIZE: usize = 256 * 1024;

/// The largest number of header lines: more than fit into [`MAX_HEADER_SIZE`] where each is
/// a warning of Elasticsearch.
const MAX_HEADERS: usize = 4_096;

/// A source of wall-clock time, by which a suspension of the process is detected.
///
/// While a process is suspended (a serverless function between two invocations, a
/// paused virtual machine), its timers stand still, but the wall clock does not. When
/// the process resumes, its idle connections are most likely dead.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use es_transport::{Transport, connect::SuspendDetector};
///
/// /// A clock that a test sets.
/// #[derive(Debug)]
/// struct Frozen;
///
/// impl SuspendDetector for Frozen {
///     fn now(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH + Duration::from_secs(1)
///     }
/// }
///
/// let transport = Transport::builder().node("http://a:9200").suspend_detector(Frozen).build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub trait SuspendDetector: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> SystemTime;
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SuspendDetector for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// An event of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// A connection was opened.
    Opened {
        /// Scheme and authority of its node, with the path `/`.
        target: Uri,
    },
    /// A connection was closed.
    Closed {
        /// Scheme and authority of its node, with the path `/`.
        target: Uri,
    },
}

pub(super) type EventHook = Arc<dyn Fn(&ConnectionEvent) + Send + Sync>;

type ResumeHook = Arc<dyn Fn() + Send + Sync>;

/// A builder of [`Connections`].
///
/// Limits apply to each host: scheme, host name and port.
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct ConnectionsBuilder {
    limits: Limits,
    acquire_timeout: Duration,
    max_age: Option<Duration>,
    detector: Arc<dyn SuspendDetector>,
    on_event: Option<EventHook>,
    protocols: Protocols,
    may_share: bool,
}

/// hyper's settings of the protocols.
#[derive(Clone)]
pub(super) struct Protocols {
    pub http1: http1::Builder,
    /// The same with room for [`MAX_HEADERS`]; `None` if the caller gave `http1`.
    pub spacious_http1: Option<http1::Builder>,
    #[cfg(feature = "http2")]
    pub http2: http2::Builder<TokioExecutor>,
}

impl ConnectionsBuilder {
    pub(super) fn new() -> Self {
        let mut http1 = http1::Builder::new();
        http1.max_header_size(MAX_HEADER_SIZE);
        let mut spacious = http1.clone();
        spacious.max_headers(MAX_HEADERS);
        let protocols = Protocols {
            http1,
            spacious_http1: Some(spacious),
            #[cfg(feature = "http2")]
            http2: http2_builder(),
        };
        Self {
            limits: Limits {
                max_open: 256,
                max_idle: 256,
                idle_timeout: Duration::from_secs(60),
            },
            acquire_timeout: Duration::from_secs(10),
            max_age: Some(Duration::from_secs(600)),
            detector: Arc::new(SystemClock),
            on_event: None,
            protocols,
            may_share: false,
        }
    }

    /// Sets the maximum number of open connections to one node, at least 1. Further
    /// requests wait in order of arrival. Default: 256.
    ///
    /// ```
    /// use es_transport::connect::Connections;
    ///
    /// let settings = Connections::builder().max_per_node(10).max_idle_per_node(2);
    /// ```
    pub fn max_per_node(mut self, connections: usize) -> Self {
        self.limits.max_open = connections.max(1);
        self
    }

    /// Sets the maximum number of idle connections to one node; 0 keeps none. Default:
    /// 256.
    pub fn max_idle_per_node(mut self, connections: usize) -> Self {
        self.limits.max_idle = connections;
        self
    }

    /// Sets the time after which an idle connection is closed. It may take up to a
    /// quarter longer, but at most 5 s longer. Default: 60 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// Sets the maximum age of a connection; `None` means no limit.
    /// Default: 10 minutes.
    ///
    /// An older connection is closed between two requests, so that host names are
    /// resolved again. The age of each connection is reduced by a random part of up to
    /// a tenth, so that connections opened together are not closed together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::connect::Connections;
    ///
    /// let settings = Connections::builder().max_age(Duration::from_secs(60));
    /// let unlimited = Connections::builder().max_age(None);
    /// ```
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// Sets the maximum time that a request waits for a connection, including the time to
    /// open one. Default: 10 s.
    ///
    /// After that, the request fails with
    /// [`TimeoutPhase::Acquire`](crate::error::TimeoutPhase::Acquire); it was not sent. A
    /// request with its own timeout ([`RequestOptions`](crate::RequestOptions)) waits for at
    /// most half of it, so that it fails as not sent before that timeout ends the attempt.
    ///
    /// ```
    /// use std::{future::pending, time::Duration};
    /// use es_transport::{Body, connect::{Connections, Stream}, error::TimeoutPhase};
    /// use http::{Request, Uri};
    /// use tower::{ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let hangs = service_fn(|_: Uri| pending::<std::io::Result<Stream>>());
    /// let settings = Connections::builder().acquire_timeout(Duration::from_secs(2));
    /// let connections = settings.build(hangs);
    /// let request = Request::get("http://localhost:9200/").body(Body::empty()).unwrap();
    /// let error = connections.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Acquire));
    /// assert!(error.is_not_sent());
    /// # }
    /// ```
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets the clock that detects a suspension of the process. Default: [`SystemClock`].
    pub fn suspend_detector(mut self, detector: impl SuspendDetector) -> Self {
        self.detector = Arc::new(detector);
        self
    }

    /// Adds a hook that is called after a connection was opened or closed.
    ///
    /// ```
    /// use es_transport::connect::{Connections, ConnectionEvent};
    ///
    /// let settings = Connections::builder().on_event(|event| match event {
    ///     ConnectionEvent::Opened { target } => println!("opened {target}"),
    ///     ConnectionEvent::Closed { target } => println!("closed {target}"),
    ///     _ => {}
    /// });
    /// # let _ = settings;
    /// ```
    pub fn on_event(mut self, hook: impl Fn(&ConnectionEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Some(match self.on_event {
            None => Arc::new(hook),
            Some(earlier) => Arc::new(move |event: &ConnectionEvent| {
                earlier(event);
                hook(event);
            }),
        });
        self
    }

    /// Sets hyper's own HTTP/1 settings, including the limits on the size of response
    /// headers.
    ///
    /// It replaces the default limits of 256 KiB and 4,096 header lines. A server that
    /// warns of many deprecated parameters can exceed hyper's own default of 100 lines
    /// (`max_headers`), but hyper allocates space for every allowed line of every
    /// response. By default, only a response with more than 100 lines gets that space.
    ///
    /// ```
    /// use es_transport::connect::Connections;
    /// use hyper::client::conn::http1;
    ///
    /// let mut http1 = http1::Builder::new();
    /// http1.max_header_size(1 << 20).max_headers(10_000);
    /// let settings = Connections::builder().http1_builder(http1);
    /// # let _ = settings;
    /// ```
    pub fn http1_builder(mut self, builder: http1::Builder) -> Self {
        self.protocols.http1 = builder;
        self.protocols.spacious_http1 = None;
        self
    }

    /// Sets hyper's own HTTP/2 settings.
    ///
    /// It replaces the defaults: a ping every 20 s, also on idle connections, with a
    /// timeout of 10 s.
    #[cfg(feature = "http2")]
    pub fn http2_builder(mut self, builder: http2::Builder<TokioExecutor>) -> Self {
        self.protocols.http2 = builder;
        self
    }

    /// Sets whether the connector may open HTTP/2 connections, each of which serves
    /// several requests at a time. Connections to an https node are then opened one at
    /// a time until their protocol is known. Default: `false`.
    pub fn may_share(mut self, may_share: bool) -> Self {
        self.may_share = may_share;
        self
    }

    /// Builds the pool over a connector: any service that opens a connection for a URI.
    /// It must negotiate HTTP/1.1 (a TLS connector must not offer `h2` in ALPN) and
    /// should have a time limit. Only a [`Connector`](super::super::Connector) may offer
    /// `h2`.
    ///
    /// ```
    /// use es_transport::connect::{Connections, Connector};
    ///
    /// let connector = Connector::builder().build()?;
    /// let connections = Connections::builder().build(connector);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn build<C>(self, connector: C) -> Connections
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        Connections::from_settings(Settings {
            connect: connection::connect(connector, self.protocols, self.on_event),
            limits: self.limits,
            acquire_timeout: self.acquire_timeout,
            max_age: self.max_age,
            may_share: self.may_share,
            detector: self.detector,
            on_resume: Mutex::default(),
        })
    }
}

#[cfg(feature = "http2")]
fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .max_header_list_size(MAX_HEADER_SIZE as u32);
    builder
}

impl fmt::Debug for ConnectionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionsBuilder")
            .field("limits", &self.limits)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("max_age", &self.max_age)
            .field("suspend_detector", &self.detector)
            .finish_non_exhaustive()
    }
}

/// The settings as the hosts share them.
pub(super) struct Settings {
    pub connect: Connect,
    pub limits: Limits,
    acquire_timeout: Duration,
    max_age: Option<Duration>,
    pub may_share: bool,
    pub detector: Arc<dyn SuspendDetector>,
    on_resume: Mutex<Vec<ResumeHook>>,
}

impl Settings {
    pub fn on_resume(&self, hook: ResumeHook) {
        self.resume_hooks().push(hook);
    }

    /// Reports that the process was suspended.
    pub fn resumed(&self) {
        let hooks = self.resume_hooks().clone();
        hooks.iter().for_each(|hook| hook());
    }

    fn resume_hooks(&self) -> MutexGuard<'_, Vec<ResumeHook>> {
        self.on_resume
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time between two evictions: a quarter of the idle timeout, but short
    /// enough to tell a suspension from an ordinary pause.
    pub fn eviction_period(&self) -> Duration {
        let quarter = self.limits.idle_timeout / 4;
        quarter.clamp(Duration::from_millis(1), Duration::from_secs(5))
    }

    /// Returns how old the next connection may become: the maximum age less up to a tenth.
    pub fn max_age(&self) -> Option<Duration> {
        let age = self.max_age?;
        let percent = u32::try_from(rng::below(10)).unwrap_or(0);
        Some(age - age / 100 * percent)
    }

    /// Returns how long a request waits for a connection that has this time altogether.
    pub fn acquire_timeout(&self, request_timeout: Option<Duration>) -> Duration {
        let most = request_timeout.map(|timeout| timeout / 2);
        most.map_or(self.acquire_timeout, |most| most.min(self.acquire_timeout))
    }
}
