//! A cluster, a function's process, and what all platforms must show.

use std::{future::Future, process::Command, time::Duration};

use es_testkit::Cluster;
use es_transport::{CompatibilityMode, Transport, layer::response_check::ProductCheck};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpStream, process::Child};

/// A cluster with TLS and an API key, and one function that talks to it.
pub(crate) struct Platform {
    pub(crate) cluster: Cluster,
    function: Child,
}

impl Platform {
    /// Starts a function's process with the settings that its platform gives it.
    pub(crate) async fn start(program: &str, settings: &[(&str, String)]) -> Self {
        let cluster = Cluster::builder().tls(true).start().await.unwrap();
        let function = tokio::process::Command::new(program)
            .env("ES_URL", cluster.url(0))
            .env("ES_FINGERPRINT", cluster.ca_fingerprint())
            .env("ES_API_KEY", cluster.api_key_encoded())
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { cluster, function }
    }

    fn signal(&self, name: &str) {
        let id = self.function.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Stops the process, as platforms do between two calls.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Number of orders.
    async fn orders(&self) -> u64 {
        let (status, body) = self.ask("/orders/_count").await;
        assert_eq!(status, StatusCode::OK);
        body["count"].as_u64().unwrap()
    }

    async fn ask(&self, path: &str) -> (StatusCode, Value) {
        let transport = Transport::builder()
            .nodes(self.cluster.urls())
            .ssl_assert_fingerprint(self.cluster.ca_fingerprint())
            .basic_auth(self.cluster.username(), self.cluster.password())
            .build()
            .unwrap();
        let response = transport
            .send(Request::get(path).body(().into()).unwrap())
            .await
            .unwrap();
        let (status, body) = (
            response.status(),
            response.into_body().bytes().await.unwrap(),
        );
        (status, serde_json::from_slice(&body).unwrap())
    }
}

/// A port that nobody listens on.
pub(crate) async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until a function listens.
pub(crate) async fn listens(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends a request to a function that is an HTTP server.
pub(crate) async fn call(
    port: u16,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: String,
) -> (StatusCode, Vec<u8>) {
    let transport = Transport::builder()
        .node(format!("http://127.0.0.1:{port}"))
        .product_check(ProductCheck::Off)
        .compatibility_mode(CompatibilityMode::Off)
        .max_retries(0)
        .build()
        .unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    let response = transport.send(request).await.unwrap();
    let status = response.status();
    (status, response.into_body().bytes().await.unwrap().to_vec())
}

/// The behaviour that every platform must show. `keep` delivers an event whose order becomes
/// the document `first`, or another if it is given an ID; `find` asks for the
/// orders of shoes.
pub(crate) async fn check<K, F>(
    platform: &Platform,
    first: &str,
    keep: impl Fn(Option<&'static str>) -> K,
    find: impl Fn() -> F,
) where
    K: Future<Output = ()>,
    F: Future<Output = Value>,
{
    let order = json!({"item": "trail shoes", "quantity": 2});
    let node = platform.cluster.node(0);

    keep(None).await;
    let (_, document) = platform.ask(&format!("/orders/_doc/{first}")).await;
    assert_eq!(document["_source"], order);

    // Delivered again, it is still there once.
    keep(None).await;
    assert_eq!(platform.orders().await, 1);
    assert_eq!(find().await, json!([order]));

    // Frozen, while the server ends what is idle.
    for (number, id) in ["resumed-1", "resumed-2", "resumed-3"]
        .into_iter()
        .enumerate()
    {
        platform.freeze();
        if number == 2 {
            node.kill().await;
            node.revive().await.unwrap();
        } else {
            node.drop_idle_connections();
        }
        while node.connections().open > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        node.clear_records();
        platform.resume();
        keep(Some(id)).await;
        // One request came, over one new connection.
        let writes: Vec<_> = node.requests().iter().map(|r| r.target.clone()).collect();
        assert_eq!(writes, [format!("/orders/_doc/{id}")]);
        assert_eq!(platform.orders().await, number as u64 + 2);
    }
}
