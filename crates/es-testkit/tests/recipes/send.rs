use es_testkit::SimulatedCluster;
use http_body_util::BodyExt as _;
pub use serde_json::{Value, json};
pub use tower::ServiceExt as _;

pub async fn send(cluster: &SimulatedCluster, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", cluster.node(0).url()))
        .header("content-type", "application/json")
        .body(body.to_string())
        .unwrap();
    let response = cluster.service().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
