//! The client: calls, endpoints, the DSL, responses, options.

mod blocking;
mod calls;
mod config;
mod dsl;
mod endpoints;
mod responses;
mod routes;
mod thaw;
mod whole_stack;
