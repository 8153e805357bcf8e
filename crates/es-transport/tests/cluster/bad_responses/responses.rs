//! Each kind of response that cannot be used, and its error.

use es_testkit::{Cluster, Fault};
use es_transport::{error::TimeoutPhase, layer::response_check::ProductCheck};
use http::{HeaderValue, Response, header};

use crate::bad_responses::{
    SHORT, client_refuses,
    cluster_support::{get, send_and_read, shown, streamed},
    connection_is_spoiled_by, error_of, once, one_node,
};

#[tokio::test]
async fn a_response_that_is_not_http() {
    connection_is_spoiled_by(Fault::garbage(), "not an HTTP response").await;
    connection_is_spoiled_by(
        Fault::raw("SSH-2.0-OpenSSH_9.9\r\n"),
        "not an HTTP response",
    )
    .await;
    connection_is_spoiled_by(
        Fault::raw("HTTP/1.1 9999 Odd\r\n\r\n"),
        "not an HTTP response",
    )
    .await;
}

#[tokio::test]
async fn a_response_whose_body_is_not_http() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for body in [
        "not a length\r\n",
        "5\r\nabcdefgh\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        client_refuses(
            Fault::raw(format!("{head}{body}")),
            "its body is not valid HTTP",
        )
        .await;
    }
}

#[tokio::test]
async fn a_response_that_is_cut_off() {
    for fault in [Fault::close(), Fault::raw("HTTP/1.1 200 OK\r\ncontent-le")] {
        connection_is_spoiled_by(fault, "before the response's head was complete").await;
    }
    connection_is_spoiled_by(Fault::reset(), "the connection broke").await;
    connection_is_spoiled_by(Fault::cut_body(), "cut off").await;
    connection_is_spoiled_by(Fault::reset_in_body(), "cut off").await;
    let no_last_chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n";
    connection_is_spoiled_by(Fault::raw(no_last_chunk), "cut off").await;
}

#[tokio::test]
async fn headers_that_are_too_large_or_never_end() {
    client_refuses(Fault::large_headers(1 << 20), "headers are larger").await;
    client_refuses(Fault::endless_headers(), "headers are larger").await;
}

#[tokio::test]
async fn invalid_framing_is_refused() {
    let lengths = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx";
    client_refuses(Fault::raw(lengths), "`content-length` is not valid").await;
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n";
    client_refuses(Fault::raw(both), "both a `content-length` and chunks").await;
}

#[tokio::test]
async fn a_thousand_warnings_are_read() {
    for lines in [150, 1_000] {
        let cluster = one_node().await;
        let mut response = Response::new("{}".into());
        let warning = HeaderValue::from_static("299 Elasticsearch-7.17.9 \"[size] is deprecated\"");
        for _ in 0..lines {
            response
                .headers_mut()
                .append(header::WARNING, warning.clone());
        }
        response.headers_mut().insert(
            "x-elastic-product",
            HeaderValue::from_static("Elasticsearch"),
        );
        cluster.node(0).inject(Fault::response(response));
        let transport = once(&cluster).build().unwrap();
        let response = transport.send(get("/")).await.unwrap();
        assert_eq!(
            response.headers().get_all(header::WARNING).iter().count(),
            lines
        );
    }
}

#[tokio::test]
async fn a_response_that_does_not_come_or_never_ends() {
    for fault in [Fault::hang(), Fault::endless_body()] {
        let cluster = one_node().await;
        let transport = once(&cluster).request_timeout(SHORT).build().unwrap();
        cluster.node(0).inject(fault.once());
        let error = error_of(&transport, &cluster).await;
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Attempt),
            "{error}"
        );
        assert_eq!(error.timeout_after(), Some(SHORT));
        // One of them is weak evidence against the node.
        assert_eq!(transport.pool().unwrap().live(), 1);
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
        let requests = cluster.node(0).requests();
        assert_ne!(requests[0].connection, requests[1].connection);
    }
}

