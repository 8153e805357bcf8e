//! A server that breaks the rules, over real sockets. Whatever it does, the
//! request ends in time and with the documented error, memory stays flat, the
//! connection is not used again, and other nodes are.

mod bodies;
mod framing;
mod heads;
mod requests;
mod wire;

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use crate::{ONE, cluster_support, connect_support, live};
use cluster_support::{builder, get, quick_retry, send_and_read, with};
use es_transport::{Body, Error, RequestOptions, TransportBuilder, error::TimeoutPhase};
use http::Request;
use tokio::time::timeout;
use wire::{Behaviour, Wire, server};

/// The time of an attempt that is to run out of it.
const SHORT: Duration = Duration::from_millis(200);
/// The time of an attempt that is to end otherwise, and how long a test waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of a response.
const LIMIT: usize = 64 << 10;
/// The most memory that an exchange may need: hyper's own buffer for a head has
/// up to some 400 KiB, and grows by doubling.
const FLAT: usize = 2 << 20;

fn limited(urls: impl IntoIterator<Item = String>, time: Duration) -> TransportBuilder {
    builder(urls).request_timeout(time).max_response_size(LIMIT)
}

/// A good request, on a machine that may be busy.
fn unhurried() -> Request<Body> {
    with(
        get("/"),
        RequestOptions::new().request_timeout(es_transport::Setting::Off),
    )
}

/// Runs the request against the server alone, and beside a good node: it ends by
/// this error, long before the time of its attempt.
async fn ends(behaviour: Behaviour, expected: impl Fn(&Error) -> bool) {
    let _one = ONE.lock().await;
    alone(behaviour, PATIENCE, expected).await;
    beside_a_good_node(behaviour, PATIENCE).await;
}

/// As [`ends`], with the time of its attempt.
async fn times_out(behaviour: Behaviour) {
    let _one = ONE.lock().await;
    alone(behaviour, SHORT, timed_out).await;
    beside_a_good_node(behaviour, SHORT).await;
}

async fn alone(behaviour: Behaviour, time: Duration, expected: impl Fn(&Error) -> bool) {
    let (server, seen) = server(behaviour, 1).await;
    let transport = limited([server.url("")], time)
        .max_retries(0)
        .build()
        .unwrap();
    let outcome = timeout(2 * PATIENCE, send_and_read(&transport, get("/"))).await;
    let error = outcome.expect("it never ends").unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert_eq!(
        error.node().map(|node| &**node),
        Some(&*server.url("")),
        "{error}"
    );
    assert!(!error.is_not_sent(), "{error:?}");

    let closed = async {
        while !seen.closed.load(Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("the connection stays open");
    let most = seen.most.load(Relaxed);
    assert!(most < FLAT, "{most} bytes");

    assert_eq!(transport.send(unhurried()).await.unwrap().status(), 200);
    assert_eq!(
        server.accepted(),
        2,
        "the spoiled connection is not used again"
    );
}

async fn beside_a_good_node(behaviour: Behaviour, time: Duration) {
    let (bad, _) = server(behaviour, usize::MAX).await;
    let (good, seen) = server(behaviour, 0).await;
    // A response that is too large would be too large at every node.
    let retry = quick_retry().retry_on_timeout(true);
    let transport = limited([bad.url(""), good.url("")], time)
        .standard_retry(retry)
        .build()
        .unwrap();
    let mut responded = 0;
    for _ in 0..4 {
        let sent = timeout(2 * PATIENCE, send_and_read(&transport, get("/"))).await;
        match sent.expect("it never ends") {
            Ok(()) => responded += 1,
            Err(error) => assert!(error.is_body(), "only what is not retried: {error:?}"),
        }
    }
    assert!(
        responded >= 2 && seen.responded.load(Relaxed) >= 2,
        "{responded}"
    );
}

fn timed_out(error: &Error) -> bool {
    error.timeout_phase() == Some(TimeoutPhase::Attempt) && error.timeout_after() == Some(SHORT)
}

/// An error of the connection that says this.
fn broken(words: &'static str) -> impl Fn(&Error) -> bool {
    move |error| error.is_io() && error.to_string().contains(words)
}

/// A response that the client refuses itself and says why.
fn refused(words: &'static str) -> impl Fn(&Error) -> bool {
    move |error| error.is_body() && error.to_string().contains(words)
}

/// A response beyond the limit.
fn too_large(error: &Error) -> bool {
    error.is_body() && error.to_string().contains(&LIMIT.to_string())
}
