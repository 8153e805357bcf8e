//! Requests as they are sent, and responses that are not HTTP.

use es_transport::{Body, Error, connect::Connections};
use tokio::io::AsyncWriteExt;
use tower::{Service, ServiceExt};

use crate::pool::{
    connect_support::{
        chain, get,
        http::{Server, read_head},
    },
    connections, connector, counts, eventually,
};

/// Responds to every request with the head that it got.
async fn mirror() -> Server {
    Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            crate::pool::connect_support::http::respond(&mut stream, &head).await;
        }
    })
    .await
}

#[tokio::test]
async fn the_service_infers() {
    let server = mirror().await;
    let request = || {
        http::Request::get(server.url("/"))
            .body(Body::empty())
            .unwrap()
    };
    let mut connections = connections();
    let response = connections
        .ready()
        .await
        .unwrap()
        .call(request())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let boxed = connections.map_err(|error: Error| error.to_string());
    assert!(boxed.oneshot(request()).await.is_ok());
}

#[tokio::test]
async fn targets_are_in_origin_form() {
    let server = mirror().await;
    let (_, head) = get(&connections(), &server.url("/idx/_search?q=a%20b"))
        .await
        .unwrap();
    assert!(
        head.starts_with("GET /idx/_search?q=a%20b HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("host: {}\r\n", server.address)),
        "{head}"
    );

    let (_, head) = get(&connections(), &format!("http://{}", server.address))
        .await
        .unwrap();
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn empty_bodies_state_their_length() {
    let server = mirror().await;
    for (method, is_stated) in [
        ("POST", true),
        ("PUT", true),
        ("PATCH", true),
        ("GET", false),
        ("DELETE", false),
    ] {
        let request = http::Request::builder().method(method).uri(server.url("/"));
        let response = connections()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let head = es_transport::ResponseBody::new(response.into_body())
            .bytes()
            .await
            .unwrap();
        let head = String::from_utf8_lossy(&head).into_owned();
        assert_eq!(head.contains("content-length: 0\r\n"), is_stated, "{head}");
    }
}

#[tokio::test]
async fn own_hosts_stay_and_user_info_is_not_sent() {
    let server = mirror().await;
    let request = http::Request::get(server.url("/")).header("host", "front.test");
    let response = connections()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let head = es_transport::ResponseBody::new(response.into_body())
        .bytes()
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&head).matches("front.test").count(),
        1
    );

    let with_user = format!("http://elastic:secret@{}/", server.address);
    let (_, head) = get(&connections(), &with_user).await.unwrap();
    assert!(!head.contains("secret"), "{head}");
}

#[tokio::test]
async fn a_target_without_a_host_is_refused() {
    for target in ["/_search", "ftp://localhost/", "*"] {
        let error = get(&connections(), target).await.unwrap_err();
        assert!(
            error.is_request() && error.is_not_sent(),
            "{target}: {error}"
        );
    }
}

#[test]
fn without_a_runtime_it_fails() {
    use futures_util::FutureExt;
    let error = get(&connections(), "http://127.0.0.1:1/")
        .now_or_never()
        .unwrap()
        .unwrap_err();
    assert!(error.is_request(), "{error}");
}

/// Serves these bytes as the response to the first request of every connection.
async fn serving(bytes: Vec<u8>) -> Server {
    Server::start(move |mut stream, _| {
        let bytes = bytes.clone();
        async move {
            if read_head(&mut stream).await.is_some() {
                let _ = stream.write_all(&bytes).await;
            }
        }
    })
    .await
}

/// A response that fails, whose connection must not be used again.
async fn broken(bytes: impl Into<Vec<u8>>) -> Error {
    let server = serving(bytes.into()).await;
    let connections = connections();
    let error = get(&connections, &server.url("/")).await.unwrap_err();
    assert!(error.is_io() && !error.is_not_sent(), "{}", chain(&error));
    eventually("the connection is closed", || {
        counts(&connections, &server) == (0, 0)
    })
    .await;
    error
}

#[tokio::test]
async fn garbage_is_not_http() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "\0\u{1}\u{2}\r\n\r\n",
    ] {
        let error = broken(garbage).await;
        assert!(
            error.to_string().contains("not an HTTP response"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_cut_response_is_named() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    ] {
        let error = broken(cut).await;
        assert!(error.to_string().contains("cut off"), "{error}");
    }
    for head in ["HTTP/1.1 200 OK\r\nconte", ""] {
        let error = broken(head).await;
        assert!(error.to_string().contains("head was complete"), "{error}");
    }
}

/// A response that the client refuses, whose connection must not be used again.
async fn refused(bytes: impl Into<Vec<u8>>) -> Error {
    let server = serving(bytes.into()).await;
    let connections = connections();
    let error = get(&connections, &server.url("/")).await.unwrap_err();
    assert!(error.is_body() && !error.is_not_sent(), "{}", chain(&error));
    eventually("the connection is closed", || {
        counts(&connections, &server) == (0, 0)
    })
    .await;
    error
}

fn head(lines: usize, length: usize) -> String {
    let line = format!("warning: {}\r\n", "x".repeat(length));
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{}\r\n",
        line.repeat(lines)
    )
}

#[tokio::test]
async fn heads_are_limited_by_bytes() {
    for (lines, length) in [(90, 4_096), (20_000, 1)] {
        let error = refused(head(lines, length)).await;
        assert!(error.to_string().contains("headers are larger"), "{error}");
    }
    for (lines, length) in [(80, 2_048), (150, 200), (1_000, 100)] {
        let server = serving(head(lines, length).into_bytes()).await;
        get(&connections(), &server.url("/")).await.unwrap();
    }
}

#[tokio::test]
async fn limits_of_heads_can_be_set() {
    let mut http1 = hyper::client::conn::http1::Builder::new();
    http1.max_headers(10);
    let connections = Connections::builder()
        .http1_builder(http1)
        .build(connector());
    let few = serving(head(9, 1).into_bytes()).await;
    get(&connections, &few.url("/")).await.unwrap();
    let many = serving(head(10, 1).into_bytes()).await;
    assert!(
        get(&connections, &many.url("/"))
            .await
            .unwrap_err()
            .is_body()
    );
}

#[tokio::test]
async fn invalid_heads_are_refused() {
    for header in [
        "content-length: -1",
        "content-length: 1\r\ncontent-length: 2",
        "a b: c",
    ] {
        let error = refused(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n")).await;
        assert!(error.to_string().contains("is not valid"), "{error}");
    }
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    let server =
        serving(format!("{interim}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nreal").into()).await;
    assert_eq!(
        get(&connections(), &server.url("/")).await.unwrap(),
        (200, "real".to_owned())
    );
}

#[tokio::test]
async fn connection_close_is_obeyed() {
    let server = Server::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_some() {
            let text = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(text).await.unwrap();
        }
    })
    .await;
    let connections = connections();
    for round in 1..=3 {
        get(&connections, &server.url("/")).await.unwrap();
        assert_eq!(server.accepted(), round);
    }
}

#[tokio::test]
async fn responses_without_a_body_keep_connections() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            let text: &[u8] = if head.starts_with("HEAD") {
                b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
            } else {
                b"HTTP/1.1 204 No Content\r\n\r\n"
            };
            stream.write_all(text).await.unwrap();
        }
    })
    .await;
    let connections = connections();
    for method in ["HEAD", "DELETE", "HEAD"] {
        let request = http::Request::builder().method(method).uri(server.url("/"));
        let response = connections
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await;
        drop(response.unwrap());
    }
    assert_eq!(server.accepted(), 1);
}
