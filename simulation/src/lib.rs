//! Clusters of 3 to 1,000 simulated nodes, and the production stack over them.
//!
//! The nodes are those of `es-testkit`'s form without sockets; the transport is the one that
//! `Transport::builder()` makes, over them in the place of its connections. The clock is paused
//! and skips all waits, random numbers come from one seed, and there is one thread: a run does the
//! same every time.
//!
//! - [`run()`] runs something in such a world and sees that it ends and leaves no task behind.
//! - [`World`] is a cluster with a transport over it and a [`Log`] of every attempt between them.
//! - [`Traffic`] is what callers ask, [`Plan`] what goes wrong meanwhile.
//! - [`check`] holds what must be true of every log, whatever went wrong.
//! - [`scenario`] has the runs of which `docs/simulation.md` tells; `simulation/report` writes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a simulation that cannot go on is a failed check"
)]

pub mod check;
mod log;
mod plan;
mod run;
pub mod scenario;
pub mod stats;
mod traffic;
mod world;

pub use log::{Attempt, End, Log};
pub use plan::{Event, Plan};
pub use run::run;
pub use traffic::{Call, Traffic};
pub use world::World;
