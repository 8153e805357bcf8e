//! The query DSL: what it builds, and that it lacks nothing.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may")]

mod documented;
mod every;
mod examples;
mod facts;
