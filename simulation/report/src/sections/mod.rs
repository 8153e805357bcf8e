//! The parts of the report, in order.

mod all_lost;
mod churn;
mod even;
mod flapping;
mod overload;
mod slow_node;
mod zone_lost;

use crate::{Result, Section};

pub(crate) const ALL: [fn() -> Result<Section>; 7] = [
    even::section,
    slow_node::section,
    zone_lost::section,
    all_lost::section,
    flapping::section,
    overload::section,
    churn::section,
];
