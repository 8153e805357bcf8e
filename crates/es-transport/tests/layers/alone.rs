//! Each layer alone, over a service whose requests and answers have bodies that
//! are not this crate's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use es_transport::{
    Body, Credentials, Node, NodePool,
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
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

type Foreign = Full<Bytes>;

async fn answer<B>(_: Request<B>) -> Result<Response<Foreign>, Infallible> {
    let answer = Response::builder().header("x-elastic-product", "Elasticsearch");
    Ok(answer.body("{}".into()).unwrap())
}

async fn stands_alone<L, B>(layer: L)
where
    L: Layer<tower::util::ServiceFn<fn(Request<Foreign>) -> Answer>>,
    L::Service: Service<Request<Foreign>, Response = Response<B>>,
    <L::Service as Service<Request<Foreign>>>::Error: std::fmt::Debug,
{
    let below: fn(Request<Foreign>) -> Answer = |request| Box::pin(answer(request));
    let service = ServiceBuilder::new().layer(layer).service(service_fn(below));
    let request = Request::post("/_search").body("{}".into()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}

type Answer =
    std::pin::Pin<Box<dyn Future<Output = Result<Response<Foreign>, Infallible>> + Send + 'static>>;

#[tokio::test]
async fn every_layer_stands_alone() {
    let pool = NodePool::new(["http://node:9200".parse::<Node>().unwrap()]).unwrap();
    stands_alone(TraceLayer::new()).await;
    #[cfg(feature = "metrics")]
    stands_alone(es_transport::layer::MetricsLayer::new()).await;
    stands_alone(TotalTimeoutLayer::new(Duration::from_secs(1))).await;
    stands_alone(RetryLayer::default()).await;
    stands_alone(DefaultHeadersLayer::new()).await;
    stands_alone(MediaTypeLayer::default()).await;
    stands_alone(AuthLayer::new(Credentials::basic("elastic", "changeme").unwrap())).await;
    stands_alone(SelectNodeLayer::new(pool.clone(), RoundRobin::default())).await;
    stands_alone(ProductCheckLayer::new()).await;
    stands_alone(RedirectCheckLayer::new()).await;
    stands_alone(DecompressionLayer::new()).await;
    stands_alone(TraceAttemptLayer::new()).await;
    stands_alone(AttemptTimeoutLayer::default()).await;
    stands_alone(CollectLayer::new()).await;
    let sniffer = Sniffer::new(pool, service_fn(answer::<Body>), SniffOptions::default());
    stands_alone(sniffer.layer()).await;
}

/// It makes another body, so what lies below takes this crate's.
#[tokio::test]
async fn compression_takes_any_body_that_becomes_one() {
    let service =
        ServiceBuilder::new().layer(CompressionLayer::new()).service(service_fn(answer::<Body>));
    let request = Request::post("/_bulk").body("{}\n".repeat(1_000)).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}
