//! The shards that a request is for, as its path and query say.

use std::{borrow::Cow, sync::Arc};

use http::Method;
use percent_encoding::percent_decode_str;

use crate::node::RequestContext;

/// The copies of a shard that can serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Any started copy.
    Read,
    /// The primary.
    Write,
}

/// An extension of a request that identifies its shard, for requests whose path does
/// not.
///
/// ```
/// use es_transport::shard_aware::{Access, RoutingKey};
///
/// let mut request = http::Request::post("/_mget").body(()).unwrap();
/// request.extensions_mut().insert(RoutingKey::new("products", Access::Read).id("7"));
/// ```
#[derive(Clone, Debug)]
pub struct RoutingKey {
    index: Arc<str>,
    id: Option<Arc<str>>,
    routing: Option<Arc<str>>,
    access: Access,
}

impl RoutingKey {
    /// Creates a key for an index with one shard or, for a read, for all shards of an index.
    pub fn new(index: impl Into<Arc<str>>, access: Access) -> Self {
        Self {
            index: index.into(),
            id: None,
            routing: None,
            access,
        }
    }

    /// Sets the ID of the document.
    #[must_use]
    pub fn id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the routing value.
    #[must_use]
    pub fn routing(mut self, routing: impl Into<Arc<str>>) -> Self {
        self.routing = Some(routing.into());
        self
    }
}

/// An extension of a read that all of these nodes can serve from their own shards, such as a
/// multi-get of documents that they hold. It is sent to one of them, and takes precedence
/// over a [`RoutingKey`].
///
/// [`Transport::read_nodes`](crate::Transport::read_nodes) returns the nodes of a document.
///
/// ```
/// use es_transport::{Node, NodeFacts, NodePool, node::RequestContext};
/// use es_transport::shard_aware::{HolderNodes, ShardAware};
/// use http::Request;
/// use tokio::time::Instant;
///
/// let node = |id: &str| {
///     let mut facts = NodeFacts::default();
///     facts.id = Some(id.into());
///     format!("http://{id}:9200").parse::<Node>().unwrap().with_facts(facts)
/// };
/// let pool = NodePool::new(["a", "b", "c"].map(node))?;
/// let selector = ShardAware::default();
///
/// let holders = HolderNodes::new(["b".into()]);
/// let request = Request::post("/products/_mget").extension(holders).body(()).unwrap();
/// let context = RequestContext::of(&request, Instant::now());
/// assert_eq!(pool.select(&selector, &context)?.node().host(), "b");
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderNodes(Arc<[Arc<str>]>);

impl HolderNodes {
    /// Creates the extension for nodes with these IDs
    /// ([`NodeFacts::id`](crate::NodeFacts::id)).
    pub fn new(ids: impl Into<Arc<[Arc<str>]>>) -> Self {
        Self(ids.into())
    }

    /// Returns the IDs of the nodes.
    pub fn ids(&self) -> &[Arc<str>] {
        &self.0
    }
}

/// The shards that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub index: &'a str,
    pub id: Option<&'a str>,
    pub routing: Option<&'a str>,
    /// Whether the ID and the routing value are to be [decoded](Self::decode).
    pub is_encoded: bool,
    pub access: Access,
    /// Whether it is for all shards if it has neither an ID nor a routing value.
    pub is_search: bool,
}

impl<'a> Target<'a> {
    pub fn new(
        index: &'a str,
        id: Option<&'a str>,
        routing: Option<&'a str>,
        access: Access,
    ) -> Self {
        Self {
            index,
            id,
            routing,
            is_encoded: false,
            access,
            is_search: true,
        }
    }

    #[inline]
    pub fn of(request: &RequestContext<'a>) -> Option<Self> {
        if let Some(key) = request.extension::<RoutingKey>() {
            let (id, routing) = (key.id.as_deref(), key.routing.as_deref());
            return Some(Self::new(&key.index, id, routing, key.access));
        }
        let (index, rest) = split(request.path().strip_prefix('/')?);
        if has_special_start(index) {
            return None;
        }
        let (endpoint, id) = split(rest?);
        let access = access(request.method(), endpoint, id.is_some())?;
        let routing = parameter(request.query(), "routing");
        let is_id_encoded = match id.and_then(|id| id.bytes().find(|byte| b"/%".contains(byte))) {
            // More of the path follows the ID.
            Some(_) if id?.contains('/') => return None,
            special => special.is_some(),
        };
        Some(Self {
            index,
            id,
            routing,
            is_encoded: is_id_encoded || routing.is_some(),
            access,
            is_search: matches!(endpoint, "_search" | "_count"),
        })
    }

    /// Returns the ID and the routing value, decoded; `None` if that fails, or if there are several
    /// routing values, which are for several shards.
    #[cold]
    pub fn decode(&self) -> Option<[Option<Cow<'a, str>>; 2]> {
        let id = match self.id {
            Some(id) => Some(decode(id)?),
            None => None,
        };
        let routing = match self.routing {
            Some(routing) if routing.contains('+') => {
                let spaced = routing.replace('+', " ");
                Some(Cow::Owned(decode(&spaced)?.into_owned()))
            }
            Some(routing) => Some(decode(routing)?),
            None => None,
        };
        let is_one = routing.as_ref().is_none_or(|value| !value.contains(','));
        is_one.then_some([id, routing])
    }

    /// Whether it is the name of one index, without wildcards, lists and date math.
    /// Names never need escapes.
    pub fn is_plain_index(name: &str) -> bool {
        !has_special_start(name) && !name.bytes().any(is_special)
    }

