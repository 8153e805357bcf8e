//! Layers of the caller's own in the built-in stack, and what reaches them.

#![allow(clippy::unwrap_used, reason = "a failure fails the test")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use es_testkit::{Cluster, Fault, SimulatedCluster};
use es_transport::{
    Body, BoxError, Error, RequestOptions, StackService, Transport, TransportBuilder,
    attempt::RetryReason,
    error::{FailureClass, TimeoutPhase},
    extensions::Attempts,
    layer::retry::{AttemptOutcome, RequestFacts, RetryPlan, RetryPolicy},
    node::RoundRobin,
};
use http::{Request, Response, StatusCode};
use tower::{
    Service, ServiceBuilder, ServiceExt,
    limit::GlobalConcurrencyLimitLayer,
    load_shed::LoadShedLayer,
    service_fn,
    timeout::TimeoutLayer,
    util::{MapErrLayer, MapRequestLayer, MapResponseLayer},
};

const SECOND: Duration = Duration::from_secs(1);

fn simulated(nodes: usize) -> (SimulatedCluster, TransportBuilder) {
    let cluster = Cluster::builder().nodes(nodes).simulated().unwrap();
    let builder = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service());
    (cluster, builder)
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// Notes what passes, and where.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn layer(
        &self,
        place: &'static str,
    ) -> MapRequestLayer<impl Fn(Request<Body>) -> Request<Body> + Clone + Send + Sync + 'static>
    {
        let Self(notes) = self.clone();
        MapRequestLayer::new(move |request: Request<Body>| {
            let host = if request.uri().host().is_some() {
                "host"
            } else {
                "no host"
            };
            let tenant = request
                .extensions()
                .get::<Tenant>()
                .map_or("none", |Tenant(name)| name);
            notes
                .lock()
                .unwrap()
                .push(format!("{place}, {host}, {tenant}"));
            request
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A value of the caller's own.
#[derive(Clone)]
struct Tenant(&'static str);

#[tokio::test(start_paused = true)]
async fn each_seam_is_called_where_it_says() {
    let (cluster, builder) = simulated(2);
    cluster.node(0).inject(Fault::status(503).once());
    let notes = Notes::default();
    let transport = builder
        .node_selector(RoundRobin::starting_at(0))
        .layer_request(notes.layer("request"))
        .layer_attempt(notes.layer("attempt"))
        .layer_node(notes.layer("node"))
        .build()
        .unwrap();

    let mut request = get("/");
    request.extensions_mut().insert(Tenant("acme"));
    let response = transport.send(request).await.unwrap();

    assert_eq!(response.status(), 200);
    assert_eq!(
        notes.take(),
        [
            "request, no host, acme",
            "attempt, no host, acme",
            "node, host, acme",
            "attempt, no host, acme",
            "node, host, acme",
        ]
    );
    assert_eq!(transport.pool().unwrap().len(), 2, "the pool is there");
}

#[tokio::test(start_paused = true)]
async fn layers_of_one_seam_keep_their_order() {
    let (_cluster, builder) = simulated(1);
    let notes = Notes::default();
    let transport = builder
        .layer_request(notes.layer("first"))
        .layer_request(notes.layer("second"))
        .build()
        .unwrap();
    transport.send(get("/")).await.unwrap();
    assert_eq!(
        notes.take(),
        ["first, no host, none", "second, no host, none"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_layer_sees_the_final_headers() {
    let (_cluster, builder) = simulated(1);
    let seen = Arc::new(Mutex::new(None));
    let seen_by_layer = Arc::clone(&seen);
    let signing = MapRequestLayer::new(move |request: Request<Body>| {
        *seen_by_layer.lock().unwrap() = Some(request.headers().clone());
        request
    });
    let transport = builder
        .basic_auth("elastic", "changeme")
        .layer_node(signing)
        .build()
        .unwrap();
    transport.send(get("/")).await.unwrap();
    let headers = seen.lock().unwrap().take().unwrap();
    for name in ["authorization", "accept", "user-agent"] {
        assert!(headers.contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shed_burst_leaves_the_nodes_alive() {
    let (cluster, builder) = simulated(3);
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::delay(SECOND)));
    let transport = builder
        .layer_request(LoadShedLayer::new())
        .layer_request(GlobalConcurrencyLimitLayer::new(2))
        .build()
        .unwrap();
    let burst = (0..40).map(|_| transport.send(get("/")));
    let results = futures_util::future::join_all(burst).await;
    assert!(results.iter().any(Result::is_ok));
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(error.class(), FailureClass::NotSent, "{error:?}");
    }
    assert_eq!(transport.pool().unwrap().live(), 3);
}

#[tokio::test(start_paused = true)]
async fn shed_attempts_are_retried_and_blame_no_node() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    let backend = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .service(cluster.service());
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .http_service(backend)
        .build()
        .unwrap();
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::delay(SECOND / 100)));
    let burst = (0..10).map(|_| transport.send(get("/")));
    let results = futures_util::future::join_all(burst).await;
    assert!(results.iter().filter(|result| result.is_ok()).count() >= 2);
    assert_eq!(transport.pool().unwrap().live(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_tower_is_a_timeout() {
    let (cluster, builder) = simulated(2);
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::hang()));
    let transport = builder
        .request_timeout(None)
        .layer_node(TimeoutLayer::new(SECOND))
        .build()
        .unwrap();
    let error = transport.send(get("/")).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
    assert_eq!(error.attempts().len(), 1, "it is not retried by default");
}

#[tokio::test(start_paused = true)]
async fn the_total_timeout_covers_a_busy_limit() {
    let (cluster, builder) = simulated(1);
    cluster.node(0).inject(Fault::hang());
    for seam in ["request", "attempt"] {
        let limit = GlobalConcurrencyLimitLayer::new(1);
        let (_, builder) = (&cluster, {
            let builder = Transport::builder()
                .nodes(cluster.urls())
                .http_service(cluster.service())
                .request_timeout(None)
                .total_timeout(2 * SECOND);
            match seam {
                "request" => builder.layer_request(limit),
                _ => builder.layer_attempt(limit),
            }
        });
        let transport = builder.build().unwrap();
        let busy = tokio::spawn(transport.send(get("/")));
        tokio::task::yield_now().await;
        let started = tokio::time::Instant::now();
        let error = transport.send(get("/")).await.unwrap_err();
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Total),
            "{seam}: {error:?}"
        );
        assert!(
            started.elapsed() <= 2 * SECOND,
            "{seam}: {:?}",
            started.elapsed()
        );
        busy.await.unwrap().unwrap_err();
    }
    drop(builder);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_never_ready_ends_at_the_deadline() {
    let (service, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let transport = Transport::from_service(service);
    let mut request = get("/");
    Arc::new(RequestOptions::new().total_timeout(2 * SECOND)).attach(&mut request);
    let started = tokio::time::Instant::now();
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(started.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_request_may_be_retried() {
    let (cluster, builder) = simulated(2);
    let rejected = Arc::new(Mutex::new(2));
    let transport = builder
        .layer_attempt(tower::layer::layer_fn(move |inner: StackService| {
            let rejected = Arc::clone(&rejected);
            service_fn(move |request: Request<Body>| {
                let mut left = rejected.lock().unwrap();
                let is_rejected = *left > 0;
                *left -= i32::from(is_rejected);
                let inner = inner.clone();
                async move {
                    if is_rejected {
                        return Err(Error::rejected("the quota is used up"));
                    }
                    inner.oneshot(request).await
                }
            })
        }))
        .build()
        .unwrap();
    let response = transport
        .send(Request::post("/a/_doc").body(Body::from("{}")).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let attempts = &response.extensions().get::<Attempts>().unwrap().0;
    assert!(
        attempts[..2]
            .iter()
            .all(|a| a.retried == Some(RetryReason::NotSent))
    );
    assert_eq!(
        cluster
            .nodes()
            .iter()
            .map(|node| node.request_count())
            .sum::<usize>(),
        1
    );
}

/// Retries what its extension says.
struct ByTenant;

impl RetryPolicy for ByTenant {
    fn max_retries(&self, _: &RequestFacts<'_>) -> u32 {
        3
    }

    fn decide(&self, request: &RequestFacts<'_>, _: &AttemptOutcome<'_>) -> Option<RetryPlan> {
        let is_patient = request
            .extensions()
            .get::<Tenant>()
            .is_some_and(|t| t.0 == "patient");
        let is_search = request.uri().path().ends_with("_search");
        (is_patient && is_search).then(|| RetryPlan::new(RetryReason::Status, SECOND))
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_sees_uri_and_extensions() {
    for (tenant, path, attempts) in [
        ("patient", "/a/_search", 4),
        ("patient", "/a/_count", 1),
        ("hasty", "/a/_search", 1),
    ] {
        let (cluster, builder) = simulated(1);
        cluster.node(0).inject(Fault::status(500));
        let transport = builder.retry_policy(ByTenant).build().unwrap();
        let mut request = get(path);
        request.extensions_mut().insert(Tenant(tenant));
        transport.send(request).await.unwrap();
        assert_eq!(cluster.node(0).request_count(), attempts, "{tenant} {path}");
    }
}

#[test]
fn settings_beside_a_policy_are_refused() {
    let builder = Transport::builder()
        .node("http://localhost:9200")
        .retry_policy(ByTenant);
    let error = builder.max_retries(5).build().unwrap_err();
    assert_eq!(error.setting(), Some("max_retries"));
}

#[test]
fn a_call_outside_a_runtime_is_an_error() {
    let transport = Transport::builder()
        .node("http://localhost:9200")
        .build()
        .unwrap();
    let error = futures_util::future::FutureExt::now_or_never(transport.send(get("/")));
    let error = error.unwrap().unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("tokio runtime"),
        "{error}"
    );

    let waiting =
        service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, BoxError>>());
    let transport = Transport::builder()
        .node("http://a:1")
        .http_service(waiting)
        .build()
        .unwrap();
    let error = futures_util::future::FutureExt::now_or_never(transport.send(get("/")));
    assert!(
        error
            .unwrap()
            .unwrap_err()
            .to_string()
            .contains("tokio runtime")
    );
}

#[tokio::test]
async fn a_transport_is_a_service() {
    let (_cluster, builder) = simulated(1);
    let mut service = ServiceBuilder::new()
        .layer(MapResponseLayer::new(|response: Response<_>| {
            response.status()
        }))
        .layer(MapErrLayer::new(BoxError::from))
        .service(builder.build().unwrap());
    assert_eq!(
        service.ready().await.unwrap().call(get("/")).await.unwrap(),
        200
    );
}

#[test]
fn bodies_and_futures_cross_threads() {
    fn is_sync<T: Send + Sync>() {}
    is_sync::<Body>();
    is_sync::<es_transport::ResponseBody>();
    is_sync::<Transport>();
}
