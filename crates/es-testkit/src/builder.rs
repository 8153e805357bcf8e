//! Settings of a cluster, and what they are put together to.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use rustls::ServerConfig;
use tokio::sync::watch;

use crate::api::security::{encode, new_key};
use crate::api::version::Version;
use crate::cluster::Cluster;
use crate::latency::Latency;
use crate::node::{Node, Sockets};
use crate::random::{SplitMix, secret_text};
use crate::record::Records;
use crate::security::{Credentials, Identity, Privileges};
use crate::settings::{Flavor, Settings};
use crate::shared::{ChangingFacts, NodeFacts, Shared};
use crate::simulated::SimulatedCluster;
use crate::store::Store;
use crate::tls::NodeCertificate;

/// The roles of an ordinary node.
const ROLES: [&str; 4] = ["data", "ingest", "master", "remote_cluster_client"];

/// Settings of a cluster; see [`Cluster::builder`].
#[derive(Clone, Debug)]
pub struct ClusterBuilder {
    pub(crate) nodes: usize,
    pub(crate) tls: bool,
    security: Option<bool>,
    users: Vec<(String, String, Option<Vec<String>>)>,
    version: String,
    flavor: Flavor,
    product_header: Option<bool>,
    max_content_length: usize,
    compression: Option<bool>,
    cluster_name: String,
    certificate_names: Vec<String>,
    pub(crate) server_configs: BTreeMap<usize, Arc<ServerConfig>>,
    node_facts: BTreeMap<usize, ChangingFacts>,
    latency: Latency,
    seed: u64,
    recording: bool,
}

impl Default for ClusterBuilder {
    fn default() -> Self {
        Self {
            nodes: 1,
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
            latency: Latency::None,
            seed: 0,
            recording: true,
        }
    }
}

/// The secrets a cluster is started with.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) key_id: String,
    pub(crate) key: String,
    pub(crate) key_encoded: String,
    pub(crate) token: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("username", &self.username).finish_non_exhaustive()
    }
}

impl ClusterBuilder {
    /// How many nodes; 1 by default.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
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
        self.users.push((name.into(), password.into(), None));
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
        self.users.push((name.into(), password.into(), Some(vec![readable.into()])));
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

    /// How long every node thinks before it answers; not at all by default.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// The seed of the latencies; 0 by default.
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

    /// Starts the cluster on ephemeral ports of 127.0.0.1.
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

    pub(crate) fn certificate_names_or_default(&self) -> Option<&[String]> {
        Some(self.certificate_names.as_slice()).filter(|names| !names.is_empty())
    }

    fn facts(&mut self, node: usize) -> &mut ChangingFacts {
        self.node_facts.entry(node).or_insert_with(ordinary)
    }

    /// What the nodes share, and the secrets to reach it with.
    pub(crate) fn shared(&self) -> io::Result<(Arc<Shared>, Secrets)> {
        let version = Version::parse(&self.version).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("version `{}` is not of the form 9.2.0", self.version),
            )
        })?;
        let settings = Settings {
            cluster_name: self.cluster_name.clone(),
            cluster_uuid: secret_text(22)?,
            version,
            flavor: self.flavor,
            product_header: self.product_header.unwrap_or(self.flavor == Flavor::Elasticsearch),
            max_content_length: self.max_content_length,
            compression: self.compression.unwrap_or(!self.tls),
            security: self.security.unwrap_or(self.tls || !self.users.is_empty()),
        };
        let (credentials, secrets) = self.credentials()?;
        let shared = Shared {
            settings,
            store: Mutex::new(Store::default()),
            credentials: Mutex::new(credentials),
            nodes: Mutex::default(),
        };
        Ok((Arc::new(shared), secrets))
    }

    fn credentials(&self) -> io::Result<(Credentials, Secrets)> {
        let mut credentials = Credentials::default();
        for (name, password, readable) in &self.users {
            let privileges = readable.clone().map_or(Privileges::All, Privileges::Read);
            credentials.add_user(name, password, privileges);
        }
        let first = self.users.iter().find(|(_, _, readable)| readable.is_none());
        let (username, password) = match first {
            Some((name, password, _)) => (name.clone(), password.clone()),
            None => ("elastic".to_owned(), secret_text(20)?),
        };
        credentials.add_user(&username, &password, Privileges::All);
        let owner = Identity {
            username: username.clone(),
            realm: "reserved",
            authentication: "token",
            api_key_id: None,
            privileges: Privileges::All,
        };
        let key = new_key("es-testkit", owner.clone())?;
        let token = secret_text(64)?;
        let secrets = Secrets {
            username,
            password,
            key_id: key.id.clone(),
            key: key.key.clone(),
            key_encoded: encode(&key),
            token: token.clone(),
        };
        credentials.add_key(key);
        credentials.add_token(token, owner);
        Ok((credentials, secrets))
    }

    /// One node; it is listed from now on.
    pub(crate) fn node(
        &self,
        number: usize,
        shared: &Arc<Shared>,
        address: String,
        sockets: Option<Sockets>,
        certificate: Option<NodeCertificate>,
    ) -> io::Result<Arc<Node>> {
        let scheme = if self.tls { "https" } else { "http" };
        let mut changing = self.node_facts.get(&number).cloned().unwrap_or_else(ordinary);
        changing.publish_address.clone_from(&address);
        let facts = Arc::new(NodeFacts {
            id: secret_text(22)?,
            name: format!("node-{number}"),
            changing: Mutex::new(changing),
            listed: AtomicBool::new(true),
        });
        crate::sync::lock(&shared.nodes).push(Arc::clone(&facts));
        // Nodes draw from generators far apart, so that they do not think in step.
        let seed = self.seed.wrapping_add((number as u64).wrapping_mul(0xA076_1D64_78BD_642F));
        Ok(Arc::new(Node {
            shared: Arc::clone(shared),
            facts,
            url: format!("{scheme}://{address}"),
            records: Records::new(self.recording),
            faults: Mutex::default(),
            latency: Mutex::new((self.latency, SplitMix::new(seed))),
            falls: watch::Sender::new(0),
            down: AtomicBool::new(false),
            certificate,
            sockets,
        }))
    }
}

fn ordinary() -> ChangingFacts {
    ChangingFacts { roles: ROLES.map(str::to_owned).to_vec(), ..ChangingFacts::default() }
}
