//! Sniffing over a service that plays the cluster, with a paused clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, Credentials, Error, Node, NodePool,
    layer::SelectNodeLayer,
    node::RoundRobin,
    sniff::{Sniff, SniffOptions, Sniffer},
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, util::BoxCloneSyncService};

const SECOND: Duration = Duration::from_secs(1);

/// What the cluster answers, and what it was asked.
#[derive(Clone)]
struct Cluster(Arc<State>);

struct State {
    looks: AtomicUsize,
    asked: Mutex<Vec<String>>,
    answer: Mutex<String>,
    status: Mutex<StatusCode>,
    delay: Mutex<Duration>,
    /// Hosts that refuse connections.
    down: Mutex<Vec<&'static str>>,
    /// Whether the transport was closed.
    is_closed: AtomicBool,
}

type Bottom = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

impl Cluster {
    fn of(addresses: &[&str]) -> Self {
        let cluster = Self(Arc::new(State {
            looks: AtomicUsize::new(0),
            asked: Mutex::default(),
            answer: Mutex::default(),
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
        *self.0.answer.lock().unwrap() = format!(r#"{{"nodes":{{{}}}}}"#, nodes.join(","));
    }

    fn looks(&self) -> usize {
        self.0.looks.load(Ordering::SeqCst)
    }

    async fn serve(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let host = request.uri().host().unwrap().to_owned();
        self.0.asked.lock().unwrap().push(request.uri().to_string());
        if self.0.is_closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        if self.0.down.lock().unwrap().contains(&&*host) {
            return Err(Error::connect_message("refused"));
        }
        if !request.uri().path().ends_with("/_nodes/http") {
            return Ok(Response::new(Body::empty()));
        }
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        let delay = *self.0.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let body = self.0.answer.lock().unwrap().clone();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = *self.0.status.lock().unwrap();
        Ok(response)
    }
}

struct Client {
    pool: Arc<NodePool>,
    sniffer: Sniffer,
    service: Sniff<Bottom>,
}

fn client(seeds: &[&str], cluster: &Cluster, options: SniffOptions) -> Client {
    let pool = NodePool::new(seeds.iter().map(|url| url.parse::<Node>().unwrap())).unwrap();
    let select = SelectNodeLayer::new(Arc::clone(&pool), RoundRobin::starting_at(0));
    let served = cluster.clone();
    let bottom = tower::service_fn(move |request| served.clone().serve(request));
    let below_retry = select.layer(bottom).map_response(|answer: Response<_>| {
        answer.map(|body: es_transport::layer::select_node::SelectedBody<Body>| Body::stream(body))
    });
    let below_retry = BoxCloneSyncService::new(below_retry);
    let sniffer = Sniffer::new(Arc::clone(&pool), below_retry.clone(), options);
    let service = sniffer.layer().layer(below_retry);
    Client { pool, sniffer, service }
}

impl Client {
    async fn send(&self) -> Result<(), Error> {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let answer = self.service.clone().oneshot(request).await?;
        answer.into_body().collect().await.map(drop).map_err(Error::from_service)
    }

    fn urls(&self) -> Vec<String> {
        self.pool.nodes().iter().map(|(node, _)| node.url().to_owned()).collect()
    }
}

/// Lets what was spawned run, without the clock moving.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_by_default() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default());
    client.send().await.unwrap();
    client.sniffer.expire();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 0);
}

#[tokio::test(start_paused = true)]
async fn on_start_the_first_request_waits_and_goes_to_a_found_node() {
    let cluster = Cluster::of(&["10.0.0.1:9200", "[::1]:9201"]);
    let options = SniffOptions::default().on_start(true);
    let client = client(&["https://user:secret@seed/in"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(client.urls(), ["https://10.0.0.1:9200/in", "https://[::1]:9201/in"]);
    let asked = cluster.0.asked.lock().unwrap().clone();
    assert_eq!(asked[0], "https://seed:443/in/_nodes/http");
    assert!(asked[1] == "https://10.0.0.1:9200/in/" || asked[1] == "https://[::1]:9201/in/");
    assert!(client.pool.nodes().iter().all(|(node, _)| node.credentials().is_some()));
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_request_waits_and_the_others_go_on() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = SECOND;
    let client = client(&["http://seed"], &cluster, SniffOptions::default().on_start(true));
    let start = tokio::time::Instant::now();
    let elapsed = async || {
        client.send().await.unwrap();
        start.elapsed()
    };
    let (first, second) = tokio::join!(elapsed(), elapsed());
    assert_eq!((first, second), (SECOND, Duration::ZERO));
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_nobodys_failure_and_is_made_up_for() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let client = client(&["http://seed"], &cluster, SniffOptions::default().on_start(true));
    client.send().await.unwrap();
    assert_eq!(client.urls(), ["http://seed:80"]);
    let looks = cluster.looks();
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), looks, "within the minimal delay");
    *cluster.0.status.lock().unwrap() = StatusCode::OK;
    tokio::time::sleep(11 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);
}

#[tokio::test(start_paused = true)]
async fn answers_that_cannot_be_used_leave_the_pool_as_it_is() {
    let cluster = Cluster::of(&[]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default());
    for bad in [
        r#"{"nodes":{}}"#,
        "not json",
        r#"{"nodes":{"a":{"roles":["master"],"http":{"publish_address":"m:1"}}}}"#,
    ] {
        *cluster.0.answer.lock().unwrap() = bad.to_owned();
        let error = client.sniffer.sniff().await.unwrap_err();
        assert!(error.is_sniff(), "{error}");
        assert_eq!(client.urls(), ["http://seed:80"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_answer_is_passed_over_and_time_is_limited() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.down.lock().unwrap() = vec!["a"];
    let client = client(&["http://a", "http://b"], &cluster, SniffOptions::default());
    client.sniffer.sniff().await.unwrap();
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);

    *cluster.0.delay.lock().unwrap() = 3600 * SECOND;
    let start = tokio::time::Instant::now();
    let error = client.sniffer.sniff().await.unwrap_err();
    assert!(error.is_sniff() && start.elapsed() == 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_failed_node_starts_a_look_now_or_when_the_delay_is_over() {
    let cluster = Cluster::of(&["b:80"]);
    *cluster.0.down.lock().unwrap() = vec!["a"];
    let options = SniffOptions::default().on_node_failure(true);
    let client = client(&["http://a", "http://b"], &cluster, options);
    assert!(client.send().await.unwrap_err().is_connect());
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://b:80".to_owned()]));

    *cluster.0.down.lock().unwrap() = vec!["b"];
    cluster.publishes(&["c:80"]);
    assert!(client.send().await.is_err());
    settle().await;
    *cluster.0.down.lock().unwrap() = vec![];
    tokio::time::sleep(9 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 1);
    tokio::time::sleep(2 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (2, vec!["http://c:80".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn before_requests_looks_at_most_once_per_delay() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().before_requests(true).min_delay(30 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    for second in 0..100 {
        client.send().await.unwrap();
        assert_eq!(cluster.looks(), second / 30 + 1);
        tokio::time::sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn from_time_to_time_a_task_looks_and_dies_with_the_last_clone() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 0);
    tokio::time::sleep(185 * SECOND).await;
    assert_eq!(cluster.looks(), 3);

    let pool = Arc::downgrade(&client.pool);
    drop(client);
    settle().await;
    assert!(pool.upgrade().is_none(), "the task holds no part of the transport");
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(cluster.looks(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_the_transport_is_closed() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    cluster.0.is_closed.store(true, Ordering::SeqCst);
    tokio::time::sleep(3600 * SECOND).await;
    let asked = cluster.0.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|uri| uri.ends_with("/_nodes/http")).count(), 1);
}

#[test]
fn without_a_task_an_overdue_look_rides_on_a_request() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    // Made without a runtime, used in one runtime per call, as functions are.
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    let call = |advance: Duration| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::pause();
            tokio::time::advance(advance).await;
            client.send().await.unwrap();
            settle().await;
        });
    };
    call(Duration::ZERO);
    assert_eq!(cluster.looks(), 0);
    call(61 * SECOND);
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://10.0.0.1:9200".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_look_from_time_to_time_that_fails_is_repeated_after_the_delay() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let options = SniffOptions::default().every(3600 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    tokio::time::sleep(3601 * SECOND).await;
    *cluster.0.status.lock().unwrap() = StatusCode::OK;
    tokio::time::sleep(11 * SECOND).await;
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_old_is_looked_at_with_the_next_request() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(3600 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 0);
    client.sniffer.expire();
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_filter_leaves_out_and_rewrites_but_cannot_leave_tls() {
    let cluster = Cluster::of(&["a:1", "b:1", "c:1"]);
    let options = SniffOptions::default().filter(|node: Node| match node.host() {
        "a" => None,
        "b" => Some(node.at("outside", 9200).unwrap().with_facts(node.facts().clone())),
        _ => "http://plain".parse().ok(),
    });
    let client = client(&["https://seed"], &cluster, options);
    client.sniffer.sniff().await.unwrap();
    assert_eq!(client.urls(), ["https://outside:9200"]);
    assert_eq!(client.pool.nodes()[0].0.facts().id.as_deref(), Some("id-b:1"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_while_it_waits_lets_the_next_look_begin() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = SECOND;
    let client = client(&["http://seed"], &cluster, SniffOptions::default().before_requests(true));
    assert!(tokio::time::timeout(SECOND / 2, client.send()).await.is_err());
    tokio::time::sleep(10 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!((cluster.looks(), client.urls()), (2, vec!["http://10.0.0.1:9200".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_may_be_old_is_asked_for_at_once_in_the_background() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default().on_node_failure(true));
    let expiry = client.sniffer.expiry();
    expiry();
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://10.0.0.1:9200".to_owned()]));
    // Within the minimal delay, a later request looks.
    expiry();
    settle().await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
    tokio::time::sleep(11 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 2);
    drop(client);
    expiry();
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_tell_is_not_asked_without_a_pause() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let options = SniffOptions::default().every(60 * SECOND).min_delay(Duration::ZERO);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    tokio::time::sleep(61 * SECOND).await;
    let looks = cluster.looks();
    assert!((30..=36).contains(&looks), "3 attempts in each of 10 looks of a second: {looks}");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_takes_long_is_not_waited_for_in_a_loop() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = 3 * SECOND;
    let options = SniffOptions::default().every(SECOND).min_delay(Duration::ZERO);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    client.sniffer.sniff().await.unwrap();
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn nodes_keep_the_credentials_of_their_own_urls() {
    let cluster = Cluster::of(&["a:80", "b:80", "c:80"]);
    let seeds = ["http://one:1@a", "http://two:2@b"];
    let client = client(&seeds, &cluster, SniffOptions::default().on_start(true));
    client.send().await.unwrap();
    let of = |user: &str, password: &str| Some(Credentials::basic(user, password).unwrap());
    let nodes = client.pool.nodes();
    let found: Vec<_> = nodes.iter().map(|(node, _)| node.credentials().cloned()).collect();
    assert_eq!(found, [of("one", "1"), of("two", "2"), of("one", "1")]);
}

#[tokio::test(start_paused = true)]
async fn times_may_be_longer_than_any_clock() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default()
        .on_start(true)
        .on_node_failure(true)
        .every(Duration::MAX)
        .min_delay(Duration::MAX)
        .timeout(Duration::MAX);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    client.sniffer.expire();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
    client.sniffer.sniff().await.unwrap();
    assert_eq!(cluster.looks(), 2);
}
