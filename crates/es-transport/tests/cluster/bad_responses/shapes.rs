//! Odd shapes of good responses, and responses that are read as a stream.

use es_testkit::Fault;
use es_transport::error::TimeoutPhase;
use http::{HeaderValue, header};
use tokio::time::timeout;

use crate::bad_responses::{
    PATIENCE, SHORT,
    cluster_support::{builder, get, streamed, text},
    once, one_node,
};

#[tokio::test]
async fn a_stream_that_is_cut_off_names_its_node_and_kills_it() {
    let cluster = one_node().await;
    let transport = once(&cluster).build().unwrap();
    cluster.node(0).inject(Fault::cut_body().once());
    let response = transport.send(streamed(get("/"))).await.unwrap();
    assert_eq!(response.status(), 200);
    let error = response.into_body().bytes().await.unwrap_err();
    assert!(error.is_io(), "{error}");
    assert_eq!(error.node().map(|node| &**node), Some(&*cluster.url(0)));
    assert_eq!(transport.pool().unwrap().live(), 0);
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_stream_that_stalls_ends_in_time() {
    let cluster = one_node().await;
    let transport = once(&cluster).request_timeout(SHORT).build().unwrap();
    // Half of what was promised, and then nothing.
    let (listener, served) = stalling().await;
    let stalled = builder([served])
        .max_retries(0)
        .request_timeout(SHORT)
        .build()
        .unwrap();
    let response = stalled.send(streamed(get("/"))).await.unwrap();
    let read = timeout(PATIENCE, response.into_body().bytes())
        .await
        .expect("it never ends");
    assert_eq!(read.unwrap_err().timeout_phase(), Some(TimeoutPhase::Read));
    listener.abort();

    // One that goes on has all the time it wants.
    cluster.node(0).inject(Fault::endless_body().once());
    let mut body = transport
        .send(streamed(get("/")))
        .await
        .unwrap()
        .into_body();
    let started = tokio::time::Instant::now();
    while started.elapsed() < 3 * SHORT {
        body.chunk().await.unwrap().expect("it has no end");
    }
}

async fn stalling() -> (tokio::task::JoinHandle<()>, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-length: 10\r\n\r\n[1,2,";
        stream.write_all(head.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    (task, url)
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let cluster = one_node().await;
    let transport = once(&cluster).build().unwrap();
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-length: 2\r\n\r\n{}";
    cluster
        .node(0)
        .inject(Fault::raw(format!("{early}{last}")).once());
    assert_eq!(text(transport.send(get("/")).await.unwrap()).await, "{}");
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_is_whole() {
    let cluster = one_node().await;
    let transport = once(&cluster).build().unwrap();
    for version in ["1.0", "1.1"] {
        let response =
            format!("HTTP/{version} 200 OK\r\nx-elastic-product: Elasticsearch\r\n\r\n[1,2,3]");
        cluster.node(0).inject(Fault::raw(response).once());
        assert_eq!(
            text(transport.send(get("/")).await.unwrap()).await,
            "[1,2,3]"
        );
    }
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_response_to_head_has_a_length_and_no_body() {
    let cluster = one_node().await;
    let transport = once(&cluster)
        .http_compress(true)
        .max_response_size(10)
        .build()
        .unwrap();
    let head = || {
        http::Request::head("/")
            .body(es_transport::Body::empty())
            .unwrap()
    };
    for encoding in ["gzip", "identity"] {
        let response = format!(
            "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n\
             content-encoding: {encoding}\r\ncontent-length: 5000\r\n\r\n"
        );
        cluster.node(0).inject(Fault::raw(response).once());
        let response = timeout(PATIENCE, transport.send(head()))
            .await
            .unwrap()
            .unwrap();
        let length = HeaderValue::from_static("5000");
        assert_eq!(
            response.headers().get(header::CONTENT_LENGTH),
            Some(&length)
        );
        assert!(response.into_body().bytes().await.unwrap().is_empty());
    }
}
