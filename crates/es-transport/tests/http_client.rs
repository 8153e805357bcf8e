//! hyper-util's client as the bottom, over the same connector.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod connect_support;

use std::time::Duration;

use connect_support::{
    SECRET,
    ca::Ca,
    chain,
    http::{Server, read_head},
    request,
    tls::TlsServer,
};
use es_transport::{
    Error, ResponseBody,
    connect::{Connector, TlsSettings, http_client},
    error::TimeoutPhase,
};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tower::ServiceExt;

async fn get(connector: Connector, url: &str) -> Result<String, Error> {
    let answer = http_client(connector).oneshot(request(url)).await?;
    let body = ResponseBody::new(answer.into_body()).bytes().await?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn connector() -> Connector {
    let timeout = Duration::from_millis(200);
    Connector::builder().connect_timeout(timeout).build().unwrap()
}

#[tokio::test]
async fn it_answers() {
    let server = Server::echo().await;
    assert_eq!(get(connector(), &server.url("/a?b")).await.unwrap(), "/a?b");
}

#[tokio::test]
async fn it_trusts_whom_the_connector_trusts() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    let pinning = |pin: String| {
        let tls = TlsSettings::new().ssl_assert_fingerprint(pin);
        Connector::builder().tls(tls).build().unwrap()
    };
    let error = get(pinning(Ca::new("other").fingerprint()), &server.url()).await.unwrap_err();
    assert!(error.is_tls() && error.is_unsent(), "{}", chain(&error));
    assert!(!server.saw_anything());
    assert_eq!(get(pinning(ca.fingerprint()), &server.url()).await.unwrap(), "ok");
    assert!(server.saw_the_secret(), "{SECRET}");
}

#[tokio::test]
async fn its_errors_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let error = get(connector(), &format!("https://{address}/")).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Connect), "{}", chain(&error));

    drop(listener);
    let error = get(connector(), &format!("http://{address}/")).await.unwrap_err();
    assert!(error.is_connect() && error.is_unsent(), "{}", chain(&error));

    let answers = [
        ("garbage\r\n\r\n", "not an HTTP answer"),
        ("", "head was complete"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut", "cut off"),
    ];
    for (answer, said) in answers {
        let server = Server::start(move |mut stream, _| async move {
            read_head(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let error = get(connector(), &server.url("/")).await.unwrap_err();
        assert!(error.is_io() && !error.is_unsent(), "{}", chain(&error));
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn it_speaks_http_2_where_the_server_does() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf()).alpn(b"h2").start().await;
    let tls = TlsSettings::new().ca_certs(ca.pem());
    let connector = Connector::builder().tls(tls).http2(true).build().unwrap();
    // This server does not know HTTP/2: it is enough to see the preface.
    let url = server.url();
    let asked = get(connector, &url);
    let _ = tokio::time::timeout(Duration::from_millis(500), asked).await;
    assert!(server.saw(b"PRI * HTTP/2.0\r\n\r\n"));
}
