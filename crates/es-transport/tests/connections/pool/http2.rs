//! HTTP/2, against a server that speaks nothing else.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, Error, ResponseBody, Transport,
    connect::{Connections, Connector, TlsSettings},
    extensions::Attempts,
};
use http::{Request, Response, Version};
use hyper::{
    body::Incoming, client::conn::http2::Builder, server::conn::http2, service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::pool::{
    connect_support::{ca::Ca, chain, get, tls::TlsServer},
    eventually,
};

/// How the server behaves, and what it saw.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    /// Connections say goodbye (GOAWAY) after each response.
    says_goodbye: AtomicBool,
    /// Requests get no response.
    is_silent: AtomicBool,
    /// The first response is a 503.
    fails_first: AtomicBool,
    lines: Mutex<Vec<String>>,
}

impl Seen {
    async fn respond(&self, request: Request<Incoming>) -> Response<String> {
        assert_eq!(request.version(), Version::HTTP_2);
        let authorized = request.headers().contains_key("authorization");
        assert!(
            !request.headers().contains_key("host"),
            "it is the pseudo-header's"
        );
        let line = format!("{} {} {authorized}", request.method(), request.uri());
        self.lines.lock().unwrap().push(line);
        if self.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        // Long enough for others to be under way at the same time.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let fails = self.fails_first.swap(false, Ordering::SeqCst);
        let response = Response::builder().status(if fails { 503 } else { 200 });
        response
            .header("x-elastic-product", "Elasticsearch")
            .body("{}".to_owned())
            .unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn server(ca: &Ca) -> (String, Arc<Seen>) {
    let config = TlsServer::builder(ca.leaf()).alpn(b"h2").config();
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
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                serve(TokioIo::new(stream), seen).await;
            });
        }
    });
    (url, seen)
}

