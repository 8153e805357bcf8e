//! Opening connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Error,
    connect::{Connections, Connector, Stream, TlsSettings},
    error::TimeoutPhase,
};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::Semaphore};
use tower::{ServiceExt, service_fn};

use crate::pool::{
    connect_support::{ca::Ca, chain, get, http::Server, tls::TlsServer},
    connections, connector, counts, eventually,
};

/// Connections whose dials after the first wait for a permit, and may then fail.
fn gated(
    gate: &Arc<Semaphore>,
    outcome: fn(Stream) -> Result<Stream, Error>,
) -> (Connections, Arc<AtomicUsize>) {
    let (gate, dials) = (Arc::clone(gate), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&dials);
    let connections = Connections::with_connector(service_fn(move |target: Uri| {
        let (gate, number) = (Arc::clone(&gate), counter.fetch_add(1, Ordering::SeqCst));
        async move {
            let stream = connector().oneshot(target).await?;
            if number == 0 {
                return Ok(stream);
            }
            gate.acquire().await.unwrap().forget();
            outcome(stream)
        }
    }));
    (connections, dials)
}

/// One request that holds the first connection until the permit, and one that
/// therefore dials.
async fn one_served_one_dialing(
    connections: &Connections,
    server: &Server,
    dials: &AtomicUsize,
) -> [tokio::task::JoinHandle<Result<(u16, String), Error>>; 2] {
    let start = |path: &str| {
        let (connections, url) = (connections.clone(), server.url(path));
        tokio::spawn(async move { get(&connections, &url).await })
    };
    let slow = start("/slow");
    eventually("the first is sent", || {
        counts(connections, server) == (1, 0)
    })
    .await;
    let fast = start("/fast");
    eventually("the second dials", || dials.load(Ordering::SeqCst) == 2).await;
    [slow, fast]
}

/// Responds to `/slow` after a while.
async fn slow_server() -> Server {
    use crate::pool::connect_support::http::{read_head, respond};
    Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            if head.contains("/slow") {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            respond(&mut stream, "ok").await;
        }
    })
    .await
}

