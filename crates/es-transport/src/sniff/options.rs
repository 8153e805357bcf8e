//! When to sniff, and which nodes to take.

use std::{fmt, sync::Arc, time::Duration};

use crate::node::Node;

/// Settings of a [`Sniffer`](super::Sniffer): when it sniffs, and which nodes it uses.
/// By default, it sniffs only when [`sniff`](super::Sniffer::sniff) is called.
///
/// ```
/// use std::time::Duration;
/// use es_transport::sniff::SniffOptions;
///
/// let options = SniffOptions::default()
///     .on_start(true)
///     .on_node_failure(true)
///     .every(Duration::from_secs(300));
/// ```
#[derive(Clone)]
pub struct SniffOptions {
    pub(super) on_start: bool,
    pub(super) on_node_failure: bool,
    pub(super) before_requests: bool,
    pub(super) every: Option<Duration>,
    pub(super) min_delay: Duration,
    pub(super) timeout: Duration,
    pub(super) filter: Option<Filter>,
}

pub(super) type Filter = Arc<dyn Fn(Node) -> Option<Node> + Send + Sync>;

impl Default for SniffOptions {
    fn default() -> Self {
        Self {
            on_start: false,
            on_node_failure: false,
            before_requests: false,
            every: None,
            min_delay: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            filter: None,
        }
    }
}

impl SniffOptions {
    /// Sets whether the first request sniffs, and waits for the result. Until a sniff
    /// has succeeded, later requests try again in the background. Default: `false`.
    #[must_use]
    pub fn on_start(mut self, yes: bool) -> Self {
        self.on_start = yes;
        self
    }

    /// Sets whether a failed attempt (a failed or broken connection, 502, 503, 504)
    /// starts a sniff in the background, as soon as the minimum delay has passed.
    /// Default: `false`.
    #[must_use]
    pub fn on_node_failure(mut self, yes: bool) -> Self {
        self.on_node_failure = yes;
        self
    }

    /// Sets whether a request sniffs, and waits for the result, if the minimum delay
    /// has passed since the last sniff. Concurrent requests do not wait. Default:
    /// `false`.
    #[must_use]
    pub fn before_requests(mut self, yes: bool) -> Self {
        self.before_requests = yes;
        self
    }

    /// Sets the interval of periodic sniffs in the background. A failed sniff is
    /// repeated after the minimum delay. Default: never.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = Some(interval);
        self
    }

    /// Sets the minimum delay between the starts of two sniffs. Default: 10 s.
    #[must_use]
    pub fn min_delay(mut self, delay: Duration) -> Self {
        self.min_delay = delay;
        self
    }

    /// Sets the time limit of a sniff, including all nodes that it tries. Default: 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a function that is called for each node that was found, with its
    /// [facts](Node::facts). It returns the node, possibly changed, or `None` to ignore
    /// it.
    ///
    /// It is not called for dedicated master nodes. If the node that responded uses
    /// TLS, nodes without TLS are ignored.
    ///
    /// ```
    /// use es_transport::{Node, sniff::SniffOptions};
    ///
    /// // Published addresses are private; the outside reaches the nodes by name.
    /// let options = SniffOptions::default().on_start(true).filter(|node: Node| {
    ///     let name = node.facts().name.as_deref()?;
    ///     let outside = node.at(&format!("{name}.example.org"), 9200).ok()?;
    ///     Some(outside.with_facts(node.facts().clone()))
    /// });
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Fn(Node) -> Option<Node> + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Whether any kind of automatic sniffing is enabled.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::sniff::SniffOptions;
    ///
    /// let options = SniffOptions::default().min_delay(Duration::from_secs(60));
    /// assert!(!options.is_on());
    /// assert!(options.on_node_failure(true).is_on());
    /// ```
    pub fn is_on(&self) -> bool {
        self.on_start || self.on_node_failure || self.before_requests || self.every.is_some()
    }
}

impl fmt::Debug for SniffOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SniffOptions")
            .field("on_start", &self.on_start)
            .field("on_node_failure", &self.on_node_failure)
            .field("before_requests", &self.before_requests)
            .field("every", &self.every)
            .field("min_delay", &self.min_delay)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
