//! Nodes, their health, and the choice among them.
//!
//! No I/O and no clock of its own: time is passed in, so every rule can be
//! tested as a state machine.
//!
//! # Threads
//! Requests read one snapshot behind arc-swap, which writers replace as a
//! whole while they hold a lock. Beside it stand counters and hints that are single
//! atomics: the load of a node, whether a response changes its health, the
//! selectors' places.
//! Nothing is published through any of them, so that no order among them is
//! needed and all are relaxed; one that is read late costs a worse choice and
//! nothing else. There is no lock-free structure of our own to be modelled;
//! `tests/threads.rs` runs under Miri all the same.

mod candidates;
mod ejection;
mod hash;
mod health;
mod load;
mod membership;
mod outcome;
mod pool;
mod recent;
mod selection;
mod selector;
pub(crate) mod shards;
mod snapshot;
mod stripe;
mod url;

pub use self::{
    candidates::{Candidate, Candidates, Subset, SubsetCache},
    ejection::Ejection,
    outcome::NodeOutcome,
    pool::{NodePool, NodePoolBuilder, NodeState, NodeStatus},
    selection::Selection,
    selector::{
        AttemptEnd, LeastInFlight, NodeSelector, PeakEwma, PreferAttribute, Random, RequestContext,
        RoundRobin, Sticky, selector_fn,
    },
};
pub(crate) use self::{
    pool::{DEAD_TIME, LeaveHook},
    url::is_dots,
};

use std::{collections::BTreeMap, fmt, sync::Arc};

use http::{
    HeaderValue,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::credentials::Credentials;

/// One node of a cluster: its address, and the facts that sniffing found.
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

/// Facts about a node in the response to `GET _nodes/http`.
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
    /// Maximum size of a request in bytes (`http.max_content_length`).
    pub max_content_length: Option<u64>,
}

impl Node {
    /// Returns scheme, host, port and path prefix, without user info. This is the
    /// node's identity: two nodes with the same URL are the same node.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the same as [`Node::url`], shared.
    pub fn shared_url(&self) -> &Arc<str> {
        &self.url
    }

    /// Returns the scheme, `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the node is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Returns host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the host; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.authority().host()
    }

    /// Returns the port, also if the URL has none: 443 for https, 80 for http.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the value of the `Host` header.
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// Returns the prefix of every path: empty, or with a leading and without a trailing slash.
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// Returns the credentials of the URL, for this node alone.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns the facts that sniffing found.
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// Returns the value of an attribute, such as `zone`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.facts.attributes.get(name).map(|value| &**value)
    }

    /// Returns the same node with other facts.
    #[must_use]
    pub fn with_facts(mut self, facts: NodeFacts) -> Self {
        self.facts = facts;
        self
    }

    /// Returns the same node with an attribute, for clusters that are not sniffed.
    ///
    /// ```
    /// use es_transport::Node;
    ///
    /// let node = "http://a:9200".parse::<Node>()?.with_attribute("zone", "eu-west-1a");
    /// assert_eq!(node.attribute("zone"), Some("eu-west-1a"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.facts.attributes.insert(name.into(), value.into());
        self
    }

    /// Returns another node that is reached in the same way (scheme, path prefix,
    /// credentials), at another host and port. An IPv6 host may have brackets or not.
    ///
    /// # Errors
    /// The host is not valid.
    pub fn at(&self, host: &str, port: u16) -> crate::Result<Self> {
        url::node(
            self.scheme().clone(),
            host,
            port,
            &self.path_prefix,
            self.credentials.clone(),
        )
    }

    /// Returns the absolute URI of a request to this node, for an origin-form target.
    ///
    /// # Errors
    /// The prefix and the path are too long together.
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
