//! Hedged reads, over mock services and a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, Error, Node, NodePool, RequestOptions, ResponseBody,
    attempt::{Attempt, Outcome, RetryReason},
    events::Event,
    extensions::{Attempts, Hedge},
    layer::{
        HedgeLayer, RetryLayer, SelectNodeLayer,
        hedge::HedgeService,
        retry::{Budget, StandardRetry},
    },
    node::RoundRobin,
};
use http::{Method, Request, Response, StatusCode};
use proptest::{collection::vec, prelude::*};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

const MS: Duration = Duration::from_millis(1);

/// The response of a node, and its time.
#[derive(Clone, Copy, Debug)]
struct Does {
    status: u16,
    after: Duration,
}

fn ok(after: Duration) -> Does {
    Does { status: 200, after }
}

type Inner = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// A service that does what is planned, for first attempts and for hedges, and counts.
#[derive(Clone, Default)]
struct Nodes {
    first: Arc<Mutex<VecDeque<Does>>>,
    hedge: Arc<Mutex<VecDeque<Does>>>,
    requests: Arc<AtomicUsize>,
    hedges: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
}

struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Nodes {
    fn service(&self) -> Inner {
        let nodes = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let nodes = nodes.clone();
            async move { Ok(nodes.serve(&request).await) }
        }))
    }

    async fn serve(&self, request: &Request<Body>) -> Response<Body> {
        let is_hedge = request.extensions().get::<Hedge>().is_some();
        let (count, plan) = if is_hedge {
            (&self.hedges, &self.hedge)
        } else {
            (&self.requests, &self.first)
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let _guard = UnderWay(Arc::clone(&self.under_way));
        let does = plan.lock().unwrap().pop_front().unwrap_or(ok(10 * MS));
        sleep(does.after).await;
        Response::builder()
            .status(does.status)
            .body(Body::empty())
            .unwrap()
    }

    /// The next first attempt does this, and the next hedge that.
    fn plan(&self, first: Does, hedge: Does) {
        self.first.lock().unwrap().push_back(first);
        self.hedge.lock().unwrap().push_back(hedge);
    }

    fn hedges(&self) -> usize {
        self.hedges.load(Ordering::Relaxed)
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

fn read() -> Request<Body> {
    Request::get("/products/_doc/1")
        .body(Body::empty())
        .unwrap()
}

async fn send(
    service: &mut HedgeService<Inner>,
    request: Request<Body>,
) -> (Result<Response<Body>, Error>, Duration) {
    let started = Instant::now();
    let result = service.ready().await.unwrap().call(request).await;
    (result, started.elapsed())
}

/// A service that knows that reads take 10 ms, and may hedge.
async fn warm(layer: HedgeLayer, nodes: &Nodes) -> HedgeService<Inner> {
    let mut service = layer.layer(nodes.service());
    for _ in 0..200 {
        send(&mut service, read()).await.0.unwrap();
    }
    service
}

fn attempts(response: &Response<Body>) -> Vec<Attempt> {
    response
        .extensions()
        .get::<Attempts>()
        .map(|attempts| attempts.0.to_vec())
        .unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_slow_read_takes_the_faster_response() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    assert_eq!(nodes.hedges(), 0);

    nodes.plan(ok(10_000 * MS), ok(10 * MS));
    let (response, took) = send(&mut service, read()).await;
    let attempts = attempts(&response.unwrap());
    // After three times the median, which is the end of a bucket that is an eighth wide.
    assert!((40 * MS..46 * MS).contains(&took), "{took:?}");
    assert_eq!(
        (nodes.hedges(), nodes.under_way()),
        (1, 0),
        "the first one is dropped"
    );
    assert_eq!(attempts[0].outcome, Outcome::Dropped);
    assert_eq!(attempts[0].retried, Some(RetryReason::Hedge));
    assert_eq!(attempts[1].outcome, Outcome::Status(StatusCode::OK));
}

#[tokio::test(start_paused = true)]
async fn a_first_response_drops_the_hedge() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    nodes.plan(ok(50 * MS), ok(10_000 * MS));
    let (response, took) = send(&mut service, read()).await;
    let attempts = attempts(&response.unwrap());
    assert_eq!((took, nodes.hedges(), nodes.under_way()), (50 * MS, 1, 0));
    assert_eq!(attempts[0].outcome, Outcome::Status(StatusCode::OK));
    assert_eq!(attempts[1].outcome, Outcome::Dropped);
}

#[tokio::test(start_paused = true)]
async fn a_fast_read_has_one_attempt() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    let (response, _) = send(&mut service, read()).await;
    assert!(attempts(&response.unwrap()).is_empty());
    assert_eq!(nodes.hedges(), 0);
}

