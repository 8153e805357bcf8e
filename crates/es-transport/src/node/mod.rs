//! Nodes, their health, and node selection.
//!
//! This module does no I/O and reads no clock: time is passed in, so that every rule
//! can be tested as a state machine.
//!
//! # Threads
//! Requests read a snapshot through arc-swap, which writers replace as a whole while
//! they hold a lock. In addition, there are independent atomic counters and hints: the
//! load of a node, whether a response changes its health, where a node that holds shards
//! was found, and the positions of selectors. No other data is published through them, so
//! relaxed ordering is sufficient; a stale value only leads to a worse choice.
//! `tests/nodes/threads.rs` runs under Miri.

mod candidates;
mod ejection;
mod hash;
mod health;
mod load;
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

/// A node of a cluster: its address, and the facts from sniffing.
///
/// It is parsed from a URL. User info is removed from the URL and becomes the
/// credentials of this node; `Debug` and `Display` never show it.
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
    /// The node's ID, which stays the same when its address changes.
    pub id: Option<Box<str>>,
    /// The node's name.
    pub name: Option<Box<str>>,
    /// The node's roles, such as `master`, `data`, `ingest`.
    pub roles: Vec<Box<str>>,
    /// The node's attributes (`node.attr.*`), such as `zone`.
    pub attributes: BTreeMap<Box<str>, Box<str>>,
    /// Maximum size of a request body in bytes (`http.max_content_length`).
    pub max_content_length: Option<u64>,
}

impl Node {
    /// Returns the URL: scheme, host, port and path prefix, without user info. It
    /// identifies the node: two nodes with the same URL are the same node.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL as a shared string; see [`Node::url`].
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

    /// Returns the host. An IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        self.authority().host()
    }

    /// Returns the port. Without one in the URL, it is 443 for https and 80 for http.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the value of the `Host` header.
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// Returns the prefix of every path: empty, or with a leading but without a trailing
    /// slash.
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// Returns the credentials from the URL, which are only for this node.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns the facts from sniffing.
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// Returns the value of an attribute, such as `zone`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.facts.attributes.get(name).map(|value| &**value)
    }

    /// Replaces the facts.
    #[must_use]
    pub fn with_facts(mut self, facts: NodeFacts) -> Self {
        self.facts = facts;
        self
    }

    /// Adds an attribute, for clusters that are not sniffed.
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

    /// Returns a node with the same scheme, path prefix and credentials at another host
    /// and port. An IPv6 address may be in brackets.
    ///
    /// ```
    /// use es_transport::Node;
    ///
    /// let seed: Node = "https://elastic:changeme@seed.example/search".parse()?;
    /// let other = seed.at("10.0.0.1", 9200)?;
    /// assert_eq!(other.url(), "https://10.0.0.1:9200/search");
    /// assert_eq!(other.credentials(), seed.credentials());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the host is not valid.
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
    /// Returns an error if the prefix and the path together are too long.
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
