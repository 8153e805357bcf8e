//! The node with the least to do.

use super::{NodeSelector, RequestContext};
use crate::node::Candidates;

/// The node with the fewest requests of this client in flight
/// ([`Candidates::least_in_flight`]).
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastInFlight;

impl NodeSelector for LeastInFlight {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        candidates.least_in_flight()
    }
}
