//! The parts of the report, in order.

mod all_lost;
mod churn;
mod even;
mod flapping;
mod mixed;
mod overload;
mod slow_node;
mod tails;
mod zone_lost;

use crate::{Result, Section};

pub(crate) const ALL: [fn() -> Result<Section>; 15] = [
    even::section,
    slow_node::section,
    zone_lost::section,
    all_lost::section,
    flapping::section,
    overload::section,
    mixed::section,
    tails::no_fault,
    tails::slow_node,
    tails::pauses,
    tails::fast_failures,
    tails::cold_node,
    tails::slow_zone,
    tails::low_traffic,
    churn::section,
];
