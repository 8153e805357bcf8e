//! Responses name their node, whatever layers lie above the choice of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, io::Write, sync::Arc};

use es_transport::{
    Body, Node, NodePool, RequestOptions, ResponseBody, Transport,
    layer::{DecompressionLayer, MediaTypeLayer, SelectNodeLayer},
    node::RoundRobin,
};
use flate2::{Compression, write::GzEncoder};
use http::{Request, Response};
use tower::{ServiceBuilder, ServiceExt, service_fn};

fn select_node() -> SelectNodeLayer<RoundRobin> {
    let pool = NodePool::new(["http://node:9200".parse::<Node>().unwrap()]).unwrap();
    SelectNodeLayer::new(pool, RoundRobin::default())
}

fn request(stream: bool) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = "/".parse().unwrap();
    Arc::new(RequestOptions::new().stream(stream)).attach(&mut request);
    request
}

fn name(body: &ResponseBody) -> Option<&str> {
    body.node().map(|url| &**url)
}

#[tokio::test]
async fn inflated_at_hand_and_as_a_stream() {
    for stream in [false, true] {
        let below = service_fn(async |_: Request<Body>| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(b"{}").unwrap();
            let response = Response::builder().header("content-encoding", "gzip");
            Ok::<_, Infallible>(response.body(Body::from(gzip.finish().unwrap())).unwrap())
        });
        let stack = ServiceBuilder::new()
            .layer(DecompressionLayer::new())
            .layer(select_node());
        let response = stack.service(below).oneshot(request(stream)).await.unwrap();
        assert_eq!(
            name(response.body()),
            Some("http://node:9200"),
            "stream: {stream}"
        );
        assert_eq!(response.into_body().bytes().await.unwrap(), "{}");
    }
}

#[tokio::test]
async fn looked_at_and_streamed() {
    let below = service_fn(async |_: Request<Body>| {
        let response = Response::builder().status(400);
        let body = Body::stream(Body::list(["no".into(), " media type".into()]));
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let stack = ServiceBuilder::new()
        .layer(MediaTypeLayer::default())
        .layer(select_node());
    let response = stack.service(below).oneshot(request(true)).await.unwrap();
    assert_eq!(name(response.body()), Some("http://node:9200"));
    assert_eq!(response.into_body().bytes().await.unwrap(), "no media type");
}

#[tokio::test]
async fn by_a_stack_of_the_callers_own() {
    let below =
        service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::from("{}"))));
    let service = ServiceBuilder::new().layer(select_node()).service(below);
    let transport = Transport::from_service(service);
    let sending = transport.send(request(false));
    assert_eq!(sending.started(), None);
    assert_eq!(
        name(sending.await.unwrap().body()),
        Some("http://node:9200")
    );
}
