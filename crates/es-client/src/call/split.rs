//! Calls for documents on several nodes: where the client knows the nodes, each gets a request of
//! its own, and the responses are merged in the order of the call.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use es_transport::{
    Body, Transport,
    shard_aware::{Access, RoutingKey},
};
use futures_util::future::try_join_all;
use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tokio::time::Instant;

use super::outcome::{Received, node_of};
use crate::{
    error::{Error, Result},
    json_read::{ReadError, from_bytes},
    response::Meta,
};

/// Number of entries for each node from which on a request of its own pays: below it, the
/// cost of a request is more than that of the forwarding that it saves (docs/routing.md).
const MIN_ENTRIES: usize = 10;

/// A call that may be split.
pub(super) struct Splitting {
    kind: Kind,
    /// The index and the routing value of entries that name none.
    index: Option<Arc<str>>,
    routing: Option<Arc<str>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Mget,
    Msearch,
}

impl Kind {
    /// Returns the member of the response that has an entry for each of the request.
    fn list(self) -> &'static str {
        match self {
            Self::Mget => "docs",
            Self::Msearch => "responses",
        }
    }
}

/// A document to get, or a search.
struct Entry {
    /// The node that holds it, if it is known.
    node: Option<Arc<str>>,
    text: Bytes,
}

/// The entries of one node, by their places in the call.
struct Group {
    node: Option<Arc<str>>,
    places: Vec<usize>,
}

/// A call as several requests.
pub(super) struct Split {
    kind: Kind,
    requests: Vec<Request<Body>>,
    groups: Vec<Group>,
}

impl Splitting {
    /// Returns `None` for endpoints whose calls are not split.
    pub fn of(
        endpoint: &str,
        index: Option<&str>,
        query: &[(Cow<'static, str>, Cow<'static, str>)],
    ) -> Option<Self> {
        let kind = match endpoint {
            "mget" => Kind::Mget,
            "msearch" => Kind::Msearch,
            _ => return None,
        };
        let value = |name: &str| query.iter().find(|(key, _)| key == name);
        // Another copy is asked for; or entries of the response may be left out.
        if value("preference").is_some() || value("filter_path").is_some() {
            return None;
        }
        let routing = value("routing").map(|(_, value)| &**value);
        Some(Self {
            kind,
            index: index.map(Into::into),
            routing: routing.map(Into::into),
        })
    }

    /// Splits a request. If its entries are best sent together, it returns `None`, and the request
    /// goes to the node that holds most of them.
    pub fn split(&self, transport: &Transport, request: &mut Request<Body>) -> Option<Split> {
        static TURN: AtomicUsize = AtomicUsize::new(0);
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let node_of = |index: Option<&str>, id: Option<&str>, routing: Option<&str>| {
            let index = index.or(self.index.as_deref())?;
            let routing = routing.or(self.routing.as_deref());
            // Several values of a search are for several shards.
            if id.is_none() && routing.is_some_and(|routing| routing.contains(',')) {
                return None;
            }
            transport.read_node(index, id, routing, turn)
        };
        if request.extensions().get::<RoutingKey>().is_some() {
            return None;
        }
        let body = in_memory(request.body())?;
        let (member, entries) = match self.kind {
            Kind::Mget => documents(&body, node_of),
            Kind::Msearch => searches(&body, node_of),
        }?;

        let groups = groups(&entries);
        if groups.len() < 2 || entries.len() < groups.len() * MIN_ENTRIES {
            let known = groups.iter().filter(|group| group.node.is_some());
            let largest = known.max_by_key(|group| group.places.len())?;
            request.extensions_mut().insert(largest.key()?);
            *request.body_mut() = body_of(member, entries.iter()).into();
            return None;
        }
        let requests = groups.iter().map(|group| {
            let own = group.places.iter().filter_map(|place| entries.get(*place));
            let mut part = with_body(request, body_of(member, own));
            group.key().map(|key| part.extensions_mut().insert(key));
            part
        });
        Some(Split {
            kind: self.kind,
            requests: requests.collect(),
            groups,
        })
    }
}

/// Returns the bytes of a body that is not a stream.
fn in_memory(body: &Body) -> Option<Bytes> {
    match body.pieces()? {
        [one] => Some(one.clone()),
        pieces => Some(pieces.concat().into()),
    }
}

impl Group {
    fn key(&self) -> Option<RoutingKey> {
        let node = self.node.clone()?;
        Some(RoutingKey::new("", Access::Read).node(node))
    }
}

fn groups(entries: &[Entry]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match groups.iter_mut().find(|group| group.node == entry.node) {
            Some(group) => group.places.push(place),
            None => groups.push(Group {
                node: entry.node.clone(),
                places: vec![place],
            }),
        }
    }
    groups
}

