//! Faulty nodes, and the parts of the client that are meant for them.

use es_simulation::scenario::{Policy, Tail, Trouble, tails};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, GREEN, GREY, RED, Series},
    table::{ms, number, percent, table},
};

/// One table: the clusters and what is wrong with them.
struct Case {
    trouble: Trouble,
    title: &'static str,
    clusters: &'static [usize],
    /// Number of requests that are measured.
    requests: usize,
    /// Number of requests a second, if not 50 for each node.
    rate: Option<f64>,
    /// The plot of the smallest cluster.
    plot: Option<&'static str>,
    /// Describes the runs of the smallest cluster.
    finding: fn(&Runs) -> Result<String>,
}

type Runs = Vec<(Policy, Tail)>;

const INTRODUCTION: &str = "## Hedging, ejection, slow start, windows and the failure penalty\n\n\
    Searches, 50 per second and node, at most 500 per second. Measurements begin at second 10, as \
    do the faults. Each part is added to two choices by peak EWMA, alone and together, with its \
    defaults: a failure penalty of 1 s, ejection, a slow start of 10 s, hedging and windows. \
    *Polled load* is a policy that polls: every 5 s it measures the round trip to each node, and \
    it chooses the node with the lowest product of the logarithm of that time and the number of \
    requests in flight. *Extra* is the number of attempts beyond one per search. *At fault* is \
    the share of attempts at the faulty nodes, from 2 s after the fault begins. *Ejected* is the \
    largest number of nodes that are ejected at the same time.\n\n";

pub(crate) fn no_fault() -> Result<Section> {
    let mut section = Case {
        trouble: Trouble::None,
        title: "No fault",
        clusters: &[3],
        requests: 6_000,
        rate: None,
        plot: None,
        finding: |_| {
            Ok(
                "Hedging sends the slowest searches twice, which shortens p99.9. The other \
                    parts change nothing."
                    .to_owned(),
            )
        },
    }
    .section()?;
    section.text.insert_str(0, INTRODUCTION);
    Ok(section)
}

pub(crate) fn slow_node() -> Result<Section> {
    Case {
        trouble: Trouble::SlowNode,
        title: "The first node becomes ten times as slow",
        clusters: &[3, 30, 300],
        requests: 6_000,
        rate: None,
        plot: Some("tails-slow-node.svg"),
        finding: |runs| {
            let calm = tails(3, Policy::PeakEwma, Trouble::None, 6_000, None);
            let (plain, hedged, all) = (
                of(runs, Policy::PeakEwma)?,
                of(runs, Policy::Hedge)?,
                of(runs, Policy::All)?,
            );
            Ok(format!(
                "On 3 nodes, p99.9 is {:.2} times that of two choices without a fault, and {:.2} \
                 times with all parts, for {} more attempts. Hedging alone changes p99 from {} \
                 to {}: more attempts go to the slow node than without it.",
                ratio(plain, &calm, 0.999),
                ratio(all, &calm, 0.999),
                percent(all.extra),
                ms(plain.quantile(0.99)),
                ms(hedged.quantile(0.99)),
            ))
        },
    }
    .section()
}

pub(crate) fn pauses() -> Result<Section> {
    Case {
        trouble: Trouble::Pauses,
        title: "Every two seconds, a random node pauses for half a second",
        clusters: &[3, 30],
        requests: 6_000,
        rate: None,
        plot: Some("tails-pauses.svg"),
        finding: |_| {
            Ok("Hedging shortens p99 most. The other parts change little or nothing.".to_owned())
        },
    }
    .section()
}

pub(crate) fn fast_failures() -> Result<Section> {
    Case {
        trouble: Trouble::FastFailures,
        title: "The first node responds with status 500 within a millisecond",
        clusters: &[3, 30],
        requests: 6_000,
        rate: None,
        plot: None,
        finding: |_| {
            Ok("Every selector that prefers fast or idle nodes is attracted by this node. Ejection \
             and the failure penalty each prevent that.".to_owned())
        },
    }
    .section()
}

pub(crate) fn cold_node() -> Result<Section> {
    Case {
        trouble: Trouble::ColdNode,
        title: "A node joins that is ten times as slow at first, and as fast as the others after 10 s",
        clusters: &[3],
        requests: 3_000,
        rate: None,
        plot: Some("tails-cold-node.svg"),
        finding: |runs| {
            let calm = tails(3, Policy::PeakEwma, Trouble::None, 3_000, None);
            Ok(format!(
                "With two choices, p99 is {:.2} times that without a new node, and {:.2} times \
                 with slow start: two choices already avoid a slow node, and slow start adds \
                 little or nothing.",
                ratio(of(runs, Policy::PeakEwma)?, &calm, 0.99),
                ratio(of(runs, Policy::SlowStart)?, &calm, 0.99),
            ))
        },
    }
    .section()
}

pub(crate) fn slow_zone() -> Result<Section> {
    Case {
        trouble: Trouble::SlowZone,
        title: "One of three zones becomes five times as slow",
        clusters: &[30],
        requests: 6_000,
        rate: None,
        plot: None,
        finding: |_| {
            Ok("Hedging shortens p99 and p99.9. Neither two choices nor any part hides the zone, and \
             polled load is slightly better than two choices.".to_owned())
        },
    }
    .section()
}

