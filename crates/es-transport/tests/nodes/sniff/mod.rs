//! Sniffing over a service that plays the cluster, with a paused clock.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod failing;
mod found;
mod when;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, Error, Node, NodePool,
    layer::SelectNodeLayer,
    node::RoundRobin,
    sniff::{Sniff, SniffOptions, Sniffer},
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, util::BoxCloneSyncService};

const SECOND: Duration = Duration::from_secs(1);

/// The cluster's responses, and the requests that it received.
#[derive(Clone)]
struct Cluster(Arc<State>);

struct State {
    sniffs: AtomicUsize,
    requests: Mutex<Vec<String>>,
    response: Mutex<String>,
    status: Mutex<StatusCode>,
    delay: Mutex<Duration>,
    /// Hosts that refuse connections.
    down: Mutex<Vec<&'static str>>,
    /// Whether the transport was closed.
    is_closed: AtomicBool,
}

type Backend = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

impl Cluster {
    fn of(addresses: &[&str]) -> Self {
        let cluster = Self(Arc::new(State {
            sniffs: AtomicUsize::new(0),
            requests: Mutex::default(),
            response: Mutex::default(),
            status: Mutex::new(StatusCode::OK),
            delay: Mutex::default(),
            down: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }));
        cluster.publishes(addresses);
        cluster
    }

    fn publishes(&self, addresses: &[&str]) {
        let nodes = addresses.iter().map(|address| {
            format!(
                r#""id-{address}":{{"roles":["data"],"http":{{"publish_address":"{address}"}}}}"#
            )
        });
        let nodes: Vec<_> = nodes.collect();
        *self.0.response.lock().unwrap() = format!(r#"{{"nodes":{{{}}}}}"#, nodes.join(","));
    }

    fn sniffs(&self) -> usize {
        self.0.sniffs.load(Ordering::SeqCst)
    }

    async fn serve(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let host = request.uri().host().unwrap().to_owned();
        self.0
            .requests
            .lock()
            .unwrap()
            .push(request.uri().to_string());
        if self.0.is_closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        if self.0.down.lock().unwrap().contains(&&*host) {
            return Err(Error::connect_message("refused"));
        }
        if !request.uri().path().ends_with("/_nodes/http") {
            return Ok(Response::new(Body::empty()));
        }
        self.0.sniffs.fetch_add(1, Ordering::SeqCst);
        let delay = *self.0.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let body = self.0.response.lock().unwrap().clone();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = *self.0.status.lock().unwrap();
        Ok(response)
    }
}

struct Client {
    pool: Arc<NodePool>,
    sniffer: Sniffer,
    service: Sniff<Backend>,
}

fn client(seeds: &[&str], cluster: &Cluster, options: SniffOptions) -> Client {
    let pool = NodePool::new(seeds.iter().map(|url| url.parse::<Node>().unwrap())).unwrap();
    let select = SelectNodeLayer::new(Arc::clone(&pool), RoundRobin::starting_at(0));
    let served = cluster.clone();
    let backend = tower::service_fn(move |request| served.clone().serve(request));
    let below_retry = select.layer(backend).map_response(|response: Response<_>| {
        response.map(|body: es_transport::ResponseBody| Body::stream(body))
    });
    let below_retry = BoxCloneSyncService::new(below_retry);
    let sniffer = Sniffer::new(Arc::clone(&pool), below_retry.clone(), options);
    let service = sniffer.layer().layer(below_retry);
    Client {
        pool,
        sniffer,
        service,
    }
}

impl Client {
    async fn send(&self) -> Result<(), Error> {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = self.service.clone().oneshot(request).await?;
        response
            .into_body()
            .collect()
            .await
            .map(drop)
            .map_err(Error::from_service)
    }

    fn urls(&self) -> Vec<String> {
        self.pool
            .nodes()
            .iter()
            .map(|status| status.node().url().to_owned())
            .collect()
    }
}

/// Lets what was spawned run, without the clock moving.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
