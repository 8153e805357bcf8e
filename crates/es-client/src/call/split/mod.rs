//! Calls for documents on several nodes: where the client knows the nodes, it sends a request to
//! each of them, and merges the responses in the order of the call.

mod entries;
mod merge;

use std::{borrow::Cow, sync::Arc};

use es_transport::{
    Body, Transport,
    extensions::OperationDetails,
    shard_aware::{HolderNodes, RoutingKey},
};
use futures_util::future::try_join_all;
use http::{Request, header};
use tokio::time::Instant;

use self::{
    entries::{Entries, Entry, Holders, body_of, documents, in_memory, searches},
    merge::{Merged, merge},
};
use super::{
    details,
    outcome::{Received, node_of},
};
use crate::{
    error::{Error, Result},
    response::Meta,
};

/// Number of entries that are worth a separate request: with about as many, it costs the nodes
/// what the forwarding costs that it saves (docs/routing.md).
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
            let most = groups.first().and_then(|group| {
                let nodes = group.holder_nodes_of_most(entries.len())?;
                Some((group, nodes))
            });
            if let Some((group, nodes)) = most {
                request.extensions_mut().insert(nodes);
                // The headers of searches keep them on the node.
                if matches!(self.kind, MultiCall::Msearch) {
                    let body = body_of(member, entries.iter(), &group.holders);
                    *request.body_mut() = body.into();
                }
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
        let extensions = request.extensions();
        let has_nodes = extensions.get::<HolderNodes>().is_some();
        if has_nodes || extensions.get::<RoutingKey>().is_some() {
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

impl NodeGroup {
    /// Returns the nodes that hold the entries, if they are known.
    fn holder_nodes(&self) -> Option<HolderNodes> {
        (!self.holders.is_empty()).then(|| HolderNodes::new(self.holders.clone()))
    }

    /// Returns these nodes if they hold at least half of the entries of a call.
    fn holder_nodes_of_most(&self, entries: usize) -> Option<HolderNodes> {
        self.holder_nodes()
            .filter(|_| self.positions.len() * 2 >= entries)
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
    let body = body_of(member, entries, &group.holders);
    let mut part = Request::new(Body::default());
    part.method_mut().clone_from(request.method());
    part.uri_mut().clone_from(request.uri());
    part.headers_mut().clone_from(request.headers());
    part.extensions_mut().clone_from(request.extensions());
    if let Some(nodes) = group.holder_nodes() {
        part.extensions_mut().insert(nodes);
    }
    if let Some(whole) = OperationDetails::find(request.extensions()) {
        details::of_part(whole, group.positions.len(), &body).attach(&mut part);
    }
    *part.body_mut() = body.into();
    part
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn small_groups_join_the_largest() {
        let of = |counts: &[(&str, usize)]| {
            let entries = counts.iter().flat_map(|(node, count)| {
                let holders: Holders = node.split_whitespace().map(Into::into).collect();
                (0..*count).map(move |_| Entry {
                    holders: holders.clone(),
                    text: Bytes::new(),
                    local: None,
                })
            });
            let entries: Vec<_> = entries.collect();
            let groups = groups(&entries);
            let has_nodes = groups[0].holder_nodes_of_most(entries.len()).is_some();
            let sizes: Vec<_> = groups.iter().map(|group| group.positions.len()).collect();
            (sizes, groups.len() == 1 && has_nodes)
        };
        assert_eq!(of(&[("a", 10), ("b", 11)]), (vec![10, 11], false));
        assert_eq!(of(&[("a", 28), ("b", 1), ("c", 1)]), (vec![28], true));
        assert_eq!(of(&[("a", 28), ("b", 20), ("c", 1)]), (vec![20, 29], false));
        assert_eq!(of(&[("a", 2), ("b", 2), ("c", 2)]), (vec![2], false));
        assert_eq!(of(&[("", 18), ("a", 1)]), (vec![18], false));
        assert_eq!(of(&[("a b", 3)]), (vec![3], true));
    }
}
