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
        "unstable",
        "requests",
        "failed",
        "attempts at a lost node",
        "probes",
    ];
    let text = format!(
        "## Nodes that come and go\n\n\
         A tenth of the nodes (at least one) are down from second 5 to 10, 20 to 35, 45 to 46 \
         and 60 to 100. There are 10 requests per second and node, at most 2,000 per second. The \
         plot shows one of those nodes: each failed probe doubles its dead time, up to 30 s.\n\n{}\n\
         ![One unstable node](simulation/flapping.svg)\n",
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
