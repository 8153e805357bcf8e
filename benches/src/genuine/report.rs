//! How the calls ended, as a table.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    calls::Call,
    ledger::Findings,
    schedule::Schedule,
    verdict::{Verdict, attempts},
};

/// The time after a fault during which caches and connections are made again.
const SETTLED: Duration = Duration::from_secs(2);

/// The counts of a run.
#[derive(Default)]
pub struct Report(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    served: u64,
    retried: u64,
    failed: BTreeMap<String, u64>,
    wrong: u64,
    /// In microseconds: of calls that felt no fault, and of the others that were served.
    calm: Vec<u32>,
    faulty: Vec<u32>,
}

impl Report {
    /// Counts a call.
    pub fn count(&self, call: &Call, verdict: Verdict, schedule: &Schedule) {
        let took = u32::try_from((call.ended - call.began).as_micros()).unwrap_or(u32::MAX);
        let before = call.began.checked_sub(SETTLED).unwrap_or(call.began);
        let is_calm = schedule.felt(before, call.ended).is_empty();

        let mut counts = self.counts();
        counts.retried += u64::from(attempts(call).len() > 1);
        match verdict {
            Verdict::Served => {
                counts.served += 1;
                let times = if is_calm {
                    &mut counts.calm
                } else {
                    &mut counts.faulty
                };
                times.push(took);
            }
            Verdict::Failed(reason) => *counts.failed.entry(reason).or_default() += 1,
            Verdict::Wrong(_) => counts.wrong += 1,
        }
    }

    /// Returns the numbers so far of calls that were served, failed and failed wrongly.
    pub fn so_far(&self) -> String {
        let counts = self.counts();
        let failed: u64 = counts.failed.values().sum();
        format!(
            "{} served, {failed} failed, {} wrongly",
            counts.served, counts.wrong
        )
    }

    /// Returns the tables of a run that took this time.
    pub fn tables(&self, took: Duration, schedule: &Schedule, findings: &Findings) -> String {
        let mut counts = self.counts();
        let failed: u64 = counts.failed.values().sum();
        let all = counts.served + failed + counts.wrong;
        let mut rows = vec![
            (format!("calls, in {:.0} s", took.as_secs_f64()), all),
            ("served".to_owned(), counts.served),
            ("failed with a true reason".to_owned(), failed),
        ];
        rows.extend(
            counts
                .failed
                .iter()
                .map(|(why, n)| (format!("… {why}"), *n)),
        );
        rows.push(("**wrongly failed**".to_owned(), counts.wrong));
        rows.push(("with more than one attempt".to_owned(), counts.retried));
        rows.extend([
            ("documents reported as written".to_owned(), findings.written),
            ("… that are missing".to_owned(), findings.lost),
            ("… written again by a retry".to_owned(), findings.repeated),
            (
                "documents reported as not written".to_owned(),
                findings.not_written,
            ),
            ("… that are there".to_owned(), findings.false_failures),
            (
                "documents that may have been written".to_owned(),
                findings.unknown,
            ),
            ("… that are there".to_owned(), findings.unknown_and_there),
            (
                "documents written twice though sent once".to_owned(),
                findings.twice,
            ),
            (
                "documents with another content".to_owned(),
                findings.strange,
            ),
        ]);
        let mut text = table(["outcome", "number"], rows);
        let faults = schedule.totals().into_iter().map(|(fault, number, time)| {
            (
                format!("{fault}, for {:.0} s in all", time.as_secs_f64()),
                number,
            )
        });
        text += &table(["fault", "number"], faults);
        let Counts { calm, faulty, .. } = &mut *counts;
        let times = [("no fault", calm), ("during a fault", faulty)];
        let times = times.map(|(when, times)| (when, percentiles(times)));
        text += &table(["served calls", "p50, p99, longest"], times);
        text
    }

    /// Whether no call failed wrongly.
    pub fn is_good(&self, findings: &Findings) -> bool {
        let is_true = findings.lost == 0 && findings.false_failures == 0;
        self.counts().wrong == 0 && is_true && findings.twice == 0 && findings.strange == 0
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn percentiles(times: &mut [u32]) -> String {
    times.sort_unstable();
    let at = |share: usize| {
        let index = times.len().saturating_sub(1) * share / 100;
        f64::from(times.get(index).copied().unwrap_or_default()) / 1_000.0
    };
    format!("{:.1} ms, {:.1} ms, {:.1} ms", at(50), at(99), at(100))
}

/// Returns a Markdown table of two columns.
pub fn table<N: fmt::Display, V: fmt::Display>(
    [left, right]: [&str; 2],
    rows: impl IntoIterator<Item = (N, V)>,
) -> String {
    let mut text = format!("| {left} | {right} |\n|---|---|\n");
    for (name, value) in rows {
        text += &format!("| {name} | {value} |\n");
    }
    text + "\n"
}