/// Copies a request, with another body.
fn with_body(request: &Request<Body>, body: Vec<u8>) -> Request<Body> {
    let mut copy = Request::new(body.into());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    copy
}

/// Returns a body of these entries: an object with them as a list, or their lines.
fn body_of<'a>(member: Option<&str>, entries: impl Iterator<Item = &'a Entry>) -> Vec<u8> {
    let Some(member) = member else {
        return entries
            .flat_map(|entry| entry.text.iter().copied())
            .collect();
    };
    let mut body = format!("{{\"{member}\":[").into_bytes();
    for (number, entry) in entries.enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&entry.text);
    }
    body.extend_from_slice(b"]}");
    body
}

/// Reads the body of a multi-get: the member that is the list, and its entries. `None` if it has
/// other members.
fn documents(
    body: &Bytes,
    node_of: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Option<Arc<str>>,
) -> Option<(Option<&'static str>, Vec<Entry>)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Request<'a> {
        #[serde(borrow)]
        docs: Option<Vec<&'a RawValue>>,
        #[serde(borrow)]
        ids: Option<Vec<&'a RawValue>>,
    }
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "_index")]
        index: Option<String>,
        #[serde(rename = "_id")]
        id: String,
        routing: Option<String>,
    }
    let request: Request<'_> = serde_json::from_slice(body).ok()?;
    let entry = |raw: &RawValue, node| Entry {
        node,
        text: body.slice_ref(raw.get().as_bytes()),
    };
    match request {
        Request {
            docs: Some(docs),
            ids: None,
        } => {
            let entries = docs.into_iter().map(|raw| {
                let document: Option<Document> = serde_json::from_str(raw.get()).ok();
                let node = document.and_then(|Document { index, id, routing }| {
                    node_of(index.as_deref(), Some(&id), routing.as_deref())
                });
                entry(raw, node)
            });
            Some((Some("docs"), entries.collect()))
        }
        Request {
            docs: None,
            ids: Some(ids),
        } => {
            let entries = ids.into_iter().map(|raw| {
                let id: Option<String> = serde_json::from_str(raw.get()).ok();
                entry(raw, id.and_then(|id| node_of(None, Some(&id), None)))
            });
            Some((Some("ids"), entries.collect()))
        }
        _ => None,
    }
}

/// Reads the lines of a multi-search, two for each search. `None` if that is not what they are.
fn searches(
    body: &Bytes,
    node_of: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Option<Arc<str>>,
) -> Option<(Option<&'static str>, Vec<Entry>)> {
    let lines = body.strip_suffix(b"\n").unwrap_or(body);
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut entries = Vec::new();
    while let Some(header) = lines.next() {
        let search = lines.next()?;
        let local = serde_json::from_slice(header)
            .ok()
            .and_then(|header| local(header, &node_of));
        let (node, header) = match local {
            Some((node, header)) => (Some(node), Cow::Owned(header)),
            None => (None, Cow::Borrowed(header)),
        };
        let text = [&*header, b"\n", search, b"\n"].concat().into();
        entries.push(Entry { node, text });
    }
    Some((None, entries))
}

/// Returns the node of a search, and its header, which keeps it there.
fn local(
    mut header: Map<String, Value>,
    node_of: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Option<Arc<str>>,
) -> Option<(Arc<str>, Vec<u8>)> {
    if header.contains_key("preference") {
        return None;
    }
    let text = |name: &str| match header.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    };
    let node = node_of(text("index")?, None, text("routing")?)?;
    header.insert("preference".into(), "_local".into());
    Some((node, serde_json::to_vec(&header).ok()?))
}

impl Split {
    /// Sends all requests at the same time. The response has the entries in the order of the call,
    /// and the head of the first response. A response with an error status is that of the call.
    pub async fn send(self, transport: Transport) -> Result<Received> {
        let started = Instant::now();
        let sent = self.requests.into_iter().map(async |request| {
            let (parts, body) = transport.send(request).await?.into_parts();
            let node = node_of(&parts, &body);
            let body = body.bytes().await?;
            Ok::<_, Error>(Received {
                parts,
                node,
                body,
                started,
            })
        });
        let mut received = try_join_all(sent).await?;
        let refused = received
            .iter()
            .position(|response| !response.parts.status.is_success());
        if let Some(refused) = refused {
            return Ok(received.swap_remove(refused));
        }
        let bodies = received.iter().map(|response| &response.body);
        let merged = merge(self.kind.list(), bodies.zip(&self.groups));
        let first = received.into_iter().next();
        let first = first.ok_or_else(|| Error::invalid("a call without entries"))?;
        match merged {
            Ok(body) => Ok(Received { body, ..first }),
            Err(error) => {
                let meta = Meta::new(first.parts, first.node, started.elapsed());
                Err(Error::decode(
                    "a part of the response",
                    error,
                    meta,
                    first.body,
                ))
            }
        }
    }
}

