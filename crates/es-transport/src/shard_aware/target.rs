//! The shard that a request is for, as its path and query say.

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
    nodes: Option<Box<[Arc<str>]>>,
}

impl RoutingKey {
    /// Creates a key for an index with one shard.
    pub fn new(index: impl Into<Arc<str>>, access: Access) -> Self {
        Self {
            index: index.into(),
            id: None,
            routing: None,
            access,
            nodes: None,
        }
    }

    /// Creates a key of a read for documents that all of these nodes hold, by their IDs
    /// ([`Transport::read_nodes`](crate::Transport::read_nodes)).
    pub fn of_nodes(ids: impl Into<Box<[Arc<str>]>>) -> Self {
        Self {
            nodes: Some(ids.into()),
            ..Self::new("", Access::Read)
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

/// The shard that a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub index: Cow<'a, str>,
    pub id: Option<Cow<'a, str>>,
    pub routing: Option<Cow<'a, str>>,
    pub access: Access,
    /// The nodes that hold everything, where the caller knows them.
    pub nodes: Option<&'a [Arc<str>]>,
}

impl<'a> Target<'a> {
    /// Creates the target of a document; `None` if the index is not a plain name.
    pub fn new(
        index: &'a str,
        id: Option<&'a str>,
        routing: Option<&'a str>,
        access: Access,
    ) -> Option<Self> {
        is_plain_index(index).then(|| Self {
            index: Cow::Borrowed(index),
            id: id.map(Cow::Borrowed),
            routing: routing.map(Cow::Borrowed),
            access,
            nodes: None,
        })
    }

    /// Whether the request is a read that has no preference and takes one.
    pub fn takes_preference(&self, request: &RequestContext<'_>) -> bool {
        self.access == Access::Read
            && parameter(request.query(), "preference").is_none()
            // Each of its searches has a preference.
            && !request.path().ends_with("/_msearch")
    }

    pub fn of(request: &RequestContext<'a>) -> Option<Self> {
        if let Some(key) = request.extension::<RoutingKey>() {
            return Some(Self {
                index: Cow::Borrowed(&key.index),
                id: key.id.as_deref().map(Cow::Borrowed),
                routing: key.routing.as_deref().map(Cow::Borrowed),
                access: key.access,
                nodes: key.nodes.as_deref(),
            });
        }
        let (index, rest) = split_index(request.path().strip_prefix('/')?)?;
        let (endpoint, id) = split_endpoint(rest);
        let access = access(request.method(), endpoint, id.is_some())?;
        let id = match id {
            Some(id) => Some(decode_id(id)?),
            None => None,
        };
        let routing = match parameter(request.query(), "routing") {
            Some(value) if value.contains('+') => {
                let spaced = value.replace('+', " ");
                Some(Cow::Owned(decode(&spaced)?.into_owned()))
            }
            Some(value) => Some(decode(value)?),
            None => None,
        };
        // Several values are for several shards.
        if routing
            .as_ref()
            .is_some_and(|routing| routing.contains(','))
        {
            return None;
        }
        Some(Self {
            index: Cow::Borrowed(index),
            id,
            routing,
            access,
            nodes: None,
        })
    }
}

// Paths are short: to compare each byte is faster than to search for a pattern.

/// Splits a path after its index; `None` if that is not a plain name.
fn split_index(path: &str) -> Option<(&str, &str)> {
    let end = path
        .bytes()
        .position(|byte| byte == b'/' || is_special(byte))?;
    let (index, rest) = path.split_at_checked(end)?;
    let rest = rest.strip_prefix('/')?;
    (!has_special_start(index)).then_some((index, rest))
}

/// Splits the rest of a path into the name of the endpoint and an ID.
fn split_endpoint(rest: &str) -> (&str, Option<&str>) {
    let slash = rest.bytes().position(|byte| byte == b'/');
    let parts = slash.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)));
    parts.map_or((rest, None), |(endpoint, id)| (endpoint, Some(id)))
}

/// Whether it is the name of one index, without wildcards, lists and date math.
/// Names never need escapes.
fn is_plain_index(name: &str) -> bool {
    !has_special_start(name) && !name.bytes().any(is_special)
}

fn has_special_start(name: &str) -> bool {
    matches!(name.as_bytes(), [] | [b'_' | b'-' | b'.', ..])
}

/// Whether a byte stands for several names, needs an escape in a path, or is rare in names.
fn is_special(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b'+' | b'~' | b'@' | b'$')
}

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
fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Decodes an ID; `None` if more of the path follows it.
fn decode_id(text: &str) -> Option<Cow<'_, str>> {
    match text.bytes().find(|byte| matches!(byte, b'/' | b'%')) {
        None => Some(Cow::Borrowed(text)),
        Some(_) if text.contains('/') => None,
        Some(_) => decode(text),
    }
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
        Target::of(&context).map(|target| {
            let (id, routing) = (
                target.id.unwrap_or_default(),
                target.routing.unwrap_or_default(),
            );
            format!("{} {id} {routing} {:?}", target.index, target.access)
        })
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
            (Method::GET, "/products*/_doc/1"),
            (Method::GET, "/a,b/_search"),
            (Method::GET, "/%3Clogs-%7Bnow%7D%3E/_search"),
            (Method::GET, "/remote:products/_search"),
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
    fn a_key_of_the_request_goes_before_its_path() {
        let key = RoutingKey::new("orders", Access::Read).id("7").routing("r");
        let request = Request::post("/_mget").extension(key).body(()).unwrap();
        let context = RequestContext::of(&request, Instant::now());
        let target = Target::of(&context).unwrap();
        assert_eq!((&*target.index, target.access), ("orders", Access::Read));
        assert_eq!(
            (target.id.as_deref(), target.routing.as_deref()),
            (Some("7"), Some("r"))
        );
    }
}
