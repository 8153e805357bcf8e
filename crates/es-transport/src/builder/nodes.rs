//! The nodes, their health, and the choice among them.

use std::{sync::Arc, time::Duration};

use super::TransportBuilder;
use crate::{
    backoff::Backoff,
    cloud_id,
    error::{Error, Result},
    layer::window::WindowLayer,
    node::{DEAD_TIME, Ejection, Node, NodeOutcome, NodePool, NodeSelector},
};

/// Nodes.
impl<T> TransportBuilder<T> {
    /// Adds a node: `scheme://[user:password@]host[:port][/prefix]`. A load balancer is one
    /// node.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://es.example/search")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn node(self, url: impl AsRef<str>) -> Self {
        self.try_set(|settings| {
            settings.nodes.push(url.as_ref().parse()?);
            Ok(())
        })
    }

    /// Adds several nodes. By default, requests use them in turn.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .nodes(["https://a:9200", "https://b:9200", "https://c:9200"])
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn nodes(self, urls: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        urls.into_iter().fold(self, Self::node)
    }

    /// Adds a node with attributes, such as its zone ([`Node::with_attribute`]).
    ///
    /// ```
    /// use es_transport::{Node, Transport, node::PreferAttribute};
    ///
    /// let near = "https://near:9200".parse::<Node>()?.with_attribute("zone", "a");
    /// let transport = Transport::builder()
    ///     .add_node(near).node("https://far:9200")
    ///     .node_selector(PreferAttribute::new("zone", "a"))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn add_node(self, node: Node) -> Self {
        self.set(|settings| settings.nodes.push(node))
    }

    /// Sets the Cloud ID of an Elastic Cloud deployment, instead of nodes. It enables HTTPS
    /// and compression; sniffing cannot be enabled with it.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .cloud_id("test:d2VzdGV1cm9wZS5henVyZS5lbGFzdGljLWNsb3VkLmNvbSRhJGI=")
    ///     .api_key("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn cloud_id(self, cloud_id: impl AsRef<str>) -> Self {
        self.try_set(|settings| {
            settings.nodes.push(cloud_id::node(cloud_id.as_ref())?);
            settings.cloud = true;
            Ok(())
        })
    }

    /// Sets a node pool instead of individual nodes: one that is shared with other
    /// transports or managed by the caller.
    ///
    /// The nodes, `dead_node_backoff`, `ejection`, `slow_start` and `failure_penalty`
    /// are then set on the pool instead of this builder.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, Transport};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// let transport = Transport::builder().node_pool(pool.clone()).build()?;
    /// pool.add("http://b:9200".parse()?)?;
    /// assert_eq!(transport.pool().map(|pool| pool.len()), Some(2));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn node_pool(self, pool: Arc<NodePool>) -> Self {
        self.set(|settings| settings.pool = Some(pool))
    }

    /// Sets the selector that chooses a node for each attempt: any [`NodeSelector`], or a
    /// closure ([`selector_fn`](crate::node::selector_fn)). Default:
    /// [`RoundRobin`](crate::node::RoundRobin); if [`shard_aware`](Self::shard_aware),
    /// [`PeakEwma`](crate::node::PeakEwma).
    ///
    /// ```
    /// use es_transport::{Transport, node::LeastInFlight};
    /// let transport = Transport::builder()
    ///     .nodes(["https://a:9200", "https://b:9200"])
    ///     .node_selector(LeastInFlight::default())
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn node_selector(self, selector: impl NodeSelector) -> Self {
        self.set(|settings| {
            settings.selector = Some(Arc::new(selector));
            settings.reads_extensions = true;
        })
    }

    /// Sets whether requests for a document, or for an index with one shard, are sent
    /// to a node that holds the shard ([`shard_aware`](crate::shard_aware)). The
    /// [`node_selector`](Self::node_selector) chooses among several such nodes, or
    /// among all nodes if the shard is not known. Default: `false`.
    ///
    /// It enables `sniff_on_start`, which finds the IDs of the nodes, and makes
    /// [`PeakEwma`](crate::node::PeakEwma) the default node selector, which avoids a node that
    /// does not respond: in turns, half of the reads of a shard with two copies would wait
    /// for it.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// let transport = Transport::builder()
    ///     .nodes(["http://a:9200", "http://b:9200"])
    ///     .shard_aware(true)
    ///     .build()?;
    /// assert!(transport.knows_shards());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn shard_aware(self, yes: bool) -> Self {
        self.set(|settings| {
            settings.shard_aware = yes;
            if yes {
                settings.sniff = settings.sniff.clone().on_start(true);
            }
        })
    }

    /// Replaces [`NodeOutcome::of`], which maps the status of a response, or an error,
    /// to the health of its node.
    ///
    /// ```
    /// use es_transport::{Transport, node::NodeOutcome};
    ///
    /// let transport = Transport::builder()
    ///     .node("http://proxy:9200")
    ///     // The proxy returns 502 for individual requests that it rejects.
    ///     .node_outcome(|result| match result {
    ///         Ok(http::StatusCode::BAD_GATEWAY) => NodeOutcome::Overloaded,
    ///         result => NodeOutcome::of(result),
    ///     })
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn node_outcome(
        self,
        classify: impl Fn(Result<http::StatusCode, &Error>) -> NodeOutcome + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.classify = Some(Arc::new(classify)))
    }

    /// Sets the time for which a failed node is not used: `factor · 2^(failures − 1)`,
    /// at most `max`. Defaults: 1 s and 30 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::Transport;
    ///
    /// let transport = Transport::builder()
    ///     .nodes(["http://a:9200", "http://b:9200"])
    ///     .dead_node_backoff(Duration::from_secs(5), Duration::from_secs(60))
    ///     .build()?;
    ///
    /// let builder = Transport::builder().node("http://a:9200");
    /// let zero = builder.dead_node_backoff(Duration::ZERO, Duration::from_secs(60));
    /// assert_eq!(zero.build().unwrap_err().setting(), Some("dead_node_backoff"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn dead_node_backoff(self, factor: Duration, max: Duration) -> Self {
        self.try_set(|settings| {
            if factor.is_zero() || max < factor {
                let message = "the factor must be above zero and not above the maximum";
                return Err(Error::config("dead_node_backoff", message));
            }
            settings.dead_time = Backoff::new(factor, max);
            Ok(())
        })
    }

    /// Enables the ejection of nodes that respond, but fail more often than the others
    /// ([`Ejection`]). Default: `None`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Transport, node::{Ejection, PeakEwma}};
    ///
    /// let transport = Transport::builder()
    ///     .nodes(["http://a:9200", "http://b:9200", "http://c:9200"])
    ///     .node_selector(PeakEwma::default())
    ///     .ejection(Ejection::new())
    ///     .slow_start(Duration::from_secs(10))
    ///     .failure_penalty(Duration::from_secs(1))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn ejection(self, ejection: impl Into<Option<Ejection>>) -> Self {
        let ejection = ejection.into();
        self.set(|settings| settings.ejection = ejection)
    }

    /// Sets the time during which a node that joins or comes back receives only a share
    /// of its requests: a tenth at first, growing linearly to all of them. Default:
    /// `None`.
    pub fn slow_start(self, time: impl Into<Option<Duration>>) -> Self {
        let time = time.into();
        self.set(|settings| settings.slow_start = time)
    }

    /// Sets the minimum latency that is recorded for a failed attempt, for selectors that use
    /// latencies
    /// ([`NodePoolBuilder::failure_penalty`](crate::node::NodePoolBuilder::failure_penalty)).
    /// Default: `None`.
    pub fn failure_penalty(self, latency: impl Into<Option<Duration>>) -> Self {
        let latency = latency.into();
        self.set(|settings| settings.failure_penalty = latency)
    }

    /// Enables adaptive limits on the requests in flight at each node
    /// ([`layer::window`](crate::layer::window)). Default: `None`.
    pub fn windows(self, windows: impl Into<Option<WindowLayer>>) -> Self {
        let windows = windows.into();
        self.set(|settings| settings.windows = windows)
    }

    pub(super) fn check_nodes(settings: &super::Settings) -> Result<()> {
        if settings.pool.is_some() {
            let message = "the nodes are those of `node_pool`; it cannot be combined with others";
            if settings.cloud {
                return Err(Error::config("cloud_id", message));
            }
            if !settings.nodes.is_empty() {
                return Err(Error::config("nodes", message));
            }
            let of_pool = [
                ("dead_node_backoff", settings.dead_time != DEAD_TIME),
                ("ejection", settings.ejection.is_some()),
                ("slow_start", settings.slow_start.is_some()),
                ("failure_penalty", settings.failure_penalty.is_some()),
            ];
            if let Some((setting, _)) = of_pool.into_iter().find(|(_, is_set)| *is_set) {
                let message = "it is a setting of the pool that `node_pool` gives";
                return Err(Error::config(setting, message));
            }
            return Ok(());
        }
        if settings.cloud && settings.nodes.len() > 1 {
            let message = "a Cloud ID names the one node; it cannot be combined with others";
            return Err(Error::config("cloud_id", message));
        }
        if settings.cloud && settings.sniff.is_on() {
            let message = "the one address of a Cloud ID stands for all nodes; sniffing is off";
            return Err(Error::config("cloud_id", message));
        }
        if settings.nodes.is_empty() {
            return Err(Error::config("nodes", "no node and no Cloud ID is given"));
        }
        Ok(())
    }
}
