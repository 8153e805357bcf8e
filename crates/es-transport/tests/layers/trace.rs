//! Spans, as a subscriber sees them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use es_transport::{
    Body, BoxError, Credentials, Error, OperationName, RequestAuth, RequestOptions, Transport,
    error::TimeoutPhase,
    extensions::OperationDetails,
    layer::{RetryLayer, TraceAttemptLayer, TraceLayer, response_check::ProductCheck},
};
use http::{Request, Response, header::AUTHORIZATION};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// The fields of a span that a subscriber saw.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
    closed: bool,
}

#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<BTreeMap<u64, Seen>>>,
    current: Arc<Mutex<Vec<u64>>>,
    next: Arc<AtomicU64>,
    max: Option<Level>,
}

impl Recorder {
    fn up_to(level: Level) -> Self {
        Self {
            max: Some(level),
            ..Self::default()
        }
    }

    fn spans(&self) -> Vec<Seen> {
        self.spans.lock().unwrap().values().cloned().collect()
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        change(self.spans.lock().unwrap().get_mut(&id.into_u64()).unwrap());
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
            && metadata.target().starts_with("es_transport")
            && self.max.is_none_or(|max| *metadata.level() <= max)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Relaxed) + 1;
        let parent = self.current.lock().unwrap().last().copied();
        let mut seen = Seen {
            name: attributes.metadata().name(),
            parent,
            ..Seen::default()
        };
        attributes.record(&mut seen);
        self.spans.lock().unwrap().insert(id, seen);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.change(id, |seen| values.record(seen));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        self.current.lock().unwrap().push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        assert_eq!(self.current.lock().unwrap().pop(), Some(id.into_u64()));
    }

    fn try_close(&self, id: Id) -> bool {
        self.change(&id, |seen| seen.closed = true);
        true
    }
}

/// Sends a request through both layers with retry between, and a node whose URL
/// has a password; responses come from the list, one after the other.
async fn send(
    recorder: &Recorder,
    request: Request<Body>,
    outcomes: Vec<Result<u16, Error>>,
) -> Result<Response<Body>, Error> {
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let outcomes = Mutex::new(outcomes.into_iter());
    let node = service_fn(|_: Request<Body>| {
        let outcome = outcomes.lock().unwrap().next().unwrap();
        async {
            tokio::task::yield_now().await;
            let response = Response::builder().status(outcome?);
            Ok::<_, BoxError>(response.body(Body::empty()).unwrap())
        }
    });
    ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(RetryLayer::default())
        .map_request(|mut request: Request<Body>| {
            let target = format!("https://elastic:s3cret@[::1]:9200{}", request.uri());
            *request.uri_mut() = target.parse().unwrap();
            request
        })
        .layer(TraceAttemptLayer::new())
        .service(node)
        .oneshot(request)
        .await
}

fn search() -> Request<Body> {
    let request = Request::post("/idx/_search?q=a").extension(OperationName("search"));
    request.body(Body::from("s3cret query")).unwrap()
}

