//! Live traffic beside batch work.

use es_simulation::scenario::{Mixed, mixed};

use crate::{
    Result, Section, require,
    table::{ms, number, percent, table},
};

/// Callers of batch work.
const BATCH: [usize; 3] = [0, 30, 120];

pub(crate) fn section() -> Result<Section> {
    let runs = BATCH.map(|batch| (batch, [mixed(batch, false), mixed(batch, true)]));
    let row = |batch: usize, name: &str, run: &Mixed| {
        [
            number(batch),
            name.to_owned(),
            ms(run.quantile(0.5)),
            ms(run.quantile(0.99)),
            percent(run.failed as f64 / run.sorted.len() as f64),
            format!("{:.0}", run.batch_rate),
            number(run.batch_failed),
        ]
    };
    let rows = runs.iter().flat_map(|(batch, [plain, windows])| {
        [
            row(*batch, "without windows", plain),
            row(*batch, "with windows", windows),
        ]
    });
    let [(_, [alone, _]), _, (_, [plain, windows])] = &runs;
    let heads = [
        "callers of batch work",
        "",
        "live: median",
        "live: p99",
        "live: failed",
        "batch: requests per second",
        "batch: failed",
    ];
    let slowdown = windows.quantile(0.99).as_secs_f64() / alone.quantile(0.99).as_secs_f64();
    let loss = 1.0 - windows.batch_rate / plain.batch_rate;
    require(slowdown <= 1.2, "live traffic is slower beside batch work")?;
    require(loss <= 0.02, "windows slow batch work down")?;
    let text = format!(
        "## Live traffic beside batch work\n\n\
         Each of three nodes serves 100 requests per second (four at a time, in 40 ms on average, \
         exponential) and queues 200. Live traffic is 30 of these 100. Each caller of batch work \
         sends a request as soon as its last one has ended. Nodes are chosen by two choices by \
         peak EWMA. With windows, a fifth of each window is reserved for live traffic. Measured \
         from second 10 to 60.\n\n\
         Windows keep requests in the client that would wait at a node, and send live ones first. \
         With 120 callers of batch work, the p99 of live traffic is {} instead of {} without \
         windows, {slowdown:.2} times that without batch work, and there are {} fewer batch \
         requests per second.\n\n{}",
        ms(windows.quantile(0.99)),
        ms(plain.quantile(0.99)),
        percent(loss),
        table(heads, rows)
    );
    Ok(Section {
        text,
        plots: Vec::new(),
    })
}
