//! Which shard holds a document, and which nodes hold a shard.
//!
//! No I/O: the state of a cluster goes in, node ids come out. A document lies in
//! `floorMod(h, routing_num_shards) / (routing_num_shards / number_of_shards)`,
//! where `h` is [murmur3](murmur3::murmur3) of its routing value, else of its id.
//! In an index with a `routing_partition_size` *p*, the hash of the routing
//! value moves by `floorMod(h(id), p)`. In a time series index, `h` is in the id.

mod holder;
mod murmur3;
mod state;

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

pub(crate) use self::holder::Holder;
use self::murmur3::murmur3;

/// The nodes that hold shards, by their IDs.
pub(crate) type HoldersById = FxHashMap<Arc<str>, Arc<Holder>>;

/// Where the documents of one index lie.
#[derive(Debug)]
pub(crate) struct IndexShards {
    routing_num_shards: NonZeroU32,
    /// `routing_num_shards / number_of_shards`.
    slots_per_shard: NonZeroU32,
    rule: Rule,
    shards: Box<[Shard]>,
    /// `None` if there is one shard, or no such node.
    most: Option<HoldersOfMost>,
}

/// The nodes that hold what a request needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holders<'a> {
    pub nodes: &'a [Arc<Holder>],
    /// Whether each of them holds everything.
    pub hold_all: bool,
    pub locality: Locality,
}

/// When one of several holders is to prefer its own copies to those of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locality {
    /// Never: there are no others, or some are not known.
    Never,
    /// While all holders respond. A node ranks the copies of a shard by the responses of their
    /// nodes, but not if it is to prefer its own ones and holds none.
    WhileAllRespond,
    /// Always: each of them holds everything.
    Always,
}

/// The nodes that hold at least half of the shards of an index.
#[derive(Debug)]
struct HoldersOfMost {
    nodes: Box<[Arc<Holder>]>,
    hold_all: bool,
    locality: Locality,
}

/// How documents are distributed to shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// By the hash of the routing value, or else of the ID.
    Hash,
    /// By the hashes of both, in an index with this `routing_partition_size`, which is above 1.
    Partitions(NonZeroU32),
    /// By a hash of the dimensions, which the server writes into the ID.
    TimeSeries,
}

/// The nodes of the started copies of one shard.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// The primary's node is the first, if the primary is started.
    copies: SmallVec<[Arc<Holder>; 2]>,
    has_primary: bool,
}

impl Shard {
    /// Returns the node of the primary, if it is started.
    #[inline]
    pub fn primary(&self) -> Holders<'_> {
        let primary = self.copies.get(..1).filter(|_| self.has_primary);
        Holders {
            nodes: primary.unwrap_or_default(),
            hold_all: true,
            locality: Locality::Never,
        }
    }

    /// Returns the nodes of the started copies.
    #[inline]
    pub fn copies(&self) -> Holders<'_> {
        let locality = match &*self.copies {
            [] | [_] => Locality::Never,
            _ => Locality::Always,
        };
        Holders {
            nodes: &self.copies,
            hold_all: true,
            locality,
        }
    }

    fn add(&mut self, node: Arc<Holder>, is_primary: bool) {
        if is_primary {
            self.copies.insert(0, node);
            self.has_primary = true;
        } else {
            self.copies.push(node);
        }
    }
}

impl IndexShards {
    /// Creates an index; `None` if the numbers make no sense.
    fn new(routing_num_shards: u32, rule: Rule, shards: Box<[Shard]>) -> Option<Self> {
        let number_of_shards = u32::try_from(shards.len()).ok()?;
        let slots_per_shard = routing_num_shards.checked_div(number_of_shards)?;
        Some(Self {
            routing_num_shards: NonZeroU32::new(routing_num_shards)?,
            slots_per_shard: NonZeroU32::new(slots_per_shard)?,
            rule,
            most: HoldersOfMost::new(&shards),
            shards,
        })
    }

