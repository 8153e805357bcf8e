//! Shard-aware node selection: sends requests for a document, or for an index with one
//! shard, to a node that holds the shard.
//!
//! A node that receives a request for a shard on another node forwards it. The
//! [`ShardAware`] selector avoids this: it narrows the choice to the nodes that hold
//! the shard (for writes, its primary), and lets another selector choose among them:
//!
//! | request | narrowed to |
//! |---|---|
//! | get, exists, get source, explain, term vectors of a document | the copies of its shard |
//! | index, create, update, delete a document | the primary of its shard |
//! | search and count with one routing value | the copies of its shard |
//! | search, count, bulk, index without an id, on an index with one shard | the copies, or the primary |
//! | everything else | not narrowed |
//!
//! `preference=_local` is added to reads without a preference, so that the node does
//! not forward them to another copy.
//!
//! The map of an index is fetched in the background when the index is first used, and
//! verified against the server before it is used. While the index is in use, a
//! background request checks the UUID of the cluster state every five seconds, and the
//! map is fetched again if it has changed. A request never waits for the map. If the
//! map is outdated, the server forwards the request as usual. If the map cannot be
//! fetched (this requires the privileges `monitor` on the cluster and
//! `view_index_metadata` on the index), or if the name is not that of an open index,
//! such as an alias of several indices, the inner selector chooses among all nodes, and
//! an [`Event::ShardsUnknown`] is reported.
//!
//! An alias of one index is resolved, including its routing. Writes to a data stream
//! use its newest backing index; reads are narrowed only if it has a single one.

use std::{
    borrow::Cow,
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use http::{Method, Request};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use tokio::{runtime::Handle, time::Instant};

use crate::{
    Body, Error, Result,
    events::Event,
    node::{
        AttemptEnd, Candidates, Node, NodeSelector, PeakEwma, RequestContext,
        shards::{self, IndexShards, Shard},
    },
    transport::WeakTransport,
};

/// The time between two checks of the cluster state's UUID.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// Number of indices whose shards are known at the same time.
const MAX_INDICES: usize = 10_000;

/// Routing values for which the map is compared with the server's.
const CHECKED: [&str; 3] = ["0", "checked", "\u{e4}\u{1d11e}"];

/// A selector that prefers the nodes that hold the shard of a request; see the
/// [module](self).
///
/// It needs the IDs of the nodes, which are found by sniffing.
///
/// ```
/// use es_transport::{Transport, node::LeastInFlight, shard_aware::ShardAware};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .sniff_on_start(true)
///     .node_selector(ShardAware::new(LeastInFlight))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub struct ShardAware<S = PeakEwma> {
    inner: S,
    map: Arc<ShardMap>,
}

impl<S: NodeSelector> ShardAware<S> {
    /// Creates a selector that lets `inner` choose among the nodes that hold the shard of a
    /// request.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            map: Arc::default(),
        }
    }

    fn narrow(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> Option<usize> {
        let target = Target::of(request)?;
        let known = self.map.find(&target.index, request.now())?;
        let shard = known.name.as_ref()?.shard(&target)?;
        let holders = match target.access {
            Access::Read => nodes.with_ids(shard.started.iter().map(|id| &**id)),
            Access::Write => nodes.with_ids(shard.primary.iter().map(|id| &**id)),
        };
        holders.select(&self.inner, request)
    }
}

impl Default for ShardAware {
    /// Over [`PeakEwma`].
    fn default() -> Self {
        Self::new(PeakEwma::default())
    }
}

