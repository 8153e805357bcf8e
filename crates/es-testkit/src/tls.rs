//! Certificates: an authority made at start, the nodes' certificates, and unusual ones for tests.
//!
//! A node presents its own certificate and then the authority's, as Elasticsearch does after its
//! automatic configuration; so a client can pin the authority by its fingerprint.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use sha2::{Digest as _, Sha256};

const DAY: i64 = 86_400;

/// A certificate authority that signs nodes' certificates.
///
/// ```
/// use es_testkit::tls::CertificateAuthority;
///
/// # fn main() -> std::io::Result<()> {
/// let authority = CertificateAuthority::new("Elasticsearch security auto-configuration HTTP CA")?;
/// let expired = authority.leaf().valid_days(-30, -1).issue()?;
/// let config = expired.server_config()?;
/// assert_eq!(authority.fingerprint().len(), 64);
/// # Ok(())
/// # }
/// ```
pub struct CertificateAuthority {
    params: CertificateParams,
    key: KeyPair,
    der: CertificateDer<'static>,
    pem: String,
    /// Authorities between this one and the root, this one first; empty for a root.
    above: Vec<CertificateDer<'static>>,
}

impl CertificateAuthority {
    /// A self-signed root of this common name, valid from yesterday for three years.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("My test CA")?;
    /// let node = authority.leaf().issue()?;
    /// // The node presents its own certificate and that of the authority.
    /// assert_eq!(node.chain().last(), Some(authority.certificate()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(common_name: &str) -> io::Result<Self> {
        Self::root(common_name, KeyIdMethod::Sha256)
    }

    fn root(common_name: &str, key_id: KeyIdMethod) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let params = authority_params(common_name, key_id)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            params,
            key,
            above: Vec::new(),
        })
    }

    /// A stranger's authority that carries this one's name and key identifier but another key:
    /// what it signs looks, until the signature is checked, as if this authority had issued it.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let genuine = CertificateAuthority::new("http CA")?;
    /// let impostor = genuine.impostor()?;
    /// assert_ne!(impostor.fingerprint(), genuine.fingerprint());
    /// let forged = impostor.leaf().issue()?.server_config()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no key can be made.
    pub fn impostor(&self) -> io::Result<Self> {
        let key_id = KeyIdMethod::PreSpecified(self.params.key_identifier(&self.key));
        Self::root(&common_name(&self.params), key_id)
    }

    /// An authority that this one has signed. Its leaves are presented with it and with this one.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let root = CertificateAuthority::new("root")?;
    /// let leaf = root.intermediate("department")?.leaf().issue()?;
    /// // The leaf, the intermediate and the root.
    /// assert_eq!(leaf.chain().len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no key can be made.
    pub fn intermediate(&self, common_name: &str) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let params = authority_params(common_name, KeyIdMethod::Sha256)?;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
        let mut above = vec![self.der.clone()];
        above.extend(self.above.iter().cloned());
        Ok(Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            params,
            key,
            above,
        })
    }

    /// The authority's certificate as PEM text: what `http_ca.crt` holds.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("My test CA")?;
    /// let mut roots = rustls::RootCertStore::empty();
    /// roots.add(authority.certificate().clone()).map_err(std::io::Error::other)?;
    /// assert_eq!(roots.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// SHA-256 of the certificate in 64 lower-case hex digits, as Elasticsearch prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// Begins a node's certificate: for `localhost`, `127.0.0.1` and `::1`, valid from yesterday
    /// for two years.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("My test CA")?;
    /// let (one, other) = (authority.leaf().issue()?, authority.leaf().issue()?);
    /// assert_ne!(one.fingerprint(), other.fingerprint());
    /// # Ok(())
    /// # }
    /// ```
    pub fn leaf(&self) -> LeafBuilder<'_> {
        let names = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        LeafBuilder {
            authority: self,
            names,
            usage,
            from: -1,
            to: 730,
        }
    }
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateAuthority")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// A node's certificate in the making; see [`CertificateAuthority::leaf`].
#[derive(Debug)]
pub struct LeafBuilder<'a> {
    authority: &'a CertificateAuthority,
    names: Vec<String>,
    usage: ExtendedKeyUsagePurpose,
    from: i64,
    to: i64,
}

