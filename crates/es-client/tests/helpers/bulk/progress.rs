//! Requests go on whatever the source and the reader of the outcomes do.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use es_client::{Elasticsearch, helpers::bulk::BulkReport};
use es_testkit::{Cluster, Fault};
use futures_util::{StreamExt, stream};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

/// The time of a request; sources and readers pause longer.
const TIMEOUT: Duration = Duration::from_millis(800);
pub(crate) const PAUSE: Duration = Duration::from_millis(1_600);
/// The time of a request where nothing is to take longer.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// The time that the cluster takes for a request.
const LATENCY: Duration = Duration::from_millis(30);

/// A cluster on another runtime, which responds while this one is blocked.
pub(crate) fn cluster() -> (Elasticsearch, Cluster, Runtime) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let cluster = runtime.block_on(Cluster::builder().start()).unwrap();
    cluster
        .node(0)
        .inject(Fault::delay(LATENCY).on_path("_bulk"));
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .request_timeout(TIMEOUT)
        .build()
        .unwrap();
    (client, cluster, runtime)
}

/// Blocks this thread.
pub(crate) fn block(time: Duration) {
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(time).is_err());
}

pub(crate) fn document(n: u64) -> Value {
    json!({ "n": n })
}

/// 100 documents, a pause, and one more.
pub(crate) fn pausing() -> impl Iterator<Item = Value> + Send {
    (0..101).map(|n| {
        if n == 100 {
            block(PAUSE);
        }
        document(n)
    })
}

/// 130 documents a second.
pub(crate) fn steady() -> impl Iterator<Item = Value> + Send {
    (0..150).map(|n| {
        block(Duration::from_micros(7_700));
        document(n)
    })
}

/// A document whose serialisation computes for long.
pub(crate) struct Slow(pub(crate) u64);

impl Serialize for Slow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(15) {
            std::hint::spin_loop();
        }
        document(self.0).serialize(serializer)
    }
}

pub(crate) async fn count(client: &Elasticsearch) -> u64 {
    let response = client
        .request(http::Method::GET, "/i/_count", ())
        .await
        .unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

pub(crate) async fn assert_all(client: &Elasticsearch, report: BulkReport, expected: u64) {
    let counts = (
        report.operations,
        report.succeeded,
        report.failed,
        report.unknown,
    );
    assert_eq!(counts, (expected, expected, 0, 0), "{report:?}");
    assert_eq!(report.durable_up_to, expected);
    assert_eq!(report.retried, 0);
    assert_eq!(count(client).await, expected);
}

/// Runs a test on a runtime of one thread and on one of two.
fn on_each_runtime<F: Future<Output = ()>>(test: impl Fn(Elasticsearch) -> F) {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let (client, _cluster, _runtime) = cluster();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(test(client));
    }
}

#[test]
fn source_may_pause_longer_than_a_request() {
    on_each_runtime(|client| async move {
        let report = client
            .helpers()
            .bulk("i", pausing())
            .flush_operations(10)
            .await
            .unwrap();
        assert_all(&client, report, 101).await;
    });
}

#[test]
fn flush_interval_holds_while_the_source_blocks() {
    on_each_runtime(|client| async move {
        let (sender, receiver) = mpsc::channel();
        (0..7).for_each(|n| sender.send(document(n)).unwrap());
        let written = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&written);
        let bulk = client
            .helpers()
            .bulk("i", receiver)
            .flush_interval(Duration::from_millis(20))
            .on_progress(move |report| seen.store(report.succeeded, Ordering::Release));
        let bulk = tokio::spawn(bulk.into_future());
        // The source blocks until its sender is gone.
        while written.load(Ordering::Acquire) < 7 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sender.send(document(7)).unwrap();
        drop(sender);
        assert_all(&client, bulk.await.unwrap().unwrap(), 8).await;
    });
}

#[test]
fn slow_steady_source_is_written_as_it_comes() {
    on_each_runtime(|client| async move {
        let bulk = client.helpers().bulk("i", steady()).max_in_flight(1);
        let report = bulk
            .flush_interval(Duration::from_millis(100))
            .await
            .unwrap();
        assert!(report.requests > 3, "{report}");
        assert_all(&client, report, 150).await;
    });
}

#[test]
fn serialisation_may_take_longer_than_a_request() {
    on_each_runtime(|client| async move {
        let bulk = client
            .helpers()
            .bulk("i", (0..150).map(Slow))
            .flush_operations(75);
        let report = bulk.await.unwrap();
        assert_all(&client, report, 150).await;
    });
}

/// A document of which one in twenty takes longer to serialise than a request.
struct SometimesSlow(u64);

impl Serialize for SometimesSlow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 20 == 15 {
            block(PAUSE);
        }
        document(self.0).serialize(serializer)
    }
}

#[test]
fn one_document_may_take_longer_than_a_request() {
    on_each_runtime(|client| async move {
        let bulk = client.helpers().bulk("i", (0..40).map(SometimesSlow));
        let report = bulk.flush_operations(5).await.unwrap();
        assert_all(&client, report, 40).await;
    });
}

#[test]
fn flush_interval_holds_while_documents_are_serialised() {
    on_each_runtime(|client| async move {
        let bulk = client.helpers().bulk("i", (0..200).map(Slow));
        let report = bulk
            .flush_interval(Duration::from_millis(100))
            .await
            .unwrap();
        assert!(report.requests > 3, "{report}");
        assert_all(&client, report, 200).await;
    });
}

