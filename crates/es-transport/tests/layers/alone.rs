//! Each layer alone, without type annotations: over a `service_fn`, a mock of
//! tower-test, the clients of hyper-util and reqwest, and between tower's own layers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use es_testkit::Cluster;
use es_transport::{
    Body, BoxError, Credentials, Node, NodePool,
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, CompressionLayer, DecompressionLayer,
        DefaultHeadersLayer, MediaTypeLayer, ProductCheckLayer, RedirectCheckLayer, RetryLayer,
        SelectNodeLayer, TotalTimeoutLayer, TraceAttemptLayer, TraceLayer,
    },
    node::RoundRobin,
    sniff::{SniffOptions, Sniffer},
};
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{
    Service, ServiceBuilder, ServiceExt, buffer::BufferLayer, limit::ConcurrencyLimitLayer,
    service_fn, util::MapErrLayer,
};
use tower_test::mock;

type Foreign = Full<Bytes>;

/// Bodies of requests and responses are not this crate's.
async fn respond(_: Request<Foreign>) -> Result<Response<Foreign>, Infallible> {
    let response = Response::builder().header("x-elastic-product", "Elasticsearch");
    Ok(response.body("{}".into()).unwrap())
}

async fn respond_to_body(request: Request<Body>) -> Result<Response<Foreign>, Infallible> {
    respond(request.map(|_| "{}".into())).await
}

fn pool() -> std::sync::Arc<NodePool> {
    NodePool::new(["http://node:9200".parse::<Node>().unwrap()]).unwrap()
}

fn credentials() -> Credentials {
    Credentials::basic("elastic", "changeme").unwrap()
}

/// Calls `$call` with each layer but node selection, which needs a URI without a host.
macro_rules! with_each_layer {
    ($call:ident) => {
        $call!(TraceLayer::new());
        #[cfg(feature = "metrics")]
        $call!(es_transport::layer::MetricsLayer::new());
        $call!(TotalTimeoutLayer::new(Duration::from_secs(9)));
        $call!(RetryLayer::default());
        $call!(DefaultHeadersLayer::new());
        $call!(MediaTypeLayer::default());
        $call!(AuthLayer::new(credentials()));
        $call!(ProductCheckLayer::new());
        $call!(RedirectCheckLayer::new());
        $call!(DecompressionLayer::new());
        $call!(TraceAttemptLayer::new());
        $call!(AttemptTimeoutLayer::default());
        $call!(CollectLayer::new());
    };
}

#[tokio::test]
async fn over_a_function() {
    macro_rules! call {
        ($layer:expr) => {
            let mut service = ServiceBuilder::new()
                .layer($layer)
                .service(service_fn(respond));
            let request = Request::post("/_search").body(Full::from("{}")).unwrap();
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status(), 200);
        };
    }
    with_each_layer!(call);
    call!(SelectNodeLayer::new(pool(), RoundRobin::default()));
    let below = service_fn(respond_to_body);
    call!(Sniffer::new(pool(), below, SniffOptions::default()).layer());
}

#[tokio::test]
async fn over_a_mock() {
    macro_rules! call {
        ($layer:expr) => {
            let (mock, mut handle) = mock::pair::<Request<Body>, Response<Foreign>>();
            let mut service = ServiceBuilder::new().layer($layer).service(mock);
            let request = Request::post("/_search").body(Body::from("{}")).unwrap();
            let sent = async { service.ready().await.unwrap().call(request).await.unwrap() };
            let served = async {
                let (_, send) = handle.next_request().await.unwrap();
                send.send_response(respond_to_body(Request::default()).await.unwrap());
            };
            let (response, ()) = tokio::join!(sent, served);
            assert_eq!(response.status(), 200);
        };
    }
    with_each_layer!(call);
    call!(CompressionLayer::new());
    call!(SelectNodeLayer::new(pool(), RoundRobin::default()));
}

#[tokio::test]
async fn over_a_client_of_hyper_util() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    macro_rules! call {
        ($layer:expr) => {
            let mut service = ServiceBuilder::new().layer($layer).service(client.clone());
            let request = Request::get(cluster.url(0)).body(Body::empty()).unwrap();
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status(), 200);
        };
    }
    with_each_layer!(call);
    call!(CompressionLayer::new());
}

#[tokio::test]
async fn over_a_client_of_reqwest() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = ServiceBuilder::new()
        .map_request(|request: Request<Body>| {
            reqwest::Request::try_from(request.map(reqwest::Body::wrap)).unwrap()
        })
        .map_response(Response::<reqwest::Body>::from)
        .service(reqwest::Client::new());
    macro_rules! call {
        ($layer:expr) => {
            let mut service = ServiceBuilder::new().layer($layer).service(client.clone());
            let request = Request::get(cluster.url(0)).body(Body::empty()).unwrap();
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status(), 200);
        };
    }
    with_each_layer!(call);
    call!(CompressionLayer::new());
}

#[tokio::test]
async fn between_layers_of_tower() {
    macro_rules! call {
        ($layer:expr) => {
            let mut service = ServiceBuilder::new()
                .layer(BufferLayer::new(8))
                .layer(MapErrLayer::new(BoxError::from))
                .layer($layer)
                .layer(ConcurrencyLimitLayer::new(8))
                .layer(BufferLayer::new(8))
                .service(service_fn(respond_to_body));
            let request = Request::post("/_search").body(Body::from("{}")).unwrap();
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status(), 200);
        };
    }
    with_each_layer!(call);
    call!(CompressionLayer::new());
    call!(SelectNodeLayer::new(pool(), RoundRobin::default()));
}
