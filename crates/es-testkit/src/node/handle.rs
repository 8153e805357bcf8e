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
/// cluster.node(1).kill().await?;
/// assert_eq!(cluster.node(0).request_count(), 0);
/// cluster.node(1).revive().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NodeHandle(pub(crate) Arc<Node>);

impl NodeHandle {
    /// `http://127.0.0.1:port` or `https://127.0.0.1:port`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The node's id, the key of its entry in `_nodes/http`.
    pub fn id(&self) -> &str {
        &self.0.facts.id
    }

    /// The node's name, as `GET /` tells it.
    pub fn name(&self) -> &str {
        &self.0.facts.name
    }

    /// Injects a fault; see [`Fault`] for how several work together.
    pub fn inject(&self, fault: Fault) {
        lock(&self.0.faults).add(fault);
    }

    /// Takes back all faults that [`inject`](Self::inject) set.
    pub fn clear_faults(&self) {
        lock(&self.0.faults).clear();
    }

    /// Sets how long the node thinks before each answer.
    pub fn set_latency(&self, latency: Latency) {
        lock(&self.0.latency).0 = latency;
    }

    /// Sets how many requests the node works on at a time and how many wait; `None` for without
    /// end. Requests that are at the node keep the places that they have.
    pub fn set_capacity(&self, capacity: impl Into<Option<Capacity>>) {
        let workers = capacity.into().map(|capacity| Arc::new(Workers::new(capacity)));
        *lock(&self.0.workers) = workers;
    }

    /// Stops the node: its connections end, new ones are refused, it leaves `_nodes/http`. The port
    /// stays reserved. All this holds when the call returns.
    ///
    /// # Errors
    /// When the port cannot be reserved.
    pub async fn kill(&self) -> io::Result<()> {
        self.0.set_down(true);
        if let Some(sockets) = &self.0.sockets {
            sockets.stop_accepting().await?;
            sockets.close_connections().await;
        }
        Ok(())
    }

    /// Refuses new connections; those that are open go on, and the node stays in `_nodes/http`.
    ///
    /// # Errors
    /// When the port cannot be reserved.
    pub async fn refuse(&self) -> io::Result<()> {
        match &self.0.sockets {
            Some(sockets) => sockets.stop_accepting().await,
            None => {
                self.0.down.store(true, Ordering::Release);
                Ok(())
            }
        }
    }

    /// Starts the node again on the same port after [`kill`](Self::kill) or
    /// [`refuse`](Self::refuse).
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn revive(&self) -> io::Result<()> {
        if let Some(sockets) = &self.0.sockets {
            sockets.reopen(&self.0)?;
        }
        self.0.set_down(false);
        Ok(())
    }

    /// Accepts new connections and then neither reads nor writes, until
    /// [`serve_connections`](Self::serve_connections).
    pub fn hang_connections(&self) {
        self.welcome(Welcome::Silent);
    }

    /// Accepts new connections and resets each at once, until
    /// [`serve_connections`](Self::serve_connections).
    pub fn reset_connections(&self) {
        self.welcome(Welcome::Reset);
    }

    /// Serves new connections again.
    pub fn serve_connections(&self) {
        self.welcome(Welcome::Serve);
    }

    /// Closes the connections on which no request is under way.
    pub fn drop_idle_connections(&self) {
        if let Some(sockets) = &self.0.sockets {
            sockets.idle_drops.send_modify(|count| *count += 1);
        }
    }

    /// Closes all connections, whatever is under way on them.
    pub async fn drop_connections(&self) {
        if let Some(sockets) = &self.0.sockets {
            sockets.close_connections().await;
        }
    }

    /// Changes the certificate (or anything else about TLS) for connections to come. On a cluster
    /// of plain http it switches TLS on; the URL stays.
    pub fn set_server_config(&self, config: Arc<ServerConfig>) {
        if let Some(sockets) = &self.0.sockets {
            *lock(&sockets.tls) = Some(config);
        }
    }

    /// The certificate the node was started with; `None` for plain http.
    pub fn certificate(&self) -> Option<&NodeCertificate> {
        self.0.certificate.as_ref()
    }

