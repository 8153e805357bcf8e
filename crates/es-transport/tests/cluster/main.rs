//! The transport as it is built, against an embedded cluster.

mod bad_responses;
mod bad_settings;
#[path = "../cluster_support/mod.rs"]
mod cluster_support;
mod whole_stack;
