//! The shard that a request is for, as its path and query say.

use std::{borrow::Cow, sync::Arc};

use http::Method;

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
    /// Creates a key for an index with one shard.
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

/// The shard that a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) index: Cow<'a, str>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) routing: Option<Cow<'a, str>>,
    pub(super) access: Access,
}

impl<'a> Target<'a> {
    /// A write of a document; `None` if the index is not a plain name.
    pub(super) fn write(
        index: &'a str,
        id: Option<&'a str>,
        routing: Option<&'a str>,
    ) -> Option<Self> {
        is_plain_index(index).then(|| Self {
            index: Cow::Borrowed(index),
            id: id.map(Cow::Borrowed),
            routing: routing.map(Cow::Borrowed),
            access: Access::Write,
        })
    }

    pub(super) fn of(request: &RequestContext<'a>) -> Option<Self> {
        if let Some(key) = request.extension::<RoutingKey>() {
            return Some(Self {
                index: Cow::Borrowed(&key.index),
                id: key.id.as_deref().map(Cow::Borrowed),
                routing: key.routing.as_deref().map(Cow::Borrowed),
                access: key.access,
            });
        }
        let (index, rest) = split_at_slash(request.path().strip_prefix('/')?);
        let (endpoint, id) = split_at_slash(rest?);
        let has_more = id.is_some_and(|id| split_at_slash(id).1.is_some());
        if has_more || !is_plain_index(index) {
            return None;
        }
        let access = access(request.method(), endpoint, id.is_some())?;
        let routing = match parameter(request.query(), "routing") {
            // Several values are for several shards.
            Some(value) if value.contains(',') || value.contains("%2C") => return None,
            Some(value) if value.contains('+') => Some(Cow::Owned(value.replace('+', " "))),
            Some(value) => Some(Cow::Borrowed(value)),
            None => None,
        };
        Some(Self {
            index: Cow::Borrowed(index),
            id: id.map(decode).transpose().ok()?,
            routing: routing.map(decode_cow).transpose().ok()?,
            access,
        })
    }
}

/// Splits a path at its first slash.
fn split_at_slash(path: &str) -> (&str, Option<&str>) {
    // Faster than `split_once` for the few bytes of a name.
    let slash = path.bytes().position(|byte| byte == b'/');
    let parts = slash.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?)));
    parts.map_or((path, None), |(before, after)| (before, Some(after)))
}

/// Whether it is the name of one index, without wildcards, lists and date math.
/// Names never need escapes.
fn is_plain_index(name: &str) -> bool {
    let is_special = |byte: u8| matches!(byte, b'*' | b',' | b'<' | b'%' | b':');
    !name.is_empty() && !name.starts_with(['_', '-', '.']) && !name.bytes().any(is_special)
}

fn access(method: &Method, endpoint: &str, has_id: bool) -> Option<Access> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_query = is_read || *method == Method::POST;
    match (endpoint, has_id) {
        ("_doc" | "_source", true) if is_read => Some(Access::Read),
        ("_explain" | "_termvectors", true)
        | ("_search" | "_count" | "_mget" | "_mtermvectors" | "_termvectors", false)
            if is_query =>
        {
            Some(Access::Read)
        }
        ("_doc" | "_create" | "_update", true) | ("_doc" | "_bulk", false) if !is_read => {
            Some(Access::Write)
        }
        _ => None,
    }
}

/// The value of a query parameter, still encoded.
pub(super) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Undoes the percent encoding of UTF-8.
fn decode(text: &str) -> std::result::Result<Cow<'_, str>, NotDecodable> {
    decode_cow(Cow::Borrowed(text))
}

struct NotDecodable;

fn decode_cow(text: Cow<'_, str>) -> std::result::Result<Cow<'_, str>, NotDecodable> {
    if !text.contains('%') {
        return Ok(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        if *byte != b'%' {
            bytes.push(*byte);
            rest = after;
            continue;
        }
        let [high, low, after @ ..] = after else {
            return Err(NotDecodable);
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NotDecodable);
        let value = digit(*high)? * 16 + digit(*low)?;
        bytes.push(u8::try_from(value).map_err(|_| NotDecodable)?);
        rest = after;
    }
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| NotDecodable)
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
            (Method::GET, "/products/_doc/%4"),
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
