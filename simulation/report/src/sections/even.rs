//! Load per node.

use es_simulation::scenario::{SIZES, even};

use crate::{
    Result, Section,
    table::{number, percent, table},
};

pub(crate) fn section() -> Result<Section> {
    let rows = SIZES.map(|nodes| {
        let even = even(nodes);
        [
            number(even.nodes),
            number(even.requests),
            percent(even.calm),
            number(even.flapping),
            percent(even.troubled),
        ]
    });
    let heads = [
        "nodes",
        "requests",
        "farthest from even",
        "nodes that flap",
        "farthest from even among the others",
    ];
    let text = format!(
        "## Load per node\n\n\
         Round robin, while nothing goes wrong, and while a tenth of the nodes (at least one) \
         refuses connections for 5 of every 10 s. *Farthest from even* is the node whose number of \
         requests is farthest from the mean, as a share of the mean.\n\n{}",
        table(heads, rows)
    );
    Ok(Section {
        text,
        plots: Vec::new(),
    })
}
