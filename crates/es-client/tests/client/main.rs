//! The client: calls, endpoints, the DSL, responses, options.

mod blocking;
mod calls;
mod config;
mod dsl;
mod endpoints;
mod responses;
mod resume;
mod routes;
mod whole_stack;
