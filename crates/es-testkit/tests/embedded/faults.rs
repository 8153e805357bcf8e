//! Faults on real sockets, as a client sees them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_testkit::{Cluster, Fault, NodeHandle};
use serde_json::{Value, json};
use support::{Client, address, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const SHORT: Duration = Duration::from_millis(150);

async fn start() -> (Cluster, NodeHandle) {
    let cluster = Cluster::builder().start().await.unwrap();
    let node = cluster.node(0);
    (cluster, node)
}

async fn is_refused(node: &NodeHandle) -> bool {
    let outcome = TcpStream::connect(address(node.url())).await;
    outcome.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// The body that the head of a raw response promises, and the bytes that came of it.
fn promised_and_sent(response: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(response);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    (line.parse().unwrap(), body.len())
}

#[tokio::test]
async fn slow_requests_are_told_from_the_others() {
    let (cluster, node) = start().await;
    let mut client = Client::connect(node.url()).await;
    client.ok("GET", "/", Value::Null).await;
    node.inject(Fault::delay(SHORT).on_path("_search"));
    client.ok("GET", "/_search", Value::Null).await;
    let slow = cluster.slow_requests(SHORT);
    assert_eq!(slow.len(), 1, "{slow:?}");
    assert_eq!(slow[0].path(), "/_search");
    assert!(slow[0].took().is_some_and(|took| took >= SHORT));
    assert_eq!(cluster.slow_requests(Duration::ZERO).len(), 2);
}

#[tokio::test]
async fn nobody_else_gets_the_port_of_a_killed_node() {
    let (cluster, node) = start().await;
    let address = address(node.url()).to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thief = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            if std::net::TcpListener::bind(&address).is_ok() {
                return true;
            }
        }
        false
    });
    for _ in 0..300 {
        node.kill().await;
        node.revive().await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(!thief.join().unwrap());
    Client::connect(&cluster.url(0))
        .await
        .ok("GET", "/", Value::Null)
        .await;
}

#[tokio::test]
async fn a_killed_node_refuses_and_comes_back_on_its_port() {
    let (_cluster, node) = start().await;
    let mut client = Client::connect(node.url()).await;
    client.ok("PUT", "/a/_doc/1", json!({})).await;
    for _ in 0..3 {
        node.kill().await;
        assert!(is_refused(&node).await);
        assert!(client.try_send("GET", "/", &[], "").await.is_err());
        assert_eq!(node.connections().open, 0);
        node.revive().await.unwrap();
        client = Client::connect(node.url()).await;
        client.ok("GET", "/a/_doc/1", Value::Null).await;
    }
}

#[tokio::test]
async fn refusing_leaves_open_connections_alone() {
    let (_cluster, node) = start().await;
    let mut client = Client::connect(node.url()).await;
    client.ok("GET", "/", Value::Null).await;
    node.refuse().await;
    assert!(is_refused(&node).await);
    client.ok("GET", "/", Value::Null).await;
    node.revive().await.unwrap();
    Client::connect(node.url())
        .await
        .ok("GET", "/", Value::Null)
        .await;
}

#[tokio::test]
async fn a_hanging_node_takes_the_request_and_says_nothing() {
    let (_cluster, node) = start().await;
    node.inject(Fault::hang().once());
    let mut client = Client::connect(node.url()).await;
    assert!(
        timeout(SHORT, client.try_send("GET", "/", &[], ""))
            .await
            .is_err()
    );
    assert_eq!(node.request_count(), 1);
    Client::connect(node.url())
        .await
        .ok("GET", "/", Value::Null)
        .await;
    node.hang_connections();
    let mut stream = TcpStream::connect(address(node.url())).await.unwrap();
    stream.write_all(GET).await.unwrap();
    assert!(timeout(SHORT, stream.read_u8()).await.is_err());
    assert_eq!(node.request_count(), 2, "nothing was read");
    node.serve_connections();
    Client::connect(node.url())
        .await
        .ok("GET", "/", Value::Null)
        .await;
}

#[tokio::test]
async fn delays_add_up() {
    let (_cluster, node) = start().await;
    node.inject(Fault::delay(SHORT).once());
    node.inject(Fault::delay(SHORT).once());
    let mut client = Client::connect(node.url()).await;
    let before = Instant::now();
    client.ok("GET", "/", Value::Null).await;
    assert!(before.elapsed() >= SHORT * 2);
    let before = Instant::now();
    client.ok("GET", "/", Value::Null).await;
    assert!(before.elapsed() < SHORT);
}

