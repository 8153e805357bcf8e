//! The embedded cluster.

mod binary;
mod compatibility;
mod conformance;
mod documents;
mod faults;
mod search;
mod security;
mod shards;
mod simulated;
mod support;
mod tls;
