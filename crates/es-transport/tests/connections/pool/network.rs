//! A network that changes: addresses, silence, age.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use es_transport::{
    BoxError, Error,
    connect::{ConnectionEvent, Connections, Connector, Stream},
    error::TimeoutPhase,
};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::net::{TcpSocket, TcpStream};
use tower::{ServiceExt, service_fn};

use crate::pool::{
    connect_support::{
        chain, get,
        http::{Server, read_head, respond},
    },
    connector, counts, eventually,
};

const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A server that responds with its own address.
async fn named(address: SocketAddr) -> Server {
    Server::start_at(address, |mut stream, _| async move {
        let name = stream.local_addr().unwrap().ip().to_string();
        while read_head(&mut stream).await.is_some() {
            respond(&mut stream, &name).await;
        }
    })
    .await
}

/// Two servers at one port, and the URL by which they are reached under one name.
async fn two_servers() -> (Server, Server, String) {
    let first = named(SocketAddr::new(FIRST, 0)).await;
    let port = first.address.port();
    let second = named(SocketAddr::new(SECOND, port)).await;
    (first, second, format!("http://es.test:{port}/"))
}

/// The addresses that a name has now.
type Records = Arc<Mutex<Vec<IpAddr>>>;

fn resolving(records: &Records, timeout: Duration) -> Connector {
    let records = Arc::clone(records);
    let resolver = move |_: String| {
        let addresses = records.lock().unwrap().clone();
        async move { Ok::<_, BoxError>(addresses) }
    };
    Connector::builder()
        .connect_timeout(timeout)
        .resolver(resolver)
        .build()
        .unwrap()
}

const TIMEOUT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_change_of_addresses_is_followed() {
    let (_first, _second, url) = two_servers().await;
    let records = Records::new(Mutex::new(vec![FIRST]));
    let connections = Connections::builder()
        .max_age(Duration::from_millis(200))
        .build(resolving(&records, TIMEOUT));

    let stop = Arc::new(AtomicBool::new(false));
    let traffic: Vec<_> = (0..4)
        .map(|_| {
            let (connections, url, stop) = (connections.clone(), url.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut served_by = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    served_by.push(get(&connections, &url).await.unwrap().1);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                served_by
            })
        })
        .collect();
    for addresses in [vec![SECOND], vec![FIRST]] {
        let wanted = addresses[0].to_string();
        *records.lock().unwrap() = addresses;
        // Those that were opened before the change are gone at the maximum age.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(get(&connections, &url).await.unwrap().1, wanted);
    }
    stop.store(true, Ordering::SeqCst);
    for task in traffic {
        let served_by = task.await.unwrap();
        assert!(served_by.iter().any(|server| *server == SECOND.to_string()));
        assert_eq!(served_by.last(), Some(&FIRST.to_string()));
    }
}

#[tokio::test]
async fn without_a_maximum_age_connections_are_kept() {
    let (_first, _second, url) = two_servers().await;
    let records = Records::new(Mutex::new(vec![FIRST]));
    let connections = Connections::builder()
        .max_age(None)
        .build(resolving(&records, TIMEOUT));
    assert_eq!(get(&connections, &url).await.unwrap().1, FIRST.to_string());
    *records.lock().unwrap() = vec![SECOND];
    assert_eq!(get(&connections, &url).await.unwrap().1, FIRST.to_string());
}

/// An address whose system takes no further connection and refuses none, and the
/// connections that fill it.
async fn black_hole(address: SocketAddr) -> (tokio::net::TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(0).unwrap();
    let mut filling = Vec::new();
    let short = Duration::from_millis(100);
    while let Ok(stream) = tokio::time::timeout(short, TcpStream::connect(address)).await {
        filling.push(stream.unwrap());
    }
    (listener, filling)
}

#[tokio::test]
async fn a_silent_address_is_not_waited_for() {
    let good = named(SocketAddr::new(FIRST, 0)).await;
    let port = good.address.port();
    let _hole = black_hole(SocketAddr::new(SECOND, port)).await;
    let url = format!("http://es.test:{port}/");
    let records = Records::new(Mutex::new(vec![SECOND, FIRST]));
    for timeout in [TIMEOUT, Duration::from_millis(600)] {
        let connections = Connections::builder().max_idle_per_node(0);
        let connections = connections.build(resolving(&records, timeout));
        for _ in 0..3 {
            assert_eq!(get(&connections, &url).await.unwrap().1, FIRST.to_string());
        }
    }
}

#[tokio::test]
async fn all_addresses_are_used() {
    let (_first, _second, url) = two_servers().await;
    let records = Records::new(Mutex::new(vec![FIRST, SECOND]));
    let connections = Connections::builder().max_idle_per_node(0);
    let connections = connections.build(resolving(&records, TIMEOUT));
    let mut served_by = Vec::new();
    for _ in 0..4 {
        served_by.push(get(&connections, &url).await.unwrap().1);
    }
    let [first, second] = [FIRST, SECOND].map(|ip| ip.to_string());
    assert_eq!(served_by, [first.clone(), second.clone(), first, second]);
}

