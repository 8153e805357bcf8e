//! The embedded cluster.

mod compatibility;
mod documents;
mod faults;
mod search;
mod security;
mod shards;
mod simulated;
mod support;
mod tls;