fn fields(seen: &Seen) -> Vec<(&str, &str)> {
    seen.fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_has_a_span_and_each_attempt_a_child() {
    let recorder = Recorder::default();
    send(&recorder, search(), vec![Ok(429), Ok(200)])
        .await
        .unwrap();
    let [request, first, second] = recorder.spans().try_into().unwrap();
    assert_eq!(request.name, "elasticsearch.request");
    assert_eq!(
        fields(&request),
        [
            ("db.operation.name", "search"),
            ("db.response.status_code", "200"),
            ("db.system.name", "elasticsearch"),
            ("http.request.method", "POST"),
            ("http.request.resend_count", "1"),
            ("otel.kind", "client"),
            ("otel.name", "search"),
            ("server.address", "::1"),
            ("server.port", "9200"),
            ("url.full", "https://[::1]:9200/idx/_search?q=REDACTED"),
            ("url.path", "/idx/_search"),
        ]
    );
    assert_eq!(
        fields(&first),
        [
            ("db.response.status_code", "429"),
            ("db.system.name", "elasticsearch"),
            ("error.type", "429"),
            ("http.request.method", "POST"),
            ("otel.kind", "client"),
            ("otel.status_code", "ERROR"),
            ("server.address", "::1"),
            ("server.port", "9200"),
            ("url.full", "https://[::1]:9200/idx/_search?q=REDACTED"),
        ]
    );
    assert_eq!(second.fields["http.request.resend_count"], "1");
    assert_eq!(second.fields["db.response.status_code"], "200");
    for attempt in [&first, &second] {
        assert_eq!(
            (attempt.name, attempt.parent),
            ("elasticsearch.attempt", Some(1))
        );
    }
    assert!([request, first, second].iter().all(|seen| seen.closed));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_of_a_transport_names_its_node() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let node = service_fn(async |request: Request<Body>| {
        assert_eq!(request.uri(), "https://[::1]:9200/in/here/idx/_search?q=a");
        Ok::<_, BoxError>(Response::new(Body::empty()))
    });
    let transport = Transport::builder()
        .node("https://elastic:s3cret@[::1]:9200/in/here")
        .http_service(node)
        .product_check(ProductCheck::Off)
        .build()
        .unwrap();
    transport.send(search()).await.unwrap();
    let attempt = &recorder.spans()[1].fields;
    assert_eq!(
        attempt["url.full"],
        "https://[::1]:9200/in/here/idx/_search?q=REDACTED"
    );
    assert_eq!(
        (&*attempt["server.address"], &*attempt["server.port"]),
        ("::1", "9200")
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_name_the_method_is_the_operation() {
    let recorder = Recorder::default();
    let request = Request::head("/").body(Body::empty()).unwrap();
    send(&recorder, request, vec![Ok(404)]).await.unwrap();
    let spans = recorder.spans();
    assert_eq!(spans[0].fields["db.operation.name"], "HEAD");
    assert_eq!(spans[0].fields["error.type"], "404");
    assert!(!spans[0].fields.contains_key("http.request.resend_count"));
}

#[tokio::test(start_paused = true)]
async fn an_expected_status_is_not_an_error() {
    let recorder = Recorder::default();
    let mut details = OperationDetails::default();
    details.expected_statuses = vec![404].into();
    details.parameters = vec![("index", "idx".to_owned()), ("id", "1".to_owned())];
    let mut request = Request::get("/idx/_doc/1").body(Body::empty()).unwrap();
    OperationName("get").attach(&mut request);
    details.attach(&mut request);
    send(&recorder, request, vec![Ok(404)]).await.unwrap();
    let spans = recorder.spans();
    for seen in &spans {
        assert_eq!(seen.fields["db.response.status_code"], "404");
        assert!(!seen.fields.contains_key("error.type"), "{seen:?}");
        assert!(!seen.fields.contains_key("otel.status_code"), "{seen:?}");
    }
    assert_eq!(spans[0].fields["otel.name"], "get idx");
    assert_eq!(spans[0].fields["db.collection.name"], "idx");
    assert_eq!(spans[0].fields["db.operation.parameter.id"], "1");
}

#[tokio::test(start_paused = true)]
async fn the_proxy_of_elastic_cloud_names_cluster_and_node() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let proxy = service_fn(async |_: Request<Body>| {
        let response = Response::builder()
            .header("x-found-handling-cluster", "e9106fc6")
            .header("x-found-handling-instance", "instance-0000000001");
        Ok::<_, BoxError>(response.body(Body::empty()).unwrap())
    });
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(TraceAttemptLayer::new())
        .service(proxy);
    stack.oneshot(search()).await.unwrap();
    for seen in recorder.spans() {
        assert_eq!(seen.fields["db.namespace"], "e9106fc6");
        assert_eq!(
            seen.fields["elasticsearch.node.name"],
            "instance-0000000001"
        );
    }
    assert_eq!(recorder.spans().len(), 2);
}

#[tokio::test]
async fn headers_are_propagated_within_the_attempt() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let node = service_fn(async |request: Request<Body>| {
        let parent = request.headers()["traceparent"].clone();
        Ok::<_, BoxError>(
            Response::builder()
                .header("seen", parent)
                .body(Body::empty())
                .unwrap(),
        )
    });
    let current = Arc::clone(&recorder.current);
    let transport = Transport::builder()
        .node("http://localhost:9200")
        .http_service(node)
        .product_check(ProductCheck::Off)
        .propagate(move |headers| {
            let span = *current.lock().unwrap().last().unwrap();
            headers.insert("traceparent", span.into());
        })
        .build()
        .unwrap();
    let response = transport.send(search()).await.unwrap();
    let spans = recorder.spans.lock().unwrap();
    let attempt = spans
        .iter()
        .find(|(_, seen)| seen.name == "elasticsearch.attempt");
    assert_eq!(response.headers()["seen"], attempt.unwrap().0.to_string());
}

#[tokio::test(start_paused = true)]
async fn the_kind_of_an_error_comes_from_a_short_list() {
    let seconds = Duration::from_secs(1);
    for (error, expected) in [
        (Error::connect_message("refused"), "connect"),
        (Error::tls_message("unknown issuer"), "tls"),
        (Error::io_message("reset"), "io"),
        (Error::body("too large"), "body"),
        (
            Error::timeout(TimeoutPhase::Attempt, seconds),
            "timeout.attempt",
        ),
        (
            Error::timeout(TimeoutPhase::Total, seconds),
            "timeout.total",
        ),
        (Error::from_service("anything"), "_OTHER"),
    ] {
        let recorder = Recorder::default();
        // Without retries, so that one outcome is enough.
        let own = RequestOptions::new().max_retries(0);
        let mut request = search();
        Arc::new(own).attach(&mut request);
        send(&recorder, request, vec![Err(error)])
            .await
            .unwrap_err();
        for seen in recorder.spans() {
            assert_eq!(seen.fields["error.type"], expected);
            assert_eq!(seen.fields["otel.status_code"], "ERROR");
        }
        assert_eq!(recorder.spans().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_a_span() {
    let recorder = Recorder::default();
    let own = RequestOptions::new().auth(RequestAuth::Credentials(
        Credentials::bearer("s3cret").unwrap(),
    ));
    let mut request = search();
    request
        .headers_mut()
        .insert(AUTHORIZATION, "Bearer s3cret".parse().unwrap());
    Arc::new(own).attach(&mut request);
    send(&recorder, request, vec![Ok(429), Ok(200)])
        .await
        .unwrap();
    let spans = recorder.spans();
    assert_eq!(spans.len(), 3);
    assert!(!format!("{spans:?}").contains("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_for_those_who_want_detail() {
    let recorder = Recorder::up_to(Level::INFO);
    send(&recorder, search(), vec![Ok(429), Ok(200)])
        .await
        .unwrap();
    let names: Vec<_> = recorder.spans().iter().map(|seen| seen.name).collect();
    assert_eq!(names, ["elasticsearch.request"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_ends_its_spans() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let entered = AtomicBool::new(false);
    let never = service_fn(|_: Request<Body>| {
        entered.store(true, Relaxed);
        std::future::pending::<Result<Response<Body>, BoxError>>()
    });
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .service(never);
    let call = stack.oneshot(search());
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call)
            .await
            .is_err()
    );
    assert!(entered.load(Relaxed));
    let spans = recorder.spans();
    assert!(spans[0].closed && !spans[0].fields.contains_key("error.type"));
}

/// Takes events alone.
struct Events(Arc<Mutex<Vec<String>>>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_span() && metadata.target() == "es_transport::warning"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut seen = Seen::default();
        event.record(&mut seen);
        let text = &seen.fields["message"];
        self.0
            .lock()
            .unwrap()
            .push(format!("{} {text}", event.metadata().level()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_warning_is_logged_once() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let _guard = tracing::subscriber::set_default(Events(Arc::clone(&events)));
    let node = service_fn(|_: Request<Body>| async {
        let response = Response::builder()
            .header("warning", r#"299 Elasticsearch-9.2.0 "first""#)
            .header("warning", r#"299 Elasticsearch-9.2.0 "second""#);
        Ok::<_, BoxError>(response.body(Body::empty()).unwrap())
    });
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(TraceAttemptLayer::new())
        .service(node);
    stack.clone().oneshot(search()).await.unwrap();
    stack.oneshot(search()).await.unwrap();
    assert_eq!(*events.lock().unwrap(), ["WARN first", "WARN second"]);
}
