//! The client against a genuine cluster, which the environment names as
//! `scripts/cluster/es-cluster env` prints it.
//!
//! The tests are ignored unless they are asked for (`-- --ignored`), since they
//! need a server; without the environment they fail. A test that leaves something
//! out because the server lacks it (security, several nodes, a module) prints that.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../recorded/agreement/mod.rs"]
mod agreement;
mod cloud;
mod connecting;
mod documents;
mod endpoints;
mod functions;
mod helpers;
mod nodes;
mod reliability;
mod server;
mod shards;
mod table;
mod versions;
