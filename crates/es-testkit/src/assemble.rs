//! From settings to the parts of a cluster.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::api::security::{encode, new_key};
use crate::api::version::Version;
use crate::builder::{ClusterBuilder, ordinary};
use crate::capacity::Workers;
use crate::node::{Node, Sockets};
use crate::random::{SplitMix, secret_text, seeded_text};
use crate::record::Records;
use crate::security::{Credentials, Identity, Privileges};
use crate::settings::{Flavor, Settings};
use crate::shared::{NodeFacts, Shared};
use crate::store::Store;
use crate::tls::NodeCertificate;

/// The secrets a cluster is started with.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub username: String,
    pub password: String,
    pub key_id: String,
    pub key: String,
    pub key_encoded: String,
    pub token: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl ClusterBuilder {
    pub(crate) fn certificate_names_or_default(&self) -> Option<&[String]> {
        Some(self.certificate_names.as_slice()).filter(|names| !names.is_empty())
    }

    /// The state that the nodes share, and the credentials to reach it.
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
            product_header: self
                .product_header
                .unwrap_or(self.flavor == Flavor::Elasticsearch),
            max_content_length: self.max_content_length,
            compression: self.compression.unwrap_or(!self.tls),
            security: self.security.unwrap_or(self.tls || !self.users.is_empty()),
        };
        let (credentials, secrets) = self.credentials()?;
        let hides_vectors = (settings.version.major, settings.version.minor) >= (9, 2);
        let shows_vectors = settings.is_opensearch() || !hides_vectors;
        let shared = Shared {
            settings,
            store: Mutex::new(Store {
                refresh_needed: self.refresh_on_request,
                shows_vectors,
                ..Store::default()
            }),
            credentials: Mutex::new(credentials),
            nodes: Mutex::default(),
        };
        Ok((Arc::new(shared), secrets))
    }

    fn credentials(&self) -> io::Result<(Credentials, Secrets)> {
        let mut credentials = Credentials::default();
        for user in &self.users {
            let privileges = user
                .readable
                .clone()
                .map_or(Privileges::All, |pattern| Privileges::Read(vec![pattern]));
            credentials.add_user(&user.name, &user.password, privileges);
        }
        let first = self.users.iter().find(|user| user.readable.is_none());
        let (username, password) = match first {
            Some(user) => (user.name.clone(), user.password.clone()),
            None => ("elastic".to_owned(), secret_text(20)?),
        };
        credentials.add_user(&username, &password, Privileges::All);
        let owner = Identity::token_holder(&username);
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
        let mut changing = self
            .node_facts
            .get(&number)
            .cloned()
            .unwrap_or_else(ordinary);
        changing.publish_address.clone_from(&address);
        if let Some(zone) = number
            .checked_rem(self.zones.len())
            .and_then(|n| self.zones.get(n))
        {
            changing
                .attributes
                .entry("zone".to_owned())
                .or_insert_with(|| zone.clone());
        }
        // Nodes draw from generators far apart, so that they do not think in step.
        let seed = self
            .seed
            .wrapping_add((number as u64).wrapping_mul(0xA076_1D64_78BD_642F));
        let facts = Arc::new(NodeFacts {
            // Clients sort nodes by their ids: a simulation repeats itself only with the same.
            id: if sockets.is_some() {
                secret_text(22)?
            } else {
                seeded_text(!seed, 22)
            },
            name: format!("node-{number}"),
            changing: Mutex::new(changing),
            listed: AtomicBool::new(true),
            local: AtomicUsize::new(0),
            forwarded: AtomicUsize::new(0),
        });
        crate::sync::lock(&shared.nodes).push(Arc::clone(&facts));
        Ok(Arc::new(Node {
            shared: Arc::clone(shared),
            facts,
            url: format!("{scheme}://{address}"),
            records: Records::new(self.recording),
            faults: Mutex::default(),
            latency: Mutex::new((self.latency, SplitMix::new(seed))),
            workers: Mutex::new(
                self.capacity
                    .map(|capacity| Arc::new(Workers::new(capacity))),
            ),
            welcome: Mutex::default(),
            falls: watch::Sender::new(0),
            down: AtomicBool::new(false),
            certificate,
            sockets,
        }))
    }
}
