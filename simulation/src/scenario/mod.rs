//! The runs of which `docs/simulation.md` tells.
//!
//! Each makes its world, plays it, checks what must hold of it ([`crate::check`]) and returns
//! what was measured. The same call returns the same.

mod all_lost;
mod churn;
mod even;
mod flapping;
mod mixed;
mod overload;
mod slow_node;
mod tails;
mod zone_lost;

use std::time::Duration;

use es_testkit::{Cluster, ClusterBuilder, Latency};

pub use all_lost::{AllLost, all_lost};
pub use churn::{Churn, Known, churn};
pub use even::{Even, even};
pub use flapping::{Flapping, flapping};
pub use mixed::{Mixed, mixed};
pub use overload::{Overload, overload};
pub use slow_node::{Choice, Latencies, slow_node};
pub use tails::{Policy, Tail, Tails, Trouble};
pub use zone_lost::{ZoneLost, zone_lost};

/// Number of nodes of each cluster.
pub const SIZES: [usize; 4] = [3, 30, 300, 1_000];

const SECOND: Duration = Duration::from_secs(1);
const SEED: u64 = 2026;

/// The latency of an ordinary node: half of its responses within 20 ms, 99 of 100 within 64 ms.
const ORDINARY: Latency = Latency::LogNormal {
    median: Duration::from_millis(20),
    sigma: 0.5,
};

/// So many ordinary nodes.
fn nodes(number: usize) -> ClusterBuilder {
    Cluster::builder()
        .nodes(number)
        .latency(ORDINARY)
        .seed(SEED)
}

fn seconds(time: u64) -> Duration {
    Duration::from_secs(time)
}
