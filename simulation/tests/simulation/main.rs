//! Simulated clusters.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod properties;
mod scenarios;
mod stats;
mod tails;
