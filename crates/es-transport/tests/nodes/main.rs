//! Nodes, the pool, selectors and sniffing.

mod node_pool;
mod selectors;
mod sniff;
