//! Any node.

use super::{NodeSelector, RequestContext};
use crate::node::Candidates;

/// Any node, each with the same probability.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl NodeSelector for Random {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        candidates.random()
    }

    fn tracks_load(&self) -> bool {
        false
    }
}
