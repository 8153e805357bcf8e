//! Settings of sniffing.

use std::time::Duration;

use super::TransportBuilder;
use crate::{node::Node, sniff::SniffOptions};

/// Sniffing. Off by default, and refused with a Cloud ID, whose one address
/// stands for all nodes. See [`crate::sniff`].
impl<T> TransportBuilder<T> {
    /// Sets whether the nodes are fetched from the cluster before the first request. Default:
    /// `false`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .sniff_on_start(true)
    ///     .sniff_on_node_failure(true)
    ///     .min_delay_between_sniffing(Duration::from_secs(60))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn sniff_on_start(self, sniff: bool) -> Self {
        self.sniff(|options| options.on_start(sniff))
    }

    /// Sets whether the nodes are fetched again when a node fails. Default: `false`.
    pub fn sniff_on_node_failure(self, sniff: bool) -> Self {
        self.sniff(|options| options.on_node_failure(sniff))
    }

    /// Sets whether the nodes are fetched before a request if the minimum delay has passed
    /// since the last sniff. Default: `false`.
    pub fn sniff_before_requests(self, sniff: bool) -> Self {
        self.sniff(|options| options.before_requests(sniff))
    }

    /// Sets the interval at which the nodes are fetched. Default: never.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .sniff_every(Duration::from_secs(300))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn sniff_every(self, interval: Duration) -> Self {
        self.sniff(|options| options.every(interval))
    }

    /// Sets the minimum delay between two sniffs. Default: 10 s.
    pub fn min_delay_between_sniffing(self, delay: Duration) -> Self {
        self.sniff(|options| options.min_delay(delay))
    }

    /// Sets the time limit of a sniff. Default: 5 s.
    pub fn sniff_timeout(self, timeout: Duration) -> Self {
        self.sniff(|options| options.timeout(timeout))
    }

    /// Sets a function that changes each sniffed node, or ignores it by returning `None`.
    /// Use it if the client reaches the nodes under other addresses than those that they
    /// publish.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .sniff_on_start(true)
    ///     // Only nodes with the attribute `rack: a`.
    ///     .sniffed_node_callback(|node| (node.attribute("rack") == Some("a")).then_some(node))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn sniffed_node_callback(
        self,
        callback: impl Fn(Node) -> Option<Node> + Send + Sync + 'static,
    ) -> Self {
        self.sniff(|options| options.filter(callback))
    }

    fn sniff(self, change: impl FnOnce(SniffOptions) -> SniffOptions) -> Self {
        self.set(|settings| settings.sniff = change(std::mem::take(&mut settings.sniff)))
    }
}
