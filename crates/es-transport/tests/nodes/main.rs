//! Nodes, the pool, selectors and sniffing.

mod ejection;
mod node_pool;
mod selectors;
mod shard_map;
mod sniff;
mod threads;
