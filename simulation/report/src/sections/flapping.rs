//! Nodes that come and go.

use es_simulation::scenario::{Flapping, SIZES, flapping};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, RED, Series, second},
    table::{number, table},
};

pub(crate) fn section() -> Result<Section> {
    let runs = SIZES.map(flapping);
    let row = |run: &Flapping| {
        [
            number(run.nodes),
            number(run.flapping),
            number(run.calls),
            number(run.failed),
            number(run.met),
            number(run.probes),
        ]
    };
    let heads = [
        "nodes",
        "that flap",
        "requests",
        "failed",
        "attempts that met a lost node",
        "probes",
    ];
    let text = format!(
        "## Nodes that come and go\n\n\
         A tenth of the nodes (at least one) is away from second 5 to 10, 20 to 35, 45 to 46 and \
         60 to 100. 10 requests a second for each node, 2,000 at most. The plot follows one of \
         those nodes: each probe that fails makes its dead time longer, up to 30 s.\n\n{}\n\
         ![One node that flaps](simulation/flapping.svg)\n",
        table(heads, runs.iter().map(row))
    );
    let [_, thirty, ..] = &runs;
    Ok(Section {
        text,
        plots: vec![Plot {
            name: "flapping.svg",
            svg: plot(thirty)?,
        }],
    })
}

fn plot(run: &Flapping) -> Result<String> {
    let mut responses = vec![0; 120];
    let mut met = Vec::new();
    for attempt in &run.at_first {
        let at = attempt.ended.as_secs_f64();
        if attempt.end.is_failure() {
            met.push((at, 1.0));
        } else if let Some(count) = responses.get_mut(at as usize) {
            *count += 1;
        }
    }
    let shaded: Vec<_> = run
        .away
        .iter()
        .map(|(from, to)| (*from as f64, *to as f64))
        .collect();
    let chart = Chart {
        title: "One of 30 nodes, away in the grey times",
        x: "seconds",
        y: "attempts a second",
        x_label: &second,
        shaded: &shaded,
        top: 0.0,
        series: vec![
            Series::seconds("responses", BLUE, &responses),
            Series::dots("an attempt that failed", RED, met),
        ],
    };
    chart.svg()
}
