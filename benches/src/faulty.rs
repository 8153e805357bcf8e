//! A node with faults, in this process: it can be stopped, frozen, cut off and overloaded.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};

/// A fault of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It closes all connections and accepts none.
    Stopped,
    /// It accepts connections and requests, and does not respond.
    Frozen,
    /// It closes connections once the request has been read and applied.
    Cut,
    /// It responds with 503 and does nothing.
    Overloaded,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stopped, Self::Frozen, Self::Cut, Self::Overloaded];
}

/// A node that listens on the loopback.
pub struct Node {
    url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    /// When the last fault ended; `None` during one.
    healthy_since: Mutex<Option<Instant>>,
}

struct Shared {
    fault: watch::Sender<Option<Fault>>,
    /// Number of times that the write of each number was applied.
    applied: Arc<[AtomicU8]>,
}

impl Node {
    /// Starts a node that counts in `applied` how often it applies each write.
    ///
    /// # Errors
    /// If no port is available.
    pub async fn start(applied: Arc<[AtomicU8]>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            fault: watch::Sender::new(None),
            applied,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            url: format!("http://{address}"),
            address,
            shared,
            accepting: tokio::sync::Mutex::new(Some(accepting)),
            healthy_since: Mutex::new(Some(Instant::now())),
        })
    }

    /// Returns the URL of the node.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it had a fault at any time since `since`.
    pub fn had_fault_since(&self, since: Instant) -> bool {
        self.healthy().is_none_or(|healthy| healthy > since)
    }

    /// Begins a fault.
    pub async fn break_down(&self, fault: Fault) {
        *self.healthy() = None;
        self.shared.fault.send_replace(Some(fault));
        if fault == Fault::Stopped
            && let Some(accepting) = self.accepting.lock().await.take()
        {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// Ends the fault.
    pub async fn recover(&self) {
        self.shared.fault.send_replace(None);
        let mut accepting = self.accepting.lock().await;
        if accepting.is_none() {
            // Another process may hold the port for a moment.
            let listener = loop {
                match listen(self.address) {
                    Ok(listener) => break listener,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            *accepting = Some(tokio::spawn(accept(listener, Arc::clone(&self.shared))));
        }
        *self.healthy() = Some(Instant::now());
    }

    fn healthy(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.healthy_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, it closes the connections.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.respond(request).await }
            });
            // The client or a fault ends it.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Shared {
    /// Responds to a request, or fails, which closes its connection.
    async fn respond(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let is_write = request.method() == Method::POST;
        let number: usize = request
            .uri()
            .path()
            .trim_start_matches('/')
            .parse()
            .unwrap_or(0);
        let body = request.into_body().collect().await;
        if body.is_err() {
            return Err(std::io::Error::other("the request was cut off"));
        }

        let mut fault = self.fault.subscribe();
        // A frozen node goes on where it was when it is resumed.
        let now = fault
            .wait_for(|fault| *fault != Some(Fault::Frozen))
            .await
            .map(|fault| *fault);
        let now = now.map_err(std::io::Error::other)?;
        if now == Some(Fault::Overloaded) {
            return Ok(response(StatusCode::SERVICE_UNAVAILABLE));
        }
        if is_write && let Some(applied) = self.applied.get(number) {
            applied.fetch_add(1, Relaxed);
        }
        if now == Some(Fault::Cut) {
            return Err(std::io::Error::other("cut"));
        }
        Ok(response(StatusCode::OK))
    }
}

fn response(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(r#"{"took":1}"#));
    *response.status_mut() = status;
    let product = http::HeaderValue::from_static("Elasticsearch");
    response.headers_mut().insert("x-elastic-product", product);
    response
}
