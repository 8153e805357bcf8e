//! Windows of nodes and thread pools, over mock services and a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake},
    time::Duration,
};

use es_transport::{
    Body, Error, Node, NodePool, RequestOptions, ResponseBody, ThreadPool, Transport,
    layer::{HedgeLayer, SelectNodeLayer, WindowLayer, response_check::ProductCheck},
    node::RoundRobin,
};
use http::{Request, Response};
use proptest::{collection::vec, prelude::*};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

const MS: Duration = Duration::from_millis(1);

type Stack = BoxCloneSyncService<Request<Body>, Response<ResponseBody>, Error>;

/// Nodes that take 100 ms, or as their request's path says, and note when each began.
#[derive(Clone, Default)]
struct Nodes {
    began: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<Option<u16>>>,
}

impl Nodes {
    fn stack(&self, windows: WindowLayer, urls: &[&str]) -> (Stack, WindowLayer, Arc<NodePool>) {
        let pool = NodePool::new(urls.iter().map(|url| url.parse::<Node>().unwrap())).unwrap();
        let windows = windows.over(Arc::clone(&pool));
        let selector = windows.selector(RoundRobin::starting_at(0));
        let nodes = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let nodes = nodes.clone();
            let uri = request.uri().clone();
            async move {
                nodes.began.lock().unwrap().push(uri.to_string());
                sleep(100 * MS).await;
                let status = nodes.status.lock().unwrap().unwrap_or(200);
                let response = Response::builder().status(status).body(Body::empty());
                Ok::<_, Infallible>(response.unwrap())
            }
        });
        let stack = ServiceBuilder::new()
            .layer(windows.clone())
            .layer(SelectNodeLayer::new(Arc::clone(&pool), selector))
            .service(service);
        (BoxCloneSyncService::new(stack), windows, pool)
    }

    fn began(&self) -> Vec<String> {
        self.began.lock().unwrap().clone()
    }
}

type Call = JoinHandle<Result<Response<ResponseBody>, Error>>;

fn send(stack: &Stack, path: &str, batch: bool) -> Call {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    Arc::new(RequestOptions::new().batch(batch)).attach(&mut request);
    tokio::spawn(stack.clone().oneshot(request))
}

fn fixed(requests: u32) -> WindowLayer {
    WindowLayer::new().initial(requests).max(requests)
}

#[tokio::test(start_paused = true)]
async fn no_more_are_in_flight_than_the_window() {
    let nodes = Nodes::default();
    let (stack, windows, _) = nodes.stack(fixed(2), &["http://a:1"]);
    let started = Instant::now();
    let calls: Vec<_> = (0..6)
        .map(|n| send(&stack, &format!("/x/_doc/{n}"), false))
        .collect();
    sleep(MS).await;
    assert_eq!(nodes.began().len(), 2);
    assert_eq!(
        windows
            .status("http://a:1", ThreadPool::Get)
            .unwrap()
            .in_flight,
        2
    );
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(started.elapsed(), 300 * MS);
    let order: Vec<_> = (0..6).map(|n| format!("http://a:1/x/_doc/{n}")).collect();
    assert_eq!(nodes.began(), order, "in the order in which they came");
    assert_eq!(
        windows
            .status("http://a:1", ThreadPool::Get)
            .unwrap()
            .in_flight,
        0
    );
}