#[tokio::test]
async fn resets_before_and_within_the_response() {
    let (_cluster, node) = start().await;
    node.inject(Fault::reset().once());
    node.inject(Fault::reset_in_body().once());
    node.inject(Fault::close().once());
    let (response, end) = raw(node.url(), GET).await;
    assert_eq!(
        (response.len(), end.unwrap_err().kind()),
        (0, ErrorKind::ConnectionReset)
    );
    // The kernel may drop what was sent before the reset, so only the reset is certain.
    let (_, end) = raw(node.url(), GET).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (response, end) = raw(node.url(), GET).await;
    assert_eq!((response.len(), end.unwrap()), (0, 0));
    node.reset_connections();
    let outcome = async {
        let mut stream = TcpStream::connect(address(node.url())).await?;
        stream.read_u8().await
    };
    assert_eq!(
        outcome.await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn bodies_are_cut_and_connections_closed() {
    let (_cluster, node) = start().await;
    node.inject(Fault::cut_body().once());
    node.inject(Fault::close_after_response().once());
    let (response, end) = raw(node.url(), GET).await;
    let (promised, sent) = promised_and_sent(&response);
    assert!(
        end.is_ok() && sent == promised / 2 && sent > 0,
        "{sent} of {promised}"
    );
    let (response, end) = raw(node.url(), GET).await;
    let (promised, sent) = promised_and_sent(&response);
    assert!(end.is_ok() && sent == promised);
    assert!(
        !String::from_utf8_lossy(&response)
            .to_lowercase()
            .contains("connection: close")
    );
}

#[tokio::test]
async fn garbage_is_no_http() {
    let (_cluster, node) = start().await;
    node.inject(Fault::garbage().once());
    let outcome = Client::connect(node.url())
        .await
        .try_send("GET", "/", &[], "")
        .await;
    assert!(outcome.unwrap_err().is_parse());
}

#[tokio::test]
async fn a_status_comes_as_often_as_asked_with_its_headers() {
    let (_cluster, node) = start().await;
    node.inject(
        Fault::status(429)
            .retry_after(7)
            .times(2)
            .on_path("_search"),
    );
    node.inject(
        Fault::status(503)
            .body("down")
            .when(|request| request.method() == http::Method::DELETE),
    );
    let mut client = Client::connect(node.url()).await;
    for expected in [429, 429, 200] {
        let response = client.call("GET", "/_search", Value::Null).await;
        assert_eq!(response.status, expected);
        assert_eq!(
            response.header("retry-after"),
            if expected == 429 { "7" } else { "" }
        );
        client.ok("GET", "/", Value::Null).await;
    }
    for _ in 0..3 {
        let response = client.call("DELETE", "/a", Value::Null).await;
        assert_eq!(
            (response.status.as_u16(), &response.body[..]),
            (503, &b"down"[..])
        );
    }
    node.clear_faults();
    assert_eq!(client.call("DELETE", "/a", Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_lost_response_may_have_been_carried_out() {
    let (_cluster, node) = start().await;
    node.inject(Fault::reset().once());
    node.inject(Fault::reset().after_processing().once());
    for id in [1, 2] {
        let target = format!("/a/_doc/{id}");
        let mut client = Client::connect(node.url()).await;
        assert!(client.try_send("PUT", &target, &[], "{}").await.is_err());
    }
    let mut client = Client::connect(node.url()).await;
    assert_eq!(
        client.call("GET", "/a/_doc/1", Value::Null).await.status,
        404
    );
    assert_eq!(
        client.call("GET", "/a/_doc/2", Value::Null).await.status,
        200
    );
}

#[tokio::test]
async fn endless_and_oversized_responses() {
    let (_cluster, node) = start().await;
    for fault in [Fault::endless_body(), Fault::endless_headers()] {
        node.inject(fault.once());
        let mut stream = TcpStream::connect(address(node.url())).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let mut total = 0;
        let mut buffer = vec![0; 64 * 1024];
        while total < 4 * 1024 * 1024 {
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "the response ended after {total} bytes");
            total += read;
        }
    }
    node.inject(Fault::large_headers(20_000).once());
    let response = Client::connect(node.url())
        .await
        .call("GET", "/", Value::Null)
        .await;
    assert_eq!(response.header("x-filler").len(), 20_000);
}

#[tokio::test]
async fn redirects_and_gzip_gone_wrong() {
    let (_cluster, node) = start().await;
    node.inject(Fault::redirect("https://elsewhere.test/").once());
    node.inject(Fault::broken_gzip().once());
    node.inject(Fault::gzip_bomb(5_000_001).once());
    let mut client = Client::connect(node.url()).await;
    let redirect = client.call("GET", "/", Value::Null).await;
    assert_eq!(
        (redirect.status.as_u16(), redirect.header("location")),
        (307, "https://elsewhere.test/")
    );
    let broken = client.call("GET", "/", Value::Null).await;
    assert_eq!(broken.header("content-encoding"), "gzip");
    assert!(std::io::read_to_string(flate2::read::GzDecoder::new(&broken.body[..])).is_err());
    let bomb = client.call("GET", "/", Value::Null).await;
    assert!(bomb.body.len() < 20_000);
    let decompressed = std::io::copy(
        &mut flate2::read::GzDecoder::new(&bomb.body[..]),
        &mut std::io::sink(),
    );
    assert_eq!(decompressed.unwrap(), 5_000_001);
}

#[tokio::test]
async fn idle_connections_are_dropped_and_busy_ones_are_not() {
    let (_cluster, node) = start().await;
    let mut idle = Client::connect(node.url()).await;
    idle.ok("GET", "/", Value::Null).await;
    node.inject(Fault::delay(SHORT).once());
    let mut busy = Client::connect(node.url()).await;
    let slow = tokio::spawn(async move { busy.ok("GET", "/", Value::Null).await });
    while node.request_count() < 2 {
        tokio::task::yield_now().await;
    }
    node.drop_idle_connections();
    while node.connections().open > 1 {
        tokio::task::yield_now().await;
    }
    assert!(idle.try_send("GET", "/", &[], "").await.is_err());
    slow.await.unwrap();
    node.drop_connections().await;
    assert_eq!(node.connections().open, 0);
}

#[tokio::test]
async fn what_was_received_is_recorded() {
    let (_cluster, node) = start().await;
    let mut client = Client::connect(node.url()).await;
    client
        .send(
            "PUT",
            "/a/_doc/1?refresh=true",
            &[("x-opaque-id", "7")],
            "{\"n\":1}",
        )
        .await;
    Client::connect(node.url())
        .await
        .ok("GET", "/", Value::Null)
        .await;
    let requests = node.requests();
    assert_eq!(requests[0].method, "PUT");
    assert_eq!(
        (requests[0].target.as_str(), requests[0].path()),
        ("/a/_doc/1?refresh=true", "/a/_doc/1")
    );
    assert_eq!(
        (requests[0].header("x-opaque-id"), &requests[0].body[..]),
        (Some("7"), &b"{\"n\":1}"[..])
    );
    assert_eq!((requests[0].connection, requests[1].connection), (1, 2));
    assert!(requests[0].at <= requests[1].at);
    assert_eq!(node.connections().accepted, 2);
    node.clear_records();
    assert_eq!(
        (
            node.requests().len(),
            node.request_count(),
            node.connections().accepted
        ),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn without_recording_only_counts_are_kept() {
    let cluster = Cluster::builder().recording(false).start().await.unwrap();
    let node = cluster.node(0);
    Client::connect(node.url())
        .await
        .ok("GET", "/", Value::Null)
        .await;
    assert_eq!((node.requests().len(), node.request_count()), (0, 1));
    assert!(!node.has_received("localhost"));
}

#[tokio::test]
async fn nodes_can_listen_on_ipv6() {
    let cluster = Cluster::builder()
        .ip(std::net::Ipv6Addr::LOCALHOST)
        .start()
        .await
        .unwrap();
    assert!(cluster.url(0).starts_with("http://[::1]:"));
    let listed = Client::connect(&cluster.url(0))
        .await
        .ok("GET", "/_nodes/http", Value::Null)
        .await;
    let http = &listed["nodes"][cluster.node(0).id()]["http"];
    assert_eq!(http["publish_address"], address(&cluster.url(0)));
}

#[tokio::test]
async fn dropping_the_cluster_ends_everything() {
    let (cluster, node) = start().await;
    let mut client = Client::connect(node.url()).await;
    client.ok("GET", "/", Value::Null).await;
    drop(cluster);
    assert!(client.try_send("GET", "/", &[], "").await.is_err());
    while !is_refused(&node).await {
        tokio::task::yield_now().await;
    }
}
