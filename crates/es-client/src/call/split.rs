//! Calls for documents on several nodes: where the client knows the nodes, it sends a request to
//! each of them, and merges the responses in the order of the call.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use es_transport::{Body, Transport, extensions::OperationDetails, shard_aware::RoutingKey};
use futures_util::future::try_join_all;
use http::{Request, header};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tokio::time::Instant;

use super::{
    details,
    outcome::{Received, node_of},
};
use crate::{
    error::{Error, Result},
    json_read::{ReadError, from_bytes},
    response::Meta,
};

/// Number of entries that are worth a separate request: with fewer of them, the request costs
/// more than the forwarding that it saves (docs/routing.md).
const MIN_ENTRIES: usize = 10;

/// A call that is split if the nodes of its entries are known.
pub(super) struct SplitCall {
    kind: MultiCall,
    /// The index and the routing value of entries that name none.
    index: Option<Arc<str>>,
    routing: Option<Arc<str>>,
}

#[derive(Clone, Copy)]
enum MultiCall {
    Mget,
    Msearch,
}

impl MultiCall {
    fn name(self) -> &'static str {
        match self {
            Self::Mget => "mget",
            Self::Msearch => "msearch",
        }
    }

    /// Returns the member of the response that has an entry for each of the request.
    fn list(self) -> &'static str {
        match self {
            Self::Mget => "docs",
            Self::Msearch => "responses",
        }
    }
}

/// The IDs of the nodes that hold the same documents; empty if they are not known.
type Holders = Vec<Arc<str>>;

/// A document to get, or a search.
struct Entry {
    holders: Holders,
    text: Bytes,
}

