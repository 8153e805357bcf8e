//! Settings of the connections.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    clock::{SystemClock, WallClock},
    dial::{self, Dialer, Io},
    service::Connections,
};
use crate::error::BoxError;
use http::Uri;
use hyper::client::conn::http1;
use tower::Service;

/// Builds [`Connections`].
///
/// Limits hold per node: per scheme, host and port.
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct ConnectionsBuilder {
    max_per_node: usize,
    max_idle_per_node: usize,
    idle_timeout: Duration,
    acquire_timeout: Duration,
    clock: Arc<dyn WallClock>,
    on_thaw: ThawHook,
    http1: http1::Builder,
}

type ThawHook = Arc<dyn Fn() + Send + Sync>;

impl ConnectionsBuilder {
    pub(super) fn new() -> Self {
        Self {
            max_per_node: 256,
            max_idle_per_node: 256,
            idle_timeout: Duration::from_secs(60),
            acquire_timeout: Duration::from_secs(10),
            clock: Arc::new(SystemClock),
            on_thaw: Arc::new(|| {}),
            http1: dial::http1_builder(),
        }
    }

    /// Sets hyper's own settings of HTTP/1 connections, among them the limits on the
    /// heads of responses.
    ///
    /// It replaces the defaults: 256 KiB (`max_header_size`) and 2,000 header lines
    /// (`max_headers`). hyper's own default is 100 lines, which a server that warns
    /// of many deprecated parameters exceeds.
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
        self.http1 = builder;
        self
    }

    /// How many connections to one node are open at the same time; further
    /// requests wait, first come, first served. Default 256, at least 1.
    pub fn max_per_node(mut self, connections: usize) -> Self {
        self.max_per_node = connections.max(1);
        self
    }

    /// How many idle connections to one node are kept. Default 256; 0 keeps none.
    pub fn max_idle_per_node(mut self, connections: usize) -> Self {
        self.max_idle_per_node = connections;
        self
    }

    /// How long an idle connection is kept: between this time and 1.25 times
    /// it, and never more than 5 s longer. Default 60 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How long a request waits for a connection, opening one included, before it
    /// fails as one that was not sent. Default 10 s.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// The clock that tells a thaw; the system's by default.
    pub fn wall_clock(mut self, clock: impl WallClock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Called when a thaw was noticed, by the request or the timer that noticed
    /// it: what else is known of the cluster may be old too. Where several
    /// nodes have idle connections, it is called for each.
    pub fn on_thaw(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_thaw = Arc::new(hook);
        self
    }

    /// Connections that are opened by `connector`: any service that makes an
    /// open connection of a URI. It must speak HTTP/1.1 (a TLS connector must
    /// offer no `h2` in ALPN) and should limit its own time.
    pub fn build<C>(self, connector: C) -> Connections
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        let limits = Limits {
            acquire_timeout: self.acquire_timeout,
            ..Limits::new(self.max_per_node, self.max_idle_per_node, self.idle_timeout)
        };
        Connections::from_parts(Common {
            dial: Box::new(Dialer::new(connector, self.http1)),
            limits,
            clock: self.clock,
            on_thaw: self.on_thaw,
        })
    }
}

impl fmt::Debug for ConnectionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionsBuilder")
            .field("max_per_node", &self.max_per_node)
            .field("max_idle_per_node", &self.max_idle_per_node)
            .field("idle_timeout", &self.idle_timeout)
            .field("wall_clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// What the origins share.
pub(super) struct Common {
    pub(super) dial: Box<dyn super::dial::Dial>,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) on_thaw: ThawHook,
}

/// The settings as the origins use them.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) max_open: usize,
    pub(super) max_idle: usize,
    /// The time between two rounds of the reaper.
    pub(super) round: Duration,
    /// How many rounds an idle connection may see.
    pub(super) max_age: u32,
    pub(super) acquire_timeout: Duration,
}

impl Limits {
    /// Rounds are a quarter of the idle timeout apart, but short enough to tell
    /// a thaw from an ordinary pause.
    const LONGEST_ROUND: Duration = Duration::from_secs(5);
    const SHORTEST_ROUND: Duration = Duration::from_millis(1);

    pub(super) fn new(max_open: usize, max_idle: usize, idle_timeout: Duration) -> Self {
        let round = (idle_timeout / 4).clamp(Self::SHORTEST_ROUND, Self::LONGEST_ROUND);
        let rounds = idle_timeout.as_nanos().div_ceil(round.as_nanos());
        let max_age = u32::try_from(rounds).unwrap_or(u32::MAX / 2).min(u32::MAX / 2);
        let acquire_timeout = Duration::from_secs(10);
        Self { max_open, max_idle, round, max_age, acquire_timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_connections_are_watched_often_enough() {
        let limits = |seconds| Limits::new(1, 1, Duration::from_secs_f64(seconds));
        assert_eq!((limits(60.0).round, limits(60.0).max_age), (Duration::from_secs(5), 12));
        assert_eq!((limits(1.0).round, limits(1.0).max_age), (Duration::from_millis(250), 4));
        assert_eq!(limits(0.0).max_age, 0);
        assert_eq!(Limits::new(1, 1, Duration::MAX).max_age, u32::MAX / 2);
    }
}