impl<S: NodeSelector> NodeSelector for ShardAware<S> {
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let chosen = self.narrow(nodes, request);
        chosen.unwrap_or_else(|| self.inner.select(nodes, request))
    }

    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        self.inner.eligible(node, request)
    }

    fn is_constrained(&self, request: &RequestContext<'_>) -> bool {
        self.inner.is_constrained(request)
    }

    fn tracks_load(&self) -> bool {
        self.inner.tracks_load()
    }

    fn query_for(&self, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
        let target = Target::of(request)?;
        let has_preference = parameter(request.query(), "preference").is_some();
        if target.access == Access::Write || has_preference {
            return self.inner.query_for(node, request);
        }
        let known = self.map.find(&target.index, request.now())?;
        let shard = known.name.as_ref()?.shard(&target)?;
        let own = node.facts().id.as_deref()?;
        let is_holder = shard.started.iter().any(|id| **id == *own);
        is_holder.then_some("preference=_local")
    }

    fn attached(&self, transport: &WeakTransport) {
        // The map is that of the first transport that uses the selector.
        let _ = self.map.transport.set(transport.clone());
        self.inner.attached(transport);
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        self.inner.attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.inner.attempt_ended(node, end, latency);
    }
}

impl<S> fmt::Debug for ShardAware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardAware")
            .field("indices", &self.map.indices.load().len())
            .finish_non_exhaustive()
    }
}

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
struct Target<'a> {
    index: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
    routing: Option<Cow<'a, str>>,
    access: Access,
}