#[tokio::test]
async fn a_connect_races_against_a_free_connection() {
    let (server, gate) = (slow_server().await, Arc::new(Semaphore::new(0)));
    let (connections, dials) = gated(&gate, Ok);
    let [slow, fast] = one_served_one_dialing(&connections, &server, &dials).await;
    slow.await.unwrap().unwrap();
    // No dial but the first has ended: this was the connection that became idle.
    fast.await.unwrap().unwrap();
    assert_eq!(counts(&connections, &server), (2, 1));
    gate.add_permits(1);
    eventually("the dial is kept", || {
        counts(&connections, &server) == (2, 2)
    })
    .await;
    assert_eq!(dials.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_unclaimed_connect_serves_the_next() {
    let (server, gate) = (slow_server().await, Arc::new(Semaphore::new(0)));
    let (connections, dials) = gated(&gate, Ok);
    let [slow, fast] = one_served_one_dialing(&connections, &server, &dials).await;
    slow.await.unwrap().unwrap();
    fast.await.unwrap().unwrap();
    let [again, next] = [server.url("/slow"), server.url("/next")].map(|url| {
        let connections = connections.clone();
        tokio::spawn(async move { get(&connections, &url).await })
    });
    tokio::task::yield_now().await;
    gate.add_permits(1);
    next.await.unwrap().unwrap();
    again.await.unwrap().unwrap();
    assert_eq!(dials.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_unclaimed_connect_may_fail() {
    let (server, gate) = (slow_server().await, Arc::new(Semaphore::new(0)));
    let (connections, dials) = gated(&gate, |_| Err(Error::connect_message("gone")));
    let [slow, fast] = one_served_one_dialing(&connections, &server, &dials).await;
    slow.await.unwrap().unwrap();
    fast.await.unwrap().unwrap();
    gate.add_permits(1);
    eventually("its place is free", || {
        counts(&connections, &server) == (1, 1)
    })
    .await;
}

#[tokio::test]
async fn a_failed_connect_fails_its_own_request() {
    let (server, gate) = (slow_server().await, Arc::new(Semaphore::new(0)));
    let (connections, dials) = gated(&gate, |_| Err(Error::connect_message("gone")));
    let [slow, fast] = one_served_one_dialing(&connections, &server, &dials).await;
    gate.add_permits(1);
    let error = fast.await.unwrap().unwrap_err();
    assert!(error.is_connect() && error.is_not_sent(), "{error}");
    slow.await.unwrap().unwrap();
    assert_eq!(counts(&connections, &server), (1, 1));
}

#[tokio::test]
async fn a_refused_connection_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connections = connections();
    for _ in 0..3 {
        let error = get(&connections, &format!("http://{address}/"))
            .await
            .unwrap_err();
        assert!(
            error.is_connect() && error.is_not_sent() && !error.is_timeout(),
            "{error}"
        );
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(
            chain(&error).to_lowercase().contains("refused"),
            "{}",
            chain(&error)
        );
    }
    let target = format!("http://{address}/").parse().unwrap();
    assert_eq!(connections.counts(&target), (0, 0));
}

#[tokio::test]
async fn the_connect_timeout_covers_the_handshake() {
    // The system accepts, nobody responds.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeout = Duration::from_millis(100);
    let connector = Connector::builder()
        .connect_timeout(timeout)
        .build()
        .unwrap();
    let connections = Connections::with_connector(connector);
    let url = format!("https://{}/", silent.local_addr().unwrap());
    let error = get(&connections, &url).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Connect));
    assert!(error.is_connect() && error.is_not_sent(), "{error}");
    assert_eq!(error.timeout_after(), Some(timeout));
}

#[tokio::test]
async fn a_handshake_cut_off_is_a_connect_error() {
    let server = Server::start(|stream, _| async move { drop(stream) }).await;
    let url = server.url("/").replace("http:", "https:");
    let error = get(&connections(), &url).await.unwrap_err();
    assert!(error.is_connect() && !error.is_tls(), "{}", chain(&error));
}

#[tokio::test]
async fn a_panicking_connector_fails_its_request() {
    let connections = Connections::with_connector(service_fn(|_: Uri| async {
        if true {
            panic!("on purpose");
        }
        Err::<Stream, _>(Error::closed())
    }));
    for _ in 0..2 {
        let asked = get(&connections, "http://localhost:1/");
        let error = tokio::time::timeout(Duration::from_secs(5), asked)
            .await
            .unwrap()
            .unwrap_err();
        assert!(error.is_connect(), "{error}");
    }
    assert_eq!(
        connections.counts(&Uri::from_static("http://localhost:1/")),
        (0, 0)
    );
}

#[tokio::test]
async fn names_are_resolved() {
    let server = Server::echo().await;
    let url = format!("http://localhost:{}/named", server.address.port());
    assert_eq!(get(&connections(), &url).await.unwrap().1, "/named");
}

#[tokio::test]
async fn a_connector_below_tls_keeps_tls_and_the_timeout() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    let address = server.address;
    let over = |fingerprint: String| {
        let tcp = service_fn(move |node: Uri| async move {
            // The name is that of nobody: the connector knows where it is.
            assert_eq!(node, "https://localhost:1/");
            tokio::net::TcpStream::connect(address)
                .await
                .map(TokioIo::new)
        });
        let tls = TlsSettings::new().ssl_assert_fingerprint(fingerprint);
        let connector = Connector::builder()
            .tls(tls)
            .tcp_connector(tcp)
            .build()
            .unwrap();
        Connections::with_connector(connector)
    };
    let error = get(
        &over(Ca::new("other").fingerprint()),
        "https://localhost:1/",
    )
    .await;
    assert!(error.unwrap_err().is_tls());
    assert!(!server.saw_anything());
    assert_eq!(
        get(&over(ca.fingerprint()), "https://localhost:1/")
            .await
            .unwrap()
            .1,
        "ok"
    );

    let never = service_fn(|_: Uri| std::future::pending::<Result<Stream, Error>>());
    let timeout = Duration::from_millis(50);
    let connector = Connector::builder()
        .connect_timeout(timeout)
        .tcp_connector(never);
    let connections = Connections::with_connector(connector.build().unwrap());
    let error = get(&connections, "http://localhost:1/").await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Connect));
}

#[test]
fn settings_of_tcp_beside_a_connector_are_refused() {
    let own = || {
        let never = service_fn(|_: Uri| std::future::pending::<Result<Stream, Error>>());
        Connector::builder().tcp_connector(never)
    };
    let resolver = async |_: String| Ok(Vec::<std::net::IpAddr>::new());
    for (builder, setting) in [
        (own().tcp_keepalive(None), "tcp_keepalive"),
        (own().resolver(resolver), "resolver"),
    ] {
        assert_eq!(builder.build().unwrap_err().setting(), Some(setting));
    }
}
