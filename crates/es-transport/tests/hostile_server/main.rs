//! A server that breaks the rules, over real sockets. Whatever it does, the
//! request ends in time and with the documented error, memory stays flat, the
//! connection is not used again, and other nodes are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bodies;
#[path = "../cluster_support/mod.rs"]
mod cluster_support;
#[path = "../connect_support/mod.rs"]
mod connect_support;
mod framing;
mod heads;
mod requests;
mod wire;

use std::{alloc::System, sync::atomic::Ordering::Relaxed, time::Duration};

use cluster_support::{builder, get, quick_retry, send_and_read};
use es_transport::{Error, TransportBuilder, error::TimeoutPhase};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use wire::{Behaviour, Wire, server};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One at a time, so that the memory is that of one server.
static ONE: Mutex<()> = Mutex::const_new(());

/// The time of an attempt.
const SHORT: Duration = Duration::from_millis(200);
/// How long a test waits for what must end by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const LIMIT: usize = 64 << 10;
/// The most memory that an exchange may need: hyper's own buffer for a head has
/// up to some 400 KiB, and grows by doubling.
const FLAT: usize = 2 << 20;

/// The bytes that are allocated now.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

fn impatient(urls: impl IntoIterator<Item = String>) -> TransportBuilder {
    builder(urls).request_timeout(SHORT).max_response_size(LIMIT)
}

/// Runs the request against the server alone, and beside a good node.
async fn ends(behaviour: Behaviour, expected: impl Fn(&Error) -> bool) {
    let _one = ONE.lock().await;
    alone(behaviour, expected).await;
    beside_a_good_node(behaviour).await;
}

async fn alone(behaviour: Behaviour, expected: impl Fn(&Error) -> bool) {
    let (server, seen) = server(behaviour, 1).await;
    let transport = impatient([server.url("")]).max_retries(0).build().unwrap();
    let started = Instant::now();
    let outcome = timeout(PATIENCE, send_and_read(&transport, get("/"))).await;
    let error = outcome.expect("it never ends").unwrap_err();
    // Room for a machine that is busy otherwise.
    assert!(started.elapsed() < 10 * SHORT, "{:?}: {error}", started.elapsed());
    assert!(expected(&error), "{error:?}");
    assert_eq!(error.node().map(|node| &**node), Some(&*server.url("")), "{error}");
    assert!(!error.is_unsent(), "{error:?}");

    let closed = async {
        while !seen.closed.load(Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("the connection stays open");
    let most = seen.most.load(Relaxed);
    assert!(most < FLAT, "{most} bytes");

    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    assert_eq!(server.accepted(), 2, "the spoiled connection is not used again");
}

async fn beside_a_good_node(behaviour: Behaviour) {
    let (bad, _) = server(behaviour, usize::MAX).await;
    let (good, seen) = server(behaviour, 0).await;
    // An answer that is too large would be too large at every node.
    let retry = quick_retry().retry_on_timeout(true);
    let transport = impatient([bad.url(""), good.url("")]).retry_policy(retry).build().unwrap();
    let mut answered = 0;
    for _ in 0..4 {
        let sent = timeout(PATIENCE, send_and_read(&transport, get("/"))).await;
        match sent.expect("it never ends") {
            Ok(()) => answered += 1,
            Err(error) => assert!(error.is_body(), "only what is not retried: {error:?}"),
        }
    }
    assert!(answered >= 2 && seen.answered.load(Relaxed) >= 2, "{answered}");
}

fn timed_out(error: &Error) -> bool {
    error.timeout_phase() == Some(TimeoutPhase::Attempt) && error.timeout_after() == Some(SHORT)
}

/// An error of the connection that says this.
fn broken(words: &'static str) -> impl Fn(&Error) -> bool {
    move |error| error.is_io() && error.to_string().contains(words)
}

/// An answer beyond the limit.
fn too_large(error: &Error) -> bool {
    error.is_body() && error.to_string().contains(&LIMIT.to_string())
}
