//! A storm of 429.

use es_simulation::scenario::{Overload, SIZES, overload};

use crate::{
    Plot, Result, Section, parallel,
    plot::{BLUE, Chart, GREY, RED, Series, second},
    table::{number, percent, table},
};

pub(crate) fn section() -> Result<Section> {
    // The largest clusters take most of the time of the whole report.
    let settings: Vec<_> = SIZES
        .iter()
        .flat_map(|n| [(*n, true), (*n, false)])
        .collect();
    let runs = parallel::map(&settings, |(nodes, with_budget)| {
        overload(*nodes, *with_budget)
    });
    let row = |run: &Overload| {
        [
            number(run.nodes),
            if run.allowed.is_some() {
                "default"
            } else {
                "unlimited"
            }
            .to_owned(),
            number(run.calls),
            percent(run.good as f64 / run.calls as f64),
            format!("{:.2}", run.amplification),
            number(run.retries),
            run.allowed.map(number).unwrap_or_default(),
            number(run.failed_later),
        ]
    };
    let heads = [
        "nodes",
        "budget",
        "requests",
        "status 200",
        "attempts per request during the overload",
        "retries",
        "allowed",
        "failed from 10 s after the overload",
    ];
    let text = format!(
        "## More than the nodes can do\n\n\
         Each node serves 10 requests per second (one at a time, in 100 ms on average) and \
         queues 5; further requests are refused with 429. The load is half of this capacity, \
         twice the capacity from second 5 to 20, and half again. The default budget (100 \
         retries, plus a fifth of the requests that succeed at their first attempt) is compared \
         with an unlimited one.\n\n{}\n\
         ![Overload with a budget](simulation/overload-with-budget.svg)\n\n\
         ![Overload without a budget](simulation/overload-without-budget.svg)\n",
        table(heads, runs.iter().map(row))
    );
    let [_, _, with, without, ..] = &*runs else {
        return Err("there is no run of 30 nodes".into());
    };
    let top = without.attempts.iter().copied().max().unwrap_or_default();
    let plots = vec![
        Plot {
            name: "overload-with-budget.svg",
            svg: plot(
                "30 nodes are asked for too much: the default budget",
                with,
                top,
            )?,
        },
        Plot {
            name: "overload-without-budget.svg",
            svg: plot(
                "30 nodes are asked for too much: a budget without end",
                without,
                top,
            )?,
        },
    ];
    Ok(Section { text, plots })
}

/// With room up to `top`, so that two of them can be compared.
fn plot(title: &str, run: &Overload, top: usize) -> Result<String> {
    let chart = Chart {
        title,
        x: "seconds",
        y: "a second",
        x_label: &second,
        shaded: &[(5.0, 20.0)],
        top: top as f64,
        series: vec![
            Series::seconds("attempts", RED, &run.attempts),
            Series::seconds("requests", GREY, &run.asked),
            Series::seconds("responses with 200", BLUE, &run.responses),
        ],
    };
    chart.svg()
}