impl LeafBuilder<'_> {
    /// The host names and IP addresses it is for, instead of the loopback ones.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("http CA")?;
    /// let elsewhere = authority.leaf().names(["es.example", "10.0.0.1"]).issue()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// A client's certificate instead of a server's, for mutual TLS.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("clients")?;
    /// let client = authority.leaf().names(["ingest"]).for_client().issue()?;
    /// let (cert, key) = (client.pem(), client.key_pem());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_client(mut self) -> Self {
        self.usage = ExtendedKeyUsagePurpose::ClientAuth;
        self
    }

    /// From when to when it is valid, in days from now; negative days are in the past.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("http CA")?;
    /// let expired = authority.leaf().valid_days(-30, -1).issue()?;
    /// let not_yet_valid = authority.leaf().valid_days(1, 30).issue()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn valid_days(mut self, from: i64, to: i64) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Signs it.
    ///
    /// # Errors
    /// When no key can be made, or a name cannot stand in a certificate.
    pub fn issue(self) -> io::Result<NodeCertificate> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let common_name = self.names.first().cloned().unwrap_or_default();
        let mut params = CertificateParams::new(self.names).map_err(io::Error::other)?;
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![self.usage];
        set_validity(&mut params, self.from, self.to);
        let issuer = Issuer::from_params(&self.authority.params, &self.authority.key);
        let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
        let mut chain = vec![certificate.der().clone(), self.authority.der.clone()];
        chain.extend(self.authority.above.iter().cloned());
        Ok(NodeCertificate {
            chain,
            pem: certificate.pem(),
            key: Arc::new(key),
        })
    }
}

/// A certificate, what is presented with it, and its key.
#[derive(Clone)]
pub struct NodeCertificate {
    chain: Vec<CertificateDer<'static>>,
    pem: String,
    key: Arc<KeyPair>,
}

impl NodeCertificate {
    /// Everything that is presented, the node's own certificate first.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    /// use es_testkit::tls::fingerprint;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let node = CertificateAuthority::new("My test CA")?.leaf().issue()?;
    /// assert_eq!(fingerprint(&node.chain()[0]), node.fingerprint());
    /// # Ok(())
    /// # }
    /// ```
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// SHA-256 of the node's own certificate in 64 lower-case hex digits.
    pub fn fingerprint(&self) -> String {
        self.chain.first().map(fingerprint).unwrap_or_default()
    }

