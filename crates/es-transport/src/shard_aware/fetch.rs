//! Fetches the shards of an index, and compares them with the server's own routing
//! before they are trusted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::Request;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::map::{AliasRouting, Known, Resolved, ShardMap, generation};
use crate::{
    Body, Error, Result, events::Event, node::shards::IndexShards, transport::WeakTransport,
};

/// Routing values for which the map is compared with the server's.
const CHECKED: [&str; 3] = ["0", "checked", "\u{e4}\u{1d11e}"];

impl ShardMap {
    /// Fetches the used indices again that are from another state of the cluster than
    /// the present one.
    pub async fn refresh(&self) -> Result<()> {
        let uuid = self.state_uuid().await?;
        let is_used = |known: &Known| known.is_used.load(Ordering::Relaxed);
        let is_current = |known: &Known| known.state_uuid.as_ref() == Some(&uuid);
        let known = self.known.load_full();
        let outdated = known.indices.iter().filter(|(_, known)| !is_current(known));
        let used = outdated.filter(|(_, known)| is_used(known));
        let used: Vec<_> = used.map(|(name, _)| name.clone()).collect();
        self.lock()
            .holders
            .retain(|_, holder| Arc::strong_count(holder) > 1);
        // The others are fetched when they are used again.
        self.update(|indices| indices.retain(|_, known| is_current(known) || is_used(known)));
        for name in used {
            self.fetch(&name, Some(&uuid)).await;
        }
        Ok(())
    }

    /// Fetches the shards of the index that a name stands for. `seen` is the UUID of a
    /// state that is not newer than the response.
    pub async fn fetch(&self, name: &str, seen: Option<&Arc<str>>) {
        let before = self.known.load().indices.get(name).cloned();
        let fetched = self.resolve(name, before.as_deref()).await;
        self.lock().indices.remove(name);
        let (resolved, uuid) = match fetched {
            Ok((resolved, uuid)) => (Some(resolved), uuid.or_else(|| seen.cloned())),
            // No response: what is known stays, and is fetched at the next check.
            Err(error) if before.is_some() && !error.is_sniff() => return,
            Err(error) => {
                if before.is_none_or(|before| before.name.is_some()) {
                    self.report(name, &error);
                }
                (None, seen.cloned())
            }
        };
        let known = Arc::new(Known {
            name: resolved,
            state_uuid: uuid,
            is_used: AtomicBool::new(false),
        });
        self.update(|indices| {
            indices.insert(name.into(), known);
        });
    }

    /// Fetches the shards of the index that a name stands for, and the UUID of the state
    /// that they are from.
    async fn resolve(
        &self,
        name: &str,
        before: Option<&Known>,
    ) -> Result<(Resolved, Option<Arc<str>>)> {
        let response = self.get(&state_path(name)).await?;
        let found = IndexShards::read_all(&response, &mut self.lock().holders);
        let uuid = self.uuid_of(&response).ok();
        let is_stream = found.keys().all(|index| generation(index).is_some());
        let number = found.len();
        let newest = found.into_iter().max_by_key(|(index, _)| generation(index));
        let Some((index, shards)) = newest.filter(|_| number == 1 || is_stream) else {
            return Err(Error::sniff("the name does not stand for one open index"));
        };
        let is_checked = before
            .and_then(|before| before.name.as_ref())
            .is_some_and(|before| before.writes.has_rule_of(&shards));
        if !is_checked {
            self.check(&index, &shards).await?;
        }
        let writes = Arc::new(shards);
        let reads = (number == 1).then(|| Arc::clone(&writes));
        let is_alias = index != name && !is_stream;
        let routing = if is_alias {
            self.alias_routing(name).await?
        } else {
            None
        };
        let resolved = Resolved {
            reads,
            writes,
            routing,
        };
        Ok((resolved, uuid))
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

    async fn state_uuid(&self) -> Result<Arc<str>> {
        let response = self
            .get("/_cluster/state/version?filter_path=state_uuid")
            .await?;
        self.uuid_of(&response)
    }

    /// Returns the UUID of a state; the same one is the same allocation.
    fn uuid_of(&self, response: &[u8]) -> Result<Arc<str>> {
        let version: Version = serde_json::from_slice(response)
            .map_err(|error| Error::sniff("the state's UUID cannot be read").with_source(error))?;
        let mut fetching = self.lock();
        let last = fetching.state_uuid.as_ref();
        if let Some(last) = last.filter(|last| ***last == *version.state_uuid) {
            return Ok(Arc::clone(last));
        }
        let uuid: Arc<str> = version.state_uuid.into();
        fetching.state_uuid = Some(Arc::clone(&uuid));
        Ok(uuid)
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
    const FILTER: &str = "state_uuid,metadata.indices.*.routing_num_shards,metadata.indices.*.state,\
        metadata.indices.*.settings.index.number_of_shards,\
        metadata.indices.*.settings.index.routing_partition_size,\
        metadata.indices.*.settings.index.mode,\
        routing_table.indices.*.shards.*.node,routing_table.indices.*.shards.*.primary,\
        routing_table.indices.*.shards.*.state";
    format!("/_cluster/state/metadata,routing_table,version/{index}?filter_path={FILTER}")
}

fn search_shards_path(index: &str, routing: &str) -> String {
    let routing: String = routing.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/{index}/_search_shards?routing={routing}&filter_path=shards.shard")
}
