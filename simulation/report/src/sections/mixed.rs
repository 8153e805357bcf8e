//! Live traffic beside batch work.

use es_simulation::scenario::{Mixed, Policy, mixed};

use super::tails::{curve, name, percentile};
use crate::{
    Plot, Result, Section,
    plot::{BLUE, Chart, GREEN, GREY, Series},
    require,
    table::{ms, number, percent, table},
};

/// Callers of batch work.
const BATCH: [usize; 3] = [0, 30, 120];

const POLICIES: [Policy; 6] = [
    Policy::RoundRobin,
    Policy::LeastInFlight,
    Policy::Polled,
    Policy::PeakEwma,
    Policy::Windows,
    Policy::All,
];

/// Callers of batch work, clients that they are spread over, and the rest.
type Run = (usize, usize, Policy, Mixed);

/// Numbers of clients beside one.
const CLIENTS: [usize; 3] = [2, 4, 8];

pub(crate) fn section() -> Result<Section> {
    let one = BATCH
        .iter()
        .flat_map(|batch| POLICIES.map(|policy| (*batch, 1, policy)));
    let several = CLIENTS.iter().flat_map(|clients| {
        [Policy::PeakEwma, Policy::Windows].map(|policy| (120, *clients, policy))
    });
    let run = |(batch, clients, policy)| (batch, clients, policy, mixed(batch, clients, policy));
    let runs: Vec<Run> = one.chain(several).map(run).collect();
    let (alone, plain) = (
        of(&runs, 0, 1, Policy::PeakEwma)?,
        of(&runs, 120, 1, Policy::PeakEwma)?,
    );
    let slowdown =
        |run: &Mixed| run.quantile(0.99).as_secs_f64() / alone.quantile(0.99).as_secs_f64();
    let loss = |run: &Mixed| 1.0 - run.batch_rate / plain.batch_rate;
    for policy in [Policy::Windows, Policy::All] {
        let run = of(&runs, 120, 1, policy)?;
        require(
            slowdown(run) <= 1.2,
            "live traffic is slower beside batch work",
        )?;
        require(loss(run) <= 0.02, "windows slow batch work down")?;
    }
    for clients in CLIENTS {
        let (plain, windows) = (
            of(&runs, 120, clients, Policy::PeakEwma)?,
            of(&runs, 120, clients, Policy::Windows)?,
        );
        let is_harmless = windows.quantile(0.99) <= plain.quantile(0.99).mul_f64(1.02)
            && windows.batch_rate >= plain.batch_rate * 0.98;
        require(is_harmless, "windows of several clients do harm")?;
    }
    let windows = of(&runs, 120, 1, Policy::Windows)?;
    let heads = [
        "callers of batch work",
        "clients",
        "",
        "live: median",
        "live: p99",
        "live: failed",
        "batch: requests per second",
        "batch: failed",
    ];
    let text = format!(
        "## Live traffic beside batch work\n\n\
         Each of three nodes serves 100 requests per second (four at a time, in 40 ms on average, \
         exponential) and queues 200. Live traffic is 30 of these 100. Each caller of batch work \
         sends a request as soon as its last one has ended. With windows, a quarter of the limit of \
         batch requests is reserved for live traffic. Measured from second 10 to 60 \
         of five runs; *two choices* and what \
         follows are described in the next section.\n\n\
         Windows keep requests in the client that would wait at a node, and send live ones first. \
         With 120 callers of batch work, the p99 of live traffic is {} instead of {} without \
         windows, {:.2} times that without batch work, and there are {} fewer batch \
         requests per second. Windows know only the requests of their own client: if several \
         clients send the batch work, they help less or not at all, but do no harm.\n\n{}\n![Live traffic beside batch work](simulation/mixed.svg)\n",
        ms(windows.quantile(0.99)),
        ms(plain.quantile(0.99)),
        slowdown(windows),
        percent(loss(windows)),
        table(heads, runs.iter().map(row))
    );
    let series = [
        ("without batch work", GREEN, alone),
        ("two choices", GREY, plain),
        ("windows", BLUE, windows),
    ];
    let series = series
        .map(|(name, color, run)| Series::line(name, color, curve(|share| run.quantile(share))));
    let chart = Chart {
        title: "Live traffic beside 120 callers of batch work",
        x: "share of the calls that took no longer",
        y: "ms",
        x_label: &percentile,
        shaded: &[],
        top: 0.0,
        series: series.into(),
    };
    Ok(Section {
        text,
        plots: vec![Plot {
            name: "mixed.svg",
            svg: chart.svg()?,
        }],
    })
}

fn of(runs: &[Run], batch: usize, clients: usize, policy: Policy) -> Result<&Mixed> {
    let wanted = (batch, clients, policy);
    let run = runs.iter().find(|(b, c, p, _)| (*b, *c, *p) == wanted);
    let (.., run) = run.ok_or("a policy was not run")?;
    Ok(run)
}

fn row((batch, clients, policy, run): &Run) -> [String; 8] {
    [
        number(*batch),
        number(*clients),
        name(*policy).to_owned(),
        ms(run.quantile(0.5)),
        ms(run.quantile(0.99)),
        percent(run.failed as f64 / run.sorted.len() as f64),
        format!("{:.0}", run.batch_rate),
        number(run.batch_failed),
    ]
}
