//! Everything at once: no connection and no place is lost, and nobody waits for ever.

use std::{sync::Arc, time::Duration};

use es_transport::{Body, connect::Connections, rng::Rng};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tower::ServiceExt;

use crate::pool::{
    connect_support::{
        get,
        http::{Server, read_head, respond},
    },
    connector, counts, eventually,
};

const PLACES: usize = 4;

/// Responds as the path says, until something ends the connection.
async fn serve(mut stream: TcpStream) {
    while let Some(head) = read_head(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/close" => return,
            "/late" => {
                tokio::time::sleep(Duration::from_millis(3)).await;
                respond(&mut stream, "late").await;
            }
            "/last" => return respond(&mut stream, "last").await,
            "/cut" => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut")
                    .await;
                return;
            }
            "/garbage" => {
                let _ = stream.write_all(b"garbage\r\n\r\n").await;
                return;
            }
            "/large" => respond(&mut stream, &"x".repeat(300_000)).await,
            _ => respond(&mut stream, "ok").await,
        }
    }
}

/// One request that may fail, be given up at any point, or leave its response unread.
async fn disturb(connections: Connections, url: String, rng: Arc<Rng>) {
    const PATHS: [&str; 7] = [
        "/close", "/late", "/last", "/cut", "/garbage", "/large", "/ok",
    ];
    let target = format!("{url}{}", PATHS[rng.below(PATHS.len())]);
    let patience = Duration::from_micros(rng.next_u64() % 5_000);
    match rng.below(4) {
        0 => drop(tokio::time::timeout(patience, get(&connections, target)).await),
        1 => {
            let request = http::Request::get(target).body(Body::empty()).unwrap();
            drop(connections.oneshot(request).await);
        }
        2 => connections.close_idle(),
        _ => drop(get(&connections, target).await),
    }
}

async fn rounds(places: usize) {
    let server = Server::start(|stream, _| serve(stream)).await;
    let connections = Connections::builder()
        .max_per_node(places)
        .build(connector());
    let rng = Arc::new(Rng::seeded(7));
    for _ in 0..20 {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (connections, rng) = (connections.clone(), Arc::clone(&rng));
                tokio::spawn(disturb(connections, server.url(""), rng))
            })
            .collect();
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(10), task)
                .await
                .unwrap()
                .unwrap();
        }
        eventually("what is open is idle", || {
            let (open, idle) = counts(&connections, &server);
            open == idle && open <= places
        })
        .await;
    }
    // One that its server has just closed may still be idle.
    connections.close_idle();
    assert_eq!(get(&connections, server.url("/ok")).await.unwrap().1, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_place() {
    rounds(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_some_places() {
    rounds(PLACES).await;
}

#[tokio::test]
async fn on_one_thread() {
    rounds(PLACES).await;
}