pub(crate) fn low_traffic() -> Result<Section> {
    Case {
        trouble: Trouble::SlowNode,
        title: "The first node becomes ten times as slow, at one request per second",
        clusters: &[3],
        requests: 1_000,
        rate: Some(1.0),
        plot: None,
        finding: |_| {
            Ok("Here polled load is better than two choices with any of the parts: it measures the \
             nodes even if no request does, at the cost of a poll of each node every 5 s. Two \
             choices forget what they measured after about 10 s, and try the slow node again.".to_owned())
        },
    }
    .section()
}

impl Case {
    fn section(&self) -> Result<Section> {
        let (mut rows, mut plots) = (Vec::new(), Vec::new());
        let mut finding = String::new();
        for nodes in self.clusters {
            let run = |policy| tails(*nodes, policy, self.trouble, self.requests, self.rate);
            let runs: Runs = policies(*nodes)
                .iter()
                .map(|policy| (*policy, run(*policy)))
                .collect();
            rows.extend(runs.iter().map(|(policy, tail)| row(*nodes, *policy, tail)));
            if finding.is_empty() {
                finding = (self.finding)(&runs)?;
            }
            if let (Some(name), []) = (self.plot, &*plots) {
                let svg = self.plot(*nodes, &runs)?;
                plots.push(Plot { name, svg });
            }
        }

        let table = table(HEADS, rows);
        let mut text = format!("### {}\n\n{finding}\n\n{table}", self.title);
        for plot in &plots {
            text.push_str(&format!("\n![{}](simulation/{})\n", self.title, plot.name));
        }
        Ok(Section { text, plots })
    }

    fn plot(&self, nodes: usize, runs: &Runs) -> Result<String> {
        let percentile = |nines: &f64| {
            let text = format!("{:.2}", 100.0 * (1.0 - 10.0_f64.powf(-nines)));
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        };
        let shown = [
            (Policy::Polled, RED),
            (Policy::PeakEwma, GREY),
            (Policy::Hedge, GREEN),
            (Policy::All, BLUE),
        ];
        let series = runs.iter().filter_map(|(policy, tail)| {
            let (_, color) = shown.iter().find(|(shown, _)| shown == policy)?;
            let name = match policy {
                Policy::Hedge => "hedging",
                Policy::All => "all parts",
                policy => name(*policy),
            };
            Some(Series::line(name, *color, curve(tail)))
        });
        let chart = Chart {
            title: &format!("{nodes} nodes: {}", self.title),
            x: "share of the calls that took no longer",
            y: "ms",
            x_label: &percentile,
            shaded: &[],
            top: 0.0,
            series: series.collect(),
        };
        chart.svg()
    }
}

fn of(runs: &Runs, policy: Policy) -> Result<&Tail> {
    let run = runs.iter().find(|(other, _)| *other == policy);
    let (_, tail) = run.ok_or("a policy was not run")?;
    Ok(tail)
}

/// By which factor a quantile is larger than that of another run.
fn ratio(tail: &Tail, other: &Tail, share: f64) -> f64 {
    tail.quantile(share).as_secs_f64() / other.quantile(share).as_secs_f64()
}

/// All for three nodes; for larger clusters only some.
fn policies(nodes: usize) -> &'static [Policy] {
    const FEW: [Policy; 5] = [
        Policy::RoundRobin,
        Policy::Polled,
        Policy::PeakEwma,
        Policy::Hedge,
        Policy::All,
    ];
    if nodes == 3 { &Policy::ALL } else { &FEW }
}

const HEADS: [&str; 9] = [
    "nodes", "", "median", "p99", "p99.9", "failed", "extra", "at fault", "ejected",
];

fn row(nodes: usize, policy: Policy, tail: &Tail) -> [String; 9] {
    [
        number(nodes),
        name(policy).to_owned(),
        ms(tail.quantile(0.5)),
        ms(tail.quantile(0.99)),
        ms(tail.quantile(0.999)),
        percent(tail.failed),
        percent(tail.extra),
        percent(tail.troubled),
        number(tail.most_ejected),
    ]
}

fn name(policy: Policy) -> &'static str {
    match policy {
        Policy::RoundRobin => "round robin",
        Policy::LeastInFlight => "least in flight",
        Policy::Polled => "polled load",
        Policy::PeakEwma => "two choices",
        Policy::Penalty => "… failure penalty",
        Policy::Ejection => "… ejection",
        Policy::SlowStart => "… slow start",
        Policy::Hedge => "… hedging",
        Policy::Windows => "… windows",
        Policy::All => "… all of them",
    }
}

/// The latencies by how many nines of all calls have a lower one.
fn curve(tail: &Tail) -> Vec<(f64, f64)> {
    let at = |step: u32| {
        let nines = f64::from(step) * 0.02;
        let share = 1.0 - 10.0_f64.powf(-nines);
        (nines, tail.quantile(share).as_secs_f64() * 1e3)
    };
    (0..=150).map(at).collect()
}
