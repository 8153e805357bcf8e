//! Nodes, which of them are alive, and the choice among them.
//!
//! No I/O and no clock of its own: time is passed in, so every rule can be
//! tested as a state machine.
//!
//! # Threads
//! What requests read is one snapshot behind arc-swap, replaced as a whole by
//! writers that hold a lock. Beside it stand counters and hints that are single
//! atomics: the load of a node, whether it is suspect, the selectors' places.
//! Nothing is published through any of them, so that no order among them is
//! needed and all are relaxed; one that is read late costs a worse choice and
//! nothing else. There is no lock-free structure of our own to be modelled;
//! `tests/threads.rs` runs under Miri all the same.

mod candidates;
mod health;
mod load;
mod pool;
mod random;
mod replace;
mod selected;
mod selector;
mod slot;
mod snapshot;
mod stripe;
mod url;
mod verdict;

pub use self::{
    candidates::{Candidate, Candidates},
    pool::{NodePool, NodePoolBuilder},
    selected::Selected,
    selector::{
        AttemptEnd, LeastInFlight, NodeSelector, PeakEwma, PreferAttribute, Random, RequestContext,
        RoundRobin, SharedSelector, Sticky,
    },
    slot::NodeSlot,
    verdict::Verdict,
};
pub(crate) use self::{pool::DEAD_TIME, url::is_dots};

use std::{collections::BTreeMap, fmt, sync::Arc};

use http::{
    HeaderValue,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::credentials::Credentials;

/// One node of a cluster: where it is, and what sniffing told of it.
///
/// It is parsed from a URL. User info is taken out of the URL and becomes this
/// node's own credentials; no text of a node ever shows it.
///
/// ```
/// use es_transport::Node;
///
/// let node: Node = "https://elastic:changeme@[::1]/search/".parse()?;
/// assert_eq!(node.url(), "https://[::1]:443/search");
/// assert_eq!(node.port(), 443);
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct Node {
    url: Arc<str>,
    scheme: Scheme,
    authority: Authority,
    host_header: HeaderValue,
    port: u16,
    /// Empty, or with a leading and without a trailing slash.
    path_prefix: Box<str>,
    credentials: Option<Credentials>,
    facts: NodeFacts,
}

/// What a cluster tells of a node in the answer to `GET _nodes/http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeFacts {
    /// The node's id, which stays when its address changes.
    pub id: Option<Box<str>>,
    /// The node's name.
    pub name: Option<Box<str>>,
    /// The node's roles, such as `master`, `data`, `ingest`.
    pub roles: Vec<Box<str>>,
    /// The node's attributes (`node.attr.*`), such as `zone`.
    pub attributes: BTreeMap<Box<str>, Box<str>>,
    /// The most bytes the node takes in one request (`http.max_content_length`).
    pub max_content_length: Option<u64>,
}

impl Node {
    /// Scheme, host, port and path prefix, without user info. This is the
    /// node's identity: two nodes with the same URL are the same node.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As [`Node::url`], shared.
    pub fn shared_url(&self) -> &Arc<str> {
        &self.url
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the node is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.authority().host()
    }

    /// The port, also where the URL named none: 443 for https, 80 for http.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header.
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// What is put before every path: empty, or with a leading and without a trailing slash.
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// The credentials that the URL carried, for this node alone.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// What sniffing told.
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// The value of an attribute that sniffing told.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.facts.attributes.get(name).map(|value| &**value)
    }

    /// The same node with other facts.
    #[must_use]
    pub fn with_facts(mut self, facts: NodeFacts) -> Self {
        self.facts = facts;
        self
    }

    /// The same node with an attribute, for clusters that are not sniffed.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.facts.attributes.insert(name.into(), value.into());
        self
    }

    /// Another node that is reached in the same way (scheme, path prefix,
    /// credentials), at another host and port. An IPv6 host may have brackets or not.
    ///
    /// # Errors
    /// A host that is none.
    pub fn at(&self, host: &str, port: u16) -> crate::Result<Self> {
        url::node(self.scheme().clone(), host, port, &self.path_prefix, self.credentials.clone())
    }

    /// The absolute URI of a request to this node, for an origin-form target.
    ///
    /// # Errors
    /// A prefix and a path that are too long together.
    pub fn uri(&self, target: PathAndQuery) -> crate::Result<http::Uri> {
        url::absolute(self, target)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Node {}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("url", &self.url)
            .field("credentials", &self.credentials)
            .field("facts", &self.facts)
            .finish()
    }
}
