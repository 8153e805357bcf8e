//! When to sniff, and which nodes to take.

use std::{fmt, sync::Arc, time::Duration};

use crate::node::Node;

/// When a [`Sniffer`](super::Sniffer) sniffs, and which nodes it takes. By
/// default it never sniffs by itself.
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
    /// Sniffs with the first request, which waits for it. Until a sniff has
    /// succeeded, later requests try again in the background.
    #[must_use]
    pub fn on_start(mut self, yes: bool) -> Self {
        self.on_start = yes;
        self
    }

    /// Sniffs in the background after a failed attempt (no connection, a broken
    /// one, 502, 503, 504), at the latest when the minimal delay is over.
    #[must_use]
    pub fn on_node_failure(mut self, yes: bool) -> Self {
        self.on_node_failure = yes;
        self
    }

    /// Sniffs with a request, which waits for it, if the last sniff is older
    /// than the minimal delay. Requests that come meanwhile do not wait.
    #[must_use]
    pub fn before_requests(mut self, yes: bool) -> Self {
        self.before_requests = yes;
        self
    }

    /// Sniffs periodically, in the background. A sniff that failed is repeated
    /// after the minimal delay.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = Some(interval);
        self
    }

    /// Sets the minimal time between the starts of two sniffs. Default: 10 s.
    #[must_use]
    pub fn min_delay(mut self, delay: Duration) -> Self {
        self.min_delay = delay;
        self
    }

    /// Sets the time limit of one sniff, however many nodes it tries. Default: 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Decides about each node that was found, with its
    /// [facts](Node::facts): to take it as it is, change it, or ignore it (`None`).
    ///
    /// It does not see dedicated masters. A node without TLS is ignored if the
    /// one that reported it has it.
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

    /// Whether it ever sniffs by itself.
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