impl<'a> Target<'a> {
    fn of(request: &RequestContext<'a>) -> Option<Self> {
        if let Some(key) = request.extension::<RoutingKey>() {
            return Some(Self {
                index: Cow::Borrowed(&key.index),
                id: key.id.as_deref().map(Cow::Borrowed),
                routing: key.routing.as_deref().map(Cow::Borrowed),
                access: key.access,
            });
        }
        let mut parts = request.path().strip_prefix('/')?.split('/');
        let (index, endpoint, id) = (parts.next()?, parts.next()?, parts.next());
        if parts.next().is_some() || !is_plain_index(index) {
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
        ("_explain" | "_termvectors", true) | ("_search" | "_count", false) if is_query => {
            Some(Access::Read)
        }
        ("_doc" | "_create" | "_update", true) | ("_doc" | "_bulk", false) if !is_read => {
            Some(Access::Write)
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

/// The shards of the indices that are in use.
#[derive(Default)]
struct ShardMap {
    indices: ArcSwap<FxHashMap<Box<str>, Arc<Known>>>,
    transport: OnceLock<WeakTransport>,
    /// Serves the times below; set by the first request.
    created_at: OnceLock<Instant>,
    /// When the UUID is checked next, in milliseconds since `created_at`.
    check_at: AtomicU64,
    fetching: Mutex<Fetching>,
}

/// A name that was asked for.
struct Known {
    /// `None` if the inner selector chooses alone.
    name: Option<Resolved>,
    /// Whether a request used it since it was fetched.
    is_used: AtomicBool,
}

/// The index that a name stands for: its own, that of an alias, or those of a data
/// stream.
struct Resolved {
    /// `None`: a search looks into several indices.
    reads: Option<Arc<IndexShards>>,
    writes: Arc<IndexShards>,
    /// The routing that an alias brings.
    routing: Option<AliasRouting>,
}

/// The routing values of an alias.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
struct AliasRouting {
    /// For gets and writes.
    index_routing: Option<Box<str>>,
    /// For searches: perhaps several, with commas.
    search_routing: Option<Box<str>>,
}

impl Resolved {
    /// Returns the shard of a request; `None` if it is not known, or not one.
    fn shard(&self, target: &Target<'_>) -> Option<&Shard> {
        let is_write = target.access == Access::Write;
        let shards = if is_write {
            &self.writes
        } else {
            self.reads.as_ref()?
        };
        let own = target.routing.as_deref();
        let alias = self.routing.as_ref().and_then(|routing| {
            let is_search = !is_write && target.id.is_none();
            if is_search {
                routing.search_routing.as_deref()
            } else {
                routing.index_routing.as_deref()
            }
        });
        let routing = match (own, alias) {
            (own, None) => own,
            (None, Some(several)) if several.contains(',') => None,
            (None, Some(alias)) => Some(alias),
            // The server combines them or refuses.
            (Some(_), Some(_)) => return None,
        };
        shards.shard(shards.shard_of(target.id.as_deref(), routing)?)
    }
}

/// Returns the number of a data stream's index (`.ds-logs-2026.01.31-000007`).
fn generation(index: &str) -> Option<u64> {
    index.strip_prefix(".ds-")?.rsplit('-').next()?.parse().ok()
}

#[derive(Default)]
struct Fetching {
    /// Indices that are being fetched.
    indices: HashSet<Box<str>>,
    node_ids: HashSet<Arc<str>>,
    state_uuid: Option<Box<str>>,
}

impl ShardMap {
    /// Returns the shards of an index, and has them fetched if they are not known.
    fn find(self: &Arc<Self>, index: &str, now: Instant) -> Option<Arc<Known>> {
        self.check_if_due(now);
        if let Some(known) = self.indices.load().get(index) {
            if !known.is_used.load(Ordering::Relaxed) {
                known.is_used.store(true, Ordering::Relaxed);
            }
            return Some(Arc::clone(known));
        }
        self.fetch_soon(index);
        None
    }

    fn check_if_due(self: &Arc<Self>, now: Instant) {
        let since = now.saturating_duration_since(*self.created_at.get_or_init(|| now));
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let due = self.check_at.load(Ordering::Relaxed);
        let next = since.saturating_add(CHECK_EVERY.as_millis() as u64);
        let exchange = |due| {
            let order = Ordering::Relaxed;
            self.check_at
                .compare_exchange(due, next, order, order)
                .is_ok()
        };
        if since < due || !exchange(due) || self.indices.load().is_empty() {
            return;
        }
        let map = Arc::clone(self);
        self.spawn(async move {
            // Without a response the map stays as it is: outdated, it does no harm.
            if let Err(error) = map.refresh().await {
                tracing::debug!(%error, "the cluster state's UUID was not checked");
            }
        });
    }

    fn fetch_soon(self: &Arc<Self>, index: &str) {
        if self.transport.get().is_none() || self.indices.load().len() >= MAX_INDICES {
            return;
        }
        {
            let mut fetching = self.lock();
            if fetching.indices.contains(index) {
                return;
            }
            fetching.indices.insert(index.into());
        }
        let (map, name) = (Arc::clone(self), Box::<str>::from(index));
        let is_spawned = self.spawn(async move { map.fetch(&name).await });
        if !is_spawned {
            self.lock().indices.remove(index);
        }
    }

    /// Runs it in the background; returns `false` where there is no runtime.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        runtime.spawn(task);
        true
    }

    /// Fetches the used indices again if the cluster state has changed.
    async fn refresh(&self) -> Result<()> {
        let uuid = self.state_uuid().await?;
        let before = self.lock().state_uuid.replace(uuid.clone());
        if before == Some(uuid) {
            return Ok(());
        }
        let known = self.indices.load_full();
        let used = known
            .iter()
            .filter(|(_, known)| known.is_used.load(Ordering::Relaxed));
        let used: Vec<_> = used.map(|(name, _)| name.clone()).collect();
        // The others are fetched when they are used again.
        self.update(|indices| indices.retain(|_, known| known.is_used.load(Ordering::Relaxed)));
        for index in used {
            self.fetch(&index).await;
        }
        Ok(())
    }

    async fn fetch(&self, name: &str) {
        let fetched = self.resolve(name).await;
        self.lock().indices.remove(name);
        let was_known = self
            .indices
            .load()
            .get(name)
            .map(|known| known.name.is_some());
        let resolved = match fetched {
            Ok(resolved) => Some(resolved),
            Err(error) => {
                if was_known != Some(false) {
                    self.report(name, &error);
                }
                None
            }
        };
        let known = Arc::new(Known {
            name: resolved,
            is_used: AtomicBool::new(false),
        });
        self.update(|indices| {
            indices.insert(name.into(), Arc::clone(&known));
        });
    }

    /// Fetches the shards of the index that a name stands for.
    async fn resolve(&self, name: &str) -> Result<Resolved> {
        let response = self.get(&state_path(name)).await?;
        let found = shards::parse(&response, &mut self.lock().node_ids);
        let is_stream = found.keys().all(|index| generation(index).is_some());
        let number = found.len();
        let newest = found.into_iter().max_by_key(|(index, _)| generation(index));
        let Some((index, shards)) = newest.filter(|_| number == 1 || is_stream) else {
            return Err(Error::sniff("the name does not stand for one open index"));
        };
        self.check(&index, &shards).await?;
        let writes = Arc::new(shards);
        let reads = (number == 1).then(|| Arc::clone(&writes));
        let is_alias = index != name && !is_stream;
        let routing = if is_alias {
            self.alias_routing(name).await?
        } else {
            None
        };
        Ok(Resolved {
            reads,
            writes,
            routing,
        })
    }

    async fn alias_routing(&self, name: &str) -> Result<Option<AliasRouting>> {
        let response = self.get(&format!("/_alias/{name}")).await?;
        let mut indices: FxHashMap<String, OfIndex> = serde_json::from_slice(&response)
            .map_err(|error| Error::sniff("`_alias` cannot be read").with_source(error))?;
        let routing = indices
            .drain()
            .find_map(|(_, mut index)| index.aliases.remove(name));
        Ok(routing.filter(|routing| *routing != AliasRouting::default()))
    }

    /// Compares the rule with the server's own for a few routing values.
    async fn check(&self, index: &str, shards: &IndexShards) -> Result<()> {
        if !shards.is_by_hash() {
            return Ok(());
        }
        for routing in CHECKED {
            let response = self.get(&search_shards_path(index, routing)).await?;
            let told: SearchShards = serde_json::from_slice(&response).map_err(|error| {
                Error::sniff("`_search_shards` cannot be read").with_source(error)
            })?;
            let mut told: Vec<_> = told
                .shards
                .iter()
                .flatten()
                .map(|copy| copy.shard)
                .collect();
            told.sort_unstable();
            told.dedup();
            if told != shards.shards_of_routing(routing) {
                return Err(Error::sniff("the server routes documents in another way"));
            }
        }
        Ok(())
    }

    async fn state_uuid(&self) -> Result<Box<str>> {
        let response = self
            .get("/_cluster/state/version?filter_path=state_uuid")
            .await?;
        serde_json::from_slice::<Version>(&response)
            .map(|version| version.state_uuid)
            .map_err(|error| Error::sniff("the state's UUID cannot be read").with_source(error))
    }

    async fn get(&self, path: &str) -> Result<bytes::Bytes> {
        let transport = self.transport.get().and_then(WeakTransport::upgrade);
        let transport = transport.ok_or_else(Error::closed)?;
        let request = Request::get(path).body(Body::empty());
        let request = request.map_err(|error| Error::request(error.to_string()))?;
        let response = transport.send(request).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Error::sniff(format!("the node returned status {status}")));
        }
        response.into_body().bytes().await
    }

    fn report(&self, index: &str, error: &Error) {
        let transport = self.transport.get().and_then(WeakTransport::upgrade);
        if let Some(events) = transport.as_ref().and_then(|transport| transport.events()) {
            let event = Event::ShardsUnknown {
                index: index.into(),
                error: error.to_string().into(),
            };
            events.emit(event);
        }
    }

    fn update(&self, change: impl Fn(&mut FxHashMap<Box<str>, Arc<Known>>)) {
        self.indices.rcu(|indices| {
            let mut indices = FxHashMap::clone(indices);
            change(&mut indices);
            indices
        });
    }

    fn lock(&self) -> MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Version {
    state_uuid: Box<str>,
}

/// An index in a response to `GET /_alias/{name}`.
#[derive(Deserialize)]
struct OfIndex {
    #[serde(default)]
    aliases: FxHashMap<String, AliasRouting>,
}

#[derive(Deserialize)]
struct SearchShards {
    shards: Vec<Vec<SearchShard>>,
}

#[derive(Deserialize)]
struct SearchShard {
    shard: u32,
}

fn state_path(index: &str) -> String {
    const FILTER: &str = "metadata.indices.*.routing_num_shards,metadata.indices.*.state,\
        metadata.indices.*.settings.index.number_of_shards,\
        metadata.indices.*.settings.index.routing_partition_size,\
        metadata.indices.*.settings.index.mode,\
        routing_table.indices.*.shards.*.node,routing_table.indices.*.shards.*.primary,\
        routing_table.indices.*.shards.*.state";
    format!("/_cluster/state/metadata,routing_table/{index}?filter_path={FILTER}")
}

fn search_shards_path(index: &str, routing: &str) -> String {
    let routing: String = routing.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/{index}/_search_shards?routing={routing}&filter_path=shards.shard")
}

#[cfg(test)]
mod tests {
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

    fn index(shards: u32) -> Arc<IndexShards> {
        let shard = |number| {
            let copy = format!(r#"[{{"state":"STARTED","primary":true,"node":"n{number}"}}]"#);
            format!(r#""{number}":{copy}"#)
        };
        let table = (0..shards).map(shard).collect::<Vec<_>>().join(",");
        let state = format!(
            r#"{{"metadata":{{"indices":{{"i":{{"routing_num_shards":1024,"settings":{{"index":{{
            "number_of_shards":"{shards}"}}}}}}}}}},"routing_table":{{"indices":{{"i":{{"shards":{{{table}}}}}}}}}}}"#
        );
        let mut found = shards::parse(state.as_bytes(), &mut HashSet::new());
        Arc::new(found.remove("i").unwrap())
    }

    fn node_of(resolved: &Resolved, method: &Method, uri: &str) -> Option<String> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let context = RequestContext::of(&request, Instant::now());
        let shard = resolved.shard(&Target::of(&context)?)?;
        shard.primary.as_deref().map(str::to_owned)
    }

    #[test]
    fn an_alias_brings_its_routing() {
        let writes = index(4);
        let reads = Some(Arc::clone(&writes));
        let plain = Resolved {
            reads: reads.clone(),
            writes: Arc::clone(&writes),
            routing: None,
        };
        let routing = AliasRouting {
            index_routing: Some("a".into()),
            search_routing: Some("a,b".into()),
        };
        let alias = Resolved {
            reads,
            writes,
            routing: Some(routing),
        };
        let by_a = node_of(&plain, &Method::GET, "/i/_doc/1?routing=a");
        assert!(by_a.is_some());
        for id in 0..20 {
            let (path, own) = (format!("/i/_doc/{id}"), format!("/i/_doc/{id}?routing=x"));
            assert_eq!(node_of(&alias, &Method::GET, &path), by_a);
            assert_eq!(node_of(&alias, &Method::PUT, &path), by_a);
            assert_eq!(node_of(&alias, &Method::PUT, &own), None);
        }
        // Several values, for several shards.
        assert_eq!(node_of(&alias, &Method::GET, "/i/_search"), None);
    }

    #[test]
    fn a_data_stream_is_written_at_its_newest_index() {
        let stream = Resolved {
            reads: None,
            writes: index(1),
            routing: None,
        };
        assert_eq!(
            node_of(&stream, &Method::POST, "/logs/_doc").as_deref(),
            Some("n0")
        );
        assert_eq!(node_of(&stream, &Method::POST, "/logs/_search"), None);
        assert_eq!(generation(".ds-logs-app-2026.01.31-000010"), Some(10));
        assert_eq!(generation("logs"), None);
        assert_eq!(generation(".ds-logs"), None);
    }
}
