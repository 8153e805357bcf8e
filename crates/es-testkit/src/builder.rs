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
    pub name: String,
    pub password: String,
    pub readable: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .finish_non_exhaustive()
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
    /// Sets the number of nodes. Default: 1.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// assert_eq!(cluster.urls().len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// Sets the loopback address on which the nodes listen. Default: 127.0.0.1.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().ip(std::net::Ipv6Addr::LOCALHOST).start().await?;
    /// assert!(cluster.url(0).starts_with("http://[::1]:"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// Sets whether nodes use https, with certificates of a CA that is created at start.
    /// Default: `false`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// assert!(cluster.url(0).starts_with("https://"));
    /// assert!(cluster.ca_pem().contains("BEGIN CERTIFICATE"));
    /// assert_eq!(cluster.ca_fingerprint().len(), 64);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets whether requests must be authenticated. Default: `true` with TLS or if a user was added.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Every request without credentials gets a 401, without TLS too.
    /// let cluster = Cluster::builder().security(true).start().await?;
    /// println!("{}:{}", cluster.username(), cluster.password());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn security(mut self, security: bool) -> Self {
        self.security = Some(security);
        self
    }

    /// Adds a user with all privileges. [`Cluster::password`] returns the password of the first
    /// one. Default: `elastic` with a generated password.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().user("reader", "secret").start().await?;
    /// assert_eq!(cluster.username(), "reader");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.push(User {
            name: name.into(),
            password: password.into(),
            readable: None,
        });
        self
    }

    /// Adds a user who may only read the indices that match the pattern (`public-*`).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Anything but reading `public-*` is refused with 403.
    /// let cluster = Cluster::builder()
    ///     .user("elastic", "changeme")
    ///     .limited_user("reader", "secret", "public-*")
    ///     .start()
    ///     .await?;
    /// assert_eq!(cluster.username(), "elastic");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn limited_user(
        mut self,
        name: impl Into<String>,
        password: impl Into<String>,
        readable: impl Into<String>,
    ) -> Self {
        let readable = Some(readable.into());
        self.users.push(User {
            name: name.into(),
            password: password.into(),
            readable,
        });
        self
    }

    /// Sets the version that the nodes report. Versions 7.17, 8.19 and 9.2 differ as the genuine
    /// servers do in headers, compatibility media types, `_type` and vectors in `_source`; requests
    /// and the types of errors are those of 9.2.0 whatever the version. Default: `9.2.0`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let old = Cluster::builder().version("7.17.9").start().await?;
    /// let new = Cluster::builder().version("9.2.0").start().await?;
    /// // A client must be able to talk to both.
    /// println!("{} {}", old.url(0), new.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the product: Elasticsearch (default) or OpenSearch. OpenSearch needs a
    /// [`version`](Self::version) too.
    ///
    /// ```
    /// use es_testkit::{Cluster, Flavor};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder()
    ///     .flavor(Flavor::OpenSearch)
    ///     .version("3.8.0")
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn flavor(mut self, flavor: Flavor) -> Self {
        self.flavor = flavor;
        self
    }

    /// Sets whether responses have the header `X-elastic-product`. Default: `true` for
    /// [`Flavor::Elasticsearch`], where the genuine server sends it.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Not Elasticsearch, as far as a client can tell.
    /// let cluster = Cluster::builder().product_header(false).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn product_header(mut self, sent: bool) -> Self {
        self.product_header = Some(sent);
        self
    }

    /// Sets the maximum size of a request body in bytes, before and after decompression; a
    /// larger one gets 413. Default: 100 MiB.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Bodies of more than 1 MB are refused with 413.
    /// let cluster = Cluster::builder().max_content_length(1_000_000).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn max_content_length(mut self, bytes: usize) -> Self {
        self.max_content_length = bytes;
        self
    }

    /// Sets whether responses are compressed for clients that accept gzip. Default: `true`
    /// without TLS and `false` with it, as the genuine server does.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // The only way to get gzip over https, as with `http.compression: true`.
    /// let cluster = Cluster::builder().tls(true).compression(true).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn compression(mut self, compression: bool) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Sets the name of the cluster. Default: `es-testkit`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().cluster_name("products").simulated()?;
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// let body = http_body_util::BodyExt::collect(response).await?.to_bytes();
    /// let info: serde_json::Value = serde_json::from_slice(&body)?;
    /// assert_eq!(info["cluster_name"], "products");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cluster_name(mut self, name: impl Into<String>) -> Self {
        self.cluster_name = name.into();
        self
    }

    /// The names and addresses in the nodes' certificates, instead of `localhost`, `127.0.0.1`
    /// and `::1`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // A client that checks names refuses the nodes, which are at 127.0.0.1.
    /// let cluster = Cluster::builder().tls(true).certificate_names(["es.example"]).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn certificate_names<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        self.certificate_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the TLS settings of one node, instead of the generated ones. The URL of the node
    /// begins with `https` only with [`tls`](Self::tls).
    ///
    /// ```
    /// use es_testkit::{Cluster, tls::CertificateAuthority};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("another CA")?;
    /// let expired = authority.leaf().valid_days(-30, -1).issue()?;
    /// let cluster = Cluster::builder()
    ///     .nodes(2)
    ///     .tls(true)
    ///     .server_config(1, expired.server_config()?)
    ///     .start()
    ///     .await?;
    /// println!("{}", cluster.url(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn server_config(mut self, node: usize, config: Arc<ServerConfig>) -> Self {
        self.server_configs.insert(node, config);
        self
    }

    /// Roles of one node, instead of those of an ordinary one; `["master"]` for a dedicated master.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder()
    ///     .nodes(3)
    ///     .node_roles(0, ["master"])
    ///     .node_attribute(1, "zone", "a")
    ///     .node_attribute(2, "zone", "b")
    ///     .start()
    ///     .await?;
    /// assert_eq!(cluster.node(1).attribute("zone").as_deref(), Some("a"));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().node_attribute(0, "rack", "r1").start().await?;
    /// assert_eq!(cluster.node(0).attribute("rack").as_deref(), Some("r1"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn node_attribute(
        mut self,
        node: usize,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.facts(node)
            .attributes
            .insert(name.into(), value.into());
        self
    }

    /// Distributes the nodes over these zones in turn: each gets the attribute `zone`, unless
    /// [`node_attribute`](Self::node_attribute) sets another one.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(6).zones(["a", "b", "c"]).start().await?;
    /// assert_eq!(cluster.node(4).attribute("zone").as_deref(), Some("b"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn zones<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.zones = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many requests each node processes at a time and how many wait. Default: no
    /// limit.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use es_testkit::Capacity;
    ///
    /// // Two requests at a time, four that wait, 429 for all others.
    /// let cluster = Cluster::builder().capacity(Capacity::new(2, 4)).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// Sets the time that each node takes for a request. Default: none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Cluster, Latency};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder()
    ///     .latency(Latency::Constant(Duration::from_millis(5)))
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// Sets the seed of the latencies, and of the ids of the nodes in a simulation. Default: 0.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let ids = |seed| -> std::io::Result<Vec<String>> {
    ///     let cluster = Cluster::builder().nodes(3).seed(seed).simulated()?;
    ///     Ok(cluster.nodes().iter().map(|node| node.id().to_owned()).collect())
    /// };
    /// assert_eq!(ids(7)?, ids(7)?);
    /// assert_ne!(ids(7)?, ids(8)?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets whether nodes record the requests that they receive. If `false`, memory stays
    /// constant and only the counts are kept, for benchmarks. Default: `true`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // For a load test: requests are counted, not kept.
    /// let cluster = Cluster::builder().recording(false).start().await?;
    /// assert!(cluster.requests().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = recording;
        self
    }

    /// Sets whether searches see what was written only after a refresh, by `_refresh` or a
    /// `refresh` parameter, as a server with `refresh_interval: -1`. Default: `false`, everything is
    /// searchable at once.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Searches see a document after `_refresh`, or a write with `refresh=true`.
    /// let cluster = Cluster::builder().refresh_on_request(true).start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refresh_on_request(mut self, on_request: bool) -> Self {
        self.refresh_on_request = on_request;
        self
    }

    /// Starts the cluster on ephemeral ports. It needs a running tokio runtime, in which the
    /// nodes then live.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// println!("{}", cluster.url(0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The version is not valid, a port cannot be opened, or a certificate cannot be created.
    pub async fn start(self) -> io::Result<Cluster> {
        Cluster::start(self).await
    }

    /// Creates the same cluster without sockets; see [`SimulatedCluster`].
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(100).zones(["a", "b"]).simulated()?;
    /// assert_eq!(cluster.zone("a").len(), 50);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The version is not valid.
    pub fn simulated(self) -> io::Result<SimulatedCluster> {
        SimulatedCluster::make(self)
    }

    fn facts(&mut self, node: usize) -> &mut ChangingFacts {
        self.node_facts.entry(node).or_insert_with(ordinary)
    }
}

pub(crate) fn ordinary() -> ChangingFacts {
    ChangingFacts {
        roles: ROLES.map(str::to_owned).to_vec(),
        ..ChangingFacts::default()
    }
}
