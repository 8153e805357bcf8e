//! Connections that outlive the runtime in which they were opened.

use std::{convert::Infallible, future::pending, sync::mpsc, time::Duration};

use es_transport::connect::{Connections, Stream};
use http::Uri;
use tokio::runtime::{Builder, Runtime};
use tower::service_fn;

use crate::pool::{
    connect_support::{
        get,
        http::{Server, read_head, respond},
    },
    connector, counts, eventually,
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs it on a thread of its own, so that a lock that is never released fails
/// the test instead of stopping it.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(20)).unwrap();
}

/// A runtime ends while one request dials and others wait for its place.
fn ends_while_they_wait(waiting: usize) {
    let connections = Connections::builder()
        .max_per_node(1)
        .build(service_fn(|_: Uri| pending::<Result<Stream, Infallible>>()));
    let url = "http://localhost:1/";
    let runtime = runtime();
    runtime.block_on(async {
        for _ in 0..=waiting {
            let connections = connections.clone();
            tokio::spawn(async move { get(&connections, url).await });
        }
        // All tasks are polled once.
        tokio::task::yield_now().await;
        assert_eq!(connections.counts(&Uri::from_static(url)), (1, 0));
    });
    drop(runtime);
    assert_eq!(connections.counts(&Uri::from_static(url)), (0, 0));
}

#[test]
fn a_runtime_ends_with_its_connects_and_queue() {
    in_time(|| ends_while_they_wait(3));
}

#[test]
fn a_runtime_ends_with_a_long_queue() {
    in_time(|| ends_while_they_wait(20_000));
}

#[test]
fn eviction_goes_on_in_the_next_runtime() {
    let servers = runtime();
    let server = servers.block_on(Server::echo());
    let (url, stop) = (
        server.url("/"),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let stopped = std::sync::Arc::clone(&stop);
    let serving = std::thread::spawn(move || servers.block_on(stopped.notified()));

    let timeout = Duration::from_millis(200);
    let connections = Connections::builder()
        .idle_timeout(timeout)
        .build(connector());
    runtime().block_on(async { get(&connections, &url).await.unwrap() });
    // That one ended with its runtime, and so did who watched it.
    runtime().block_on(async {
        get(&connections, &url).await.unwrap();
        assert_eq!(counts(&connections, &server), (1, 1));
        eventually("it is closed", || counts(&connections, &server) == (0, 0)).await;
    });
    stop.notify_one();
    serving.join().unwrap();
}

#[tokio::test]
async fn outside_of_a_runtime_requests_fail() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        respond(&mut stream, "never").await;
    })
    .await;
    let (connections, url) = (Connections::with_connector(connector()), server.url("/"));
    let outside = std::thread::spawn(move || {
        let mut asked = tokio_test::task::spawn(get(&connections, url));
        asked.poll()
    });
    let error = match outside.join().unwrap() {
        std::task::Poll::Ready(outcome) => outcome.unwrap_err(),
        std::task::Poll::Pending => panic!("who should wake it?"),
    };
    assert!(error.is_request() && error.is_not_sent(), "{error}");
}

#[test]
fn a_runtime_that_is_not_driven_blocks_nobody() {
    in_time(|| {
        let servers = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = servers.block_on(Server::echo());
        for most in [1, 4] {
            let connections = Connections::builder().max_per_node(most).build(connector());
            let (kept, other) = (runtime(), runtime());
            let before = server.accepted();
            // Its connection stays, and nobody drives it.
            kept.block_on(get(&connections, server.url("/kept")))
                .unwrap();
            for _ in 0..3 {
                other
                    .block_on(get(&connections, server.url("/other")))
                    .unwrap();
            }
            assert_eq!(server.accepted() - before, 2);
            kept.block_on(get(&connections, server.url("/kept")))
                .unwrap();
            let again = if most == 1 { 3 } else { 2 };
            assert_eq!(server.accepted() - before, again);
        }
    });
}
