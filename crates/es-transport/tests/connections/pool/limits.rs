//! The limit of connections per node, and who waits.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use es_transport::connect::Connections;
use tokio::sync::Semaphore;

use crate::pool::{
    connect_support::{
        get,
        http::{Server, read_head, respond},
    },
    connector, counts, eventually, uri,
};

fn limited(max: usize) -> Connections {
    Connections::builder().max_per_node(max).build(connector())
}

/// A server that responds to one request per permit, and the targets it got.
async fn gated() -> (Server, Arc<Semaphore>, Arc<Mutex<Vec<String>>>) {
    let gate = Arc::new(Semaphore::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (permits, targets) = (Arc::clone(&gate), Arc::clone(&seen));
    let server = Server::start(move |mut stream, _| {
        let (permits, targets) = (Arc::clone(&permits), Arc::clone(&targets));
        async move {
            while let Some(head) = read_head(&mut stream).await {
                let target = head.split(' ').nth(1).unwrap().to_owned();
                targets.lock().unwrap().push(target.clone());
                permits.acquire().await.unwrap().forget();
                respond(&mut stream, &target).await;
            }
        }
    })
    .await;
    (server, gate, seen)
}

fn start(connections: &Connections, url: String) -> tokio::task::JoinHandle<String> {
    let connections = connections.clone();
    tokio::spawn(async move { get(&connections, &url).await.unwrap().1 })
}

#[tokio::test]
async fn waiters_are_served_in_order() {
    let (server, gate, seen) = gated().await;
    let connections = limited(1);
    let mut tasks = Vec::new();
    for number in 0..5 {
        tasks.push(start(&connections, server.url(&format!("/{number}"))));
        tokio::task::yield_now().await;
    }
    eventually("the first is there", || seen.lock().unwrap().len() == 1).await;
    assert_eq!(counts(&connections, &server), (1, 0));
    gate.add_permits(5);
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), format!("/{number}"));
    }
    assert_eq!(*seen.lock().unwrap(), ["/0", "/1", "/2", "/3", "/4"]);
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_cancelled_request_leaves_the_queue() {
    let (server, gate, seen) = gated().await;
    let connections = limited(1);
    let first = start(&connections, server.url("/first"));
    eventually("the first is there", || seen.lock().unwrap().len() == 1).await;
    let quitter = start(&connections, server.url("/quitter"));
    tokio::task::yield_now().await;
    let last = start(&connections, server.url("/last"));
    tokio::task::yield_now().await;
    quitter.abort();
    assert!(quitter.await.unwrap_err().is_cancelled());
    gate.add_permits(2);
    assert_eq!(first.await.unwrap(), "/first");
    assert_eq!(last.await.unwrap(), "/last");
    assert_eq!(*seen.lock().unwrap(), ["/first", "/last"]);
}

#[tokio::test]
async fn a_freed_place_is_connected_again() {
    let (server, gate, seen) = gated().await;
    let connections = limited(1);
    let cancelled = start(&connections, server.url("/cancelled"));
    eventually("it is there", || seen.lock().unwrap().len() == 1).await;
    let waiting = start(&connections, server.url("/waiting"));
    tokio::task::yield_now().await;
    // Its connection closes with it; the one who waits gets a new one.
    cancelled.abort();
    gate.add_permits(2);
    assert_eq!(waiting.await.unwrap(), "/waiting");
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_late_cancel_passes_its_connection_on() {
    let (server, gate, seen) = gated().await;
    let connections = limited(1);
    let first = start(&connections, server.url("/first"));
    eventually("the first is there", || seen.lock().unwrap().len() == 1).await;
    // Polled once, so that it stands in the queue, and never again.
    let mut unpolled = tokio_test::task::spawn(get(&connections, server.url("/never")));
    assert!(unpolled.poll().is_pending());
    gate.add_permits(2);
    first.await.unwrap();
    assert_eq!(counts(&connections, &server), (1, 0), "it was handed over");
    drop(unpolled);
    assert_eq!(counts(&connections, &server), (1, 1));
    assert_eq!(
        start(&connections, server.url("/next")).await.unwrap(),
        "/next"
    );
    assert_eq!(server.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_few_connections() {
    let server = Server::echo().await;
    let connections = limited(8);
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let (connections, base) = (connections.clone(), server.url(""));
            tokio::spawn(async move {
                for round in 0..20 {
                    let path = format!("/{task}/{round}");
                    let (_, body) = get(&connections, &format!("{base}{path}")).await.unwrap();
                    assert_eq!(body, path);
                }
            })
        })
        .collect();
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(30), task)
            .await
            .unwrap()
            .unwrap();
    }
    assert!(server.accepted() <= 8, "{}", server.accepted());
    eventually("all are idle", || {
        let (open, idle) = counts(&connections, &server);
        open == idle && open == server.accepted()
    })
    .await;
}

#[tokio::test]
async fn closing_fails_waiters_and_lets_others_finish() {
    let (server, gate, seen) = gated().await;
    let connections = limited(1);
    let served = start(&connections, server.url("/served"));
    eventually("it is there", || seen.lock().unwrap().len() == 1).await;
    let (waiting, url) = (connections.clone(), server.url("/waiting"));
    let waiting = tokio::spawn(async move { get(&waiting, &url).await });
    tokio::task::yield_now().await;

    connections.close();
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    assert!(
        get(&connections, &server.url("/late"))
            .await
            .unwrap_err()
            .is_closed()
    );
    gate.add_permits(1);
    assert_eq!(served.await.unwrap(), "/served");
}

#[tokio::test]
async fn a_retired_host_finishes_its_requests() {
    let (server, gate, seen) = gated().await;
    let connections = limited(4);
    let served = start(&connections, server.url("/served"));
    eventually("it is there", || seen.lock().unwrap().len() == 1).await;
    connections.close_host(&uri(&server));
    gate.add_permits(1);
    assert_eq!(served.await.unwrap(), "/served");
    // Its connection was not kept, and is not found by the next request.
    gate.add_permits(1);
    assert_eq!(
        start(&connections, server.url("/next")).await.unwrap(),
        "/next"
    );
    assert_eq!(server.accepted(), 2);
}