    /// Returns the shard of a document; `None` if the rule is not known.
    #[inline]
    pub fn shard_of(&self, id: Option<&str>, routing: Option<&str>) -> Option<u32> {
        if self.shards.len() == 1 {
            return Some(0);
        }
        let hash = match self.rule {
            Rule::Hash => murmur3(routing.or(id)?),
            Rule::Partitions(size) => {
                let offset = floor_mod(murmur3(id?), size);
                murmur3(routing?).wrapping_add_unsigned(offset)
            }
            Rule::TimeSeries => time_series_hash(id?)?,
        };
        Some(self.shard_of_hash(hash))
    }

    /// Returns the shards in which documents with a routing value lie, ascending.
    pub fn shards_of_routing(&self, routing: &str) -> Vec<u32> {
        let hash = murmur3(routing);
        let partitions = match self.rule {
            Rule::Hash => 1,
            Rule::Partitions(size) => size.get(),
            Rule::TimeSeries => 0,
        };
        let hashes = (0..partitions).map(|offset| hash.wrapping_add_unsigned(offset));
        let mut shards: Vec<_> = hashes.map(|hash| self.shard_of_hash(hash)).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    /// Returns the nodes that hold copies of at least half of the shards of an index with
    /// several; `None` if there are none, or fewer than copies of a shard: they would do the
    /// work of the others.
    pub fn holders_of_most(&self) -> Option<Holders<'_>> {
        self.most.as_ref().map(|most| Holders {
            nodes: &most.nodes,
            hold_all: most.hold_all,
            locality: most.locality,
        })
    }

    /// Returns the copies of a shard.
    pub fn shard(&self, number: u32) -> Option<&Shard> {
        self.shards.get(number as usize)
    }

    /// Whether documents are routed by a hash of their routing value or ID.
    pub fn is_by_hash(&self) -> bool {
        !matches!(self.rule, Rule::TimeSeries)
    }

    /// Whether documents are routed as in the other index.
    pub fn has_rule_of(&self, other: &Self) -> bool {
        (self.routing_num_shards, self.rule) == (other.routing_num_shards, other.rule)
            && self.shards.len() == other.shards.len()
    }

    #[inline]
    fn shard_of_hash(&self, hash: i32) -> u32 {
        floor_mod(hash, self.routing_num_shards) / self.slots_per_shard
    }
}

impl HoldersOfMost {
    fn new(shards: &[Shard]) -> Option<Self> {
        if shards.len() < 2 {
            return None;
        }
        let mut held: BTreeMap<&str, (&Arc<Holder>, usize)> = BTreeMap::new();
        for holder in shards.iter().flat_map(|shard| &shard.copies) {
            let (_, shards) = held.entry(&holder.id).or_insert((holder, 0));
            *shards += 1;
        }
        let all = held.len();
        let hold_all = held.values().all(|(_, held)| *held == shards.len());
        let most = held
            .into_values()
            .filter(|(_, held)| held * 2 >= shards.len());
        let nodes: Box<[_]> = most.map(|(holder, _)| Arc::clone(holder)).collect();
        let copies = shards.iter().map(|shard| shard.copies.len());
        let most_copies = copies.max().unwrap_or_default();
        if nodes.is_empty() || nodes.len() < most_copies {
            return None;
        }
        let locality = if most_copies < 2 || nodes.len() < all {
            Locality::Never
        } else if hold_all {
            Locality::Always
        } else {
            Locality::WhileAllRespond
        };
        Some(Self {
            nodes,
            hold_all,
            locality,
        })
    }
}

/// Java's `floorMod`.
#[inline]
fn floor_mod(hash: i32, of: NonZeroU32) -> u32 {
    let rest = hash.unsigned_abs() % of;
    if hash < 0 && rest > 0 {
        of.get() - rest
    } else {
        rest
    }
}