#[tokio::test]
async fn a_refused_address_is_skipped() {
    let good = named(SocketAddr::new(FIRST, 0)).await;
    let url = format!("http://es.test:{}/", good.address.port());
    let records = Records::new(Mutex::new(vec![SECOND, FIRST]));
    let connections = Connections::builder().max_idle_per_node(0);
    let connections = connections.build(resolving(&records, TIMEOUT));
    for _ in 0..2 {
        assert_eq!(get(&connections, &url).await.unwrap().1, FIRST.to_string());
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_a_connect_error() {
    let records = Records::default();
    let connections = Connections::with_connector(resolving(&records, TIMEOUT));
    let error = get(&connections, "http://es.test:9200/").await.unwrap_err();
    assert!(error.is_connect() && error.is_not_sent(), "{error}");
    assert!(chain(&error).contains("no address"), "{}", chain(&error));
}

/// A connection that falls silent when the switch is on: nothing arrives any more, at
/// either end, and no end is seen.
struct Mute(Stream, Arc<AtomicBool>);

impl Read for Mute {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.1.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Mute {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.1.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Connections of which the first `mute` fall silent at the switch.
fn mute_connections(mute: usize) -> (Connections, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    let (shared, opened) = (Arc::clone(&switch), Arc::new(AtomicUsize::new(0)));
    let connections = Connections::with_connector(service_fn(move |target: Uri| {
        let is_mute = opened.fetch_add(1, Ordering::SeqCst) < mute;
        let switch = if is_mute {
            Arc::clone(&shared)
        } else {
            Arc::default()
        };
        async move { Ok::<_, Error>(Mute(connector().oneshot(target).await?, switch)) }
    }));
    (connections, switch)
}

/// Sends requests together, so that each has a connection.
async fn together(connections: &Connections, url: &str, count: usize) {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (connections, url) = (connections.clone(), url.to_owned());
            tokio::spawn(async move { get(&connections, &url).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// A server whose responses take long enough for others to be sent meanwhile.
async fn unhurried() -> Server {
    Server::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            respond(&mut stream, "ok").await;
        }
    })
    .await
}

#[tokio::test]
async fn a_silent_connection_takes_its_like_with_it() {
    let server = unhurried().await;
    let (connections, switch) = mute_connections(5);
    together(&connections, &server.url("/"), 5).await;
    assert_eq!(counts(&connections, &server), (5, 5));

    switch.store(true, Ordering::SeqCst);
    let timeout = Duration::from_millis(150);
    let first = tokio::time::timeout(timeout, get(&connections, server.url("/"))).await;
    assert!(first.is_err());
    assert_eq!(counts(&connections, &server), (0, 0));
    get(&connections, server.url("/")).await.unwrap();
}

#[tokio::test]
async fn a_request_given_up_at_once_says_nothing() {
    let server = unhurried().await;
    let (connections, _) = mute_connections(0);
    together(&connections, &server.url("/"), 3).await;
    let cancelled =
        tokio::time::timeout(Duration::from_millis(1), get(&connections, server.url("/")));
    assert!(cancelled.await.is_err());
    assert_eq!(counts(&connections, &server), (2, 2));
}

#[tokio::test]
async fn waiting_for_a_connection_is_limited() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let limit = Duration::from_millis(50);
    let connections = Connections::builder()
        .max_per_node(1)
        .acquire_timeout(limit)
        .build(connector());
    let mut held = tokio_test::task::spawn(get(&connections, server.url("/held")));
    assert!(held.poll().is_pending());
    let error = get(&connections, server.url("/")).await.unwrap_err();
    assert_eq!(
        error.timeout_phase(),
        Some(TimeoutPhase::Acquire),
        "{error}"
    );
    assert_eq!(error.timeout_after(), Some(limit));
    assert!(error.is_not_sent());
    assert_eq!(counts(&connections, &server).0, 1);
}

#[tokio::test]
async fn opened_and_closed_connections_are_reported() {
    let server = Server::echo().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let connections = Connections::builder()
        .on_event(move |event| seen.lock().unwrap().push(event.clone()))
        .build(connector());
    get(&connections, server.url("/")).await.unwrap();
    connections.close_idle();
    let target: Uri = server.url("/").parse().unwrap();
    let (opened, closed) = (
        ConnectionEvent::Opened {
            target: target.clone(),
        },
        ConnectionEvent::Closed { target },
    );
    assert_eq!(*events.lock().unwrap(), [opened, closed]);
}

#[tokio::test]
async fn a_hook_may_call_the_pool() {
    let server = Server::echo().await;
    let pool = Arc::new(Mutex::new(None::<Connections>));
    let (seen, url) = (Arc::clone(&pool), server.url("/").parse::<Uri>().unwrap());
    let connections = Connections::builder()
        .on_event(move |_| {
            if let Some(pool) = &*seen.lock().unwrap() {
                pool.counts(&url);
            }
        })
        .build(connector());
    *pool.lock().unwrap() = Some(connections.clone());
    get(&connections, server.url("/")).await.unwrap();
    connections.close_idle();
    eventually("it is closed", || counts(&connections, &server) == (0, 0)).await;
    pool.lock().unwrap().take();
}
