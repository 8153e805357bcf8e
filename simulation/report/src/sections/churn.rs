//! Nodes that leave and join for good.

use es_simulation::scenario::{Churn, Known, SIZES, churn};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, GREY, RED, Series, second},
    table::{number, table},
};

pub(crate) fn section() -> Result<Section> {
    let runs = SIZES.map(churn);
    let row = |run: &Churn| {
        [
            number(run.nodes),
            number(run.replaced),
            number(run.calls),
            number(run.failed),
            number(run.looks),
            number(
                run.known
                    .iter()
                    .map(|known| known.stale)
                    .max()
                    .unwrap_or_default(),
            ),
            run.right_after()
                .map_or_else(|| "never".to_owned(), |time| time.as_secs().to_string()),
        ]
    };
    let heads = [
        "nodes",
        "replaced",
        "requests",
        "failed",
        "sniffs",
        "most departed nodes still known",
        "seconds until the pool was correct after the last change",
    ];
    let text = format!(
        "## Sniffing while nodes leave and join\n\n\
         At 100 requests per second, half of the nodes leave one after another between second 10 \
         and second 130, and each is replaced by a new one. The client sniffs every 30 s and \
         after a failure, but at most every 10 s.\n\n{}\n\
         ![Sniffing under churn](simulation/churn.svg)\n",
        table(heads, runs.iter().map(row))
    );
    let [_, _, middle, _] = &runs;
    let of = |count: fn(&Known) -> usize| middle.known.iter().map(count).collect::<Vec<_>>();
    let chart = Chart {
        title: "150 of 300 nodes are replaced",
        x: "seconds",
        y: "nodes",
        x_label: &second,
        shaded: &[(10.0, 130.0)],
        top: 0.0,
        series: vec![
            Series::seconds("have joined", GREY, &of(|known| known.joined)),
            Series::seconds("of those known", BLUE, &of(|known| known.found)),
            Series::seconds("known but gone", RED, &of(|known| known.stale)),
        ],
    };
    Ok(Section {
        text,
        plots: vec![Plot {
            name: "churn.svg",
            svg: chart.svg()?,
        }],
    })
}
