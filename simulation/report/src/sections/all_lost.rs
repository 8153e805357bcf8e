//! A cluster that is lost.

use es_simulation::scenario::{AllLost, SIZES, all_lost};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, RED, Series, second},
    table::{number, seconds, table},
};

pub(crate) fn section() -> Result<Section> {
    let runs = SIZES.map(all_lost);
    let row = |lost: &AllLost| {
        [
            number(lost.nodes),
            number(lost.calls),
            number(lost.failed),
            format!("{:.1}", lost.attempts_of_failed),
            seconds(lost.found_after),
            lost.last_failed_after
                .map_or_else(|| "none".to_owned(), seconds),
        ]
    };
    let heads = [
        "nodes",
        "requests",
        "failed",
        "attempts per failed request",
        "first response after the return",
        "last failure after the return",
    ];
    let text = format!(
        "## All nodes are lost\n\n\
         At 100 requests per second, the whole cluster fails at second 10 and returns at second \
         30. No request fails without an attempt: the node whose dead time ends first is tried.\n\n{}\n![A cluster is lost](simulation/all-lost.svg)\n",
        table(heads, runs.iter().map(row))
    );
    let [.., largest] = &runs;
    let chart = Chart {
        title: "1,000 nodes, all away for 20 s",
        x: "seconds",
        y: "a second",
        x_label: &second,
        shaded: &[(10.0, 30.0)],
        top: 0.0,
        series: vec![
            Series::seconds("responses", BLUE, &largest.responses),
            Series::seconds("requests that failed", RED, &largest.failures),
        ],
    };
    Ok(Section {
        text,
        plots: vec![Plot {
            name: "all-lost.svg",
            svg: chart.svg()?,
        }],
    })
}
