//! When the cluster is asked for its nodes.

use std::time::Duration;

use super::TransportBuilder;
use crate::{node::Node, sniff::SniffOptions};

/// Sniffing. Off by default, and refused with a Cloud ID, whose one address
/// stands for all nodes. See [`crate::sniff`].
impl<T> TransportBuilder<T> {
    /// Whether the nodes are asked for before the first request.
    pub fn sniff_on_start(self, sniff: bool) -> Self {
        self.sniff(|options| options.on_start(sniff))
    }

    /// Whether the nodes are asked for when one has failed.
    pub fn sniff_on_node_failure(self, sniff: bool) -> Self {
        self.sniff(|options| options.on_node_failure(sniff))
    }

    /// Whether a request waits for the nodes to be asked for, once the minimal
    /// delay is over.
    pub fn sniff_before_requests(self, sniff: bool) -> Self {
        self.sniff(|options| options.before_requests(sniff))
    }

    /// Asks for the nodes from time to time.
    pub fn sniff_every(self, interval: Duration) -> Self {
        self.sniff(|options| options.every(interval))
    }

    /// The shortest time between two times of asking. Default 10 s.
    pub fn min_delay_between_sniffing(self, delay: Duration) -> Self {
        self.sniff(|options| options.min_delay(delay))
    }

    /// How long the asking may take. Default 5 s.
    pub fn sniff_timeout(self, timeout: Duration) -> Self {
        self.sniff(|options| options.timeout(timeout))
    }

    /// Leaves nodes out (`None`) or rewrites them, such as an address that is
    /// reached by another name from here.
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
