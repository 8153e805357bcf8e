//! Live traffic beside batch work.

use es_simulation::scenario::{Mixed, mixed};

use crate::{
    Result, Section,
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
    let text = format!(
        "## Live traffic beside batch work\n\n\
         Each of three nodes serves 100 requests per second (four at a time, in 40 ms on average, \
         exponential) and queues 200. Live traffic is 30 of these 100. Each caller of batch work \
         sends a request as soon as its last one has ended. Nodes are chosen by two choices by \
         peak EWMA. With windows, half of each window is reserved for live traffic. Measured from \
         second 10 to 60.\n\n\
         Windows do not protect live traffic here: with 120 callers of batch work, its p99 is {} \
         with windows and {} without, instead of {} without batch work. They \
         shorten its median, and slow batch work down by less than 2 %.\n\n{}",
        ms(windows.quantile(0.99)),
        ms(plain.quantile(0.99)),
        ms(alone.quantile(0.99)),
        table(heads, rows)
    );
    Ok(Section {
        text,
        plots: Vec::new(),
    })
}
