//! The progress says what the helper waits for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use es_client::{
    Elasticsearch,
    helpers::bulk::{BulkReport, Operation, WaitsFor},
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::bulk::mock::{Fate, Mock};

const SECOND: Duration = Duration::from_secs(1);

fn operations(count: u64) -> impl Stream<Item = Operation<Value>> + Send {
    stream::iter((0..count).map(|n| Operation::index(json!({ "n": n })).id(n.to_string())))
}

/// The latest progress.
#[derive(Clone, Default)]
struct Latest(Arc<Mutex<BulkReport>>);

impl Latest {
    fn keep(&self) -> impl FnMut(&BulkReport) + Send + 'static {
        let this = self.clone();
        move |report| *this.0.lock().unwrap() = report.clone()
    }

    /// Asserts the event that is waited for, and its words at the end of the text.
    fn assert(&self, event: WaitsFor, words: &str) {
        let report = self.0.lock().unwrap();
        assert_eq!(report.waits_for, event, "{report}");
        assert!(report.to_string().ends_with(words), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn input_is_waited_for() {
    let (mock, latest) = (Mock::default(), Latest::default());
    let late = stream::once(async {
        sleep(20 * SECOND).await;
        Operation::index(json!({"n": 9}))
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(5).chain(late.boxed()))
        .on_progress(latest.keep());
    let run = tokio::spawn(bulk.into_future());
    sleep(10 * SECOND).await;
    latest.assert(WaitsFor::Input, ", waiting for input");
    assert_eq!(latest.0.lock().unwrap().succeeded, 5);
    let report = run.await.unwrap().unwrap();
    assert_eq!(report.waits_for, WaitsFor::Nothing);
    assert!(!report.to_string().contains("waiting"), "{report}");
    latest.assert(WaitsFor::Nothing, "s");
}

#[tokio::test(start_paused = true)]
async fn responses_are_waited_for() {
    let (mock, latest) = (Mock::default(), Latest::default());
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(50))
        .flush_operations(10)
        .max_in_flight(1)
        .on_progress(latest.keep());
    let run = tokio::spawn(bulk.into_future());
    // A response takes 5 ms, and the input is there in time.
    for written in [10, 20, 30, 40] {
        sleep(Duration::from_millis(6)).await;
        assert_eq!(latest.0.lock().unwrap().succeeded, written);
        latest.assert(WaitsFor::Responses, ", waiting for responses");
    }
    assert!(run.await.unwrap().unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn first_response_is_waited_for() {
    let latest = Latest::default();
    let client = Elasticsearch::from_service(tower::service_fn(
        |_request: http::Request<es_transport::Body>| async {
            std::future::pending::<Result<http::Response<String>, std::io::Error>>().await
        },
    ));
    let bulk = client
        .helpers()
        .bulk("i", operations(50))
        .on_progress(latest.keep());
    let _run = tokio::spawn(bulk.into_future());
    sleep(3 * SECOND).await;
    latest.assert(WaitsFor::Responses, ", waiting for responses");
    assert_eq!(latest.0.lock().unwrap().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn retry_is_waited_for_with_its_reason() {
    let mock = Mock::new(|number, _| match number {
        0 => Fate::Busy(20),
        _ => Fate::Succeeds,
    });
    let latest = Latest::default();
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(5))
        .on_progress(latest.keep());
    let run = tokio::spawn(bulk.into_future());
    sleep(10 * SECOND).await;
    let words =
        ", waiting to retry: Elasticsearch returned 429 Too Many Requests: refused: as told";
    latest.assert(WaitsFor::Retry, words);
    assert!(run.await.unwrap().unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn rate_limit_is_waited_for() {
    let (mock, latest) = (Mock::default(), Latest::default());
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(40))
        .flush_operations(20)
        .max_operations_per_second(20.0)
        .on_progress(latest.keep());
    let run = tokio::spawn(bulk.into_future());
    sleep(SECOND / 2).await;
    latest.assert(WaitsFor::RateLimit, ", waiting for the rate limit");
    assert!(run.await.unwrap().unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn reader_is_waited_for() {
    let (mock, latest) = (Mock::default(), Latest::default());
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", operations(50))
        .flush_operations(10)
        .max_in_flight(2)
        .on_progress(latest.keep());
    let mut outcomes = bulk.stream();
    outcomes.next().await.unwrap().unwrap();
    sleep(SECOND).await;
    latest.assert(WaitsFor::Reader, ", waiting until outcomes are read");
    assert_eq!(outcomes.report().waits_for, WaitsFor::Reader);
    assert_eq!(outcomes.by_ref().count().await, 49);
    assert_eq!(outcomes.report().waits_for, WaitsFor::Nothing);
}

#[tokio::test(start_paused = true)]
async fn earlier_operation_is_waited_for() {
    let (mock, latest) = (Mock::default(), Latest::default());
    let twice = operations(1).chain(operations(1));
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", twice)
        .keep_order(true)
        .on_progress(latest.keep());
    let run = tokio::spawn(bulk.into_future());
    sleep(Duration::from_millis(2)).await;
    let words = ", waiting for an earlier operation on a document";
    latest.assert(WaitsFor::EarlierOperation, words);
    assert!(run.await.unwrap().unwrap().is_complete());
    assert_eq!(mock.sizes(), [1, 1]);
}
