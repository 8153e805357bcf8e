//! The end of idle connections.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use es_transport::connect::{Connections, SuspendDetector};

use crate::pool::{
    connect_support::{
        get,
        http::{Server, echo},
    },
    connections, connector, counts, eventually, uri,
};

/// Two connections that are idle.
async fn two_idle(connections: &Connections, server: &Server) {
    let url = server.url("/");
    let (a, b) = tokio::join!(get(connections, &url), get(connections, &url));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn idle_timeout_closes_connections() {
    let server = Server::echo().await;
    let timeout = Duration::from_millis(200);
    let connections = Connections::builder()
        .idle_timeout(timeout)
        .build(connector());
    for round in 1..=2 {
        get(&connections, &server.url("/")).await.unwrap();
        let idle_since = tokio::time::Instant::now();
        eventually("it is closed", || counts(&connections, &server) == (0, 0)).await;
        // The reaper's rounds were counted from the start.
        assert!(
            idle_since.elapsed() >= timeout,
            "{:?}",
            idle_since.elapsed()
        );
        assert_eq!(server.accepted(), round);
    }
}

#[tokio::test]
async fn use_keeps_connections_alive() {
    let server = Server::echo().await;
    let timeout = Duration::from_millis(400);
    let connections = Connections::builder()
        .idle_timeout(timeout)
        .build(connector());
    let start = tokio::time::Instant::now();
    while start.elapsed() < 3 * timeout {
        get(&connections, &server.url("/")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn max_idle_closes_the_rest_at_once() {
    let server = Server::echo().await;
    let connections = Connections::builder()
        .max_idle_per_node(1)
        .build(connector());
    two_idle(&connections, &server).await;
    assert_eq!(counts(&connections, &server), (1, 1));

    let server = Server::echo().await;
    let connections = Connections::builder()
        .max_idle_per_node(0)
        .build(connector());
    for round in 1..=2 {
        get(&connections, &server.url("/")).await.unwrap();
        assert_eq!(counts(&connections, &server), (0, 0));
        assert_eq!(server.accepted(), round);
    }
}

#[tokio::test]
async fn close_idle_closes_idle_connections() {
    let server = Server::echo().await;
    let connections = connections();
    two_idle(&connections, &server).await;
    connections.close_idle();
    assert_eq!(counts(&connections, &server), (0, 0));
    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn retain_closes_connections_of_other_hosts() {
    let (gone, kept) = (Server::echo().await, Server::echo().await);
    let connections = connections();
    two_idle(&connections, &gone).await;
    get(&connections, &kept.url("/")).await.unwrap();
    connections.retain(|origin| *origin == uri(&kept));
    assert_eq!(counts(&connections, &gone), (0, 0));
    assert_eq!(counts(&connections, &kept), (1, 1));

    connections.close_host(&uri(&kept));
    assert_eq!(counts(&connections, &kept), (0, 0));
    // A node that comes back is connected again.
    get(&connections, &gone.url("/")).await.unwrap();
    assert_eq!(gone.accepted(), 3);
}

#[tokio::test]
async fn the_last_clone_closes_connections() {
    let (closed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |stream, _| {
        let closed = closed.clone();
        async move {
            echo(stream).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let connections = connections();
    get(&connections.clone(), &server.url("/")).await.unwrap();
    assert!(seen.try_recv().is_err());
    drop(connections);
    tokio::time::timeout(Duration::from_secs(5), seen.recv())
        .await
        .unwrap()
        .unwrap();
}

/// A wall clock that is set by hand.
#[derive(Clone, Debug)]
struct Manual(Arc<Mutex<SystemTime>>);

impl Manual {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000),
        )))
    }

    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn set_back(&self, by: Duration) {
        *self.0.lock().unwrap() -= by;
    }
}

impl SuspendDetector for Manual {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn idle_connections_are_dropped_on_resume() {
    let server = Server::echo().await;
    let clock = Manual::new();
    let connections = Connections::builder()
        .suspend_detector(clock.clone())
        .build(connector());
    two_idle(&connections, &server).await;

    // The timers saw nothing of this hour.
    clock.advance(Duration::from_secs(3_600));
    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(server.accepted(), 3);
    assert_eq!(counts(&connections, &server), (1, 1));

    // After the resume all is as before.
    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn an_ordinary_pause_is_no_suspension() {
    let server = Server::echo().await;
    let clock = Manual::new();
    let connections = Connections::builder()
        .suspend_detector(clock.clone())
        .build(connector());
    get(&connections, &server.url("/")).await.unwrap();
    clock.advance(Duration::from_secs(9));
    get(&connections, &server.url("/")).await.unwrap();
    // Nor is a clock that is set back.
    clock.set_back(Duration::from_secs(7_200));
    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn on_resume_is_called_by_request_or_timer() {
    let server = Server::echo().await;
    let (clock, resumes) = (Manual::new(), Arc::new(AtomicUsize::new(0)));
    let connections = Connections::builder()
        .idle_timeout(Duration::from_secs(1))
        .suspend_detector(clock.clone())
        .build(connector());
    let counter = Arc::clone(&resumes);
    connections.on_resume(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let hour = Duration::from_secs(3_600);
    let resumes = || resumes.load(Ordering::SeqCst);

    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(resumes(), 0);
    clock.advance(hour);
    get(&connections, &server.url("/")).await.unwrap();
    assert_eq!(resumes(), 1, "by a request");
    clock.advance(hour);
    eventually("by the watch over idle connections", || resumes() == 2).await;
    assert_eq!(counts(&connections, &server), (0, 0));
}
