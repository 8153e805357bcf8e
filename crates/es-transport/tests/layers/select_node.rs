//! Node selection over a mock service.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use es_transport::{
    Body, Credentials, Error, Node, NodePool, NodeSelector, RequestAuth, RequestOptions,
    ResponseBody,
    attempt::RetryReason,
    events::Event,
    extensions::{RetryContext, SelectedNode, ServedBy},
    layer::{SelectNodeLayer, select_node::SelectNode},
    node::{
        AttemptEnd, Candidates, LeastInFlight, NodeOutcome, RequestContext, RoundRobin, selector_fn,
    },
};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service};
use tower_test::mock::{self, Handle, Mock, SendResponse};

type Outcome = Response<ResponseBody>;

struct Stack<L> {
    service: SelectNode<Mock<Request<()>, Response<Body>>, L>,
    sent: Handle<Request<()>, Response<Body>>,
    pool: Arc<NodePool>,
}

fn stack<L>(urls: &[&str], selector: L) -> Stack<L> {
    let pool = NodePool::new(urls.iter().map(|url| url.parse::<Node>().unwrap())).unwrap();
    let (mock, sent) = mock::pair();
    let service = SelectNodeLayer::new(Arc::clone(&pool), selector).layer(mock);
    Stack {
        service,
        sent,
        pool,
    }
}

impl<L: NodeSelector> Stack<L> {
    fn send(
        &mut self,
        request: Request<()>,
    ) -> task::Spawn<impl Future<Output = Result<Outcome, Error>> + use<L>> {
        self.sent.allow(1);
        let service = &mut self.service;
        assert_ready_ok!(task::spawn(std::future::poll_fn(|cx| service.poll_ready(cx))).poll());
        task::spawn(self.service.call(request))
    }

    fn received(&mut self) -> (Request<()>, SendResponse<Response<Body>>) {
        assert_ready!(task::spawn(self.sent.next_request()).poll()).unwrap()
    }

