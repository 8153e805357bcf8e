//! `faults [calls]`: calls a cluster of three nodes of which one at a time is stopped, frozen,
//! cut off or overloaded, and counts how the calls end.
//!
//! A read can always be served by another node. A write without an ID may fail if its node
//! had a fault meanwhile, and must not be applied twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use es_benches::{
    faulty::{Fault, Node},
    operation::BoxError,
};
use es_transport::{
    Body, Error, ResponseBody, Transport,
    attempt::RetryReason,
    extensions::Attempts,
    layer::retry::{Budget, StandardRetry},
    rng::Rng,
};
use http::{Method, Request, Response};
use tokio::task::JoinSet;

/// Calls that run at the same time.
const TASKS: u64 = 48;
const NODES: usize = 3;
/// The longest fault and the longest pause between two, in milliseconds.
const LONGEST: usize = 600;
/// The timeout of an attempt: some nodes stay frozen for longer.
const TIMEOUT: Duration = Duration::from_millis(400);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let calls = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let applied: Arc<[AtomicU8]> = (0..calls).map(|_| AtomicU8::new(0)).collect();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(Arc::new(Node::start(Arc::clone(&applied)).await?));
    }
    let transport = Transport::builder()
        .nodes(nodes.iter().map(|node| node.url()))
        .request_timeout(TIMEOUT)
        .standard_retry(
            StandardRetry::new()
                .retry_on_timeout(true)
                .budget(Budget::unlimited()),
        )
        .build()?;

    let started = Instant::now();
    let breaking = tokio::spawn(break_nodes(nodes.clone()));
    let counts = Arc::new(Counts::default());
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (transport, nodes, counts) = (transport.clone(), nodes.clone(), Arc::clone(&counts));
        let (next, applied) = (Arc::clone(&next), Arc::clone(&applied));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= calls {
                    return;
                }
                call(&transport, number, &nodes, &applied, &counts).await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task?;
    }
    breaking.abort();
    counts.print(calls, started.elapsed());
    Ok(())
}

/// Breaks one node after the other, never two at a time.
async fn break_nodes(nodes: Vec<Arc<Node>>) {
    let rng = Rng::new();
    let pause = || tokio::time::sleep(Duration::from_millis(1 + rng.below(LONGEST) as u64));
    loop {
        let (node, fault) = (rng.below(nodes.len()), rng.below(Fault::ALL.len()));
        if let (Some(node), Some(fault)) = (nodes.get(node), Fault::ALL.get(fault)) {
            node.break_down(*fault).await;
            pause().await;
            node.recover().await;
        }
        pause().await;
    }
}

/// Sends a read, or every eighth time a write that is not idempotent, and counts its end.
async fn call(
    transport: &Transport,
    number: u64,
    nodes: &[Arc<Node>],
    applied: &[AtomicU8],
    counts: &Counts,
) {
    let is_write = number.is_multiple_of(8);
    let method = if is_write { Method::POST } else { Method::GET };
    let request = Request::builder().method(method).uri(format!("/{number}"));
    let Ok(request) = request.body(Body::from("{}")) else {
        return;
    };
    let started = Instant::now();
    let result: Result<Response<ResponseBody>, Error> = transport.send(request).await;
    let times = applied
        .get(number as usize)
        .map_or(0, |times| times.load(Relaxed));

    let is_good = result
        .as_ref()
        .is_ok_and(|response| response.status() == 200);
    if is_write && times > 1 {
        counts.applied_twice.fetch_add(1, Relaxed);
    }
    let retried = match &result {
        Ok(response) => response.extensions().get::<Attempts>().is_some(),
        Err(error) => error.attempts().len() > 1,
    };
    counts.retried.fetch_add(retried.into(), Relaxed);
    let count = match &result {
        Ok(_) if is_good && (!is_write || times == 1) => &counts.served,
        Ok(response) if is_write && had_fault(nodes, response.body().node(), started) => {
            &counts.failed
        }
        Err(error)
            if is_write && is_true(error, times) && had_fault(nodes, error.node(), started) =>
        {
            &counts.failed
        }
        other => {
            eprintln!("call {number}, applied {times} times: {other:?}");
            &counts.wrong
        }
    };
    count.fetch_add(1, Relaxed);
}

/// Whether an error says truly that the write may have been applied: one that was not sent
/// would have been retried.
fn is_true(error: &Error, times: u8) -> bool {
    let was_retried_unsafely = error
        .attempts()
        .iter()
        .any(|attempt| attempt.retried == Some(RetryReason::Idempotent));
    !error.is_not_sent() && times <= 1 && !was_retried_unsafely
}

fn had_fault(nodes: &[Arc<Node>], url: Option<&Arc<str>>, since: Instant) -> bool {
    let url = url.map(|url| &**url);
    nodes
        .iter()
        .any(|node| Some(node.url()) == url && node.had_fault_since(since))
}

#[derive(Default)]
struct Counts {
    served: AtomicU64,
    retried: AtomicU64,
    failed: AtomicU64,
    wrong: AtomicU64,
    applied_twice: AtomicU64,
}

impl Counts {
    fn print(&self, calls: u64, time: Duration) {
        println!(
            "| {calls} calls in {:.0} s | |\n|---|---|",
            time.as_secs_f64()
        );
        for (name, count) in [
            ("served", &self.served),
            ("retried, of all", &self.retried),
            ("writes failed with a true reason", &self.failed),
            ("writes applied twice", &self.applied_twice),
            ("wrongly failed", &self.wrong),
        ] {
            println!("| {name} | {} |", count.load(Relaxed));
        }
    }
}