    /// Presents its own certificate without the authority's, for connections to come.
    ///
    /// # Errors
    /// When the node has no certificate.
    pub fn present_only_leaf(&self) -> io::Result<()> {
        let certificate =
            self.certificate().ok_or_else(|| io::Error::other("the node speaks plain http"))?;
        self.set_server_config(certificate.clone().leaf_only().server_config()?);
        Ok(())
    }

    /// The requests received so far, in order; empty when recording is off.
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.records.requests()
    }

    /// How many requests were received, recording or not.
    pub fn request_count(&self) -> usize {
        self.0.records.request_count()
    }

    /// How many connections and handshakes there were.
    pub fn connections(&self) -> ConnectionCounts {
        self.0.records.counts()
    }

    /// The shard operations of the requests that this node received.
    ///
    /// Writes go to the node of the primary, reads to a copy: with `preference=_local` to the
    /// node's own one, searches prefer it, and reads by id alternate between the copies.
    pub fn shard_operations(&self) -> ShardOperations {
        ShardOperations {
            local: self.0.facts.local.load(Ordering::Relaxed),
            forwarded: self.0.facts.forwarded.load(Ordering::Relaxed),
        }
    }

    /// What rustls said about each handshake that failed.
    pub fn handshake_failures(&self) -> Vec<String> {
        self.0.records.failures()
    }

    /// Forgets requests, bytes and counts (not the connections that are open).
    pub fn clear_records(&self) {
        self.0.records.clear();
        self.0.facts.local.store(0, Ordering::Relaxed);
        self.0.facts.forwarded.store(0, Ordering::Relaxed);
    }

    /// Whether this text arrived: in what came before TLS, in the bytes of any connection after
    /// it, half requests included, in a body after decompression; as it stands or within base64.
    /// Secrets of less than four bytes are looked for as they stand only.
    pub fn has_received(&self, secret: &str) -> bool {
        self.0.records.received(secret)
    }

    /// Asserts that this text never arrived; see [`has_received`](Self::has_received).
    ///
    /// # Panics
    /// When it did. The message does not show it.
    #[track_caller]
    pub fn assert_never_received(&self, secret: &str) {
        assert!(!self.has_received(secret), "node {} has received the secret", self.name());
    }

    /// Says in `_nodes/http` that the node is reached at this address, `localhost/127.0.0.1:9200`
    /// or `[::1]:9200` for instance.
    pub fn set_publish_address(&self, address: impl Into<String>) {
        lock(&self.0.facts.changing).publish_address = address.into();
    }

    /// Sets the node's roles, `["master"]` for a dedicated master.
    pub fn set_roles<S: Into<String>>(&self, roles: impl IntoIterator<Item = S>) {
        lock(&self.0.facts.changing).roles = roles.into_iter().map(Into::into).collect();
    }

    /// An attribute of the node, such as its zone.
    pub fn attribute(&self, name: &str) -> Option<String> {
        lock(&self.0.facts.changing).attributes.get(name).cloned()
    }

    /// Sets an attribute of the node, such as its zone.
    pub fn set_attribute(&self, name: impl Into<String>, value: impl Into<String>) {
        lock(&self.0.facts.changing).attributes.insert(name.into(), value.into());
    }

    /// Takes the node out of `_nodes/http`, or puts it back, without touching its sockets.
    pub fn set_listed(&self, listed: bool) {
        self.0.facts.listed.store(listed, Ordering::Relaxed);
    }

    /// Whether the node is in `_nodes/http`.
    pub fn is_listed(&self) -> bool {
        self.0.facts.listed.load(Ordering::Relaxed)
    }

    /// Sends these warnings with every answer, one `Warning` line each; none ends it.
    pub fn set_warnings<S: Into<String>>(&self, warnings: impl IntoIterator<Item = S>) {
        lock(&self.0.facts.changing).warnings = warnings.into_iter().map(Into::into).collect();
    }

    fn welcome(&self, welcome: Welcome) {
        *lock(&self.0.welcome) = welcome;
    }
}
