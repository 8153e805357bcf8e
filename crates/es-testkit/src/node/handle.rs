//! The handle of a node: faults, records, facts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::ServerConfig;

use super::core::Node;
use super::listener::Welcome;
use crate::capacity::{Capacity, Workers};
use crate::fault::Fault;
use crate::latency::Latency;
use crate::record::{ConnectionCounts, Recorded, ShardOperations};
use crate::sync::lock;
use crate::tls::NodeCertificate;

/// One node of a cluster. Clones are handles of the same node.
///
/// ```
/// use es_testkit::{Cluster, Fault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let cluster = Cluster::builder().nodes(2).start().await?;
/// cluster.node(0).inject(Fault::status(503).times(1));
/// cluster.node(1).kill().await;
/// assert_eq!(cluster.node(0).request_count(), 0);
/// cluster.node(1).revive().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NodeHandle(pub(crate) Arc<Node>);

impl NodeHandle {
    /// Returns `http://127.0.0.1:port` or `https://127.0.0.1:port`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// assert!(cluster.node(0).url().starts_with("https://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Returns the id of the node, the key of its entry in `_nodes/http`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// let url = format!("{}/_nodes/http", cluster.node(0).url());
    /// let request = http::Request::get(url).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// let body = http_body_util::BodyExt::collect(response.into_body()).await?.to_bytes();
    /// let nodes: serde_json::Value = serde_json::from_slice(&body)?;
    /// assert!(nodes["nodes"][cluster.node(0).id()].is_object());
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> &str {
        &self.0.facts.id
    }

    /// Returns the name of the node, as in the response to `GET /`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).simulated()?;
    /// assert_ne!(cluster.node(0).name(), cluster.node(1).name());
    /// # Ok(())
    /// # }
    /// ```
    pub fn name(&self) -> &str {
        &self.0.facts.name
    }

    /// Injects a fault; see [`Fault`] for how several work together.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// let node = cluster.node(0);
    /// node.inject(Fault::status(503).once());
    /// node.inject(Fault::reset().on_path("_bulk"));
    /// node.clear_faults();
    /// # Ok(())
    /// # }
    /// ```
    pub fn inject(&self, fault: Fault) {
        lock(&self.0.faults).add(fault);
    }