    /// Whether the request has no preference and takes one.
    #[inline]
    pub fn takes_preference(request: &RequestContext<'_>) -> bool {
        parameter(request.query(), "preference").is_none()
            // Each of its searches has a preference.
            && !request.path().ends_with("/_msearch")
    }
}

/// Splits a path at its first slash.
#[inline]
fn split(path: &str) -> (&str, Option<&str>) {
    // Paths are short: to compare each byte is faster than to search for a pattern.
    let slash = path.bytes().position(|byte| byte == b'/');
    let parts = slash.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?)));
    parts.map_or((path, None), |(first, rest)| (first, Some(rest)))
}

fn has_special_start(name: &str) -> bool {
    matches!(name.as_bytes(), [] | [b'_' | b'-' | b'.', ..])
}

/// Whether a byte stands for several names, needs an escape in a path, or is rare in names.
fn is_special(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b'+' | b'~' | b'@' | b'$')
}

#[inline]
fn access(method: &Method, endpoint: &str, has_id: bool) -> Option<Access> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_query = is_read || *method == Method::POST;
    match endpoint {
        "_doc" if is_read => has_id.then_some(Access::Read),
        "_doc" => Some(Access::Write),
        "_create" | "_update" => (has_id && !is_read).then_some(Access::Write),
        "_bulk" => (!has_id && !is_read).then_some(Access::Write),
        "_source" => (has_id && is_read).then_some(Access::Read),
        "_explain" => (has_id && is_query).then_some(Access::Read),
        "_termvectors" => is_query.then_some(Access::Read),
        "_search" | "_count" | "_mget" | "_mtermvectors" => {
            (!has_id && is_query).then_some(Access::Read)
        }
        _ => None,
    }
}

/// The value of a query parameter, still encoded.
#[inline]
fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio::time::Instant;

    use super::*;

    fn target(method: &Method, uri: &str) -> Option<String> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let context = RequestContext::of(&request, Instant::now());
        let target = Target::of(&context)?;
        let [id, routing] = if target.is_encoded {
            target.decode()?
        } else {
            [target.id, target.routing].map(|value| value.map(Into::into))
        };
        let (id, routing) = (id.unwrap_or_default(), routing.unwrap_or_default());
        let (index, access) = (target.index, target.access);
        Some(format!("{index} {id} {routing} {access:?}"))
    }

    #[test]
    fn the_path_says_which_shard_is_meant() {
        let cases = [
            (Method::GET, "/products/_doc/1", "products 1  Read"),
            (
                Method::HEAD,
                "/products/_doc/a%2Fb%C3%A4",
                "products a/bä  Read",
            ),
            (
                Method::GET,
                "/products/_source/1?routing=x",
                "products 1 x Read",
            ),
            (Method::POST, "/products/_explain/1", "products 1  Read"),
            (
                Method::PUT,
                "/products/_doc/a+b?routing=c+d",
                "products a+b c d Write",
            ),
            (
                Method::POST,
                "/products/_update/1?x&routing=%20",
                "products 1   Write",
            ),
            (Method::DELETE, "/products/_doc/1", "products 1  Write"),
            (Method::POST, "/products/_search", "products   Read"),
            (Method::POST, "/products/_mget", "products   Read"),
            (Method::POST, "/products/_termvectors", "products   Read"),
            (Method::GET, "/products/_termvectors/1", "products 1  Read"),
            (Method::POST, "/products/_mtermvectors", "products   Read"),
            (
                Method::GET,
                "/products/_count?q=x&routing=7",
                "products  7 Read",
            ),
            (Method::POST, "/products/_bulk", "products   Write"),
            (Method::POST, "/products/_doc", "products   Write"),
        ];
        for (method, uri, wanted) in cases {
            assert_eq!(
                target(&method, uri).as_deref(),
                Some(wanted),
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn other_requests_are_for_no_one_shard() {
        let cases = [
            (Method::GET, "/"),
            (Method::GET, "/_cluster/health"),
            (Method::GET, "/products"),
            (Method::GET, "/products/_mapping"),
            (Method::GET, "/.kibana/_doc/1"),
            (Method::GET, "/products/_doc/%FF"),
            (Method::GET, "/products/_search?routing=a,b"),
            (Method::GET, "/products/_search?routing=a%2Cb"),
            (Method::GET, "/products/_search/template"),
            (Method::GET, "/products/_doc/1/x"),
            (Method::POST, "/_bulk"),
        ];
        for (method, uri) in cases {
            assert_eq!(target(&method, uri), None, "{method} {uri}");
        }
    }

    #[test]
    fn only_the_name_of_one_index_is_plain() {
        for name in ["products", "logs-2026.01.31", "a_b"] {
            assert!(Target::is_plain_index(name), "{name}");
        }
        let others = [
            "",
            "products*",
            "a,b",
            "%3Clogs-%7Bnow%7D%3E",
            "remote:products",
            "_all",
        ];
        for name in others {
            assert!(!Target::is_plain_index(name), "{name}");
        }
    }

    #[test]
    fn a_key_of_the_request_goes_before_its_path() {
        let key = RoutingKey::new("orders", Access::Read).id("7").routing("r");
        let request = Request::post("/_mget").extension(key).body(()).unwrap();
        let context = RequestContext::of(&request, Instant::now());
        let target = Target::of(&context).unwrap();
        assert_eq!((target.index, target.access), ("orders", Access::Read));
        assert_eq!((target.id, target.routing), (Some("7"), Some("r")));
    }
}
