//! Faulty nodes, and the parts of the client that are meant for them.

use std::{fmt, time::Duration};

use es_simulation::scenario::{Policy, Tail, Tails, Trouble};

use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, GREEN, GREY, RED, Series},
    require,
    table::{ms, number, percent, table},
};

/// One table: the clusters and what is wrong with them.
struct Case {
    trouble: Trouble,
    title: &'static str,
    clusters: &'static [usize],
    /// Number of requests that are measured in a run.
    requests: usize,
    /// Number of requests a second, if not 50 for each node.
    rate: Option<f64>,
    runs: u64,
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
    Latencies are those of searches with status 200. \
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
        requests: 60_000,
        rate: None,
        runs: 1,
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
        requests: 60_000,
        rate: None,
        runs: 1,
        plot: Some("tails-slow-node.svg"),
        finding: |runs| {
            let calm = Tails::new(3, Trouble::None, 60_000).of(Policy::PeakEwma);
            let (plain, all) = (of(runs, Policy::PeakEwma)?, of(runs, Policy::All)?);
            let (without, with) = (ratio(plain, &calm, 0.999), ratio(all, &calm, 0.999));
            require(with <= 1.3, "a slow node changes p99.9")?;
            require(all.extra <= 0.03, "a slow node costs too many attempts")?;
            Ok(format!(
                "On 3 nodes, p99.9 is {without:.2} times that of two choices without a fault, and \
                 {with:.2} times with all parts, for {} more attempts.",
                percent(all.extra),
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
        requests: 60_000,
        rate: None,
        runs: 1,
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
        requests: 60_000,
        rate: None,
        runs: 1,
        plot: Some("tails-fast-failures.svg"),
        finding: |runs| {
            for policy in [Policy::Penalty, Policy::Ejection, Policy::All] {
                let share = of(runs, policy)?.troubled;
                require(
                    share <= 0.01,
                    "a node that fails fast gets too many requests",
                )?;
            }
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
        runs: 20,
        plot: Some("tails-cold-node.svg"),
        finding: |runs| {
            let calm = Tails::new(3, Trouble::None, 60_000).of(Policy::PeakEwma);
            let plain = ratio(of(runs, Policy::PeakEwma)?, &calm, 0.99);
            let slow_start = ratio(of(runs, Policy::SlowStart)?, &calm, 0.99);
            require(slow_start <= 1.2, "a cold node changes p99")?;
            Ok(format!(
                "With two choices, p99 is {plain:.2} times that without a new node, and \
                 {slow_start:.2} times with slow start: two choices already avoid a slow node, and \
                 slow start adds little. These are 20 runs of 20 s each.",
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
        requests: 60_000,
        rate: None,
        runs: 1,
        plot: Some("tails-slow-zone.svg"),
        finding: |runs| {
            let share = |policy| of(runs, policy).map(|tail| percent(tail.troubled));
            Ok(format!(
                "Hedging shortens p99 and p99.9. Two choices still send {} of the requests to the \
                 zone, and polled load {}.",
                share(Policy::PeakEwma)?,
                share(Policy::Polled)?
            ))
        },
    }
    .section()
}

pub(crate) fn low_traffic() -> Result<Section> {
    Case {
        trouble: Trouble::SlowNode,
        title: "The first node becomes ten times as slow, at one request per second",
        clusters: &[3],
        requests: 20_000,
        rate: Some(1.0),
        runs: 1,
        plot: Some("tails-low-traffic.svg"),
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
        let mut harm = Harm::default();
        for nodes in self.clusters {
            let tails = Tails::new(*nodes, self.trouble, self.requests).runs(self.runs);
            let tails = self.rate.map_or(tails, |rate| tails.rate(rate));
            let runs: Runs = policies(*nodes)
                .iter()
                .map(|policy| (*policy, tails.of(*policy)))
                .collect();
            rows.extend(runs.iter().map(|(policy, tail)| row(*nodes, *policy, tail)));
            harm.see(*nodes, &runs)?;
            if finding.is_empty() {
                finding = (self.finding)(&runs)?;
            }
            if let (Some(name), []) = (self.plot, &*plots) {
                let svg = self.plot(*nodes, &runs)?;
                plots.push(Plot { name, svg });
            }
        }

        require(harm.ratio <= 1.02, &harm.to_string())?;
        let table = table(HEADS, rows);
        let mut text = format!("### {}\n\n{finding} {harm}\n\n{table}", self.title);
        for plot in &plots {
            text.push_str(&format!("\n![{}](simulation/{})\n", self.title, plot.name));
        }
        Ok(Section { text, plots })
    }

    fn plot(&self, nodes: usize, runs: &Runs) -> Result<String> {
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
            Some(Series::line(
                name,
                *color,
                curve(|share| tail.quantile(share)),
            ))
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

/// By how much a part lengthens p99 at most.
#[derive(Default)]
struct Harm {
    ratio: f64,
    policy: &'static str,
    nodes: usize,
}

impl Harm {
    /// Compares the parts with two choices without any.
    fn see(&mut self, nodes: usize, runs: &Runs) -> Result<()> {
        let plain = of(runs, Policy::PeakEwma)?;
        for (policy, tail) in runs.iter().filter(|(policy, _)| policy.is_part()) {
            let ratio = ratio(tail, plain, 0.99);
            if ratio > self.ratio {
                (self.ratio, self.policy, self.nodes) = (ratio, name(*policy), nodes);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.ratio - 1.0) * 100.0;
        if percent < 0.05 {
            return f.write_str("No part makes p99 longer.");
        }
        let (policy, nodes) = (self.policy.trim_start_matches("… "), self.nodes);
        write!(
            f,
            "No part makes p99 longer by more than {percent:.1} % ({policy}, {nodes} nodes)."
        )
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

/// All for up to thirty nodes; for larger clusters only some.
fn policies(nodes: usize) -> &'static [Policy] {
    const FEW: [Policy; 5] = [
        Policy::RoundRobin,
        Policy::Polled,
        Policy::PeakEwma,
        Policy::Hedge,
        Policy::All,
    ];
    if nodes <= 30 { &Policy::ALL } else { &FEW }
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

pub(super) fn name(policy: Policy) -> &'static str {
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
pub(super) fn curve(quantile: impl Fn(f64) -> Duration) -> Vec<(f64, f64)> {
    let at = |step: u32| {
        let nines = f64::from(step) * 0.02;
        let share = 1.0 - 10.0_f64.powf(-nines);
        (nines, quantile(share).as_secs_f64() * 1e3)
    };
    (0..=150).map(at).collect()
}

/// The label of so many nines.
pub(super) fn percentile(nines: &f64) -> String {
    let text = format!("{:.2}", 100.0 * (1.0 - 10.0_f64.powf(-nines)));
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