    /// Removes all faults that [`inject`](Self::inject) added.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::status(503));
    /// cluster.node(0).clear_faults();
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// assert_eq!(cluster.service().oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_faults(&self) {
        lock(&self.0.faults).clear();
    }

    /// Sets the time that the node takes for each request.
    ///
    /// ```
    /// use es_testkit::{Cluster, Latency};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// cluster.node(1).set_latency(Latency::Constant(Duration::from_millis(200)));
    /// cluster.node(1).set_latency(Latency::None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_latency(&self, latency: Latency) {
        lock(&self.0.latency).0 = latency;
    }

    /// Sets how many requests the node processes at a time and how many wait; `None` is no limit.
    /// Requests that the node has received already keep their places.
    ///
    /// ```
    /// use es_testkit::{Capacity, Cluster};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // One request at a time, 429 for all others.
    /// cluster.node(0).set_capacity(Capacity::new(1, 0));
    /// cluster.node(0).set_capacity(None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_capacity(&self, capacity: impl Into<Option<Capacity>>) {
        let workers = capacity
            .into()
            .map(|capacity| Arc::new(Workers::new(capacity)));
        *lock(&self.0.workers) = workers;
    }

    /// Stops the node: its connections end, new ones are refused, and it leaves `_nodes/http`.
    /// The port stays reserved. All of this has happened when the call returns.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// cluster.node(1).kill().await;
    /// assert!(!cluster.node(1).is_listed());
    /// cluster.node(1).revive().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn kill(&self) {
        self.0.set_down(true);
        if let Some(sockets) = &self.0.sockets {
            sockets.stop_accepting().await;
            sockets.close_connections().await;
        }
    }

    /// Refuses new connections. Open connections continue, and the node stays in `_nodes/http`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// // The node is listed, and refuses connections.
    /// cluster.node(1).refuse().await;
    /// assert!(cluster.node(1).is_listed());
    /// cluster.node(1).revive().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn refuse(&self) {
        match &self.0.sockets {
            Some(sockets) => sockets.stop_accepting().await,
            None => self.0.down.store(true, Ordering::Release),
        }
    }

    /// Starts the node again on the same port after [`kill`](Self::kill) or
    /// [`refuse`](Self::refuse).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// let (node, url) = (cluster.node(0), cluster.url(0));
    /// node.kill().await;
    /// node.revive().await?;
    /// assert_eq!(cluster.url(0), url);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The port cannot be opened.
    pub async fn revive(&self) -> io::Result<()> {
        if let Some(sockets) = &self.0.sockets {
            sockets.accept(&self.0)?;
        }
        self.0.set_down(false);
        Ok(())
    }

    /// Accepts new connections and then neither reads nor writes, until
    /// [`serve_connections`](Self::serve_connections).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // A client runs into its timeout.
    /// cluster.node(0).hang_connections();
    /// cluster.node(0).drop_connections().await;
    /// cluster.node(0).serve_connections();
    /// # Ok(())
    /// # }
    /// ```
    pub fn hang_connections(&self) {
        self.welcome(Welcome::Silent);
    }

    /// Accepts new connections and resets each at once, until
    /// [`serve_connections`](Self::serve_connections).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // As a load balancer without a backend.
    /// cluster.node(0).reset_connections();
    /// cluster.node(0).serve_connections();
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_connections(&self) {
        self.welcome(Welcome::Reset);
    }

    /// Serves new connections again.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).reset_connections();
    /// cluster.node(0).serve_connections();
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// assert_eq!(cluster.service().oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve_connections(&self) {
        self.welcome(Welcome::Serve);
    }

    /// Closes the connections that have no request in flight.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // .. requests, and then a proxy that closes what nobody uses ..
    /// cluster.node(0).drop_idle_connections();
    /// // .. the next request needs a new connection ..
    /// # Ok(())
    /// # }
    /// ```
    pub fn drop_idle_connections(&self) {
        if let Some(sockets) = &self.0.sockets {
            sockets.idle_drops.send_modify(|count| *count += 1);
        }
    }

    /// Closes all connections, with the requests that are in flight.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // .. with requests in flight ..
    /// cluster.node(0).drop_connections().await;
    /// assert_eq!(cluster.node(0).connections().open, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drop_connections(&self) {
        if let Some(sockets) = &self.0.sockets {
            sockets.close_connections().await;
        }
    }

    /// Changes the certificate, or any other TLS setting, for new connections. On a cluster
    /// without TLS it switches TLS on; the URL stays the same.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// if let Some(authority) = cluster.authority() {
    ///     // The certificate is renewed while clients are connected.
    ///     let renewed = authority.leaf().valid_days(0, 90).issue()?;
    ///     cluster.node(0).set_server_config(renewed.server_config()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_server_config(&self, config: Arc<ServerConfig>) {
        if let Some(sockets) = &self.0.sockets {
            *lock(&sockets.tls) = Some(config);
        }
    }

    /// Returns the certificate with which the node was started; `None` without TLS.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// let certificate = cluster.node(0).certificate().cloned();
    /// assert_eq!(certificate.unwrap().fingerprint(), cluster.leaf_fingerprint(0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn certificate(&self) -> Option<&NodeCertificate> {
        self.0.certificate.as_ref()
    }

    /// Presents its own certificate without that of the CA, for new connections.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// // A fingerprint of the CA cannot be found in the handshake any more.
    /// cluster.node(0).present_only_leaf()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The node has no certificate.
    pub fn present_only_leaf(&self) -> io::Result<()> {
        let certificate = self
            .certificate()
            .ok_or_else(|| io::Error::other("the node speaks plain http"))?;
        self.set_server_config(certificate.clone().leaf_only().server_config()?);
        Ok(())
    }

    /// Returns the requests received so far, in order; none if recording is off.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// let paths: Vec<_> = cluster.node(0).requests().iter().map(|r| r.path().to_owned()).collect();
    /// assert!(paths.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.records.requests()
    }

    /// Returns the number of requests received, whether they are recorded or not.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().nodes(2).recording(false).simulated()?;
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// cluster.service().oneshot(request).await?;
    /// assert_eq!(cluster.node(0).request_count(), 1);
    /// assert_eq!(cluster.node(1).request_count(), 0);
    /// assert!(cluster.node(0).requests().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn request_count(&self) -> usize {
        self.0.records.request_count()
    }

    /// Returns the number of connections and handshakes.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// // .. requests ..
    /// let counts = cluster.node(0).connections();
    /// println!("{} of {} handshakes resumed a session", counts.resumed, counts.handshakes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connections(&self) -> ConnectionCounts {
        self.0.records.counts()
    }

    /// Returns the shard operations of the requests that this node received.
    ///
    /// Writes go to the node of the primary. Reads go to a copy: with `preference=_local` to the
    /// node's own one; searches prefer it, and reads by id alternate between the copies.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // .. a client that sends requests to the node of their shard ..
    /// for node in cluster.nodes() {
    ///     let operations = node.shard_operations();
    ///     println!("{}: {} local, {} forwarded", node.name(), operations.local, operations.forwarded);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn shard_operations(&self) -> ShardOperations {
        ShardOperations {
            local: self.0.facts.local.load(Ordering::Relaxed),
            forwarded: self.0.facts.forwarded.load(Ordering::Relaxed),
        }
    }

    /// Returns the message of rustls for each handshake that failed.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// // .. a client that must not trust this CA ..
    /// for reason in cluster.node(0).handshake_failures() {
    ///     println!("{reason}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn handshake_failures(&self) -> Vec<String> {
        self.0.records.failures()
    }

    /// Removes the recorded requests, bytes and counts, except those of open connections.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// let node = cluster.node(0);
    /// // .. preparations ..
    /// node.clear_records();
    /// assert_eq!(node.request_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_records(&self) {
        self.0.records.clear();
        self.0.facts.local.store(0, Ordering::Relaxed);
        self.0.facts.forwarded.store(0, Ordering::Relaxed);
    }

    /// Returns whether the node has received this text: before TLS, in the bytes of any
    /// connection after it (incomplete requests included), or in a body after decompression; as
    /// plain text or within base64. Texts of less than four bytes are searched as plain text
    /// only.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// // .. requests with a password for the first node only ..
    /// assert!(!cluster.node(1).has_received("changeme"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn has_received(&self, secret: &str) -> bool {
        self.0.records.received(secret)
    }

    /// Asserts that the node has never received this text; see
    /// [`has_received`](Self::has_received).
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().nodes(2).simulated()?;
    /// let request = http::Request::get(cluster.node(0).url())
    ///     .header("authorization", "ApiKey c2VjcmV0")
    ///     .body(String::new())?;
    /// cluster.service().oneshot(request).await?;
    /// assert!(cluster.node(0).has_received("c2VjcmV0"));
    /// cluster.node(1).assert_never_received("c2VjcmV0");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// The node has received it. The message does not show it.
    #[track_caller]
    pub fn assert_never_received(&self, secret: &str) {
        assert!(
            !self.has_received(secret),
            "node {} has received the secret",
            self.name()
        );
    }

    /// Sets the address of the node in `_nodes/http`, such as `localhost/127.0.0.1:9200` or
    /// `[::1]:9200`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// // A client that sniffs is led to an address where nobody listens.
    /// cluster.node(1).set_publish_address("192.0.2.1:9200");
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_publish_address(&self, address: impl Into<String>) {
        lock(&self.0.facts.changing).publish_address = address.into();
    }

    /// Sets the node's roles, `["master"]` for a dedicated master.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// let node = cluster.node(1);
    /// node.set_roles(["master"]);
    /// node.set_attribute("zone", "b");
    /// assert_eq!(node.attribute("zone").as_deref(), Some("b"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_roles<S: Into<String>>(&self, roles: impl IntoIterator<Item = S>) {
        lock(&self.0.facts.changing).roles = roles.into_iter().map(Into::into).collect();
    }

    /// Returns an attribute of the node, such as its zone.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).zones(["a", "b"]).simulated()?;
    /// assert_eq!(cluster.node(1).attribute("zone").as_deref(), Some("b"));
    /// assert_eq!(cluster.node(1).attribute("rack"), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn attribute(&self, name: &str) -> Option<String> {
        lock(&self.0.facts.changing).attributes.get(name).cloned()
    }

    /// Sets an attribute of the node, such as its zone.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// cluster.node(1).set_attribute("zone", "b");
    /// assert_eq!(cluster.node(0).attribute("zone"), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_attribute(&self, name: impl Into<String>, value: impl Into<String>) {
        lock(&self.0.facts.changing)
            .attributes
            .insert(name.into(), value.into());
    }

    /// Removes the node from `_nodes/http`, or adds it again, without a change of its sockets.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// // The node serves, and clients that sniff do not learn of it.
    /// cluster.node(1).set_listed(false);
    /// assert!(!cluster.node(1).is_listed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_listed(&self, listed: bool) {
        self.0.facts.listed.store(listed, Ordering::Relaxed);
    }

    /// Whether the node is in `_nodes/http`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).simulated()?;
    /// cluster.node(1).set_listed(false);
    /// assert!(cluster.node(0).is_listed());
    /// assert!(!cluster.node(1).is_listed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_listed(&self) -> bool {
        self.0.facts.listed.load(Ordering::Relaxed)
    }

    /// Adds these warnings to every response, one `Warning` line each; an empty list ends it.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).set_warnings(["this API is deprecated"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_warnings<S: Into<String>>(&self, warnings: impl IntoIterator<Item = S>) {
        lock(&self.0.facts.changing).warnings = warnings.into_iter().map(Into::into).collect();
    }

    fn welcome(&self, welcome: Welcome) {
        *lock(&self.0.welcome) = welcome;
    }
}
