//! One slow node.

use es_simulation::scenario::{Choice, Latencies, SIZES, slow_node};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, GREEN, GREY, RED, Series},
    table::{ms, number, percent, table},
};

const REQUESTS: usize = 20_000;

struct Runs {
    nodes: usize,
    without: Latencies,
    /// By [`Choice::ALL`].
    with: [Latencies; 3],
}

pub(crate) fn section() -> Result<Section> {
    let runs = SIZES.map(|nodes| Runs {
        nodes,
        without: slow_node(nodes, Choice::PeakEwma, false, REQUESTS),
        with: Choice::ALL.map(|choice| slow_node(nodes, choice, true, REQUESTS)),
    });
    let worst = runs.iter().map(ratio).fold(0.0, f64::max);
    let rows = runs.iter().flat_map(rows);
    let heads = [
        "nodes",
        "",
        "median",
        "p90",
        "p99",
        "p99.9",
        "requests at the slow node",
    ];
    let text = format!(
        "## One node at ten times the latency\n\n\
         The median latency of the first node is 200 ms instead of 20 ms. There are {} requests, \
         20 per second and node. *Without it* is the same cluster without that node, with two \
         choices. With the slow node, two choices by peak EWMA have a p99 of at most {worst:.2} \
         times that.\n\n{}\n\
         ![Latencies of 3 nodes](simulation/slow-node-3.svg)\n\n\
         ![Latencies of 30 nodes](simulation/slow-node-30.svg)\n",
        number(REQUESTS),
        table(heads, rows)
    );
    let [three, thirty, ..] = &runs;
    let plots = vec![
        Plot {
            name: "slow-node-3.svg",
            svg: plot(three)?,
        },
        Plot {
            name: "slow-node-30.svg",
            svg: plot(thirty)?,
        },
    ];
    Ok(Section { text, plots })
}

fn ratio(runs: &Runs) -> f64 {
    let [_, _, ewma] = &runs.with;
    ewma.quantile(0.99).as_secs_f64() / runs.without.quantile(0.99).as_secs_f64()
}

fn rows(runs: &Runs) -> Vec<[String; 7]> {
    let names = ["round robin", "least in flight", "two choices by peak EWMA"];
    let row = |nodes: String, name: &str, latencies: &Latencies, slow: String| {
        let at = |share| ms(latencies.quantile(share));
        [
            nodes,
            name.to_owned(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            slow,
        ]
    };
    let mut rows = vec![row(
        number(runs.nodes),
        "without it",
        &runs.without,
        String::new(),
    )];
    for (name, latencies) in names.into_iter().zip(&runs.with) {
        rows.push(row(String::new(), name, latencies, percent(latencies.slow)));
    }
    rows
}

/// The latencies by how many nines of all calls have a lower one.
fn curve(latencies: &Latencies) -> Vec<(f64, f64)> {
    let at = |step: u32| {
        let nines = f64::from(step) * 0.02;
        let share = 1.0 - 10.0_f64.powf(-nines);
        (nines, latencies.quantile(share).as_secs_f64() * 1e3)
    };
    (0..=150).map(at).collect()
}

fn plot(runs: &Runs) -> Result<String> {
    let [robin, least, ewma] = &runs.with;
    let percentile = |nines: &f64| {
        let text = format!("{:.2}", 100.0 * (1.0 - 10.0_f64.powf(-nines)));
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    };
    let title = format!("One of {} nodes takes ten times as long", runs.nodes);
    let chart = Chart {
        title: &title,
        x: "share of the calls that took no longer",
        y: "ms",
        x_label: &percentile,
        shaded: &[],
        top: 0.0,
        series: vec![
            Series::line("round robin", RED, curve(robin)),
            Series::line("least in flight", GREEN, curve(least)),
            Series::line("two choices by peak EWMA", BLUE, curve(ewma)),
            Series::line("without the slow node", GREY, curve(&runs.without)),
        ],
    };
    chart.svg()
}