/// Merges responses: their lists in the order of the call, the longest `took`, and the other
/// members of the first.
fn merge<'a>(
    list: &str,
    responses: impl Iterator<Item = (&'a Bytes, &'a Group)>,
) -> std::result::Result<Bytes, ReadError> {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = BTreeMap::new();
    let mut entries: BTreeMap<usize, &RawValue> = BTreeMap::new();
    let took = |value: &RawValue| value.get().parse::<u64>().unwrap_or_default();
    for (body, group) in responses {
        let mut own: BTreeMap<Cow<'_, str>, &RawValue> = from_bytes(body)?;
        let found = own.remove(list).map_or("[]", RawValue::get);
        let found: Vec<&RawValue> = serde_json::from_str(found)?;
        if found.len() != group.places.len() {
            let message = "there are not as many entries as were asked for";
            return Err(<serde_json::Error as serde::de::Error>::custom(message).into());
        }
        entries.extend(group.places.iter().copied().zip(found));
        for (name, value) in own {
            let is_longer = |known: &&RawValue| name == "took" && took(value) > took(known);
            if members.get(&name).is_none_or(is_longer) {
                members.insert(name, value);
            }
        }
    }
    let entries = serde_json::value::to_raw_value(&entries.values().collect::<Vec<_>>())?;
    members.insert(list.to_owned().into(), &entries);
    Ok(serde_json::to_vec(&members)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(places: &[usize]) -> Group {
        Group {
            node: None,
            places: places.to_vec(),
        }
    }

    #[test]
    fn merged_entries_are_in_the_order_of_the_call() {
        let bodies = [
            Bytes::from(r#"{"took":3,"responses":[{"n":0},{"n":2}],"_other":1.50}"#),
            Bytes::from(r#"{"took":12,"responses":[{"n":1}],"_other":2}"#),
        ];
        let groups = [group(&[0, 2]), group(&[1])];
        let merged = merge("responses", bodies.iter().zip(&groups)).unwrap();
        assert_eq!(
            merged,
            r#"{"_other":1.50,"responses":[{"n":0},{"n":1},{"n":2}],"took":12}"#
        );
        let groups = [group(&[0]), group(&[1])];
        assert!(merge("responses", bodies.iter().zip(&groups)).is_err());
        let bodies = [Bytes::from("<html>"), Bytes::new()];
        assert!(merge("docs", bodies.iter().zip(&groups)).is_err());
    }

    fn by_text(index: Option<&str>, id: Option<&str>, routing: Option<&str>) -> Option<Arc<str>> {
        let [index, id, routing] = [index, id, routing].map(|text| text.unwrap_or("?"));
        (id != "unknown").then(|| format!("{index} {id} {routing}").into())
    }

    fn nodes(entries: Option<(Option<&'static str>, Vec<Entry>)>) -> Option<Vec<String>> {
        let (_, entries) = entries?;
        let node = |entry: Entry| entry.node.as_deref().unwrap_or("none").to_owned();
        Some(entries.into_iter().map(node).collect())
    }

    #[test]
    fn documents_are_read_in_each_form() {
        let documents = |body: &'static str| nodes(documents(&body.into(), by_text));
        assert_eq!(
            documents(r#"{"ids":["1","\u00e4",3]}"#).unwrap(),
            ["? 1 ?", "? ä ?", "none"]
        );
        let docs = r#"{"docs":[{"_index":"i","_id":"1","routing":"r","_source":["a"]},
            {"_id":"unknown"},{"_index":"i"}]}"#;
        assert_eq!(documents(docs).unwrap(), ["i 1 r", "none", "none"]);
        for body in [
            "",
            "{}",
            r#"{"ids":[],"docs":[]}"#,
            r#"{"ids":[],"other":1}"#,
            "[1]",
        ] {
            assert_eq!(documents(body), None, "{body}");
        }
    }

    #[test]
    fn searches_are_read_line_by_line() {
        let body = "{\"index\":\"i\",\"routing\":\"r\"}\n{\"a\":1}\n{}\n{}\n\
                    {\"index\":[\"i\"]}\n{}\n{\"preference\":\"p\"}\n{}\n\n{}\n";
        let (_, entries) = searches(&body.into(), by_text).unwrap();
        let header = br#"{"index":"i","preference":"_local","routing":"r"}"#;
        assert_eq!(entries[0].text, [&header[..], b"\n{\"a\":1}\n"].concat());
        assert_eq!(entries[2].text, "{\"index\":[\"i\"]}\n{}\n");
        assert_eq!(
            nodes(Some((None, entries))).unwrap(),
            ["i ? r", "? ? ?", "none", "none", "none"]
        );
        assert!(searches(&"{}\n".into(), by_text).is_none());
    }
}
