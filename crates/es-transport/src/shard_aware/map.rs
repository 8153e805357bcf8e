//! The map of the shards of the indices in use, and when it is fetched.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use tokio::{runtime::Handle, sync::Semaphore, time::Instant};

use super::target::{Access, Target};
use crate::{
    node::shards::{Holders, HoldersById, IndexShards},
    transport::WeakTransport,
};

/// The time between two checks of the cluster state's UUID.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// Number of indices whose shards are known at the same time.
const MAX_INDICES: usize = 10_000;

/// Number of indices whose shards are fetched at the same time.
const MAX_FETCHES: usize = 4;

/// Number of indices that wait to be fetched. Others are fetched when they are used again.
const MAX_WAITING: usize = 100;

/// The shards of the indices that are in use.
pub(super) struct ShardMap {
    pub known: ArcSwap<KnownIndices>,
    pub transport: OnceLock<WeakTransport>,
    /// Locked by each change of `known`.
    fetching: Mutex<Fetching>,
    permits: Semaphore,
}

impl Default for ShardMap {
    fn default() -> Self {
        Self {
            known: ArcSwap::default(),
            transport: OnceLock::new(),
            fetching: Mutex::default(),
            permits: Semaphore::new(MAX_FETCHES),
        }
    }
}

/// The names that were asked for.
#[derive(Default)]
pub(super) struct KnownIndices {
    pub indices: Arc<Indices>,
    /// When the cluster state's UUID is checked next; `None` before the first fetch.
    check_at: Option<Instant>,
}

type Indices = FxHashMap<Box<str>, Arc<Known>>;

/// A name that was asked for.
pub(super) struct Known {
    /// `None` if the inner selector chooses alone.
    pub name: Option<Resolved>,
    /// The cluster state that it is from; `None` if that is not known.
    pub state_uuid: Option<Arc<str>>,
    /// Whether a request used it since it was fetched.
    pub is_used: AtomicBool,
}

/// The index that a name stands for: its own, that of an alias, or those of a data
/// stream.
pub(super) struct Resolved {
    /// `None`: a search looks into several indices.
    pub reads: Option<Arc<IndexShards>>,
    pub writes: Arc<IndexShards>,
    /// The routing that an alias brings.
    pub routing: Option<AliasRouting>,
}

/// The routing values of an alias.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct AliasRouting {
    /// For gets and writes.
    index_routing: Option<Box<str>>,
    /// For searches: perhaps several, with commas.
    search_routing: Option<Box<str>>,
}

impl Resolved {
    /// Returns the nodes that hold the shard of a request: for a write, that of its primary.
    /// For a search of several shards, these are the nodes that hold most of them. `None` if
    /// there are none, or if the shard is not known.
    #[inline]
    pub fn holders(&self, target: &Target<'_>) -> Option<Holders<'_>> {
        let is_write = target.access == Access::Write;
        let shards = if is_write {
            &self.writes
        } else {
            self.reads.as_ref()?
        };
        let decoded;
        let [id, own] = if target.is_encoded {
            decoded = target.decode()?;
            decoded.each_ref().map(Option::as_deref)
        } else {
            [target.id, target.routing]
        };
        let alias = self.routing.as_ref().and_then(|routing| {
            if is_write || id.is_some() {
                routing.index_routing.as_deref()
            } else {
                routing.search_routing.as_deref()
            }
        });
        let routing = match (own, alias) {
            (own, None) => own,
            (None, Some(several)) if several.contains(',') => None,
            (None, Some(alias)) => Some(alias),
            // The server combines them or refuses.
            (Some(_), Some(_)) => return None,
        };
        let Some(shard) = shards.shard_of(id, routing) else {
            let is_whole = target.is_search && id.is_none() && routing.or(alias).is_none();
            return shards.holders_of_most().filter(|_| is_whole && !is_write);
        };
        let shard = shards.shard(shard)?;
        Some(if is_write {
            shard.primary()
        } else {
            shard.copies()
        })
    }
}

/// Returns the number of a data stream's index (`.ds-logs-2026.01.31-000007`).
pub(super) fn generation(index: &str) -> Option<u64> {
    index.strip_prefix(".ds-")?.rsplit('-').next()?.parse().ok()
}

#[derive(Default)]
pub(super) struct Fetching {
    /// Indices that are being fetched.
    pub indices: HashSet<Box<str>>,
    pub holders: HoldersById,
    /// The UUID that was seen last, shared by the indices that are from it.
    pub state_uuid: Option<Arc<str>>,
}

impl ShardMap {
    /// Passes the shards of an index to `find`, and has them fetched if they are not known.
    #[inline]
    pub fn with<R>(
        self: &Arc<Self>,
        index: &str,
        now: Instant,
        find: impl FnOnce(&Resolved) -> Option<R>,
    ) -> Option<R> {
        let known = self.known.load();
        if known.is_check_due(now) {
            self.check_soon(now);
        }
        self.find(&known, index, find)
    }