    fn respond(&mut self, status: StatusCode, body: Body) -> Outcome {
        let mut future = self.send(get("/"));
        let (_, respond) = self.received();
        respond.send_response(Response::builder().status(status).body(body).unwrap());
        assert_ready_ok!(future.poll())
    }
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn in_flight(pool: &NodePool) -> usize {
    let total = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&total);
    let look = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        seen.store(
            nodes.iter().map(|node| node.in_flight()).sum(),
            Ordering::Relaxed,
        );
        0
    };
    drop(
        pool.select(&look, &RequestContext::new(&http::Method::GET, "/"))
            .unwrap(),
    );
    total.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn writes_node_and_prefix_into_the_uri_and_goes_round() {
    let mut stack = stack(
        &["http://a:1", "https://[::1]/in/here"],
        RoundRobin::starting_at(0),
    );
    for wanted in [
        "http://a:1/x/a%2Fb?q=%20",
        "https://[::1]:443/in/here/x/a%2Fb?q=%20",
    ] {
        let _future = stack.send(get("/x/a%2Fb?q=%20"));
        let (request, _) = stack.received();
        assert_eq!(request.uri(), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn dots_that_lead_nowhere_are_names() {
    let mut stack = stack(&["http://a:1"], RoundRobin::default());
    for good in [
        "/.kibana/_doc/..x",
        "/.../x",
        "/%2e%2ex",
        "/%20./a.",
        "/x?q=/../y",
    ] {
        let _future = stack.send(get(good));
        assert_eq!(
            stack.received().0.uri(),
            format!("http://a:1{good}").as_str()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_names_a_host_or_is_none_is_an_error_before_anything_is_sent() {
    let mut stack = stack(&["http://a:1"], RoundRobin::default());
    let hosts = ["http://evil/x", "//evil/x", "evil:80", "*", "//"];
    let climbing = [
        "/../x",
        "/a/./b",
        "/a/..",
        "/.",
        "/%2e%2E/x",
        "/a/.%2e?q",
        "/%2e",
    ];
    for bad in hosts.into_iter().chain(climbing) {
        let mut future = stack.send(get(bad));
        let error = assert_ready_err!(future.poll());
        assert!(error.is_request() && error.is_not_sent(), "{bad}: {error}");
        assert!(!error.to_string().contains("evil"), "{error}");
    }
    assert_pending!(task::spawn(stack.sent.next_request()).poll());
}

#[tokio::test(start_paused = true)]
async fn the_credentials_of_a_node_yield_to_all_others() {
    let mut stack = stack(&["http://elastic:changeme@a"], RoundRobin::default());
    let own = Credentials::basic("elastic", "changeme").unwrap();
    let _future = stack.send(get("/"));
    let (request, _) = stack.received();
    assert_eq!(request.headers()[AUTHORIZATION], own.header());
    assert!(request.headers()[AUTHORIZATION].is_sensitive());

    let mut with_header = get("/");
    with_header
        .headers_mut()
        .insert(AUTHORIZATION, "Bearer x".parse().unwrap());
    let _future = stack.send(with_header);
    assert_eq!(stack.received().0.headers()[AUTHORIZATION], "Bearer x");

    let options = Arc::new(RequestOptions::new().auth(RequestAuth::None));
    let mut without = get("/");
    options.attach(&mut without);
    let _future = stack.send(without);
    assert!(!stack.received().0.headers().contains_key(AUTHORIZATION));
}

#[tokio::test(start_paused = true)]
async fn an_error_names_the_node_and_kills_it() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    let mut future = stack.send(get("/"));
    stack
        .received()
        .1
        .send_error(Error::connect_message("refused"));
    let error = assert_ready_err!(future.poll());
    assert_eq!(error.node().map(|node| &**node), Some("http://a:1"));
    assert!(error.is_connect() && error.has_untried_node());
    assert_eq!(stack.pool.live(), 1);

    let mut future = stack.send(get("/"));
    stack
        .received()
        .1
        .send_error(Error::connect_message("refused"));
    assert!(!assert_ready_err!(future.poll()).has_untried_node());
    assert_eq!(stack.pool.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn only_bad_statuses_tell_who_served_and_only_gateway_ones_kill() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    let fine = stack.respond(StatusCode::OK, Body::from("x"));
    assert!(fine.extensions().get::<ServedBy>().is_none());
    assert_eq!(fine.body().node().map(|url| &**url), Some("http://a:1"));

    let busy = stack.respond(StatusCode::TOO_MANY_REQUESTS, Body::empty());
    let by = busy.extensions().get::<ServedBy>().unwrap();
    assert_eq!(
        (&*by.node, by.has_untried_node, stack.pool.live()),
        ("http://b:1", true, 2)
    );

    // The body need not be read.
    let down = stack.respond(StatusCode::SERVICE_UNAVAILABLE, Body::from("unread"));
    assert_eq!(stack.pool.live(), 1);
    assert!(
        down.extensions()
            .get::<ServedBy>()
            .unwrap()
            .has_untried_node
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_goes_to_a_node_that_was_not_tried() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    for _ in 0..4 {
        let mut request = get("/");
        let tried: Arc<[Arc<str>]> = Arc::new(["http://a:1".into()]);
        request.extensions_mut().insert(RetryContext {
            attempt: 2,
            tried,
            reason: RetryReason::NotSent,
        });
        let mut future = stack.send(request);
        let (request, respond) = stack.received();
        assert_eq!(request.uri().host(), Some("b"));
        respond.send_error(Error::body("cannot be read"));
        // Nothing is said about the node, and nothing is left to try.
        assert!(!assert_ready_err!(future.poll()).has_untried_node());
    }
    assert_eq!(stack.pool.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_layer_is_not_the_nodes_fault() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    for _ in 0..10 {
        let mut future = stack.send(get("/"));
        stack
            .received()
            .1
            .send_error(tower::load_shed::error::Overloaded::new());
        assert_ready_err!(future.poll());
    }
    assert_eq!(stack.pool.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_eligible_node_is_an_error_without_an_attempt() {
    struct Nowhere;

    impl NodeSelector for Nowhere {
        fn eligible(&self, _: &Node, _: &RequestContext<'_>) -> bool {
            false
        }

        fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
            0
        }
    }

    let mut stack = stack(&["http://a:1"], Nowhere);
    let mut future = stack.send(get("/"));
    assert!(assert_ready_err!(future.poll()).is_no_nodes());
    assert_pending!(task::spawn(stack.sent.next_request()).poll());
}

#[tokio::test(start_paused = true)]
async fn an_extension_of_the_request_reaches_the_selector() {
    #[derive(Clone)]
    struct Place(usize);

    let by_place =
        selector_fn(|_, request| request.extension::<Place>().map_or(0, |place| place.0));
    let mut stack = stack(&["http://a:1", "http://b:1"], by_place);
    let mut request = get("/");
    request.extensions_mut().insert(Place(1));
    let _future = stack.send(request);
    assert_eq!(stack.received().0.uri().host(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn the_classification_can_be_replaced() {
    let nodes = ["http://a:1", "http://b:1"].map(|url| url.parse::<Node>().unwrap());
    let pool = NodePool::new(nodes).unwrap();
    let status = StatusCode::BAD_GATEWAY;
    let backend = tower::service_fn(move |_: Request<()>| async move {
        Response::builder().status(status).body(Body::empty())
    });
    let mut service = SelectNodeLayer::new(Arc::clone(&pool), RoundRobin::default())
        .classify_with(|result| match result {
            Ok(StatusCode::BAD_GATEWAY) => NodeOutcome::Overloaded,
            result => NodeOutcome::of(result),
        })
        .layer(backend);
    for _ in 0..4 {
        assert_eq!(service.call(get("/")).await.unwrap().status(), status);
    }
    assert_eq!(pool.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_death_is_an_event_with_its_cause() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    let mut events = stack.pool.events().subscribe();
    let mut future = stack.send(get("/"));
    stack
        .received()
        .1
        .send_error(Error::tls_message("the certificate has expired"));
    assert!(assert_ready_err!(future.poll()).is_tls());
    stack.respond(StatusCode::BAD_GATEWAY, Body::empty());
    let mut causes = Vec::new();
    while let Some(Event::NodeDied { cause, .. }) = events.try_recv() {
        causes.push(cause.to_string());
    }
    assert_eq!(causes, ["tls", "status 502"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_kills_and_one_that_is_dropped_does_not() {
    let mut stack = stack(&["http://a:1", "http://b:1"], LeastInFlight);
    let (sender, body) = channel();
    let response = stack.respond(StatusCode::OK, body);
    assert_eq!(in_flight(&stack.pool), 1);
    drop(response);
    assert_eq!((in_flight(&stack.pool), stack.pool.live()), (0, 2));
    drop(sender);

    let (sender, body) = channel();
    let response = stack.respond(StatusCode::OK, body);
    sender
        .send(Err(std::io::ErrorKind::ConnectionReset.into()))
        .unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert!(error.is_io() && error.node().is_some());
    assert_eq!((in_flight(&stack.pool), stack.pool.live()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_says_nothing_and_is_no_longer_in_flight() {
    let mut stack = stack(&["http://a:1"], LeastInFlight);
    let future = stack.send(get("/"));
    assert_eq!(in_flight(&stack.pool), 1);
    drop(future);
    assert_eq!((in_flight(&stack.pool), stack.pool.live()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_probe_ends_with_the_head_of_a_streamed_response_and_is_freed_by_a_drop() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    drop(stack.respond(StatusCode::BAD_GATEWAY, Body::empty()));
    tokio::time::advance(Duration::from_secs(1)).await;
    let probe = stack.send(get("/"));
    assert_eq!(stack.received().0.uri().host(), Some("a"));
    drop(probe);
    let (_sender, body) = channel();
    let response = stack.respond(StatusCode::OK, body);
    assert_eq!(response.body().node().map(|url| &**url), Some("http://a:1"));
    assert_eq!(stack.pool.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_slot_of_a_request_learns_its_node() {
    let mut stack = stack(&["http://a:1"], RoundRobin::default());
    let slot = SelectedNode::default();
    let mut request = get("/");
    request.extensions_mut().insert(slot.clone());
    assert!(slot.node().is_none());
    let _future = stack.send(request);
    assert_eq!(slot.node().unwrap().url(), "http://a:1");
}

#[tokio::test(start_paused = true)]
async fn the_hint_of_the_options_reaches_the_selector() {
    let by_hint = |_: &Candidates<'_>, request: &RequestContext<'_>| {
        request.hint().map_or(0, |hint| hint.parse().unwrap())
    };
    let mut stack = stack(&["http://a:1", "http://b:1"], by_hint);
    let options = RequestOptions::new().selector_hint("1");
    let mut request = get("/");
    Arc::new(options).attach(&mut request);
    let _future = stack.send(request);
    assert_eq!(stack.received().0.uri().host(), Some("b"));
}

#[derive(Clone, Default)]
struct Listening(Arc<Mutex<Vec<String>>>);

impl NodeSelector for Listening {
    fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        0
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {}", node.host(), request.path()));
    }

    fn attempt_ended(&self, _: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.0.lock().unwrap().push(format!("{end:?} {latency:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_selector_is_told_of_every_attempt_once() {
    let selector = Listening::default();
    let mut stack = stack(&["http://a:1"], selector.clone());
    let mut future = stack.send(get("/x?y"));
    tokio::time::advance(Duration::from_millis(7)).await;
    let (_, respond) = stack.received();
    respond.send_response(Response::new(Body::from("body")));
    let response = assert_ready_ok!(future.poll());
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        Bytes::from("body")
    );
    drop(stack.send(get("/")));
    let told = selector.0.lock().unwrap().clone();
    assert_eq!(told, ["a /x", "Status(200) 7ms", "a /", "Dropped 0ns"]);
}

type Piece = Result<Bytes, std::io::Error>;

/// A body whose pieces the test sends.
fn channel() -> (tokio::sync::mpsc::UnboundedSender<Piece>, Body) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let pieces = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let frames = futures_util::TryStreamExt::map_ok(pieces, http_body::Frame::data);
    (
        sender,
        Body::stream(http_body_util::StreamBody::new(frames)),
    )
}

#[tokio::test(start_paused = true)]
async fn the_response_to_a_retry_names_its_node_also_when_it_is_good() {
    let mut stack = stack(&["http://a:1", "http://b:1"], RoundRobin::starting_at(0));
    let mut again = get("/");
    let tried = Arc::from([Arc::from("http://a:1")]);
    again.extensions_mut().insert(RetryContext {
        attempt: 2,
        tried,
        reason: RetryReason::NotSent,
    });
    let mut future = stack.send(again);
    let (request, respond) = stack.received();
    assert_eq!(request.uri(), "http://b:1/");
    respond.send_response(Response::new(Body::empty()));
    let response = assert_ready_ok!(future.poll());
    let by = response.extensions().get::<ServedBy>().unwrap();
    assert_eq!((&*by.node, by.has_untried_node), ("http://b:1", false));
    // The first attempt of a request that succeeds carries nothing.
    let fine = stack.respond(StatusCode::OK, Body::empty());
    assert!(fine.extensions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn retry_after_becomes_the_latency_of_its_node() {
    let pool = NodePool::builder(["http://a:1".parse::<Node>().unwrap()])
        .failure_penalty(Duration::from_secs(1))
        .build()
        .unwrap();
    let (mock, mut sent) = mock::pair::<Request<()>, Response<Body>>();
    let mut service = SelectNodeLayer::new(Arc::clone(&pool), LeastInFlight).layer(mock);
    for (header, wanted) in [("7", 7), ("3600", 60)] {
        sent.allow(1);
        assert_ready_ok!(task::spawn(std::future::poll_fn(|cx| service.poll_ready(cx))).poll());
        let mut future = task::spawn(service.call(get("/")));
        let (_, respond) = assert_ready!(task::spawn(sent.next_request()).poll()).unwrap();
        let response = Response::builder()
            .status(429)
            .header("retry-after", header);
        respond.send_response(response.body(Body::empty()).unwrap());
        assert_eq!(assert_ready_ok!(future.poll()).status(), 429);
        assert_eq!(pool.nodes()[0].latency(), Some(Duration::from_secs(wanted)));
    }
}