#[test]
fn reader_may_pause_longer_than_a_request() {
    on_each_runtime(|client| async move {
        for documents in [true, false] {
            let bulk = client.helpers();
            let bulk = match documents {
                true => bulk.bulk("i", (0..500).map(document)),
                false => bulk.bulk("i", stream::iter((500..1_000).map(document))),
            };
            let mut stream = bulk.flush_operations(10).stream();
            let mut read = 0;
            while let Some(outcome) = stream.next().await {
                assert!(outcome.unwrap().result.is_ok());
                read += 1;
                if read % 200 == 0 {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            assert_eq!((read, stream.durable_up_to()), (500, 500));
            assert_eq!(stream.report().unknown, 0);
        }
        assert_eq!(count(&client).await, 1_000);
    });
}

#[test]
fn paused_reader_bounds_what_is_taken() {
    on_each_runtime(|client| async move {
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        let documents = (0..10_000).map(document).inspect(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let bulk = client
            .helpers()
            .bulk("i", documents)
            .flush_operations(10)
            .max_in_flight(3);
        let mut stream = bulk.stream();
        assert!(stream.next().await.unwrap().unwrap().result.is_ok());
        tokio::time::sleep(PAUSE).await;
        // Three requests, and one more instead of that which is read.
        assert!(taken.load(Ordering::Relaxed) <= 40, "{taken:?}");
    });
}

/// 55 documents, and the end of the source: a panic, or an error.
pub(crate) fn failing(panics: bool) -> impl Iterator<Item = io::Result<Value>> + Send {
    (0..100).map(move |n| {
        assert!(n != 55 || !panics, "no more of it");
        if n == 55 {
            Err(io::Error::other("no more of it"))
        } else {
            Ok(document(n))
        }
    })
}

pub(crate) fn assert_is_of_source(error: &es_client::Error, panics: bool) {
    assert!(error.is_source(), "{error}");
    let source = std::error::Error::source(error).unwrap().to_string();
    let expected = if panics {
        "panicked: no more of it"
    } else {
        "no more of it"
    };
    assert_eq!(source, expected);
}

#[test]
fn failed_source_ends_the_run() {
    on_each_runtime(|client| async move {
        let client = client.options().request_timeout(MINUTE).into_client();
        for (panics, by_stream) in [(true, true), (true, false), (false, true), (false, false)] {
            let bulk = || {
                let bulk = match by_stream {
                    true => client.helpers().bulk("i", stream::iter(failing(panics))),
                    false => client.helpers().bulk("i", failing(panics)),
                };
                bulk.flush_operations(10)
            };
            let stopped = bulk().await.unwrap_err();
            assert_is_of_source(&stopped.error, panics);
            let report = stopped.report;
            assert_eq!((report.operations, report.succeeded), (55, 55));
            assert_eq!(report.durable_up_to, 55);

            // The error comes after all outcomes.
            let mut outcomes = bulk().stream();
            for _ in 0..55 {
                assert!(outcomes.next().await.unwrap().unwrap().result.is_ok());
            }
            let error = outcomes.next().await.unwrap().unwrap_err();
            assert_is_of_source(&error, panics);
            assert!(outcomes.next().await.is_none());
        }
        assert_eq!(count(&client).await, 8 * 55);
    });
}

#[test]
fn panic_of_serialize_ends_the_run() {
    struct Panics(u64);
    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            assert!(self.0 != 25, "cannot do that");
            document(self.0).serialize(serializer)
        }
    }
    on_each_runtime(|client| async move {
        let client = client.options().request_timeout(MINUTE).into_client();
        let bulk = client
            .helpers()
            .bulk("i", (0..100).map(Panics))
            .flush_operations(10);
        let stopped = bulk.await.unwrap_err();
        let report = stopped.report;
        assert_eq!(
            (report.operations, report.succeeded, report.failed),
            (26, 25, 1)
        );
        let error = report.failures[0].result.as_ref().unwrap_err();
        assert_eq!(error.reason(), "panicked: cannot do that");
        assert_eq!(count(&client).await, 25);
    });
}

#[test]
fn panic_of_a_layer_leaves_its_operations_unknown() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Elasticsearch::from_service(tower::service_fn(
            |_request: http::Request<es_transport::Body>| async {
                let broken = || -> http::Response<http_body_util::Full<bytes::Bytes>> {
                    panic!("a layer broke")
                };
                Ok::<_, std::convert::Infallible>(broken())
            },
        ));
        let stopped = client
            .helpers()
            .bulk("i", (0..10).map(document))
            .await
            .unwrap_err();
        assert_eq!(
            (stopped.report.operations, stopped.report.unknown),
            (10, 10)
        );
        assert!(
            stopped.error.to_string().contains("a layer broke"),
            "{}",
            stopped.error
        );
    });
}

/// Says when it is dropped.
pub(crate) struct Guard(pub(crate) mpsc::Sender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn dropped_run_ends_its_source() {
    on_each_runtime(|client| async move {
        for (by_stream, is_read) in [(true, true), (true, false), (false, true), (false, false)] {
            let (sender, ended) = mpsc::channel();
            let guard = Guard(sender);
            let documents = (0..).map(move |n| {
                let _held = &guard;
                document(n)
            });
            let bulk = client.helpers();
            let bulk = match by_stream {
                true => bulk.bulk("i", stream::iter(documents)),
                false => bulk.bulk("i", documents),
            };
            let bulk = bulk.flush_operations(10);
            if is_read {
                let mut stream = bulk.stream();
                stream.next().await.unwrap().unwrap();
            } else {
                let run = tokio::time::timeout(3 * LATENCY, bulk.into_future());
                assert!(run.await.is_err());
            }
            let ends = tokio::task::spawn_blocking(move || ended.recv());
            assert!(ends.await.unwrap().is_ok());
        }
    });
}
