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
        "largest deviation",
        "unstable nodes",
        "largest deviation among the others",
    ];
    let text = format!(
        "## Load per node\n\n\
         Round robin without faults, and while a tenth of the nodes (at least one) refuse \
         connections for 5 of every 10 s. *Largest deviation* is that of the node whose number \
         of requests differs most from the mean, relative to the mean.\n\n{}",
        table(heads, rows)
    );
    Ok(Section {
        text,
        plots: Vec::new(),
    })
}