#[tokio::test(start_paused = true)]
async fn unknown_latencies_hedge_nothing() {
    let nodes = Nodes::default();
    let mut service = HedgeLayer::new().layer(nodes.service());
    for _ in 0..90 {
        send(&mut service, read()).await.0.unwrap();
    }
    nodes.plan(ok(10_000 * MS), ok(MS));
    let (_, took) = send(&mut service, read()).await;
    assert_eq!((took, nodes.hedges()), (10_000 * MS, 0));
}

#[tokio::test(start_paused = true)]
async fn the_shortest_delay_is_a_setting() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new().min_delay(300 * MS), &nodes).await;
    nodes.plan(ok(10_000 * MS), ok(10 * MS));
    assert_eq!(send(&mut service, read()).await.1, 310 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_failed_hedge_leaves_the_first_attempt() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    nodes.plan(
        ok(500 * MS),
        Does {
            status: 503,
            after: MS,
        },
    );
    let (response, took) = send(&mut service, read()).await;
    let response = response.unwrap();
    assert_eq!((response.status(), took), (StatusCode::OK, 500 * MS));
    let status = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(attempts(&response)[1].outcome, Outcome::Status(status));
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_attempt_waits_for_the_hedge() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    nodes.plan(
        Does {
            status: 500,
            after: 50 * MS,
        },
        ok(500 * MS),
    );
    let (response, _) = send(&mut service, read()).await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);
    nodes.plan(
        Does {
            status: 500,
            after: 50 * MS,
        },
        Does {
            status: 502,
            after: 500 * MS,
        },
    );
    let (response, _) = send(&mut service, read()).await;
    assert_eq!(
        response.unwrap().status(),
        StatusCode::BAD_GATEWAY,
        "the last one"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_hedged_while_a_node_refuses() {
    let nodes = Nodes::default();
    let mut service = warm(HedgeLayer::new(), &nodes).await;
    nodes.first.lock().unwrap().push_back(Does {
        status: 429,
        after: MS,
    });
    send(&mut service, read()).await.0.unwrap();
    nodes.first.lock().unwrap().push_back(ok(900 * MS));
    send(&mut service, read()).await.0.unwrap();
    assert_eq!(nodes.hedges(), 0);
    sleep(1_000 * MS).await;
    nodes.plan(ok(900 * MS), ok(MS));
    send(&mut service, read()).await.0.unwrap();
    assert_eq!(nodes.hedges(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_hedged_with_a_low_retry_budget() {
    let (nodes, budget) = (Nodes::default(), Arc::new(Budget::new(4, 0)));
    let mut service = warm(HedgeLayer::new().budget(Arc::clone(&budget)), &nodes).await;
    (0..2).for_each(|_| assert!(budget.withdraw()));
    nodes.plan(ok(900 * MS), ok(MS));
    send(&mut service, read()).await.0.unwrap();
    assert_eq!(nodes.hedges(), 1, "half of it is left");
    nodes.first.lock().unwrap().push_back(ok(900 * MS));
    send(&mut service, read()).await.0.unwrap();
    assert_eq!(nodes.hedges(), 1, "less is left");
}

#[tokio::test(start_paused = true)]
async fn a_hedge_goes_to_another_live_node() {
    let run = async |urls: &[&str], dead: Option<&str>| {
        let nodes = urls.iter().map(|url| url.parse::<Node>().unwrap());
        let pool = NodePool::new(nodes).unwrap();
        let mut events = pool.events().subscribe();
        let slow = service_fn(|request: Request<Body>| async move {
            let is_slow = request.uri().host() == Some("a");
            sleep(if is_slow { 900 * MS } else { 10 * MS }).await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(StandardRetry::new()))
            .layer(HedgeLayer::new())
            .layer(SelectNodeLayer::new(
                Arc::clone(&pool),
                RoundRobin::starting_at(0),
            ))
            .service(slow);
        if let Some(dead) = dead {
            pool.mark_dead(dead, Instant::now(), Duration::from_secs(3_600))
                .unwrap();
        }
        for _ in 0..200 {
            let response: Response<ResponseBody> = service.clone().oneshot(read()).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
        std::iter::from_fn(move || events.try_recv())
            .filter(|event| matches!(event, Event::Hedged { .. }))
            .collect::<Vec<_>>()
    };
    // Of two nodes half of the requests are slow, and the percentile with them.
    let many = ["http://b:1"; 0].iter().copied();
    let urls: Vec<String> = many
        .map(str::to_owned)
        .chain((0..40).map(|n| format!("http://n{n}:1")))
        .collect();
    let mut urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    urls.push("http://a:1");
    let hedged = run(&urls, None).await;
    assert!(!hedged.is_empty());
    for event in hedged {
        let Event::Hedged { node, waiting_for } = event else {
            panic!()
        };
        assert_eq!(waiting_for.as_deref(), Some("http://a:1"));
        assert_ne!(&*node, "http://a:1");
    }
    assert_eq!(run(&["http://a:1"], None).await, []);
    assert_eq!(
        run(&["http://a:1", "http://b:1"], Some("http://b:1")).await,
        []
    );
}

fn request() -> impl Strategy<Value = (Request<Body>, bool)> {
    let method = prop::sample::select(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE]);
    let path = prop::sample::select(vec![
        "/products/_doc/1",
        "/products/_search",
        "/products/_update/1",
        "/_bulk",
        "/_search/scroll",
        "/products/_count",
    ]);
    (method, path, any::<Option<bool>>()).prop_map(|(method, path, idempotent)| {
        let is_read = matches!(path, "/products/_doc/1" | "/products/_search");
        let may_hedge = is_read
            && match method {
                Method::GET => idempotent != Some(false),
                Method::POST => idempotent == Some(true),
                _ => false,
            };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        Arc::new(RequestOptions::new().idempotent(idempotent)).attach(&mut request);
        (request, may_hedge)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever is asked and however long it takes: only reads are hedged, and never
    /// more of them than the share.
    #[test]
    fn hedges_stay_within_their_share(
        percent in 0..=20_u32,
        requests in vec((request(), 0..200_u64, any::<bool>()), 0..150),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let nodes = Nodes::default();
            let layer = HedgeLayer::new().max_percent(percent).budget(Budget::unlimited());
            let mut service = warm(layer, &nodes).await;
            let mut reads = 200;
            for ((request, may_hedge), ms, is_slow) in requests {
                reads += usize::from(may_hedge);
                let before = nodes.hedges();
                nodes.first.lock().unwrap().clear();
                let after = if is_slow { ms * 10 } else { ms };
                nodes.first.lock().unwrap().push_back(ok(Duration::from_millis(after)));
                send(&mut service, request).await.0.unwrap();
                prop_assert!(may_hedge || nodes.hedges() == before);
                prop_assert!(nodes.hedges() * 100 <= reads * percent as usize);
                prop_assert_eq!(nodes.under_way(), 0);
            }
            Ok(())
        })?;
    }
}
