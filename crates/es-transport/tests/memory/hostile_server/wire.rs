//! A server that misbehaves, and counts what it gets rid of.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    connect_support::http::{Server, read_head},
    live,
};

/// The head of a good response up to its framing.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n";

/// The treatment of a connection by a server after the head of the first request.
pub(crate) type Behaviour = fn(Wire) -> BoxFuture<'static, ()>;

/// Counts of what the server saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// The most memory of the process at any time, above that of the start.
    pub(crate) most: AtomicUsize,
    /// Whether the client closed the connection that was misused.
    pub(crate) closed: AtomicBool,
    /// Good responses.
    pub(crate) responded: AtomicUsize,
    start: usize,
}

/// One end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    seen: Arc<Seen>,
}

impl Wire {
    /// Sends bytes; whether the client still takes them.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = self.stream.write_all(bytes.as_ref()).await.is_ok();
        self.seen
            .most
            .fetch_max(live().saturating_sub(self.seen.start), Relaxed);
        sent
    }

    /// Sends a piece again and again, without a pause, until the client is gone.
    pub(crate) async fn flood(mut self, piece: &str) {
        let many = piece.repeat(1 + 16_384 / piece.len());
        while self.send(&many).await {}
        self.seen.closed.store(true, Relaxed);
    }

    /// Sends byte after byte, each before anybody's patience is at its end.
    pub(crate) async fn drip(mut self, text: &str) {
        for byte in text.as_bytes().iter().cycle() {
            if !self.send([*byte]).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.seen.closed.store(true, Relaxed);
    }

    /// Says no more, and listens until the client is gone.
    pub(crate) async fn hold(mut self) {
        let mut buffer = vec![0; 16_384];
        while matches!(self.stream.read(&mut buffer).await, Ok(1..)) {}
        self.seen.closed.store(true, Relaxed);
    }

    /// Closes its own direction, and listens until the client is gone.
    pub(crate) async fn half_close(mut self) {
        let _ = self.stream.shutdown().await;
        self.hold().await;
    }

    /// Responds to requests as it should.
    async fn behave(mut self) {
        let response = format!("{OK}content-length: 2\r\n\r\n{{}}");
        loop {
            self.seen.responded.fetch_add(1, Relaxed);
            if !self.send(&response).await || read_head(&mut self.stream).await.is_none() {
                break;
            }
        }
    }
}

/// A server whose first connections are misused, and the others are not.
pub(crate) async fn server(behaviour: Behaviour, misused: usize) -> (Server, Arc<Seen>) {
    let seen = Arc::new(Seen {
        start: live(),
        ..Seen::default()
    });
    let shared = Arc::clone(&seen);
    let server = Server::start(move |mut stream, number| {
        let seen = Arc::clone(&shared);
        async move {
            if read_head(&mut stream).await.is_none() {
                return;
            }
            let wire = Wire { stream, seen };
            if number < misused {
                behaviour(wire).await
            } else {
                wire.behave().await
            }
        }
    })
    .await;
    (server, seen)
}