/// The hash in the ID of a time series document: the first four of its 20 bytes.
fn time_series_hash(id: &str) -> Option<i32> {
    let mut bytes = [0; 20];
    let length = URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
    let hash = bytes.first_chunk().filter(|_| length == bytes.len())?;
    Some(i32::from_le_bytes(*hash))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    fn index(shards: usize, routing_num_shards: u32, partition_size: u32) -> Option<IndexShards> {
        let shards = (0..shards).map(|_| Shard::default()).collect();
        let rule = match NonZeroU32::new(partition_size) {
            Some(size) if partition_size > 1 => Rule::Partitions(size),
            _ => Rule::Hash,
        };
        IndexShards::new(routing_num_shards, rule, shards)
    }

    #[test]
    fn a_document_lies_where_its_routing_says() {
        let five = index(5, 640, 1).unwrap();
        let by_id = five.shard_of(Some("hello"), None).unwrap();
        // floorMod(0xd7c31989 as i32, 640) / 128
        assert_eq!(by_id, 4);
        assert_eq!(five.shard_of(Some("x"), Some("hello")), Some(by_id));
        assert_eq!(five.shard_of(None, Some("hello")), Some(by_id));
        assert_eq!(five.shard_of(None, None), None);
        assert_eq!(five.shards_of_routing("hello"), [by_id]);
    }

    #[test]
    fn one_shard_holds_everything() {
        assert_eq!(time_series(1, 1024).shard_of(None, None), Some(0));
    }

    fn time_series(shards: usize, routing_num_shards: u32) -> IndexShards {
        IndexShards {
            rule: Rule::TimeSeries,
            ..index(shards, routing_num_shards, 1).unwrap()
        }
    }

    #[test]
    fn an_id_of_another_form_has_no_shard_of_a_time_series() {
        let series = time_series(3, 768);
        let id = "ejbUGUYdv62AT9fkAAABnoB7yqg";
        assert_eq!(series.shard_of(Some(id), None), Some(0));
        for other in ["hello", "", &id[1..], &format!("{id}A"), &format!("{id}=")] {
            assert_eq!(series.shard_of(Some(other), None), None, "{other}");
        }
        assert_eq!(series.shard_of(None, Some("hello")), None);
        assert!(series.shards_of_routing("hello").is_empty());
    }

    #[test]
    fn a_partitioned_index_needs_both_values() {
        let partitioned = index(8, 1024, 3).unwrap();
        assert_eq!(partitioned.shard_of(Some("a"), None), None);
        assert_eq!(partitioned.shard_of(None, Some("a")), None);
        let possible = partitioned.shards_of_routing("a");
        for id in ["1", "2", "3", "4"] {
            assert!(possible.contains(&partitioned.shard_of(Some(id), Some("a")).unwrap()));
        }
    }

    /// The nodes that hold at least half of the shards, each of which is a list of nodes.
    fn most(shards: &[&str]) -> String {
        let shards = shards.iter().map(|nodes| {
            let mut shard = Shard::default();
            for node in nodes.split_whitespace() {
                shard.add(Arc::new(Holder::new(node)), false);
            }
            shard
        });
        let shards: Box<[_]> = shards.collect();
        let slots = shards.len() as u32;
        let index = IndexShards::new(slots, Rule::Hash, shards).unwrap();
        let Some(holders) = index.holders_of_most() else {
            return String::new();
        };
        let ids = holders.nodes.iter().map(|holder| &*holder.id);
        let locality = match holders.locality {
            Locality::Never => "",
            Locality::WhileAllRespond => "?",
            Locality::Always => "!",
        };
        ids.chain([locality]).collect()
    }

    #[test]
    fn nodes_with_half_of_the_shards_hold_the_most() {
        assert_eq!(most(&["a", "b"]), "ab");
        assert_eq!(most(&["a", "b", "a"]), "a");
        assert_eq!(most(&["a", "b", "c"]), "");
        assert_eq!(most(&["a b", "b c", "c a"]), "abc?");
        assert_eq!(most(&["a b", "c d", "e f"]), "");
        assert_eq!(most(&["a b", "b a"]), "ab!");
        assert_eq!(most(&["a b", "b"]), "ab?");
        // How `d` responds is not looked at.
        assert_eq!(most(&["a b", "a b", "a c", "d c"]), "abc");
        // The copies of a single shard are found by its number.
        assert_eq!(most(&["a b"]), "");
    }

    #[test]
    fn one_node_with_all_shards_does_not_replace_the_replicas() {
        assert_eq!(most(&["a b", "a c", "a d"]), "");
        assert_eq!(most(&["a b", "a b", "a c"]), "ab");
    }

    #[test]
    fn shards_without_a_started_copy_are_shards_of_the_index() {
        assert_eq!(most(&["a", ""]), "a");
        assert_eq!(most(&["a", "", ""]), "");
        assert_eq!(most(&["", ""]), "");
    }

    #[test]
    fn numbers_that_make_no_sense_are_no_index() {
        assert!(index(0, 0, 1).is_none());
        assert!(index(5, 0, 1).is_none());
        assert!(index(5, 3, 1).is_none());
    }

    proptest! {
        #[test]
        fn every_id_has_a_shard_of_the_index(
            id in ".{0,40}",
            shards in 1..13_usize,
            splits in 0..6_u32,
            partition_size in 1..4_u32,
        ) {
            let slots = shards as u32 * 2_u32.pow(splits);
            let index = index(shards, slots, partition_size).unwrap();
            let shard = index.shard_of(Some(&id), Some("routing")).unwrap();
            prop_assert!((shard as usize) < shards);
            prop_assert!(index.shards_of_routing("routing").contains(&shard) || shards == 1);
        }

        #[test]
        fn the_hash_is_that_of_the_bytes(text in any::<String>()) {
            prop_assert_eq!(murmur3(&text), by_bytes(&text));
        }
    }

    /// Murmur3 as published: over bytes.
    fn by_bytes(text: &str) -> i32 {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let scramble = |block: u32| {
            block
                .wrapping_mul(0xCC9E_2D51)
                .rotate_left(15)
                .wrapping_mul(0x1B87_3593)
        };
        let mut hash = 0_u32;
        for chunk in bytes.chunks(4) {
            let mut block = [0; 4];
            block[..chunk.len()].copy_from_slice(chunk);
            hash ^= scramble(u32::from_le_bytes(block));
            if chunk.len() == 4 {
                hash = hash
                    .rotate_left(13)
                    .wrapping_mul(5)
                    .wrapping_add(0xE654_6B64);
            }
        }
        hash ^= bytes.len() as u32;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
        (hash ^ (hash >> 16)).cast_signed()
    }

    /// Shards of routing values and documents; `scripts/cluster/record-shards` records them.
    #[derive(Deserialize)]
    struct Recorded {
        values: Vec<String>,
        indices: Vec<RecordedIndex>,
        time_series: Vec<RecordedTimeSeries>,
    }

    /// A time series index, and the shards of its documents.
    #[derive(Deserialize)]
    struct RecordedTimeSeries {
        number_of_shards: usize,
        routing_num_shards: u32,
        by_id: BTreeMap<String, u32>,
    }

    /// An index, and its shards in the order of the values.
    #[derive(Deserialize)]
    struct RecordedIndex {
        name: String,
        number_of_shards: usize,
        routing_num_shards: u32,
        routing_partition_size: u32,
        by_routing: Vec<Vec<u32>>,
        /// Of documents, whose routing in partitioned indices is the next value.
        by_id: Vec<u32>,
    }

    #[test]
    fn the_rule_is_that_of_a_genuine_server() {
        let recorded: Recorded = serde_json::from_str(include_str!("recorded.json")).unwrap();
        let next = recorded.values.iter().cycle().skip(1);
        let mut compared = 0;
        for of in &recorded.indices {
            let partition_size = of.routing_partition_size;
            let index = index(of.number_of_shards, of.routing_num_shards, partition_size).unwrap();
            for (at, (value, next)) in recorded.values.iter().zip(next.clone()).enumerate() {
                let name = &of.name;
                assert_eq!(
                    index.shards_of_routing(value),
                    of.by_routing[at],
                    "{name} {value}"
                );
                let routing = (partition_size > 1).then_some(&**next);
                let shard = index.shard_of(Some(value), routing);
                assert_eq!(shard, Some(of.by_id[at]), "{name} {value}");
                compared += 2;
            }
        }
        for of in &recorded.time_series {
            let series = time_series(of.number_of_shards, of.routing_num_shards);
            for (id, shard) in &of.by_id {
                assert_eq!(series.shard_of(Some(id), None), Some(*shard), "{id}");
                compared += 1;
            }
        }
        assert!(compared > 2_000, "{compared}");
    }
}
