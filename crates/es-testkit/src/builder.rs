//! Settings of a cluster.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::ServerConfig;

use crate::capacity::Capacity;
use crate::cluster::Cluster;
use crate::latency::Latency;
use crate::settings::Flavor;
use crate::shared::ChangingFacts;
use crate::simulated::SimulatedCluster;

/// The roles of an ordinary node.
const ROLES: [&str; 4] = ["data", "ingest", "master", "remote_cluster_client"];

/// Settings of a cluster; see [`Cluster::builder`].
#[derive(Clone, Debug)]
pub struct ClusterBuilder {
    pub(crate) nodes: usize,
    pub(crate) ip: IpAddr,
    pub(crate) tls: bool,
    pub(crate) security: Option<bool>,
    pub(crate) users: Vec<User>,
    pub(crate) version: String,
    pub(crate) flavor: Flavor,
    pub(crate) product_header: Option<bool>,
    pub(crate) max_content_length: usize,
    pub(crate) compression: Option<bool>,
    pub(crate) cluster_name: String,
    pub(crate) certificate_names: Vec<String>,
    pub(crate) server_configs: BTreeMap<usize, Arc<ServerConfig>>,
    pub(crate) node_facts: BTreeMap<usize, ChangingFacts>,
    pub(crate) zones: Vec<String>,
    pub(crate) latency: Latency,
    pub(crate) capacity: Option<Capacity>,
    pub(crate) seed: u64,
    pub(crate) recording: bool,
    pub(crate) refresh_on_request: bool,
}

/// A user as given; `readable` is the pattern of what a limited one may read.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) readable: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Default for ClusterBuilder {
    fn default() -> Self {
        Self {
            nodes: 1,
            ip: Ipv4Addr::LOCALHOST.into(),
            tls: false,
            security: None,
            users: Vec::new(),
            version: "9.2.0".to_owned(),
            flavor: Flavor::default(),
            product_header: None,
            max_content_length: 100 * 1024 * 1024,
            compression: None,
            cluster_name: "es-testkit".to_owned(),
            certificate_names: Vec::new(),
            server_configs: BTreeMap::new(),
            node_facts: BTreeMap::new(),
            zones: Vec::new(),
            latency: Latency::None,
            capacity: None,
            seed: 0,
            recording: true,
            refresh_on_request: false,
        }
    }
}

impl ClusterBuilder {
    /// How many nodes; 1 by default.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The loopback address the nodes listen on; 127.0.0.1 by default.
    #[must_use]
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// Whether nodes speak https, with certificates of an authority made at start; off by default.
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether requests must be authenticated. By default they must with TLS, or when a user was
    /// named.
    #[must_use]
    pub fn security(mut self, security: bool) -> Self {
        self.security = Some(security);
        self
    }

    /// Adds a user who may do everything. The first one is the one whose password
    /// [`Cluster::password`] tells; without any, that is `elastic` with a generated password.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.push(User { name: name.into(), password: password.into(), readable: None });
        self
    }

    /// Adds a user who may read the indices that fit the pattern (`public-*`), and nothing else.
    #[must_use]
    pub fn limited_user(
        mut self,
        name: impl Into<String>,
        password: impl Into<String>,
        readable: impl Into<String>,
    ) -> Self {
        let readable = Some(readable.into());
        self.users.push(User { name: name.into(), password: password.into(), readable });
        self
    }

    /// The version the nodes claim, `9.2.0` by default. 7.17, 8.19 and 9.2 differ as the genuine
    /// ones do in headers, compatibility media types and `_type`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Elasticsearch (default) or OpenSearch; give OpenSearch a [`version`](Self::version) of its
    /// own, such as `3.8.0`.
    #[must_use]
    pub fn flavor(mut self, flavor: Flavor) -> Self {
        self.flavor = flavor;
        self
    }

    /// Whether answers carry `X-elastic-product`. By default they do for
    /// [`Flavor::Elasticsearch`], where the genuine server sends it.
    #[must_use]
    pub fn product_header(mut self, sent: bool) -> Self {
        self.product_header = Some(sent);
        self
    }

    /// The largest body in bytes, before and after inflating; larger ones get 413. 100 MiB by
    /// default.
    #[must_use]
    pub fn max_content_length(mut self, bytes: usize) -> Self {
        self.max_content_length = bytes;
        self
    }

    /// Whether answers are gzipped for clients that accept it. By default they are without TLS
    /// and are not with it, as with the genuine server.
    #[must_use]
    pub fn compression(mut self, compression: bool) -> Self {
        self.compression = Some(compression);
        self
    }

    /// The cluster's name, `es-testkit` by default.
    #[must_use]
    pub fn cluster_name(mut self, name: impl Into<String>) -> Self {
        self.cluster_name = name.into();
        self
    }

    /// The names and addresses in the nodes' certificates, instead of `localhost`, `127.0.0.1`
    /// and `::1`.
    #[must_use]
    pub fn certificate_names<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        self.certificate_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// TLS settings of one node, instead of the generated ones; implies nothing for the others.
    /// The node's URL begins with `https` only with [`tls`](Self::tls).
    #[must_use]
    pub fn server_config(mut self, node: usize, config: Arc<ServerConfig>) -> Self {
        self.server_configs.insert(node, config);
        self
    }

    /// Roles of one node, instead of those of an ordinary one; `["master"]` for a dedicated master.
    #[must_use]
    pub fn node_roles<S: Into<String>>(
        mut self,
        node: usize,
        roles: impl IntoIterator<Item = S>,
    ) -> Self {
        self.facts(node).roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// An attribute of one node, such as its zone.
    #[must_use]
    pub fn node_attribute(
        mut self,
        node: usize,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.facts(node).attributes.insert(name.into(), value.into());
        self
    }

    /// Spreads the nodes over these zones in turn: each gets the attribute `zone`, unless
    /// [`node_attribute`](Self::node_attribute) gives it another one.
    #[must_use]
    pub fn zones<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.zones = names.into_iter().map(Into::into).collect();
        self
    }

    /// How many requests every node works on at a time, and how many wait; without end by default.
    #[must_use]
    pub fn capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// How long every node thinks before it answers; not at all by default.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// The seed of the latencies, and of the nodes' ids in a simulation; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether nodes keep what they received; on by default. Off, memory stays constant and only
    /// the counts are kept: for benchmarks.
    #[must_use]
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = recording;
        self
    }

    /// Sets whether searches see what was written only after a refresh, by `_refresh` or a
    /// `refresh` parameter, as a server with `refresh_interval: -1`. Default: `false`, everything is
    /// searchable at once.
    #[must_use]
    pub fn refresh_on_request(mut self, on_request: bool) -> Self {
        self.refresh_on_request = on_request;
        self
    }

    /// Starts the cluster on ephemeral ports. This needs a running tokio runtime, in which the
    /// nodes then live.
    ///
    /// # Errors
    /// When the version is none, a port cannot be opened or a certificate cannot be made.
    pub async fn start(self) -> io::Result<Cluster> {
        Cluster::start(self).await
    }

    /// Makes the same cluster without sockets; see [`SimulatedCluster`].
    ///
    /// # Errors
    /// When the version is none.
    pub fn simulated(self) -> io::Result<SimulatedCluster> {
        SimulatedCluster::make(self)
    }

    fn facts(&mut self, node: usize) -> &mut ChangingFacts {
        self.node_facts.entry(node).or_insert_with(ordinary)
    }
}

pub(crate) fn ordinary() -> ChangingFacts {
    ChangingFacts { roles: ROLES.map(str::to_owned).to_vec(), ..ChangingFacts::default() }
}