#[tokio::test]
async fn a_response_that_is_larger_than_allowed() {
    let cluster = one_node().await;
    let transport = once(&cluster).max_response_size(4096).build().unwrap();
    // One tells its length, the other does not and never ends.
    let stated = Fault::response(Response::new("x".repeat(1 << 20).into()));
    for fault in [stated, Fault::endless_body()] {
        cluster.node(0).inject(fault.once());
        let error = error_of(&transport, &cluster).await;
        assert!(
            error.is_body() && error.to_string().contains("4096"),
            "{error}"
        );
        assert_eq!(
            transport.pool().unwrap().live(),
            1,
            "the node did as it was told"
        );
    }
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn gzip_that_is_broken_or_inflates_past_the_cap() {
    let cluster = one_node().await;
    let transport = once(&cluster)
        .http_compress(true)
        .max_response_size(1 << 20)
        .build()
        .unwrap();
    cluster.node(0).inject(Fault::broken_gzip().once());
    let error = error_of(&transport, &cluster).await;
    assert!(
        error.is_body() && error.to_string().contains("gzip is broken"),
        "{error}"
    );

    cluster.node(0).inject(Fault::gzip_bomb(256 << 20).once());
    let error = error_of(&transport, &cluster).await;
    assert!(
        error.is_body() && error.to_string().contains("`max_response_size`"),
        "{error}"
    );
    assert!(error.to_string().contains("1048576"), "{error}");

    // Read as a stream, it fails where it is broken, and names its node there.
    cluster.node(0).inject(Fault::broken_gzip().once());
    let error = send_and_read(&transport, streamed(get("/")))
        .await
        .unwrap_err();
    assert!(error.is_body(), "{error}");
    assert_eq!(
        error.node().map(|node| &**node),
        Some(&*cluster.url(0)),
        "{error}"
    );

    // Neither killed the node: the responses came.
    assert_eq!(transport.pool().unwrap().live(), 1);
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_where_it_leads() {
    let (cluster, elsewhere) = (one_node().await, one_node().await);
    let password = "s3cr3t-of-a-redirect";
    let transport = once(&cluster)
        .basic_auth("elastic", password)
        .build()
        .unwrap();
    let location = format!("{}/login?session=t0ken", elsewhere.url(0));
    for status in [301, 302, 303, 307, 308] {
        let response = Response::builder()
            .status(status)
            .header(header::LOCATION, &location);
        cluster
            .node(0)
            .inject(Fault::response(response.body("".into()).unwrap()).once());
        let error = error_of(&transport, &cluster).await;
        assert!(error.is_redirect(), "{error}");
        let leads = format!("status {status} to {}/login", elsewhere.url(0));
        assert!(error.to_string().contains(&leads), "{error}");
        assert!(!shown(&error).contains("t0ken"), "{error:?}");
    }
    for (location, shown) in [
        (None, "without a location"),
        (Some("http://["), "that is no URL"),
    ] {
        let response = Response::builder().status(302).body("".into()).unwrap();
        let fault = Fault::response(response);
        cluster.node(0).inject(match location {
            Some(text) => fault
                .header(header::LOCATION, HeaderValue::from_static(text))
                .once(),
            None => fault.once(),
        });
        let error = error_of(&transport, &cluster).await;
        assert!(
            error.is_redirect() && error.to_string().contains(shown),
            "{error}"
        );
    }
    assert_eq!(elsewhere.request_count(), 0);
    elsewhere.assert_never_received(password);
}

#[tokio::test]
async fn a_product_that_is_not_elasticsearch() {
    let cluster = Cluster::builder()
        .nodes(1)
        .product_header(false)
        .start()
        .await
        .unwrap();
    let enforcing = once(&cluster).build().unwrap();
    for _ in 0..2 {
        let error = error_of(&enforcing, &cluster).await;
        assert!(error.is_unsupported_product(), "{error}");
        assert!(error.to_string().contains("`product_check`"), "{error}");
    }
    // What comes without the header from genuine servers too proves nothing.
    cluster.node(0).inject(Fault::status(401).once());
    assert_eq!(enforcing.send(get("/")).await.unwrap().status(), 401);

    for verification in [ProductCheck::Warn, ProductCheck::Off] {
        let transport = once(&cluster).product_check(verification).build().unwrap();
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    }
}
