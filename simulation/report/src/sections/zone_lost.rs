//! A zone that is lost.

use es_simulation::scenario::{SIZES, ZoneLost, zone_lost};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, RED, Series, second},
    table::{ms, number, seconds, table},
};

pub(crate) fn section() -> Result<Section> {
    let runs = SIZES.map(zone_lost);
    let row = |lost: &ZoneLost| {
        [
            number(lost.nodes),
            number(lost.calls),
            number(lost.failed),
            number(lost.broken),
            number(lost.refused),
            number(lost.probes),
            number(lost.most_attempts),
            ms(lost.p99),
            seconds(lost.known_after),
            seconds(lost.back_after),
        ]
    };
    let heads = [
        "nodes",
        "requests",
        "failed",
        "attempts cut off",
        "refused",
        "probes",
        "most attempts of a request",
        "p99 while it is down",
        "last node noticed after",
        "last node in use again after",
    ];
    let text = format!(
        "## A zone is lost\n\n\
         One of three zones fails at second 10, including all requests in flight there, and \
         returns at second 40. There are 10 requests per second and node, at most 2,000 per \
         second. A request at a lost node fails over to another one immediately; the lost node \
         then receives only probes.\n\n{}\n![1,000 nodes lose a zone](simulation/zone-lost.svg)\n",
        table(heads, runs.iter().map(row))
    );
    let [.., largest] = &runs;
    let chart = Chart {
        title: "1,000 nodes, of which 333 are away",
        x: "seconds",
        y: "a second",
        x_label: &second,
        shaded: &[(10.0, 40.0)],
        top: 0.0,
        series: vec![
            Series::seconds("responses", BLUE, &largest.responses),
            Series::seconds("attempts that met a lost node", RED, &largest.met),
        ],
    };
    Ok(Section {
        text,
        plots: vec![Plot {
            name: "zone-lost.svg",
            svg: chart.svg()?,
        }],
    })
}
