//! The parts that pipelines need: sinks, context, checkpoints, order, limits.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use es_client::{
    Elasticsearch,
    helpers::bulk::{BulkSink, DeadLetter, Operation, WaitsFor},
};
use es_testkit::Fault;
use es_transport::node::{Candidates, NodeSelector, RequestContext};
use futures_util::{FutureExt, SinkExt, StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bulk::mock::{Fate, Mock};

fn operation(n: u64) -> Operation<Value> {
    Operation::index(json!({ "n": n })).id(n.to_string())
}

fn operations(count: u64) -> impl futures_util::Stream<Item = Operation<Value>> + Send {
    stream::iter((0..count).map(operation))
}

#[tokio::test(start_paused = true)]
async fn context_comes_back_with_each_outcome() {
    let mock = Mock::new(|number, _| match number {
        0 => Fate::Items {
            first: 1,
            every: 3,
            status: 400,
        },
        1 => Fate::Items {
            first: 0,
            every: 2,
            status: 429,
        },
        2 => Fate::Status(413),
        _ => Fate::Succeeds,
    });
    let input = operations(40).enumerate();
    let input = input.map(|(offset, operation)| operation.context(format!("offset-{offset}")));
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", input)
        .flush_operations(10);
    let outcomes: Vec<_> = bulk.stream().try_collect().await.unwrap();
    assert_eq!(outcomes.len(), 40);
    for outcome in outcomes {
        assert_eq!(outcome.context, format!("offset-{}", outcome.number));
    }
}

#[tokio::test(start_paused = true)]
async fn durable_up_to_waits_for_the_earliest() {
    // The first request is refused three times, the others go on.
    let mock = Mock::new(|_, operations| {
        let is_first = operations
            .iter()
            .any(|operation| operation.document["n"] == 0);
        static REFUSED: Mutex<u32> = Mutex::new(0);
        let mut refused = REFUSED.lock().unwrap();
        if is_first && *refused < 3 {
            *refused += 1;
            return Fate::Status(429);
        }
        Fate::Succeeds
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reached = Arc::clone(&seen);
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(50))
        .flush_operations(10);
    let report = bulk
        .on_durable(move |up_to| reached.lock().unwrap().push(up_to))
        .await
        .unwrap();
    assert_eq!(report.durable_up_to, 50);
    assert_eq!(*seen.lock().unwrap(), [50]);
    assert!(report.retry_reason.unwrap().contains("429"));
}

#[tokio::test]
async fn wrong_port_is_an_early_error_with_its_reason() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let client = Elasticsearch::builder().node(url).build().unwrap();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reasons);
    let bulk = client.helpers().bulk("i", operations(3));
    let bulk = bulk
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .on_progress(move |report| seen.lock().unwrap().push(report.retry_reason.clone()));
    let stopped = bulk.await.unwrap_err();
    assert!(stopped.error.as_transport().unwrap().is_connect());
    // Nothing was taken.
    let report = stopped.report;
    assert_eq!(
        (report.operations, report.requests, report.failed),
        (0, 0, 0)
    );
    let reasons = reasons.lock().unwrap();
    assert!(
        reasons[0].as_ref().unwrap().contains("refused"),
        "{reasons:?}"
    );
    assert!(reasons.len() >= 3, "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn stopped_run_can_be_resumed_where_it_was_durable() {
    let mock = Mock::new(|number, _| {
        if number < 2 {
            Fate::Succeeds
        } else {
            Fate::Status(403)
        }
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(100))
        .flush_operations(10);
    let report = bulk.await.unwrap_err().report;
    assert_eq!((report.succeeded, report.durable_up_to), (20, 20));
    assert_eq!(report.operations, report.succeeded + report.failed);
}

struct Indexer {
    sink: BulkSink,
}

#[tokio::test(start_paused = true)]
async fn sink_flushes_by_count_bytes_and_time() {
    let mock = Mock::default();
    let sink = mock.client().helpers().bulk_sink("i").flush_operations(10);
    let mut indexer = Indexer {
        sink: sink.flush_bytes(200).open(),
    };
    for n in 0..25 {
        assert_eq!(indexer.sink.add(operation(n)).await.unwrap(), n);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    // 30 bytes each, one more from 10 on.
    assert_eq!(mock.sizes(), [6, 6, 6, 6, 1]);
    assert_eq!(indexer.sink.durable_up_to(), 25);

    indexer.sink.add(operation(25)).await.unwrap();
    assert_eq!(indexer.sink.durable_up_to(), 25);
    let began = Instant::now();
    indexer.sink.flush().await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(100));
    assert_eq!(
        (
            indexer.sink.durable_up_to(),
            indexer.sink.report().succeeded
        ),
        (26, 26)
    );

    indexer.sink.add(operation(26)).await.unwrap();
    let report = indexer.sink.close().await.unwrap();
    assert_eq!((report.succeeded, report.durable_up_to), (27, 27));
    assert_eq!(mock.state().documents.len(), 27);
}

#[tokio::test(start_paused = true)]
async fn sink_gives_back_pressure() {
    let mock = Mock::new(|number, _| {
        if number < 3 {
            Fate::Busy(20)
        } else {
            Fate::Succeeds
        }
    });
    let mut sink = mock
        .client()
        .helpers()
        .bulk_sink("i")
        .flush_operations(5)
        .max_in_flight(2)
        .open();
    let began = Instant::now();
    for n in 0..10 {
        sink.add(operation(n)).await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    // Both requests wait for their retry.
    sink.add(operation(10)).await.unwrap();
    assert!(
        began.elapsed() >= Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert!(sink.close().await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn sink_is_a_futures_sink_with_outcomes() {
    let mock = Mock::default();
    let (mut sink, outcomes) = mock
        .client()
        .helpers()
        .bulk_sink("i")
        .flush_operations(7)
        .open_with_outcomes();
    let outcomes = tokio::spawn(outcomes.collect::<Vec<_>>());
    let mut input = stream::iter((0..100).map(|n| Ok(operation(n).context(n * 2))));
    sink.send_all(&mut input).await.unwrap();
    SinkExt::<Operation<Value, u64>>::flush(&mut sink)
        .await
        .unwrap();
    assert!(sink.close().await.unwrap().is_complete());
    let outcomes = outcomes.await.unwrap();
    assert_eq!(outcomes.len(), 100);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.context == outcome.number * 2)
    );
}

#[tokio::test(start_paused = true)]
async fn sink_goes_on_when_nobody_reads_its_outcomes() {
    let mock = Mock::default();
    let (mut sink, outcomes) = mock
        .client()
        .helpers()
        .bulk_sink("i")
        .flush_operations(2)
        .open_with_outcomes();
    drop(outcomes);
    for n in 0..50 {
        sink.add(operation(n)).await.unwrap();
    }
    assert_eq!(sink.close().await.unwrap().succeeded, 50);
}

#[tokio::test(start_paused = true)]
async fn dropped_sink_sends_nothing_more() {
    let mock = Mock::default();
    let sink = mock.client().helpers().bulk_sink("i").flush_operations(10);
    let (mut sink, outcomes) = sink.open_with_outcomes();
    for n in 0..15 {
        sink.add(operation(n)).await.unwrap();
    }
    // One request is in flight, and the rest waits for its interval.
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(sink);
    assert_eq!(outcomes.count().await, 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(mock.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopped_sink_says_why() {
    let mock = Mock::new(|_, _| Fate::Status(403));
    let mut sink = mock
        .client()
        .helpers()
        .bulk_sink("i")
        .flush_operations(2)
        .open();
    sink.add(operation(0)).await.unwrap();
    let error = sink.flush().await.unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(error.as_bulk_stopped().unwrap().report.failed, 1);
    let later = sink.add(operation(1)).await.unwrap_err().to_string();
    assert!(
        later.starts_with("the sink has stopped before: ") && later.contains("403"),
        "{later}"
    );
    assert_eq!(sink.close().await.unwrap_err().report.failed, 1);

    let mut invalid = mock.client().helpers().bulk_sink("..").open();
    assert!(invalid.add(operation(0)).await.unwrap_err().is_invalid());
    let unused = mock.client().helpers().bulk_sink("i").open::<()>();
    assert_eq!(unused.close().await.unwrap().requests, 0);
}

#[tokio::test]
async fn totals_are_those_of_the_flush() {
    for _ in 0..50 {
        let mut sink = Mock::default().client().helpers().bulk_sink("i").open();
        for n in 0..5 {
            sink.add(operation(n)).await.unwrap();
        }
        sink.flush().await.unwrap();
        assert_eq!((sink.report().succeeded, sink.durable_up_to()), (5, 5));
    }
}

#[test]
fn sink_outside_a_runtime_is_an_error() {
    let client = Mock::default().client();
    let mut sink = client.helpers().bulk_sink("i").open();
    let error = futures_util::FutureExt::now_or_never(sink.add(operation(0)))
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("runtime"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn run_stops_after_some_failures() {
    let mock = Mock::new(|_, _| Fate::Items {
        first: 0,
        every: 2,
        status: 400,
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(1_000))
        .flush_operations(10);
    let stopped = bulk
        .max_in_flight(1)
        .stop_after_failures(12)
        .await
        .unwrap_err();
    assert_eq!(
        stopped.error.to_string(),
        "stopped after 15 failures (stop_after_failures)"
    );
    assert_eq!(stopped.report.durable_up_to, 30);
    assert_eq!(mock.sizes(), [10; 3]);
}

#[tokio::test(start_paused = true)]
async fn run_goes_on_after_a_failed_request_if_asked_to() {
    let mock = Mock::new(|number, _| {
        if number == 1 {
            Fate::Status(500)
        } else {
            Fate::Succeeds
        }
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(50))
        .flush_operations(10);
    let report = bulk.max_in_flight(1).continue_on_error(true).await.unwrap();
    assert_eq!(
        (report.succeeded, report.unknown, report.durable_up_to),
        (40, 10, 50)
    );
}

#[tokio::test(start_paused = true)]
async fn rate_is_limited_by_operations_and_bytes() {
    for by_bytes in [false, true] {
        let mock = Mock::default();
        let waited = Arc::new(Mutex::new(0));
        let count = Arc::clone(&waited);
        let bulk = mock
            .client()
            .helpers()
            .bulk("i", operations(100))
            .flush_operations(10);
        let bulk = bulk.on_progress(move |report| {
            *count.lock().unwrap() += u32::from(report.waits_for == WaitsFor::RateLimit);
        });
        let bulk = match by_bytes {
            // 300 to 320 bytes a request.
            true => bulk.max_bytes_per_second(310.0),
            false => bulk.max_operations_per_second(10.0),
        };
        let began = Instant::now();
        assert!(bulk.await.unwrap().is_complete());
        let took = began.elapsed().as_secs_f64();
        assert!((8.5..=9.7).contains(&took), "{took}");
        assert!(*waited.lock().unwrap() >= 9);
    }
}

#[tokio::test(start_paused = true)]
async fn rate_limit_bounds_requests_of_any_size() {
    let mock = Mock::default();
    let bulk = mock.client().helpers().bulk("i", operations(30));
    let began = Instant::now();
    let report = bulk.max_operations_per_second(10.0).await.unwrap();
    assert_eq!((report.succeeded, mock.sizes()), (30, vec![10; 3]));
    assert!(began.elapsed() >= Duration::from_secs(2));
}

/// A writer that several hold.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let letters = text.lines().map(|line| serde_json::from_str(line).unwrap());
        letters.collect()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn dead_letters_hold_lines_and_reason() {
    let mock = Mock::new(|number, _| match number {
        0 => Fate::Items {
            first: 3,
            every: 100,
            status: 400,
        },
        _ => Fate::LostAfter,
    });
    let input = operations(9).chain(stream::iter([Operation::index(json!({"n": 9}))]));
    let file = Shared::default();
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", input)
        .flush_operations(9)
        .max_in_flight(1);
    let report = bulk.dead_letters(file.clone()).await.unwrap();
    assert_eq!((report.succeeded, report.failed, report.unknown), (8, 1, 1));
    let letters = file.letters();
    let seen: Vec<_> = letters
        .iter()
        .map(|l| (l.number, l.status, l.unknown))
        .collect();
    assert_eq!(seen, [(3, Some(400), false), (9, None, true)]);
    assert_eq!(
        letters[0].operation,
        "{\"index\":{\"_id\":\"3\"}}\n{\"n\":3}\n"
    );
    assert_eq!(letters[0].kind.as_deref(), Some("told"));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_that_cannot_be_written_stop_the_run() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mock = Mock::new(|_, _| Fate::Items {
        first: 3,
        every: 100,
        status: 400,
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(100))
        .flush_operations(10);
    let stopped = bulk.dead_letters(Full).await.unwrap_err();
    assert_eq!(stopped.error.to_string(), "cannot write dead letters");
    assert_eq!(stopped.report.durable_up_to, 0);
}

#[tokio::test(start_paused = true)]
async fn order_of_one_document_is_kept() {
    // Of every request, some operations are refused at first.
    let mock = Mock::new(|number, _| match number % 3 {
        0 => Fate::Items {
            first: 0,
            every: 2,
            status: 429,
        },
        1 => Fate::Status(429),
        _ => Fate::Succeeds,
    });
    let order = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&order);
    // Four documents, each written 25 times.
    let input = (0..100_u64).map(|n| {
        Operation::index(json!({"n": n % 4, "version": n}))
            .id((n % 4).to_string())
            .context(n)
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", stream::iter(input))
        .flush_operations(10);
    let mut outcomes = bulk
        .keep_order(true)
        .backoff(Duration::from_millis(10), Duration::from_millis(50))
        .stream();
    while let Some(outcome) = outcomes.next().await {
        let outcome = outcome.unwrap();
        assert!(outcome.result.is_ok());
        written.lock().unwrap().push(outcome.context);
    }
    let order = order.lock().unwrap();
    for document in 0..4 {
        let of_document: Vec<_> = order.iter().filter(|n| **n % 4 == document).collect();
        assert_eq!(of_document.len(), 25);
        assert!(of_document.is_sorted(), "{of_document:?}");
    }
    let documents = &mock.state().documents;
    assert!((0..4).all(|n| documents[&n.to_string()]["version"] == 96 + n));
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_if_some_operations_name_the_default_index() {
    let mock = Mock::new(|number, _| match number {
        0 => Fate::Status(429),
        _ => Fate::Succeeds,
    });
    let input = (0..2_u64).map(|n| {
        let operation = Operation::index(json!({ "version": n })).id("1");
        operation.in_index((n == 1).then(|| "i".to_owned()))
    });
    let bulk = mock.client().helpers().bulk("i", stream::iter(input));
    let report = bulk.flush_operations(1).keep_order(true).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(mock.state().documents["1"]["version"], 1);
}

#[tokio::test(start_paused = true)]
async fn panic_of_a_callback_reaches_the_sink() {
    let mock = Mock::new(|_, _| Fate::Succeeds);
    let bulk = mock.client().helpers().bulk_sink("i");
    let mut sink = bulk.on_durable(|_| panic!("callback")).open();
    sink.add(operation(0)).await.unwrap();
    let flushed = tokio::spawn(async move { sink.flush().await });
    let flushed = tokio::time::timeout(Duration::from_secs(60), flushed).await;
    assert!(flushed.unwrap().unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn sink_whose_callback_panicked_has_stopped() {
    let mock = Mock::new(|_, _| Fate::Succeeds);
    let bulk = mock.client().helpers().bulk_sink("i");
    let mut sink = bulk.on_durable(|_| panic!("callback")).open();
    sink.add(operation(0)).await.unwrap();
    let flushed = std::panic::AssertUnwindSafe(sink.flush());
    assert!(flushed.catch_unwind().await.is_err());
    let error = sink.add(operation(1)).await.unwrap_err();
    assert!(error.to_string().contains("stopped before"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn closed_sink_takes_nothing_even_if_it_took_nothing_before() {
    let mock = Mock::new(|_, _| Fate::Succeeds);
    let mut sink = mock.client().helpers().bulk_sink("i").open();
    let closed: Result<(), _> = SinkExt::<Operation<Value>>::close(&mut sink).await;
    closed.unwrap();
    assert!(sink.add(operation(0)).await.is_err());
}

#[tokio::test]
async fn rate_that_is_none_is_refused() {
    let mock = Mock::new(|_, _| Fate::Succeeds);
    for rate in [0.0, -1.0, f64::NAN] {
        let bulk = || mock.client().helpers().bulk("i", operations(1));
        let operations = bulk().max_operations_per_second(rate).await.unwrap_err();
        let bytes = bulk().max_bytes_per_second(rate).await.unwrap_err();
        for (stopped, setting) in [(operations, "operations"), (bytes, "bytes")] {
            let message = stopped.error.to_string();
            let setting = format!("`max_{setting}_per_second` must be above 0");
            assert!(message.contains(&setting), "{message}");
        }
    }
    let bulk = mock.client().helpers().bulk("i", operations(1));
    let report = bulk.max_operations_per_second(f64::INFINITY).await;
    assert!(report.unwrap().is_complete());
}

/// A node selector whose map of shards is broken.
struct Broken;

impl NodeSelector for Broken {
    fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        0
    }

    fn write_node(&self, _: &str, _: Option<&str>, _: Option<&str>) -> Option<Arc<str>> {
        unreachable!("there is no map")
    }

    fn knows_shards(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn panic_of_a_node_selector_ends_the_run() {
    let cluster = es_testkit::Cluster::builder().start().await.unwrap();
    let builder = Elasticsearch::builder().nodes(cluster.urls());
    let client = builder.node_selector(Broken).build().unwrap();
    let bulk = client.helpers().bulk("i", vec![operation(0), operation(1)]);
    let stopped = tokio::time::timeout(Duration::from_secs(30), bulk.into_future()).await;
    let stopped = stopped.unwrap().unwrap_err();
    assert_eq!(stopped.report.operations, 0);
}

#[tokio::test(start_paused = true)]
async fn cluster_that_never_responds_is_given_up_early() {
    let mock = Mock::new(|_, _| Fate::LostBefore);
    let began = Instant::now();
    let bulk = mock.client().helpers().bulk("i", operations(10));
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    let stopped = bulk
        .on_progress(move |report| told.lock().unwrap().push(report.to_string()))
        .await
        .unwrap_err();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(stopped.report.requests, 4);
    let reasons = reasons.lock().unwrap();
    assert!(reasons[0].contains("waiting to retry: "), "{}", reasons[0]);
}

#[tokio::test(start_paused = true)]
async fn document_that_is_no_object_fails_alone() {
    let mock = Mock::default();
    let lines = ["{\"n\":1}".to_owned(), "{\"n\":2}".to_owned()];
    let report = mock
        .client()
        .helpers()
        .bulk("i", stream::iter(lines.clone()))
        .await
        .unwrap();
    assert_eq!(
        (report.operations, report.failed, report.requests),
        (2, 2, 0)
    );
    let reason = report.failures[0]
        .result
        .as_ref()
        .unwrap_err()
        .reason()
        .to_owned();
    assert!(reason.contains("RawValue"), "{reason}");

    let raw = lines.map(|line| serde_json::value::RawValue::from_string(line).unwrap());
    assert!(
        mock.client()
            .helpers()
            .bulk("i", stream::iter(raw))
            .await
            .unwrap()
            .is_complete()
    );
    assert_eq!(mock.sizes(), [2]);
}

#[tokio::test]
async fn another_product_is_refused_before_the_first_write() {
    let cluster = es_testkit::Cluster::builder().start().await.unwrap();
    let open_search = http::Response::builder().header("content-type", "application/json");
    let body = bytes::Bytes::from_static(b"{\"version\":{\"distribution\":\"opensearch\"}}");
    let fault = es_testkit::Fault::response(open_search.body(body).unwrap());
    cluster
        .node(0)
        .inject(fault.when(|request| request.uri().path() == "/"));
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    let bulk = client.helpers().bulk("i", [json!({"n": 1})]);
    let stopped = bulk.await.unwrap_err();
    assert!(
        stopped
            .error
            .as_transport()
            .unwrap()
            .is_unsupported_product()
    );
    assert_eq!((stopped.report.unknown, stopped.report.requests), (0, 0));
    let requests = cluster.node(0).requests();
    assert!(requests.iter().all(|request| request.path() == "/"));

    // Once a response has passed the check, nothing is asked.
    cluster.node(0).clear_faults();
    client.info().await.unwrap();
    cluster.node(0).clear_records();
    assert!(
        client
            .helpers()
            .bulk("i", [json!({"n": 1})])
            .await
            .unwrap()
            .is_complete()
    );
    assert_eq!(cluster.node(0).request_count(), 1);
}

fn is_info(request: &http::Request<bytes::Bytes>) -> bool {
    request.uri().path() == "/"
}

/// A cluster whose information is not available as the fault says.
async fn without_info(fault: Fault) -> (es_testkit::Cluster, Elasticsearch) {
    let cluster = es_testkit::Cluster::builder().start().await.unwrap();
    cluster.node(0).inject(fault.when(is_info));
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .request_timeout(Duration::from_millis(500))
        .max_retries(0)
        .build()
        .unwrap();
    (cluster, client)
}

fn paths(cluster: &es_testkit::Cluster) -> Vec<String> {
    let requests = cluster.node(0).requests();
    let paths = requests.iter().map(|request| request.path().to_owned());
    paths.collect()
}

#[tokio::test]
async fn refused_information_does_not_stop_writes() {
    for status in [401, 403, 404, 405] {
        let (cluster, client) = without_info(Fault::status(status)).await;
        let report = client.helpers().bulk("i", operations(3)).await.unwrap();
        assert!(report.is_complete(), "{report}");
        assert_eq!(paths(&cluster), ["/", "/i/_bulk"]);
    }
}

#[tokio::test]
async fn unavailable_information_is_retried_before_the_first_write() {
    for fault in [Fault::hang(), Fault::reset(), Fault::status(503)] {
        let (cluster, client) = without_info(fault.times(2)).await;
        let bulk = client.helpers().bulk("i", operations(3));
        let bulk = bulk.backoff(Duration::from_millis(1), Duration::from_millis(2));
        let report = bulk.await.unwrap();
        assert_eq!(
            (report.succeeded, report.unknown, report.retried),
            (3, 0, 0)
        );
        assert!(report.retry_reason.is_some());
        assert_eq!(paths(&cluster), ["/", "/", "/", "/i/_bulk"]);
    }
}

#[tokio::test]
async fn nothing_is_written_while_there_is_no_information() {
    let (cluster, client) = without_info(Fault::hang()).await;
    let bulk = client.helpers().bulk("i", operations(3));
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let stopped = bulk
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .initial_retries(1)
        .on_progress(move |report| tell.lock().unwrap().push(report.to_string()))
        .await
        .unwrap_err();
    assert!(stopped.error.is_timeout());
    let report = stopped.report;
    assert_eq!(
        (report.operations, report.requests, report.unknown),
        (0, 0, 0)
    );
    assert_eq!(paths(&cluster), ["/", "/"]);
    let told = told.lock().unwrap();
    assert!(
        told[0].contains(", waiting to retry: no response"),
        "{told:?}"
    );
}

#[tokio::test]
async fn cluster_that_starts_may_refuse_credentials_for_some_time() {
    let (cluster, client) = without_info(Fault::reset().once()).await;
    cluster.node(0).inject(Fault::status(401).times(2));
    let bulk = client.helpers().bulk("i", operations(3));
    let bulk = bulk.backoff(Duration::from_millis(1), Duration::from_millis(2));
    assert!(bulk.await.unwrap().is_complete());
    assert_eq!(paths(&cluster), ["/", "/", "/i/_bulk", "/i/_bulk"]);
}
