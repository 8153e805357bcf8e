//! The bulk helper: what arrives, what is retried, and that nothing is lost
//! or written twice.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod blocking;
mod by_node;
mod cluster;
mod faults;
mod input;
mod mock;
mod outages;
pub(crate) mod pipeline;
mod progress;
mod promises;
mod waits;