    /// The same without a check of the state: requests that follow do it.
    pub fn with_known<R>(
        self: &Arc<Self>,
        index: &str,
        find: impl FnOnce(&Resolved) -> Option<R>,
    ) -> Option<R> {
        self.find(&self.known.load(), index, find)
    }

    /// Has the state's UUID checked every few seconds.
    pub fn check_if_due(self: &Arc<Self>, now: Instant) {
        if self.known.load().is_check_due(now) {
            self.check_soon(now);
        }
    }

    #[inline]
    fn find<R>(
        self: &Arc<Self>,
        known: &KnownIndices,
        index: &str,
        find: impl FnOnce(&Resolved) -> Option<R>,
    ) -> Option<R> {
        let Some(known) = known.indices.get(index) else {
            self.fetch_soon(index);
            return None;
        };
        if !known.is_used.load(Ordering::Relaxed) {
            known.is_used.store(true, Ordering::Relaxed);
        }
        find(known.name.as_ref()?)
    }

    #[cold]
    fn check_soon(self: &Arc<Self>, now: Instant) {
        {
            let _one = self.lock();
            let known = self.known.load();
            if !known.is_check_due(now) {
                return;
            }
            self.known.store(Arc::new(KnownIndices {
                indices: Arc::clone(&known.indices),
                check_at: Some(now + CHECK_EVERY),
            }));
        }
        let map = Arc::clone(self);
        self.spawn(async move {
            // Without a response the map stays as it is: outdated, it does no harm.
            if let Err(error) = map.refresh().await {
                tracing::debug!(%error, "the cluster state's UUID was not checked");
            }
        });
    }

