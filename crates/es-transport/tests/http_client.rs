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
        ("garbage\r\n\r\n", "not an HTTP response"),
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

/// A server that speaks HTTP/2 and nothing else.
#[cfg(feature = "http2")]
mod http2 {
    use std::{
        convert::Infallible,
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use es_transport::{Body, Transport, attempt::Attempts};
    use http::{Request, Response, Version};
    use hyper::{body::Incoming, server::conn::http2, service::service_fn};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rustls::ServerConfig;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// What the server saw: connections, and a line for each request.
    #[derive(Default)]
    struct Seen {
        connections: AtomicUsize,
        lines: Mutex<Vec<String>>,
    }

    impl Seen {
        async fn answer(&self, request: Request<Incoming>) -> Response<String> {
            assert_eq!(request.version(), Version::HTTP_2);
            let authorized = request.headers().contains_key("authorization");
            let line = format!("{} {} {authorized}", request.method(), request.uri());
            let number = {
                let mut lines = self.lines.lock().unwrap();
                lines.push(line);
                lines.len()
            };
            // Long enough for all of them to be under way together.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let status = if number == 1 { 503 } else { 200 };
            let answer = Response::builder().status(status);
            answer.header("x-elastic-product", "Elasticsearch").body("{}".to_owned()).unwrap()
        }
    }

    async fn server(ca: &Ca) -> (String, Arc<Seen>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let identity = ca.leaf();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain.clone(), identity.private_key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&shared));
                seen.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
                    let service = service_fn(|request| {
                        let seen = Arc::clone(&seen);
                        async move { Ok::<_, Infallible>(seen.answer(request).await.map(full)) }
                    });
                    let _ = http2::Builder::new(TokioExecutor::new())
                        .serve_connection(stream, service)
                        .await;
                });
            }
        });
        (url, seen)
    }

    fn full(text: String) -> http_body_util::Full<bytes::Bytes> {
        http_body_util::Full::from(text)
    }

    #[tokio::test]
    async fn requests_share_one_connection_under_the_whole_stack() {
        let ca = Ca::new("genuine");
        let (url, seen) = server(&ca).await;
        let tls = TlsSettings::new().ca_certs(ca.pem());
        let connector = Connector::builder().tls(tls).http2(true).build().unwrap();
        let transport = Transport::builder()
            .node(&url)
            .basic_auth("elastic", "changeme")
            .http_service(http_client(connector))
            .build()
            .unwrap();
        let get = |path: &str| transport.send(Request::get(path).body(Body::empty()).unwrap());
        // The first answer is a 503, and is made good.
        let answer = get("/first").await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.extensions().get::<Attempts>().unwrap().0.len(), 2);
        let (a, b, c) = tokio::join!(get("/a"), get("/b?c=d"), get("/e"));
        for answer in [a, b, c] {
            assert_eq!(answer.unwrap().into_body().bytes().await.unwrap(), "{}");
        }
        assert_eq!(seen.connections.load(Ordering::SeqCst), 1);
        let lines = seen.lines.lock().unwrap();
        assert_eq!(lines.len(), 5);
        assert!(lines.contains(&format!("GET {url}/b?c=d true")), "{lines:?}");
    }

    #[tokio::test]
    async fn a_server_of_http_1_1_is_served_too() {
        let ca = Ca::new("genuine");
        let server = TlsServer::builder(ca.leaf()).alpn(b"http/1.1").start().await;
        let tls = TlsSettings::new().ca_certs(ca.pem());
        let connector = Connector::builder().tls(tls).http2(true).build().unwrap();
        assert_eq!(get(connector, &server.url()).await.unwrap(), "ok");
    }
}
