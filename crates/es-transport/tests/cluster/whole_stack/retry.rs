//! Requests that are retried after their connection broke, and those that are not.

use es_testkit::{Cluster, Fault};
use es_transport::{Body, RequestOptions, Transport, extensions::Attempts};
use http::{Method, Request};
use serde_json::Value;

use crate::whole_stack::{
    cluster_support::{builder, get, post, text, with},
    nodes,
};

/// The document is written, and then its response is lost.
fn lost_response() -> Fault {
    Fault::reset().after_processing().once()
}

async fn documents(transport: &Transport) -> i64 {
    transport.send(post("/_refresh", "")).await.unwrap();
    let response = text(transport.send(get("/events/_count")).await.unwrap()).await;
    serde_json::from_str::<Value>(&response).unwrap()["count"]
        .as_i64()
        .unwrap()
}

async fn cluster_and_transport() -> (Cluster, Transport) {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls()).build().unwrap();
    (cluster, transport)
}

fn with_method(method: Method, target: &str) -> Request<Body> {
    let mut request = post(target, r#"{"n":1}"#);
    *request.method_mut() = method;
    request
}

#[tokio::test]
async fn a_post_whose_response_was_lost_is_not_retried() {
    let (cluster, transport) = cluster_and_transport().await;
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(lost_response().on_path("/events")));
    let error = transport
        .send(post("/events/_doc", r#"{"n":1}"#))
        .await
        .unwrap_err();
    assert!(error.is_io() && !error.is_not_sent(), "{error}");
    assert_eq!(error.attempts().len(), 1);
    cluster
        .nodes()
        .iter()
        .for_each(es_testkit::NodeHandle::clear_faults);
    assert_eq!(documents(&transport).await, 1);
}

#[tokio::test]
async fn what_may_be_repeated_is_sent_again() {
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        let (cluster, transport) = cluster_and_transport().await;
        transport
            .send(with_method(Method::PUT, "/events/_doc/1"))
            .await
            .unwrap();
        cluster
            .nodes()
            .iter()
            .for_each(|node| node.inject(lost_response().on_path("/events")));
        let response = transport
            .send(with_method(method.clone(), "/events/_doc/1"))
            .await
            .unwrap();
        let Attempts(attempts) = response.extensions().get().unwrap();
        assert_eq!(attempts.len(), 3, "{method}");
        let left = i64::from(method != Method::DELETE);
        assert_eq!(documents(&transport).await, left, "{method}");
    }
}

#[tokio::test]
async fn the_caller_has_the_last_word() {
    let (cluster, transport) = cluster_and_transport().await;
    let options = |idempotent| RequestOptions::new().idempotent(idempotent);
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(lost_response().on_path("/events")));
    let put = with(with_method(Method::PUT, "/events/_doc/1"), options(false));
    assert!(transport.send(put).await.unwrap_err().is_io());

    cluster
        .nodes()
        .iter()
        .for_each(es_testkit::NodeHandle::clear_faults);
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(lost_response().on_path("/events")));
    let twice = with(post("/events/_doc", r#"{"n":1}"#), options(true));
    assert_eq!(transport.send(twice).await.unwrap().status(), 201);
    assert_eq!(
        documents(&transport).await,
        1 + 3,
        "the caller said that it may be written again"
    );
}

#[tokio::test]
async fn a_stream_is_sent_once() {
    let (cluster, transport) = cluster_and_transport().await;
    let stream = || Body::stream(Body::from(r#"{"n":1}"#));
    assert_eq!(
        transport
            .send(post("/events/_doc", stream()))
            .await
            .unwrap()
            .status(),
        201
    );
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::status(429).once()));
    let response = transport
        .send(post("/events/_doc", stream()))
        .await
        .unwrap();
    assert_eq!(response.status(), 429, "its bytes are gone");
    assert_eq!(documents(&transport).await, 1);
}