    #[cold]
    fn fetch_soon(self: &Arc<Self>, index: &str) {
        let is_full = || self.known.load().indices.len() >= MAX_INDICES;
        if self.transport.get().is_none() || !Target::is_plain_index(index) || is_full() {
            return;
        }
        {
            let mut fetching = self.lock();
            if fetching.indices.contains(index) || fetching.indices.len() >= MAX_WAITING {
                return;
            }
            fetching.indices.insert(index.into());
        }
        let (map, name) = (Arc::clone(self), Box::<str>::from(index));
        let is_spawned = self.spawn(async move {
            let _permit = map.permits.acquire().await;
            map.fetch(&name, None).await;
        });
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

    pub fn update(&self, change: impl FnOnce(&mut Indices)) {
        let _one = self.lock();
        let known = self.known.load();
        let mut indices = Indices::clone(&known.indices);
        change(&mut indices);
        self.known.store(Arc::new(KnownIndices {
            indices: Arc::new(indices),
            check_at: known
                .check_at
                .or_else(|| Some(Instant::now() + CHECK_EVERY)),
        }));
    }

    pub fn lock(&self) -> MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownIndices {
    fn is_check_due(&self, now: Instant) -> bool {
        self.check_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::*;
    use crate::node::RequestContext;

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
        let mut found = IndexShards::read_all(state.as_bytes(), &mut HoldersById::default());
        Arc::new(found.remove("i").unwrap())
    }

    fn nodes_of(resolved: &Resolved, method: &Method, uri: &str) -> Option<String> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let context = RequestContext::of(&request, Instant::now());
        let holders = resolved.holders(&Target::of(&context)?)?;
        let ids = holders.nodes.iter().map(|holder| &*holder.id);
        Some(ids.collect::<Vec<_>>().join(" "))
    }

    fn resolved(shards: u32) -> Resolved {
        let writes = index(shards);
        Resolved {
            reads: Some(Arc::clone(&writes)),
            writes,
            routing: None,
        }
    }

    #[test]
    fn searches_of_all_shards_are_for_the_nodes_of_most() {
        let two = resolved(2);
        for path in ["/i/_search", "/i/_count?q=x"] {
            let nodes = nodes_of(&two, &Method::POST, path);
            assert_eq!(nodes.as_deref(), Some("n0 n1"), "{path}");
        }
        let routed = nodes_of(&two, &Method::GET, "/i/_search?routing=a");
        assert_eq!(routed, nodes_of(&two, &Method::GET, "/i/_doc/a"));
        assert_eq!(routed.map(|node| node.len()), Some(2));
        for path in ["/i/_bulk", "/i/_doc", "/i/_mget", "/i/_termvectors"] {
            assert_eq!(nodes_of(&two, &Method::POST, path), None, "{path}");
        }
        // No node holds half of the shards.
        assert_eq!(nodes_of(&resolved(3), &Method::GET, "/i/_search"), None);
    }

    #[test]
    fn an_alias_without_search_routing_is_searched_as_its_index() {
        let alias = |index_routing: Option<&str>, search_routing: Option<&str>| Resolved {
            routing: Some(AliasRouting {
                index_routing: index_routing.map(Into::into),
                search_routing: search_routing.map(Into::into),
            }),
            ..resolved(2)
        };
        let search = |alias: &Resolved| nodes_of(alias, &Method::GET, "/i/_search");
        assert_eq!(search(&alias(Some("a"), None)).as_deref(), Some("n0 n1"));
        assert_eq!(search(&alias(None, Some("a,b"))), None);
        let routed = nodes_of(&resolved(2), &Method::GET, "/i/_doc/a");
        assert_eq!(search(&alias(None, Some("a"))), routed);
    }

    #[test]
    fn an_alias_brings_its_routing() {
        let plain = resolved(4);
        let routing = AliasRouting {
            index_routing: Some("a".into()),
            search_routing: Some("a,b".into()),
        };
        let alias = Resolved {
            routing: Some(routing),
            ..resolved(4)
        };
        let by_a = nodes_of(&plain, &Method::GET, "/i/_doc/1?routing=a");
        assert!(by_a.is_some());
        for id in 0..20 {
            let (path, own) = (format!("/i/_doc/{id}"), format!("/i/_doc/{id}?routing=x"));
            assert_eq!(nodes_of(&alias, &Method::GET, &path), by_a);
            assert_eq!(nodes_of(&alias, &Method::PUT, &path), by_a);
            assert_eq!(nodes_of(&alias, &Method::PUT, &own), None);
        }
        // Several values, for several shards.
        assert_eq!(nodes_of(&alias, &Method::GET, "/i/_search"), None);
    }

    #[test]
    fn a_data_stream_is_written_at_its_newest_index() {
        let stream = Resolved {
            reads: None,
            writes: index(1),
            routing: None,
        };
        assert_eq!(
            nodes_of(&stream, &Method::POST, "/logs/_doc").as_deref(),
            Some("n0")
        );
        assert_eq!(nodes_of(&stream, &Method::POST, "/logs/_search"), None);
        assert_eq!(generation(".ds-logs-app-2026.01.31-000010"), Some(10));
        assert_eq!(generation("logs"), None);
        assert_eq!(generation(".ds-logs"), None);
    }
}
