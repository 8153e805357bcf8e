//! The client: calls, endpoints, the DSL, responses, options, spans.

#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#[path = "../recorded/agreement/mod.rs"]
mod agreement;
mod blocking;
mod calls;
mod config;
mod dsl;
mod endpoints;
mod golden;
mod recorded;
mod responses;
mod resume;
mod routes;
mod spans;
mod split;
mod whole_stack;