    /// The certificate itself as PEM text, without its authority.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its private key as PEM text (PKCS #8).
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("My test CA")?;
    /// let client = authority.leaf().for_client().issue()?;
    /// let directory = std::env::temp_dir().join(client.fingerprint());
    /// std::fs::create_dir(&directory)?;
    /// std::fs::write(directory.join("client.crt"), client.pem())?;
    /// std::fs::write(directory.join("client.key"), client.key_pem())?;
    /// assert!(client.key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Its private key.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let authority = CertificateAuthority::new("My test CA")?;
    /// let client = authority.leaf().for_client().issue()?;
    /// let mut roots = rustls::RootCertStore::empty();
    /// roots.add(authority.certificate().clone()).map_err(std::io::Error::other)?;
    /// let config = rustls::ClientConfig::builder_with_provider(
    ///     rustls::crypto::ring::default_provider().into(),
    /// )
    /// .with_safe_default_protocol_versions()
    /// .map_err(std::io::Error::other)?
    /// .with_root_certificates(roots)
    /// .with_client_auth_cert(client.chain().to_vec(), client.private_key())
    /// .map_err(std::io::Error::other)?;
    /// assert!(config.client_auth_cert_resolver.has_certs());
    /// # Ok(())
    /// # }
    /// ```
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()))
    }

    /// The same certificate, presented without its authority.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let leaf = CertificateAuthority::new("http CA")?.leaf().issue()?;
    /// assert_eq!(leaf.leaf_only().chain().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn leaf_only(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// The same certificate with another one appended to what is presented, a stranger's
    /// authority say.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (trusted, other) = (CertificateAuthority::new("trusted")?, CertificateAuthority::new("other")?);
    /// // Signed by one CA and presented with another: a pinned client must not be deceived.
    /// let leaf = other.leaf().issue()?.and_present(trusted.certificate().clone());
    /// assert_eq!(leaf.chain().len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn and_present(mut self, other: CertificateDer<'static>) -> Self {
        self.chain.push(other);
        self
    }

    /// Settings of a TLS server that presents it, for TLS 1.2 and 1.3, asking no client for a
    /// certificate.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// let other = CertificateAuthority::new("Another CA")?.leaf().issue()?;
    /// // From now on the node presents a certificate that no client of the cluster trusts.
    /// cluster.node(0).set_server_config(other.server_config()?);
    /// assert_ne!(Some(other.fingerprint()), cluster.node(0).certificate().map(|own| own.fingerprint()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When rustls does not take the key.
    pub fn server_config(&self) -> io::Result<Arc<ServerConfig>> {
        self.server_config_for(rustls::ALL_VERSIONS)
    }

    /// As [`server_config`](Self::server_config), for these versions of TLS only.
    ///
    /// ```
    /// use es_testkit::tls::CertificateAuthority;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let leaf = CertificateAuthority::new("http CA")?.leaf().issue()?;
    /// let old = leaf.server_config_for(&[&rustls::version::TLS12])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When rustls does not take the key, or the list of versions is empty.
    pub fn server_config_for(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Arc<ServerConfig>> {
        self.config(versions, Arc::new(NoClientAuth))
    }

    /// As [`server_config`](Self::server_config), for clients that present a certificate of this
    /// authority.
    ///
    /// ```
    /// use es_testkit::{Cluster, tls::CertificateAuthority};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let clients = CertificateAuthority::new("clients")?;
    /// let cluster = Cluster::builder().tls(true).start().await?;
    /// if let Some(certificate) = cluster.node(0).certificate() {
    ///     // Mutual TLS: a client without a certificate of this CA is refused.
    ///     cluster.node(0).set_server_config(certificate.server_config_requiring(&clients)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When rustls does not take the key, or the authority.
    pub fn server_config_requiring(
        &self,
        clients: &CertificateAuthority,
    ) -> io::Result<Arc<ServerConfig>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(clients.certificate().clone())
            .map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier.build().map_err(io::Error::other)?;
        self.config(rustls::ALL_VERSIONS, verifier)
    }

    fn config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Arc<dyn ClientCertVerifier>,
    ) -> io::Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?
            .with_client_cert_verifier(clients)
            .with_single_cert(self.chain.clone(), self.private_key())
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}

impl std::fmt::Debug for NodeCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeCertificate")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// SHA-256 of a certificate in 64 lower-case hex digits.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    Sha256::digest(certificate)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn authority_params(common_name: &str, key_id: KeyIdMethod) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(io::Error::other)?;
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.key_identifier_method = key_id;
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, -1, 1095);
    Ok(params)
}

fn common_name(params: &CertificateParams) -> String {
    match params.distinguished_name.get(&DnType::CommonName) {
        Some(rcgen::DnValue::Utf8String(name)) => name.clone(),
        _ => String::new(),
    }
}

/// Sets the validity, in days from now. (rcgen does not export the type of its times by name.)
fn set_validity(params: &mut CertificateParams, from: i64, to: i64) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let at = |days: i64| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(now.saturating_add_signed(days * DAY))
    };
    params.not_before = at(from);
    params.not_after = at(to);
}
