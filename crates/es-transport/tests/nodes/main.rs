//! Nodes, the pool, selectors and sniffing.

mod ejection;
mod node_pool;
mod selectors;
mod sniff;
