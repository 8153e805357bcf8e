//! `genuine_faults [CALLS [RATE [SEED [MINUTES]]]]`: makes calls of the cluster of the
//! environment, so many a second and for at most so many minutes, while one node at a time
//! is stopped, killed, frozen, gets another certificate or address, or has its connections
//! cut silently. Prints how the calls ended, and fails if one failed that should not have.
//!
//! `scripts/cluster/README.md` says how to start the cluster.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use es_benches::{
    genuine::{
        calls::{Call, Kind, prepare},
        cluster::Cluster,
        ledger::Ledger,
        report::Report,
        schedule::Schedule,
        verdict::{Verdict, judge},
    },
    operation::BoxError,
};
use es_transport::rng::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

/// Calls that may be in flight at the same time.
const IN_FLIGHT: u32 = 32;
/// Time between two groups of calls.
const TICK: Duration = Duration::from_millis(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse());
    let calls: u64 = number(1_000_000)?;
    let rate = number(1_000)?.max(1);
    let seed = number(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let longest = Duration::from_secs(60 * number(24 * 60)?);
    eprintln!("seed {seed}");

    let mut cluster = Cluster::from_env()?;
    let urls: Arc<[String]> = cluster.urls()?.into();
    let client = cluster
        .client()?
        .total_timeout(Duration::from_secs(60))
        .build()?;
    let operator = cluster.operator().clone();
    prepare(&operator).await?;
    cluster.is_green().await?;

    let bar = ProgressBar::new(calls);
    bar.set_style(ProgressStyle::with_template(
        "{bar:40} {pos}/{len} {eta} {msg}",
    )?);
    let (schedule, report) = (Arc::new(Schedule::default()), Arc::new(Report::default()));
    let ledger = Arc::new(Ledger::new(calls));
    let is_over = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let breaking = tokio::spawn({
        let (schedule, report) = (Arc::clone(&schedule), Arc::clone(&report));
        let (is_over, bar) = (Arc::clone(&is_over), bar.clone());
        async move {
            let tell = |line: &str| bar.suspend(|| eprintln!("{line}; {}", report.so_far()));
            let rng = Rng::seeded(seed);
            let is_over = || is_over.load(Relaxed);
            cluster.break_nodes(&rng, &schedule, is_over, tell).await
        }
    });

    let permits = Arc::new(Semaphore::new(IN_FLIGHT as usize));
    let rng = Rng::seeded(seed.wrapping_add(1));
    let mut ticks = interval(TICK);
    // Who is late does not hurry afterwards.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..calls {
        if number * 100 / rate != number.saturating_sub(1) * 100 / rate {
            ticks.tick().await;
            bar.set_message(report.so_far());
            if breaking.is_finished() || began.elapsed() > longest {
                break;
            }
        }
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (client, kind, bar) = (client.clone(), Kind::random(&rng), bar.clone());
        let (schedule, report) = (Arc::clone(&schedule), Arc::clone(&report));
        let (ledger, urls) = (Arc::clone(&ledger), Arc::clone(&urls));
        tokio::spawn(async move {
            let call = Call::make(&client, number, kind).await;
            let verdict = judge(&call, &schedule, &urls);
            if let Verdict::Wrong(why) = &verdict {
                bar.suspend(|| tell_wrong(&call, why, began));
            }
            ledger.note(&call, &schedule);
            report.count(&call, verdict, &schedule);
            bar.inc(1);
            drop(permit);
        });
    }
    let _all = permits.acquire_many(IN_FLIGHT).await?;
    let took = began.elapsed();
    is_over.store(true, Relaxed);
    let broke = breaking.await?;
    bar.finish_and_clear();

    let findings = ledger.compare(&operator).await?;
    println!("{}", report.tables(took, &schedule, &findings));
    broke?;
    if report.is_good(&findings) {
        Ok(())
    } else {
        Err("a call failed that should not have".into())
    }
}

fn tell_wrong(call: &Call, why: &str, began: Instant) {
    let at = (call.began - began).as_secs_f64();
    let took = (call.ended - call.began).as_secs_f64();
    eprintln!(
        "wrong: call {}, {:?}, at {at:.1} s for {took:.1} s: {why}: {:?}",
        call.number, call.kind, call.result
    );
}