/// The built-in stack calls what is below a seam later than the seam's layers are called.
#[tokio::test(start_paused = true)]
async fn windows_of_the_built_in_stack_limit_what_is_in_flight() {
    let in_flight = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&in_flight);
    let backend = service_fn(move |_: Request<Body>| {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::Relaxed);
            sleep(100 * MS).await;
            counted.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let transport = Transport::builder()
        .nodes(["http://a:1", "http://b:1"])
        .windows(fixed(2))
        .product_check(ProductCheck::Off)
        .http_service(backend)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let transport = transport.clone();
            let request = Request::get("/x/_doc/1").body(Body::empty()).unwrap();
            tokio::spawn(async move { transport.send(request).await })
        })
        .collect();
    for _ in 0..3 {
        sleep(50 * MS).await;
        assert_eq!(in_flight.load(Ordering::Relaxed), 4);
        sleep(50 * MS).await;
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_with_room_are_selected() {
    let nodes = Nodes::default();
    let (stack, windows, pool) = nodes.stack(fixed(3), &["http://a:1", "http://b:1"]);
    pool.mark_dead("http://b:1", Instant::now(), Duration::from_secs(1))
        .unwrap();
    let at_a: Vec<_> = (0..3).map(|_| send(&stack, "/x/_doc/1", false)).collect();
    sleep(MS).await;
    pool.mark_live("http://b:1", Instant::now()).unwrap();
    let at_b: Vec<_> = (0..3).map(|_| send(&stack, "/x/_doc/2", false)).collect();
    sleep(MS).await;
    assert_eq!(
        nodes
            .began()
            .iter()
            .filter(|uri| **uri == "http://b:1/x/_doc/2")
            .count(),
        3
    );
    let in_flight = |url| windows.status(url, ThreadPool::Get).unwrap().in_flight;
    assert_eq!((in_flight("http://a:1"), in_flight("http://b:1")), (3, 3));
    for call in at_a.into_iter().chain(at_b) {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn thread_pools_have_windows_of_their_own() {
    let nodes = Nodes::default();
    let (stack, ..) = nodes.stack(fixed(1), &["http://a:1"]);
    let _search = send(&stack, "/x/_search", false);
    let _waiting = send(&stack, "/x/_search", false);
    let _get = send(&stack, "/x/_doc/1", false);
    sleep(MS).await;
    assert_eq!(
        nodes.began(),
        ["http://a:1/x/_search", "http://a:1/x/_doc/1"]
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_rejected_as_not_sent() {
    let nodes = Nodes::default();
    let (stack, ..) = nodes.stack(fixed(1).max_wait(50 * MS), &["http://a:1"]);
    let first = send(&stack, "/x/_search", false);
    let second = send(&stack, "/x/_search", false);
    let error = second.await.unwrap().unwrap_err();
    assert!(error.is_not_sent(), "{error}");
    assert!(format!("{:?}", error).contains("max_wait"), "{error:?}");
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    assert_eq!(nodes.began().len(), 1);
    // Its place in the queue is free again.
    assert_eq!(
        send(&stack, "/x/_search", false)
            .await
            .unwrap()
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_lets_the_next_one_begin() {
    let nodes = Nodes::default();
    let (stack, ..) = nodes.stack(fixed(1), &["http://a:1"]);
    let (first, second) = (
        send(&stack, "/1/_search", false),
        send(&stack, "/2/_search", false),
    );
    let third = send(&stack, "/3/_search", false);
    sleep(MS).await;
    second.abort();
    first.abort();
    sleep(MS).await;
    assert_eq!(
        nodes.began(),
        ["http://a:1/1/_search", "http://a:1/3/_search"]
    );
    third.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn batch_work_leaves_half_to_live_traffic() {
    let nodes = Nodes::default();
    let (stack, ..) = nodes.stack(fixed(4).live_percent(50), &["http://a:1"]);
    let _batch: Vec<_> = (0..10)
        .map(|_| send(&stack, "/batch/_search", true))
        .collect();
    sleep(MS).await;
    assert_eq!(nodes.began().len(), 2);
    let _live: Vec<_> = (0..4)
        .map(|_| send(&stack, "/live/_search", false))
        .collect();
    sleep(MS).await;
    let count = |name: &str| {
        nodes
            .began()
            .iter()
            .filter(|uri| uri.contains(name))
            .count()
    };
    assert_eq!((count("batch"), count("live")), (2, 2));
    // Two batch requests end, and the live ones that wait go before the others, but one: live
    // traffic never keeps all batch requests away.
    sleep(100 * MS).await;
    assert_eq!((count("batch"), count("live")), (3, 4));
    sleep(100 * MS).await;
    assert_eq!((count("batch"), count("live")), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn refusals_make_the_window_smaller() {
    let nodes = Nodes::default();
    let (stack, windows, _) = nodes.stack(WindowLayer::new(), &["http://a:1"]);
    *nodes.status.lock().unwrap() = Some(429);
    for _ in 0..3 {
        send(&stack, "/x/_search", false).await.unwrap().unwrap();
    }
    let status = windows.status("http://a:1", ThreadPool::Search).unwrap();
    assert_eq!((status.window, status.in_flight), (145, 0));
}

#[tokio::test(start_paused = true)]
async fn the_window_grows_with_use() {
    let nodes = Nodes::default();
    let (stack, windows, _) = nodes.stack(WindowLayer::new().initial(20), &["http://a:1"]);
    for _ in 0..30 {
        let calls: Vec<_> = (0..50).map(|_| send(&stack, "/x/_search", false)).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
    let status = windows.status("http://a:1", ThreadPool::Search).unwrap();
    assert!((40..60).contains(&status.window), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_live_node_nobody_waits() {
    let nodes = Nodes::default();
    let (stack, _, pool) = nodes.stack(fixed(1), &["http://a:1"]);
    pool.mark_dead("http://a:1", Instant::now(), Duration::from_secs(60))
        .unwrap();
    let calls = [
        send(&stack, "/x/_search", false),
        send(&stack, "/x/_search", false),
    ];
    sleep(MS).await;
    assert_eq!(nodes.began().len(), 2);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_joins_serves_those_that_wait() {
    let nodes = Nodes::default();
    let (stack, _, pool) = nodes.stack(fixed(1), &["http://a:1"]);
    let _calls: Vec<_> = (0..3).map(|_| send(&stack, "/x/_search", false)).collect();
    sleep(MS).await;
    pool.add("http://b:1".parse().unwrap()).unwrap();
    sleep(MS).await;
    // Not even those that come later are sent to it.
    let _later = send(&stack, "/x/_search", false);
    sleep(MS).await;
    assert_eq!(nodes.began().len(), 2, "{:?}", nodes.began());
}

#[tokio::test(start_paused = true)]
async fn a_dead_node_is_probed_although_the_others_are_full() {
    let nodes = Nodes::default();
    let (stack, _, pool) = nodes.stack(fixed(1), &["http://a:1", "http://b:1"]);
    pool.mark_dead("http://b:1", Instant::now(), 10 * MS)
        .unwrap();
    let _at_a = send(&stack, "/x/_search", false);
    sleep(20 * MS).await;
    let _probe: Vec<_> = (0..10).map(|_| send(&stack, "/x/_search", false)).collect();
    sleep(MS).await;
    let began = nodes.began();
    assert_eq!(began.len(), 2, "{began:?}");
    assert!(began[1].starts_with("http://b"), "{began:?}");
}

/// Live requests go to nodes where batch requests leave room, and to any one with a free window
/// if there are none.
#[tokio::test(start_paused = true)]
async fn live_requests_avoid_nodes_with_batch_requests() {
    let nodes = Nodes::default();
    let windows = WindowLayer::new().initial(20).max(20);
    let (stack, windows, pool) = nodes.stack(windows, &["http://a:1", "http://b:1"]);
    pool.mark_dead("http://b:1", Instant::now(), Duration::from_secs(60))
        .unwrap();
    // As many as the first limit allows while its baseline is sampled.
    let _batch: Vec<_> = (0..20).map(|_| send(&stack, "/x/_search", true)).collect();
    sleep(MS).await;
    let in_flight = |url| {
        let status = windows.status(url, ThreadPool::Search);
        status.map_or(0, |status| status.in_flight)
    };
    assert_eq!(in_flight("http://a:1"), 3);
    pool.mark_live("http://b:1", Instant::now()).unwrap();
    let live = |requests| -> Vec<_> {
        (0..requests)
            .map(|_| send(&stack, "/x/_search", false))
            .collect()
    };
    let _live = live(3);
    sleep(MS).await;
    let (a, b) = (in_flight("http://a:1"), in_flight("http://b:1"));
    assert!(a <= 5 && b <= 5, "{a}, {b}");
    // If all nodes are busy, any with a free window will do.
    let _more = live(40);
    sleep(MS).await;
    assert_eq!((in_flight("http://a:1"), in_flight("http://b:1")), (20, 20));
}

/// A waker may do anything, such as to drop what it would wake.
#[test]
fn wakers_are_not_called_with_the_windows_locked() {
    struct Dropping(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);

    impl Wake for Dropping {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }

    let (ended, has_ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let nodes = Nodes::default();
            let (stack, ..) = nodes.stack(fixed(1), &["http://a:1"]);
            let first = send(&stack, "/x/_search", false);
            sleep(MS).await;
            let waits = stack
                .clone()
                .oneshot(Request::get("/x/_search").body(Body::empty()).unwrap());
            let mut waits: Pin<Box<dyn Future<Output = ()> + Send>> =
                Box::pin(async move { drop(waits.await) });
            let waker = Arc::new(Dropping(Mutex::new(None)));
            let task = std::task::Waker::from(Arc::clone(&waker));
            assert!(
                waits
                    .as_mut()
                    .poll(&mut Context::from_waker(&task))
                    .is_pending()
            );
            *waker.0.lock().unwrap() = Some(waits);
            first.await.unwrap().unwrap();
        });
        ended.send(()).unwrap();
    });
    let ended = has_ended.recv_timeout(Duration::from_secs(10));
    assert_eq!(ended, Ok(()), "a timeout is a deadlock");
}

/// Both begin at once where the first was only waiting for a window.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_window_is_not_hedged() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let backend = service_fn(move |request: Request<Body>| {
        let is_long = request.uri().path().contains("long");
        if request.uri().path().contains("waits") {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        async move {
            sleep(if is_long { 1_000 * MS } else { 10 * MS }).await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let transport = Transport::builder()
        .nodes(["http://a:1", "http://b:1"])
        .windows(fixed(1))
        .hedge(HedgeLayer::new())
        .product_check(ProductCheck::Off)
        .http_service(backend)
        .build()
        .unwrap();
    let get = |path: &'static str| {
        let transport = transport.clone();
        let request = Request::get(path).body(Body::empty()).unwrap();
        tokio::spawn(async move { transport.send(request).await })
    };
    for _ in 0..300 {
        get("/x/_search").await.unwrap().unwrap();
    }
    // Searches that are no reads to hedge use the same windows.
    let long = [get("/long/_count"), get("/long/_count")];
    sleep(MS).await;
    get("/waits/_search").await.unwrap().unwrap();
    for call in long {
        call.await.unwrap().unwrap();
    }
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}

/// As the documentation says: "for up to 10 s, and then fail as not sent".
#[tokio::test(start_paused = true)]
async fn the_built_in_stack_rejects_after_max_wait() {
    for nodes in [
        &["http://a:1"][..],
        &["http://a:1", "http://b:1", "http://c:1"],
    ] {
        let hangs = service_fn(|_: Request<Body>| async {
            sleep(Duration::from_secs(60)).await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let transport = Transport::builder()
            .nodes(nodes.iter().copied())
            .windows(fixed(1).max_wait(Duration::from_secs(2)))
            .request_timeout(Duration::from_secs(120))
            .product_check(ProductCheck::Off)
            .http_service(hangs)
            .build()
            .unwrap();
        let get = || {
            let transport = transport.clone();
            let request = Request::get("/x/_search").body(Body::empty()).unwrap();
            tokio::spawn(async move { transport.send(request).await })
        };
        let _full: Vec<_> = nodes.iter().map(|_| get()).collect();
        sleep(MS).await;
        let began = Instant::now();
        let error = get().await.unwrap().unwrap_err();
        assert!(error.is_rejected(), "{error}");
        let waited = began.elapsed();
        assert!(
            waited < Duration::from_secs(3),
            "{} nodes: {waited:?}: {error}",
            nodes.len()
        );
    }
}

/// The deadline ends before `max_wait`, and the request never left the client.
#[tokio::test(start_paused = true)]
async fn a_deadline_while_waiting_is_not_sent() {
    let hangs = service_fn(|_: Request<Body>| async {
        sleep(Duration::from_secs(60)).await;
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let transport = Transport::builder()
        .nodes(["http://a:1"])
        .windows(fixed(1))
        .product_check(ProductCheck::Off)
        .http_service(hangs)
        .build()
        .unwrap();
    let post = |timeout| {
        let transport = transport.clone();
        let mut request = Request::post("/x/_doc").body(Body::empty()).unwrap();
        Arc::new(RequestOptions::new().total_timeout(timeout)).attach(&mut request);
        tokio::spawn(async move { transport.send(request).await })
    };
    let _full = post(Duration::from_secs(120));
    sleep(MS).await;
    let error = post(Duration::from_secs(1)).await.unwrap().unwrap_err();
    assert!(error.is_not_sent(), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever comes and whatever is dropped: no more are in flight than the window,
    /// batch work keeps to its share, and nobody waits for ever.
    #[test]
    fn nobody_is_forgotten(
        window in 1..20_u32,
        requests in vec((any::<bool>(), 0..80_u64, prop::option::weighted(0.3, 0..300_u64)), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let nodes = Nodes::default();
            let layer = fixed(window).max_wait(Duration::from_secs(3_600));
            let (stack, windows, _) = nodes.stack(layer, &["http://a:1", "http://b:1"]);
            let mut calls = Vec::new();
            for (batch, pause, dropped_after) in requests {
                let call = send(&stack, "/x/_search", batch);
                calls.push(tokio::spawn(async move {
                    let Some(after) = dropped_after else { return call.await.unwrap().is_ok() };
                    sleep(Duration::from_millis(after)).await;
                    call.abort();
                    true
                }));
                sleep(Duration::from_millis(pause)).await;
                for url in ["http://a:1", "http://b:1"] {
                    let in_flight = windows.status(url, ThreadPool::Search).map_or(0, |s| s.in_flight);
                    // One batch request may always begin.
                    prop_assert!(in_flight <= window + 1, "{in_flight} of {window}");
                }
            }
            for call in calls {
                let ended = tokio::time::timeout(Duration::from_secs(3_000), call).await;
                prop_assert!(ended.unwrap().unwrap());
            }
            sleep(MS).await;
            for url in ["http://a:1", "http://b:1"] {
                let in_flight = windows.status(url, ThreadPool::Search).map_or(0, |s| s.in_flight);
                prop_assert_eq!(in_flight, 0);
            }
            Ok(())
        })?;
    }
}