/// The entries of a body, and the member that lists them; `None` if they are lines.
type Entries = (Option<&'static str>, Vec<Entry>);

/// The entries that go to the same nodes, by their positions in the call.
struct NodeGroup {
    holders: Holders,
    positions: Vec<usize>,
}

/// The end of a call before all of its responses have arrived.
enum Stop {
    Refused(Box<Received>),
    Failed(Error),
}

impl SplitCall {
    /// Returns the call of an endpoint; `None` if it is never split.
    pub(super) fn of(
        endpoint: &str,
        index: Option<&str>,
        query: &[(Cow<'static, str>, Cow<'static, str>)],
    ) -> Option<Self> {
        let kind = match endpoint {
            "mget" => MultiCall::Mget,
            "msearch" => MultiCall::Msearch,
            _ => return None,
        };
        let value = |name: &str| query.iter().find(|(key, _)| key == name);
        // Another copy is asked for, entries of the response may be left out, or it is not JSON.
        let is_whole = ["preference", "filter_path", "format"];
        if is_whole.into_iter().any(|name| value(name).is_some()) {
            return None;
        }
        Some(Self {
            kind,
            index: index.map(Into::into),
            routing: value("routing").map(|(_, value)| (&**value).into()),
        })
    }

    /// Sends the call. If it is split, the requests are sent at the same time, and the response has
    /// the head of the first one. A response with an error status is that of the call.
    pub(super) async fn send(
        self,
        transport: Transport,
        mut request: Request<Body>,
    ) -> Result<Received> {
        let started = Instant::now();
        let Some((member, entries)) = self.entries(&transport, &request) else {
            return receive(&transport, request, started).await;
        };
        let groups = groups(&entries);
        if let [] | [_] = &*groups {
            let key = groups
                .first()
                .and_then(|group| group.key_of_most(entries.len()));
            if let Some(key) = key {
                request.extensions_mut().insert(key);
            }
            return receive(&transport, request, started).await;
        }

        let sent = groups.iter().map(async |group| {
            let part = part_of(&request, group, member, &entries);
            let received = receive(&transport, part, started).await;
            match received.map_err(Stop::Failed)? {
                refused if !refused.parts.status.is_success() => {
                    Err(Stop::Refused(Box::new(refused)))
                }
                received => Ok(received),
            }
        });
        match try_join_all(sent).await {
            Ok(received) if received.iter().all(is_json) => self.merge(received, &groups),
            // Such responses cannot be merged.
            Ok(_) => receive(&transport, request, started).await,
            Err(Stop::Refused(received)) => Ok(*received),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Returns the entries and their nodes; `None` if the call is not to be split.
    fn entries(&self, transport: &Transport, request: &Request<Body>) -> Option<Entries> {
        if request.extensions().get::<RoutingKey>().is_some() {
            return None;
        }
        let holders = |index: Option<&str>, id: Option<&str>, routing: Option<&str>| {
            let routing = routing.or(self.routing.as_deref());
            // Several values of a search are for several shards.
            let is_one = id.is_some() || routing.is_none_or(|routing| !routing.contains(','));
            match index.or(self.index.as_deref()) {
                Some(index) if is_one => transport.read_nodes(index, id, routing),
                _ => Vec::new(),
            }
        };
        let body = in_memory(request.body())?;
        match self.kind {
            MultiCall::Mget => documents(&body, holders),
            MultiCall::Msearch => searches(&body, holders),
        }
    }

    /// Merges responses: their lists in the order of the call, the longest `took`, and the other
    /// members of the first.
    fn merge(self, received: Vec<Received>, groups: &[NodeGroup]) -> Result<Received> {
        let bodies: Vec<_> = received
            .iter()
            .map(|response| response.body.clone())
            .collect();
        let merged = merge(self.kind.list(), &bodies, groups);
        let part = match &merged {
            Ok(Merged::Body(_)) => 0,
            Ok(Merged::Refused(part)) | Err((part, _)) => *part,
        };
        let Some(mut response) = received.into_iter().nth(part) else {
            return Err(Error::invalid("a call without requests"));
        };
        match merged {
            Ok(Merged::Body(body)) => {
                response.parts.headers.remove(header::CONTENT_LENGTH);
                response.body = body.into();
                Ok(response)
            }
            Ok(Merged::Refused(_)) => Ok(response),
            Err((_, error)) => {
                let Received {
                    parts,
                    node,
                    body,
                    started,
                } = response;
                let name = Some(self.kind.name());
                let meta = Meta::of_call(name, parts, node, started.elapsed());
                Err(Error::decode("the response", error, meta, body))
            }
        }
    }
}

async fn receive(
    transport: &Transport,
    request: Request<Body>,
    started: Instant,
) -> Result<Received> {
    let (parts, body) = transport.send(request).await?.into_parts();
    let node = node_of(&parts, &body);
    Ok(Received {
        body: body.bytes().await?,
        parts,
        node,
        started,
    })
}

fn is_json(received: &Received) -> bool {
    let content_type = received.parts.headers.get(header::CONTENT_TYPE);
    content_type.is_none_or(|value| value.as_bytes().windows(4).any(|part| part == b"json"))
}

/// Returns the bytes of a body that is not a stream.
fn in_memory(body: &Body) -> Option<Bytes> {
    match body.pieces()? {
        [one] => Some(one.clone()),
        pieces => Some(pieces.concat().into()),
    }
}

impl NodeGroup {
    fn key(&self) -> Option<RoutingKey> {
        (!self.holders.is_empty()).then(|| RoutingKey::of_nodes(self.holders.clone()))
    }

    /// Returns the key if the nodes hold at least half of the entries.
    fn key_of_most(&self, entries: usize) -> Option<RoutingKey> {
        self.key().filter(|_| self.positions.len() * 2 >= entries)
    }
}

/// Groups entries by their nodes. Groups that are too small for a request are added to the largest
/// one; if that leaves a single group, it has only the entries that its nodes hold.
fn groups(entries: &[Entry]) -> Vec<NodeGroup> {
    let mut groups: Vec<NodeGroup> = Vec::new();
    for (position, entry) in entries.iter().enumerate() {
        match groups
            .iter_mut()
            .find(|group| group.holders == entry.holders)
        {
            Some(group) => group.positions.push(position),
            None => groups.push(NodeGroup {
                holders: entry.holders.clone(),
                positions: vec![position],
            }),
        }
    }
    groups.sort_by_key(|group| group.positions.len());
    let Some(mut largest) = groups.pop() else {
        return groups;
    };
    let is_small = |group: &mut NodeGroup| group.positions.len() < MIN_ENTRIES;
    let small: Vec<_> = groups.extract_if(.., is_small).collect();
    if !groups.is_empty() {
        let positions = small.into_iter().flat_map(|group| group.positions);
        largest.positions.extend(positions);
        largest.positions.sort_unstable();
    }
    groups.push(largest);
    groups
}

/// Returns the request for a group.
fn part_of(
    request: &Request<Body>,
    group: &NodeGroup,
    member: Option<&str>,
    entries: &[Entry],
) -> Request<Body> {
    let entries = group.positions.iter().filter_map(|at| entries.get(*at));
    let body = body_of(member, entries);
    let mut part = Request::new(Body::default());
    part.method_mut().clone_from(request.method());
    part.uri_mut().clone_from(request.uri());
    part.headers_mut().clone_from(request.headers());
    part.extensions_mut().clone_from(request.extensions());
    if let Some(key) = group.key() {
        part.extensions_mut().insert(key);
    }
    if let Some(whole) = OperationDetails::find(request.extensions()) {
        details::of_part(whole, group.positions.len(), &body).attach(&mut part);
    }
    *part.body_mut() = body.into();
    part
}

/// Returns a body of these entries: an object with them as a list, or their lines.
fn body_of<'a>(member: Option<&str>, entries: impl Iterator<Item = &'a Entry>) -> Vec<u8> {
    let mut body = Vec::new();
    let Some(member) = member else {
        entries.for_each(|entry| body.extend_from_slice(&entry.text));
        return body;
    };
    body.extend_from_slice(format!("{{\"{member}\":[").as_bytes());
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
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<Entries> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct MgetBody<'a> {
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
    let request: MgetBody<'_> = serde_json::from_slice(body).ok()?;
    let entry = |raw: &RawValue, holders| Entry {
        holders,
        text: body.slice_ref(raw.get().as_bytes()),
    };
    match request {
        MgetBody {
            docs: Some(docs),
            ids: None,
        } => {
            let entries = docs.into_iter().map(|raw| {
                let document: Option<Document> = serde_json::from_str(raw.get()).ok();
                let found = document.map(|Document { index, id, routing }| {
                    holders(index.as_deref(), Some(&id), routing.as_deref())
                });
                entry(raw, found.unwrap_or_default())
            });
            Some((Some("docs"), entries.collect()))
        }
        MgetBody {
            docs: None,
            ids: Some(ids),
        } => {
            let entries = ids.into_iter().map(|raw| {
                let id: Option<String> = serde_json::from_str(raw.get()).ok();
                let found = id.map(|id| holders(None, Some(&id), None));
                entry(raw, found.unwrap_or_default())
            });
            Some((Some("ids"), entries.collect()))
        }
        _ => None,
    }
}

/// Reads the lines of a multi-search, two for each search. `None` if their number is odd.
fn searches(
    body: &Bytes,
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<Entries> {
    let lines = body.strip_suffix(b"\n").unwrap_or(body);
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut entries = Vec::new();
    while let Some(header) = lines.next() {
        let search = lines.next()?;
        let local = serde_json::from_slice(header)
            .ok()
            .and_then(|header| local_search(header, &holders));
        let (holders, header) = match local {
            Some((holders, header)) => (holders, Cow::Owned(header)),
            None => (Vec::new(), Cow::Borrowed(header)),
        };
        let text = [&*header, b"\n", search, b"\n"].concat().into();
        entries.push(Entry { holders, text });
    }
    Some((None, entries))
}

/// Returns the nodes of a search, and a header that keeps it on the node that receives it.
fn local_search(
    mut header: Map<String, Value>,
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<(Holders, Vec<u8>)> {
    if header.contains_key("preference") {
        return None;
    }
    let text = |name: &str| match header.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    };
    let holders = holders(text("index")?, None, text("routing")?);
    if holders.is_empty() {
        return None;
    }
    header.insert("preference".into(), "_local".into());
    Some((holders, serde_json::to_vec(&header).ok()?))
}

enum Merged {
    Body(Vec<u8>),
    /// The response with this number is an error, whatever its status.
    Refused(usize),
}

/// Merges the bodies of the groups' responses. An error is that of the body with its number.
fn merge(
    list: &str,
    bodies: &[Bytes],
    groups: &[NodeGroup],
) -> std::result::Result<Merged, (usize, ReadError)> {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = BTreeMap::new();
    let mut entries: BTreeMap<usize, &RawValue> = BTreeMap::new();
    let took = |value: &RawValue| value.get().parse::<u64>().unwrap_or_default();
    for (part, (body, group)) in bodies.iter().zip(groups).enumerate() {
        let mut read: BTreeMap<Cow<'_, str>, &RawValue> =
            from_bytes(body).map_err(|error| (part, error))?;
        let found = match read.remove(list) {
            None if read.contains_key("error") => return Ok(Merged::Refused(part)),
            found => found.map_or("[]", RawValue::get),
        };
        let found: Vec<&RawValue> =
            serde_json::from_str(found).map_err(|error| (part, error.into()))?;
        let asked = group.positions.len();
        if found.len() != asked {
            let message = format!("`{list}` has {} of {asked} entries", found.len());
            let error = <serde_json::Error as serde::de::Error>::custom(message);
            return Err((part, error.into()));
        }
        entries.extend(group.positions.iter().copied().zip(found));
        for (name, value) in read {
            let known = members.get(&name);
            let is_longer = name == "took" && known.is_some_and(|known| took(value) > took(known));
            if part == 0 || is_longer {
                members.insert(name, value);
            }
        }
    }
    let length = bodies.iter().map(Bytes::len).sum();
    let mut merged = Vec::with_capacity(length);
    merged.push(b'{');
    for (name, value) in members {
        // The name of a member can always be written.
        if serde_json::to_writer(&mut merged, &name).is_ok() {
            merged.push(b':');
            merged.extend_from_slice(value.get().as_bytes());
            merged.push(b',');
        }
    }
    merged.extend_from_slice(format!("\"{list}\":[").as_bytes());
    for (number, entry) in entries.values().enumerate() {
        if number > 0 {
            merged.push(b',');
        }
        merged.extend_from_slice(entry.get().as_bytes());
    }
    merged.extend_from_slice(b"]}");
    Ok(Merged::Body(merged))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(positions: &[usize]) -> NodeGroup {
        NodeGroup {
            holders: Vec::new(),
            positions: positions.to_vec(),
        }
    }

    fn merged(list: &str, bodies: &[&'static str]) -> std::result::Result<Merged, usize> {
        let bodies: Vec<_> = bodies.iter().copied().map(Bytes::from).collect();
        let groups = [group(&[0, 2]), group(&[1])];
        merge(list, &bodies, &groups).map_err(|(part, _)| part)
    }

    #[test]
    fn merged_entries_are_in_the_order_of_the_call() {
        let bodies = [
            r#"{"took":3,"responses":[{"n":0},{"n":2}],"_other":1.50}"#,
            r#"{"took":12,"responses":[{"n":1}],"_other":2,"_more":3}"#,
        ];
        let Ok(Merged::Body(body)) = merged("responses", &bodies) else {
            panic!("they are not merged");
        };
        let whole = r#"{"_other":1.50,"took":12,"responses":[{"n":0},{"n":1},{"n":2}]}"#;
        assert_eq!(body, whole.as_bytes());
    }

    #[test]
    fn a_response_that_cannot_be_merged_is_known() {
        let good = r#"{"docs":[{"n":0},{"n":2}]}"#;
        for bad in [
            "<html>",
            "",
            "[]",
            "{}",
            r#"{"docs":null}"#,
            r#"{"docs":[1,2]}"#,
        ] {
            assert_eq!(merged("docs", &[good, bad]).err(), Some(1), "{bad}");
        }
        let refused = merged("docs", &[good, r#"{"error":"no backend"}"#]);
        assert!(matches!(refused, Ok(Merged::Refused(1))));
    }

    fn by_text(index: Option<&str>, id: Option<&str>, routing: Option<&str>) -> Holders {
        let [index, id, routing] = [index, id, routing].map(|text| text.unwrap_or("?"));
        let is_known = id != "unknown";
        is_known
            .then(|| format!("{index} {id} {routing}").into())
            .into_iter()
            .collect()
    }

    fn nodes(entries: Option<Entries>) -> Option<Vec<String>> {
        let (_, entries) = entries?;
        let node = |entry: Entry| entry.holders.first().map_or("none", |node| node).to_owned();
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
        let others = [
            "",
            "{}",
            r#"{"ids":[],"docs":[]}"#,
            r#"{"ids":[],"other":1}"#,
            "[1]",
        ];
        for body in others {
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

    #[test]
    fn small_groups_join_the_largest() {
        let of = |counts: &[(&str, usize)]| {
            let entries = counts.iter().flat_map(|(node, count)| {
                let holders: Holders = node.split_whitespace().map(Into::into).collect();
                (0..*count).map(move |_| Entry {
                    holders: holders.clone(),
                    text: Bytes::new(),
                })
            });
            let entries: Vec<_> = entries.collect();
            let groups = groups(&entries);
            let has_key = groups[0].key_of_most(entries.len()).is_some();
            let sizes: Vec<_> = groups.iter().map(|group| group.positions.len()).collect();
            (sizes, groups.len() == 1 && has_key)
        };
        assert_eq!(of(&[("a", 10), ("b", 11)]), (vec![10, 11], false));
        assert_eq!(of(&[("a", 28), ("b", 1), ("c", 1)]), (vec![28], true));
        assert_eq!(of(&[("a", 28), ("b", 20), ("c", 1)]), (vec![20, 29], false));
        assert_eq!(of(&[("a", 2), ("b", 2), ("c", 2)]), (vec![2], false));
        assert_eq!(of(&[("", 18), ("a", 1)]), (vec![18], false));
        assert_eq!(of(&[("a b", 3)]), (vec![3], true));
    }
}
