//! The cluster on real sockets.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::assemble::Secrets;
use crate::builder::ClusterBuilder;
use crate::fault::Fault;
use crate::node::{NodeHandle, Sockets};
use crate::record::Recorded;
use crate::security::Identity;
use crate::settings::Flavor;
use crate::shared::Shared;
use crate::sync::lock;
use crate::tls::{CertificateAuthority, NodeCertificate};

/// A cluster of nodes on loopback ports. Dropping it ends all its tasks and closes all its sockets.
#[derive(Debug)]
pub struct Cluster {
    settings: ClusterBuilder,
    shared: Arc<Shared>,
    secrets: Secrets,
    authority: Option<CertificateAuthority>,
    nodes: Mutex<Vec<NodeHandle>>,
}

impl Cluster {
    /// Begins with one node of version 9.2.0 that speaks plain http without security.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// assert!(cluster.url(0).starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    pub(crate) async fn start(settings: ClusterBuilder) -> io::Result<Self> {
        let (shared, secrets) = settings.shared()?;
        let authority = if settings.tls {
            Some(CertificateAuthority::new(
                "Elasticsearch security auto-configuration HTTP CA",
            )?)
        } else {
            None
        };
        let cluster = Self {
            settings,
            shared,
            secrets,
            authority,
            nodes: Mutex::default(),
        };
        for _ in 0..cluster.settings.nodes {
            cluster.add_node().await?;
        }
        Ok(cluster)
    }

    /// Adds a node to the running cluster; it appears in `_nodes/http`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // A client that sniffs learns of it.
    /// let node = cluster.add_node().await?;
    /// assert_eq!(cluster.urls(), [cluster.url(0), node.url().to_owned()]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no port can be opened or the certificate cannot be made.
    pub async fn add_node(&self) -> io::Result<NodeHandle> {
        let number = lock(&self.nodes).len();
        let certificate = self.certificate()?;
        let tls = match self.settings.server_configs.get(&number) {
            Some(config) => Some(Arc::clone(config)),
            None => certificate
                .as_ref()
                .map(NodeCertificate::server_config)
                .transpose()?,
        };
        let sockets = Sockets::new(self.settings.ip, tls)?;
        let node = self.settings.node(
            number,
            &self.shared,
            sockets.address.to_string(),
            Some(sockets),
            certificate,
        )?;
        if let Some(sockets) = &node.sockets {
            sockets.accept(&node)?;
        }
        let handle = NodeHandle(node);
        lock(&self.nodes).push(handle.clone());
        Ok(handle)
    }

    fn certificate(&self) -> io::Result<Option<NodeCertificate>> {
        let Some(authority) = &self.authority else {
            return Ok(None);
        };
        let leaf = match self.settings.certificate_names_or_default() {
            Some(names) => authority.leaf().names(names.iter().cloned()),
            None => authority.leaf(),
        };
        leaf.issue().map(Some)
    }

    /// The URLs of all nodes, in order.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// assert_eq!(cluster.urls(), [cluster.url(0), cluster.url(1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn urls(&self) -> Vec<String> {
        lock(&self.nodes)
            .iter()
            .map(|node| node.url().to_owned())
            .collect()
    }

    /// The URL of one node.
    ///
    /// # Panics
    /// When there is no such node.
    #[track_caller]
    pub fn url(&self, node: usize) -> String {
        self.node(node).url().to_owned()
    }

    /// The handles of all nodes, in order.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// for node in cluster.nodes() {
    ///     println!("{} at {}", node.name(), node.url());
    /// }
    /// assert_eq!(cluster.nodes().len(), cluster.urls().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn nodes(&self) -> Vec<NodeHandle> {
        lock(&self.nodes).clone()
    }

    /// The handle of one node, counted from 0.
    ///
    /// # Panics
    /// When there is no such node.
    #[track_caller]
    #[allow(clippy::expect_used, reason = "documented, as indexing a slice is")]
    pub fn node(&self, node: usize) -> NodeHandle {
        let found = lock(&self.nodes).get(node).cloned();
        found.expect("the cluster has fewer nodes")
    }

    /// The authority that signed the nodes' certificates; `None` without TLS.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// if let Some(authority) = cluster.authority() {
    ///     // Another certificate of the same CA, which expired yesterday.
    ///     let expired = authority.leaf().valid_days(-30, -1).issue()?;
    ///     cluster.node(0).set_server_config(expired.server_config()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn authority(&self) -> Option<&CertificateAuthority> {
        self.authority.as_ref()
    }

    /// The authority's certificate as PEM text, what `http_ca.crt` holds; empty without TLS.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// let file = std::env::temp_dir().join("es-testkit-http_ca.crt");
    /// std::fs::write(&file, cluster.ca_pem())?;
    /// // .. a client reads the file, or checks the fingerprint ..
    /// assert_eq!(cluster.ca_fingerprint().len(), 64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ca_pem(&self) -> &str {
        self.authority
            .as_ref()
            .map_or("", CertificateAuthority::pem)
    }

    /// The authority's SHA-256 in 64 lower-case hex digits, as Elasticsearch prints it at its first
    /// start; empty without TLS.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// assert_eq!(cluster.ca_fingerprint().len(), 64);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ca_fingerprint(&self) -> String {
        self.authority
            .as_ref()
            .map(CertificateAuthority::fingerprint)
            .unwrap_or_default()
    }

    /// The SHA-256 of the certificate one node was started with; empty without TLS.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// assert_ne!(cluster.leaf_fingerprint(0), cluster.ca_fingerprint());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When there is no such node.
    #[track_caller]
    pub fn leaf_fingerprint(&self, node: usize) -> String {
        self.node(node)
            .certificate()
            .map(NodeCertificate::fingerprint)
            .unwrap_or_default()
    }

    /// The name of the user who may do everything: the first one given, or `elastic`.
    pub fn username(&self) -> &str {
        &self.secrets.username
    }

    /// That user's password.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().security(true).start().await?;
    /// // Generated at the start, since no user was added.
    /// println!("{}:{}", cluster.username(), cluster.password());
    /// # Ok(())
    /// # }
    /// ```
    pub fn password(&self) -> &str {
        &self.secrets.password
    }

    /// An API key of that user: its id and its key.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().security(true).start().await?;
    /// let (id, key) = cluster.api_key();
    /// println!("ApiKey of base64({id}:{key})");
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key(&self) -> (&str, &str) {
        (&self.secrets.key_id, &self.secrets.key)
    }

    /// The same API key as one text, base64 of `id:key`.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().user("elastic", "changeme").start().await?;
    /// let headers = [
    ///     format!("ApiKey {}", cluster.api_key_encoded()),
    ///     format!("Bearer {}", cluster.bearer_token()),
    /// ];
    /// println!("authorization: {}", headers[0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key_encoded(&self) -> &str {
        &self.secrets.key_encoded
    }

    /// A bearer token of that user.
    pub fn bearer_token(&self) -> &str {
        &self.secrets.token
    }

    /// Makes all bearer tokens invalid: requests that carry one get 401.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().user("elastic", "changeme").start().await?;
    /// // A client that renews its token gets a 401, and goes on with the next one.
    /// cluster.revoke_bearer_tokens();
    /// cluster.accept_bearer_token("the-next-one");
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke_bearer_tokens(&self) {
        lock(&self.shared.credentials).revoke_tokens();
    }

    /// Makes a bearer token valid for the user who may do everything.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().security(true).start().await?;
    /// cluster.accept_bearer_token("a-token-of-the-test");
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept_bearer_token(&self, token: impl Into<String>) {
        let mut credentials = lock(&self.shared.credentials);
        let owner = Identity::token_holder(&self.secrets.username);
        credentials.add_token(token.into(), owner);
    }

    /// Returns the number of requests that all nodes together have received.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).recording(false).start().await?;
    /// // .. a load test ..
    /// println!("{} requests", cluster.request_count());
    /// # Ok(())
    /// # }
    /// ```
    pub fn request_count(&self) -> usize {
        lock(&self.nodes)
            .iter()
            .map(NodeHandle::request_count)
            .sum()
    }

    /// Returns everything that a client needs to connect; with the feature `testkit` of es-client,
    /// `cluster.client()` makes a builder of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = es_testkit::Cluster::builder().nodes(2).tls(true).start().await?;
    /// let connection = cluster.connection();
    /// assert_eq!(connection.urls.len(), 2);
    /// assert_eq!(connection.ca_fingerprint, cluster.ca_fingerprint());
    /// # Ok(())
    /// # }
    /// ```
    pub fn connection(&self) -> Connection {
        Connection {
            urls: self.urls(),
            flavor: self.shared.settings.flavor,
            security: self.shared.settings.security,
            username: self.username().to_owned(),
            password: self.password().to_owned(),
            api_key: self.api_key_encoded().to_owned(),
            ca_pem: self.ca_pem().to_owned(),
            ca_fingerprint: self.ca_fingerprint(),
        }
    }

    /// Injects a fault at every node; each counts its own requests.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // Each node responds with 429 to its first two searches.
    /// cluster.inject(&Fault::status(429).times(2).on_path("_search"));
    /// cluster.clear_faults();
    /// # Ok(())
    /// # }
    /// ```
    pub fn inject(&self, fault: &Fault) {
        for node in self.nodes() {
            node.inject(fault.clone());
        }
    }

    /// Takes back the faults of all nodes.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// cluster.inject(&Fault::status(429));
    /// // .. whatever is under test backs off ..
    /// cluster.clear_faults();
    /// assert_eq!(cluster.request_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_faults(&self) {
        for node in self.nodes() {
            node.clear_faults();
        }
    }

    /// Returns the requests that all nodes have received, in the order of their arrival.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // .. whatever is under test ..
    /// let searches = cluster
    ///     .requests()
    ///     .iter()
    ///     .filter(|request| request.path().ends_with("/_search"))
    ///     .count();
    /// assert_eq!(searches, 0);
    /// cluster.clear_records();
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests(&self) -> Vec<Recorded> {
        let mut requests: Vec<_> = self.nodes().iter().flat_map(NodeHandle::requests).collect();
        requests.sort_by_key(|request| request.at);
        requests
    }

    /// Forgets what all nodes have received; see
    /// [`NodeHandle::clear_records`](crate::NodeHandle::clear_records).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // .. preparations ..
    /// cluster.clear_records();
    /// // .. the part whose requests count ..
    /// assert_eq!(cluster.request_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_records(&self) {
        for node in self.nodes() {
            node.clear_records();
        }
    }

    /// Returns the documents of an index by their ids, refreshed or not; none where there is no
    /// such index.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tokio::net::TcpStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    ///
    /// let cluster = Cluster::builder().start().await?;
    /// let mut node = TcpStream::connect(cluster.url(0).trim_start_matches("http://")).await?;
    /// node.write_all(
    ///     b"PUT /books/_doc/1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
    ///       content-type: application/json\r\ncontent-length: 11\r\n\r\n{\"n\": 1234}",
    /// )
    /// .await?;
    /// node.read_to_end(&mut Vec::new()).await?;
    /// assert_eq!(cluster.documents("books")["1"]["n"], 1234);
    /// # Ok(())
    /// # }
    /// ```
    pub fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        let store = lock(&self.shared.store);
        let backing = store
            .streams
            .get(index)
            .into_iter()
            .flat_map(|stream| &stream.indices);
        let documents = backing
            .map(String::as_str)
            .chain([index])
            .filter_map(|name| store.indices.get(name))
            .flat_map(|index| &index.documents);
        documents
            .map(|((_, id), document)| (id.clone(), document.source()))
            .collect()
    }

    /// Returns the requests of all nodes whose response took this long or longer: a slow log.
    /// Those that are under way are not among them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// cluster.node(1).inject(Fault::delay(Duration::from_millis(300)));
    /// // .. whatever is under test ..
    /// for request in cluster.slow_requests(Duration::from_millis(250)) {
    ///     println!("{} took {:?}", request.target, request.took());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow_requests(&self, at_least: Duration) -> Vec<Recorded> {
        let mut requests = self.requests();
        requests.retain(|request| request.took().is_some_and(|took| took >= at_least));
        requests
    }

    /// Waits until something holds of the cluster, for at most this long, and returns whether it
    /// does.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = es_testkit::Cluster::builder().start().await?;
    /// let limit = Duration::from_millis(20);
    /// assert!(!cluster.wait_until(limit, |cluster| cluster.request_count() > 0).await);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until(&self, limit: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + limit;
        while !holds(self) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }

    /// Asserts that no node has received this text; see
    /// [`NodeHandle::has_received`](crate::NodeHandle::has_received).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).start().await?;
    /// // .. a client whose password no other host must see ..
    /// cluster.assert_never_received("changeme");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When one did. The message does not show it.
    #[track_caller]
    pub fn assert_never_received(&self, secret: &str) {
        for node in self.nodes() {
            node.assert_never_received(secret);
        }
    }
}