async fn serve(stream: impl hyper::rt::Read + hyper::rt::Write + Unpin, seen: Arc<Seen>) {
    let served = Arc::new(tokio::sync::Notify::new());
    let (handler, done) = (Arc::clone(&seen), Arc::clone(&served));
    let service = service_fn(move |request| {
        let (seen, done) = (Arc::clone(&handler), Arc::clone(&done));
        async move {
            let response = seen.respond(request).await;
            done.notify_one();
            Ok::<_, Infallible>(response.map(http_body_util::Full::<bytes::Bytes>::from))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = served.notified() => {
                if seen.says_goodbye.load(Ordering::SeqCst) {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn connector(ca: &Ca) -> Connector {
    let tls = TlsSettings::new().ca_certs(ca.pem());
    Connector::builder().tls(tls).http2(true).build().unwrap()
}

fn pool(ca: &Ca) -> Connections {
    Connections::builder().may_share(true).build(connector(ca))
}

async fn many(connections: &Connections, url: &str, count: usize) -> Vec<Result<(), Error>> {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (connections, url) = (connections.clone(), url.to_owned());
            tokio::spawn(async move { get(&connections, &url).await.map(drop) })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

#[tokio::test]
async fn a_cold_pool_opens_one_connection() {
    let ca = Ca::new("genuine");
    let (url, seen) = server(&ca).await;
    let connections = pool(&ca);
    assert!(
        many(&connections, &url, 300)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(seen.connections(), 1);
    assert_eq!(connections.counts(&url.parse().unwrap()), (1, 1));
}

#[tokio::test]
async fn a_server_of_http_1_is_not_held_back() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf())
        .alpn(b"http/1.1")
        .start()
        .await;
    let connections = pool(&ca);
    assert!(
        many(&connections, &server.url(), 20)
            .await
            .iter()
            .all(Result::is_ok)
    );
    let (open, idle) = connections.counts(&server.url().parse().unwrap());
    assert_eq!(open, idle);
}

#[tokio::test]
async fn the_whole_stack_speaks_it() {
    let ca = Ca::new("genuine");
    let (url, seen) = server(&ca).await;
    seen.fails_first.store(true, Ordering::SeqCst);
    let transport = Transport::builder()
        .node(&url)
        .ca_certs(ca.pem())
        .basic_auth("elastic", "changeme")
        .http2(true)
        .build()
        .unwrap();
    let get = |path: &str| transport.send(Request::get(path).body(Body::empty()).unwrap());
    // The first response is a 503, and is made good.
    let response = get("/first").await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.extensions().get::<Attempts>().unwrap().0.len(), 2);
    let (a, b) = tokio::join!(get("/a"), get("/b?c=d"));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(seen.connections(), 1);
    let lines = seen.lines.lock().unwrap();
    assert!(
        lines.contains(&format!("GET {url}/b?c=d true")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_request_that_timed_out_takes_its_connection_out() {
    let ca = Ca::new("genuine");
    let (url, seen) = server(&ca).await;
    let connections = pool(&ca);
    get(&connections, &url).await.unwrap();
    seen.is_silent.store(true, Ordering::SeqCst);
    let silent = tokio::time::timeout(Duration::from_millis(150), get(&connections, &url));
    assert!(silent.await.is_err());
    assert_eq!(connections.counts(&url.parse().unwrap()), (0, 0));
    seen.is_silent.store(false, Ordering::SeqCst);
    get(&connections, &url).await.unwrap();
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn a_cancelled_request_leaves_the_connection() {
    let ca = Ca::new("genuine");
    let (url, seen) = server(&ca).await;
    let connections = pool(&ca);
    get(&connections, &url).await.unwrap();
    let cancelled = tokio::time::timeout(Duration::from_millis(1), get(&connections, &url));
    assert!(cancelled.await.is_err());
    get(&connections, &url).await.unwrap();
    assert_eq!(seen.connections(), 1);
}

#[tokio::test]
async fn goaway_loses_no_request() {
    let ca = Ca::new("genuine");
    let (url, seen) = server(&ca).await;
    seen.says_goodbye.store(true, Ordering::SeqCst);
    let connections = pool(&ca);
    for _ in 0..20 {
        let outcome = get(&connections, &url).await;
        assert!(outcome.is_ok(), "{}", chain(&outcome.unwrap_err()));
    }
    assert!(seen.connections() > 1);
}

/// The error of a request to which a server responds with these bytes.
async fn refused_by(frame: &'static [u8]) -> Error {
    let ca = Ca::new("genuine");
    let config = TlsServer::builder(ca.leaf()).alpn(b"h2").config();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream
            .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        stream.flush().await.unwrap();

        const PREFACE: usize = 24;
        const HEADERS: u8 = 1;
        stream.read_exact(&mut [0; PREFACE]).await.unwrap();
        let mut head = [0; 9];
        while head[3] != HEADERS {
            stream.read_exact(&mut head).await.unwrap();
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            stream.read_exact(&mut vec![0; length]).await.unwrap();
        }
        stream.write_all(frame).await.unwrap();
        stream.flush().await.unwrap();
        std::future::pending::<()>().await;
    });
    get(&pool(&ca), &url).await.unwrap_err()
}

#[tokio::test]
async fn a_stream_that_the_server_refused_was_not_sent() {
    const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const REFUSED_STREAM: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    for frame in [GOAWAY, REFUSED_STREAM] {
        let error = refused_by(frame).await;
        assert!(error.is_io() && error.is_not_sent(), "{}", chain(&error));
    }
    // Any other reset says nothing about what was done.
    const INTERNAL_ERROR: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    let error = refused_by(INTERNAL_ERROR).await;
    assert!(error.is_io() && !error.is_not_sent(), "{}", chain(&error));
}

#[tokio::test]
async fn pings_close_a_silent_connection() {
    let ca = Ca::new("genuine");
    let config = TlsServer::builder(ca.leaf()).alpn(b"h2").config();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    // It greets, and then says nothing at all.
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream
            .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        stream.flush().await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut http2 = Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_millis(20))
        .keep_alive_timeout(Duration::from_millis(20))
        .keep_alive_while_idle(true);
    let connections = Connections::builder()
        .may_share(true)
        .http2_builder(http2)
        .build(connector(&ca));
    let error = get(&connections, &url).await.unwrap_err();
    assert!(error.is_io() && !error.is_not_sent(), "{}", chain(&error));
    eventually("it is closed", || {
        connections.counts(&url.parse().unwrap()).1 == 0
    })
    .await;
}

#[tokio::test]
async fn a_body_is_read_and_sent() {
    let ca = Ca::new("genuine");
    let (url, _) = server(&ca).await;
    let request = Request::post(format!("{url}/_bulk"))
        .body(Body::from("{}\n"))
        .unwrap();
    let response = pool(&ca).oneshot(request).await.unwrap();
    assert_eq!(
        ResponseBody::new(response.into_body())
            .bytes()
            .await
            .unwrap(),
        "{}"
    );
}