/// Everything that a client needs to connect to a [`Cluster`].
///
/// ```
/// use es_testkit::Cluster;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let cluster = Cluster::builder().tls(true).user("elastic", "changeme").start().await?;
/// let connection = cluster.connection();
/// // The settings of a client that is configured by environment variables.
/// let settings = [
///     ("ES_URLS", connection.urls.join(",")),
///     ("ES_USER", connection.username),
///     ("ES_PASSWORD", connection.password),
///     ("ES_FINGERPRINT", connection.ca_fingerprint),
/// ];
/// assert!(settings.iter().all(|(_, value)| !value.is_empty()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Connection {
    /// The URLs of all nodes.
    pub urls: Vec<String>,
    /// The product that the cluster claims to be.
    pub flavor: Flavor,
    /// Whether requests without credentials are refused.
    pub security: bool,
    /// The name of the user who may do everything.
    pub username: String,
    /// That user's password.
    pub password: String,
    /// An API key of that user, base64 of `id:key`.
    pub api_key: String,
    /// The certificate of the authority as PEM text; empty without TLS.
    pub ca_pem: String,
    /// The SHA-256 of that certificate in hex digits; empty without TLS.
    pub ca_fingerprint: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("urls", &self.urls)
            .field("flavor", &self.flavor)
            .field("security", &self.security)
            .field("username", &self.username)
            .field("ca_fingerprint", &self.ca_fingerprint)
            .finish_non_exhaustive()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in lock(&self.nodes).iter() {
            if let Some(sockets) = &node.0.sockets {
                sockets.abort();
            }
        }
    }
}
