//! One fault at a time, with the exact number of what arrived.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use es_client::helpers::bulk::{Effect, Operation};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bulk::mock::{Fate, Mock};

/// A stream: a paused clock does not wait for the thread of an iterator.
fn with_ids(count: u64) -> impl Stream<Item = Operation<Value>> {
    stream::iter((0..count).map(|n| Operation::index(json!({ "n": n })).id(n.to_string())))
}

fn without_ids(count: u64) -> impl Stream<Item = Value> {
    stream::iter((0..count).map(|n| json!({ "n": n })))
}

/// The first request meets this fate, the others none.
fn first(fate: Fate) -> Mock {
    Mock::new(move |number, _| if number == 0 { fate } else { Fate::Succeeds })
}

/// Every document was written once.
fn assert_once(mock: &Mock, count: u64) {
    let writes = &mock.state().writes;
    assert_eq!(writes.len() as u64, count);
    assert!(writes.values().all(|times| *times == 1), "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn refused_request_is_retried_after_a_wait() {
    let mock = first(Fate::Status(429));
    let began = Instant::now();
    let report = mock
        .client()
        .helpers()
        .bulk("i", without_ids(10))
        .await
        .unwrap();
    assert!(
        (250..=520).contains(&began.elapsed().as_millis()),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        (report.succeeded, report.requests, report.retried),
        (10, 2, 10)
    );
    assert_eq!(mock.sizes(), [10, 10]);
    assert_once(&mock, 10);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let mock = first(Fate::Busy(7));
    let began = Instant::now();
    assert!(
        mock.client()
            .helpers()
            .bulk("i", without_ids(10))
            .await
            .unwrap()
            .is_complete()
    );
    assert!(
        (7_000..7_100).contains(&began.elapsed().as_millis()),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_30_s() {
    let mock = first(Fate::Busy(4_000_000_000));
    let began = Instant::now();
    let report = mock.client().helpers().bulk("i", without_ids(10)).await;
    assert!(report.unwrap().is_complete());
    let waited = began.elapsed().as_millis();
    assert!((30_000..30_100).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn only_refused_operations_are_retried() {
    let mock = first(Fate::Items {
        first: 1,
        every: 4,
        status: 429,
    });
    let bulk = mock.client().helpers().bulk("i", without_ids(10));
    let outcomes: Vec<_> = bulk.stream().try_collect().await.unwrap();
    let order: Vec<_> = outcomes.iter().map(|outcome| outcome.number).collect();
    // Those that succeeded are reported at once.
    assert_eq!(order, [0, 2, 3, 4, 6, 7, 8, 1, 5, 9]);
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
    assert_eq!(mock.sizes(), [10, 3]);
    assert_once(&mock, 10);
}

#[tokio::test(start_paused = true)]
async fn operation_refused_for_ever_fails_in_the_end() {
    let mock = Mock::new(|_, operations| {
        let poor = operations.iter().position(|o| o.document["n"] == 3);
        match poor {
            Some(first) => Fate::Items {
                first,
                every: 1_000,
                status: 429,
            },
            None => Fate::Succeeds,
        }
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", with_ids(10))
        .flush_operations(5)
        .max_retries(2);
    let report = bulk.await.unwrap();
    assert_eq!((report.succeeded, report.failed, report.retried), (9, 1, 2));
    let error = report.failures[0].result.as_ref().unwrap_err();
    assert_eq!(
        (error.status(), error.kind(), error.is_unknown()),
        (Some(429), Some("told"), false)
    );
    assert_eq!(
        error.operation(),
        "{\"index\":{\"_id\":\"3\"}}\n{\"n\":3}\n"
    );
    assert_eq!(mock.sizes(), [5, 5, 1, 1]);
    assert_once(&mock, 9);
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_document_fails_alone() {
    let mock = first(Fate::Items {
        first: 4,
        every: 1_000,
        status: 400,
    });
    let report = mock
        .client()
        .helpers()
        .bulk("i", without_ids(10))
        .await
        .unwrap();
    assert_eq!(
        (report.succeeded, report.failed, report.requests),
        (9, 1, 1)
    );
    assert_eq!(report.failures[0].number, 4);
    assert_once(&mock, 9);
}

#[tokio::test(start_paused = true)]
async fn document_that_spoils_its_request_is_found() {
    let poison = |n: u64| n == 37 || n == 80;
    let mock = Mock::new(move |_, operations| {
        let spoilt = operations
            .iter()
            .any(|o| poison(o.document["n"].as_u64().unwrap()));
        if spoilt {
            Fate::Status(400)
        } else {
            Fate::Succeeds
        }
    });
    let report = mock
        .client()
        .helpers()
        .bulk("i", with_ids(128))
        .await
        .unwrap();
    assert_eq!(
        (report.succeeded, report.failed, report.unknown),
        (126, 2, 0)
    );
    let mut numbers: Vec<_> = report
        .failures
        .iter()
        .map(|failure| failure.number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [37, 80]);
    assert_once(&mock, 126);
}

#[tokio::test(start_paused = true)]
async fn requests_are_few_if_all_are_refused() {
    let mock = Mock::new(|_, _| Fate::Status(400));
    let stopped = mock
        .client()
        .helpers()
        .bulk("i", with_ids(100_000))
        .await
        .unwrap_err();
    assert!(stopped.error.is_bad_request());
    let report = stopped.report;
    assert_eq!(report.succeeded, 0);
    assert_eq!(report.operations, report.failed + report.unknown);
    assert!(report.requests < 200, "{report}");
}

#[tokio::test(start_paused = true)]
async fn too_large_is_halved_and_learnt() {
    let mock = Mock::new(|_, operations| {
        if operations.len() > 30 {
            Fate::Status(413)
        } else {
            Fate::Succeeds
        }
    });
    let bulk = mock.client().helpers().bulk("i", without_ids(400));
    let report = bulk.flush_operations(100).max_in_flight(1).await.unwrap();
    assert_eq!((report.succeeded, report.failed), (400, 0));
    let sizes = mock.sizes();
    assert_eq!(sizes[..7], [100, 50, 50, 25, 25, 25, 25]);
    // Whether larger ones are accepted now is tried once.
    let too_large = sizes[7..].iter().filter(|size| **size > 30);
    assert_eq!(too_large.count(), 1, "{sizes:?}");
    assert_once(&mock, 400);
}

#[tokio::test(start_paused = true)]
async fn requests_grow_again_after_a_stray_413() {
    let mock = Mock::new(|request, _| {
        if request < 3 {
            Fate::Status(413)
        } else {
            Fate::Succeeds
        }
    });
    let bulk = mock.client().helpers().bulk("i", without_ids(10_000));
    let bulk = bulk.flush_operations(usize::MAX).flush_bytes(4_000);
    let report = bulk.max_in_flight(1).await.unwrap();
    assert_eq!((report.succeeded, report.failed), (10_000, 0));
    let sizes = mock.sizes();
    let (first, last) = (sizes[0], sizes[sizes.len() - 2]);
    assert!(sizes[3] < first / 3 && last > first * 8 / 10, "{sizes:?}");
    assert_once(&mock, 10_000);
}

#[tokio::test(start_paused = true)]
async fn one_document_that_is_too_large_fails_alone() {
    let mock = Mock::new(|_, operations| {
        let large = operations.iter().any(|o| o.document["n"] == 5);
        if large {
            Fate::Status(413)
        } else {
            Fate::Succeeds
        }
    });
    let report = mock
        .client()
        .helpers()
        .bulk("i", without_ids(8))
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.failed, report.unknown), (7, 1, 0));
    assert_eq!(
        report.failures[0].result.as_ref().unwrap_err().status(),
        Some(413)
    );
    assert_once(&mock, 7);
}

#[tokio::test(start_paused = true)]
async fn lost_response_is_retried_with_ids() {
    for fate in [
        Fate::LostBefore,
        Fate::LostAfter,
        Fate::Status(503),
        Fate::Status(502),
    ] {
        let mock = first(fate);
        let report = mock
            .client()
            .helpers()
            .bulk("i", with_ids(10))
            .await
            .unwrap();
        assert_eq!((report.succeeded, report.unknown), (10, 0), "{fate:?}");
        assert_eq!(mock.sizes(), [10, 10]);
        assert_eq!(mock.state().documents.len(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_response_without_ids_is_unknown() {
    for fate in [
        Fate::LostBefore,
        Fate::LostAfter,
        Fate::Status(503),
        Fate::Status(502),
    ] {
        let mock = first(fate);
        let bulk = mock
            .client()
            .helpers()
            .bulk("i", without_ids(20))
            .flush_operations(10);
        let report = bulk.await.unwrap();
        assert_eq!(
            (report.succeeded, report.failed, report.unknown),
            (10, 0, 10),
            "{fate:?}"
        );
        assert!(
            report
                .failures
                .iter()
                .all(|f| f.result.as_ref().unwrap_err().is_unknown())
        );
        assert_eq!(mock.sizes(), [10, 10]);
        assert!(mock.state().writes.values().all(|times| *times == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn lost_response_is_retried_with_made_ids() {
    let mock = first(Fate::LostAfter);
    let operations = (0..10).map(|n| Operation::create(json!({ "n": n })));
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", stream::iter(operations))
        .make_ids(true);
    let outcomes: Vec<_> = bulk.stream().try_collect().await.unwrap();
    // The second time it exists already: from the first.
    let effects = outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().unwrap().effect);
    assert!(
        effects
            .clone()
            .all(|effect| effect == Effect::WrittenBefore)
    );
    assert_eq!(effects.count(), 10);
    assert_eq!(mock.sizes(), [10, 10]);
    assert_once(&mock, 10);
}

#[tokio::test(start_paused = true)]
async fn conflict_after_a_lost_response_is_unknown() {
    let mock = first(Fate::LostAfter);
    let operations = (0..2).map(|n| Operation::create(json!({ "n": n })).id(n.to_string()));
    let report = mock
        .client()
        .helpers()
        .bulk("i", stream::iter(operations))
        .await
        .unwrap();
    assert_eq!((report.failed, report.unknown), (0, 2));
    let error = report.failures[0].result.as_ref().unwrap_err();
    assert!(error.is_conflict() && error.is_unknown());
    assert_once(&mock, 2);
}

/// The transport retries on another node, which refuses it.
#[tokio::test(start_paused = true)]
async fn refusal_after_a_lost_attempt_is_unknown() {
    for status in [400, 413] {
        let mock = Mock::new(move |number, _| match number {
            0 => Fate::LostAfter,
            _ => Fate::Status(status),
        });
        let client = mock.client_of_nodes(3, |_| None);
        let stopped_or_not = client.helpers().bulk("i", with_ids(2)).await;
        let report = stopped_or_not.unwrap_or_else(|stopped| *stopped.report);
        assert!(mock.state().requests.len() > 2, "{report}");
        assert_once(&mock, 2);
        assert_eq!(
            (report.failed, report.unknown),
            (0, 2),
            "{status}: {report}"
        );
    }
}

/// The node of a shard did not say in time whether it carried it out.
#[tokio::test(start_paused = true)]
async fn operation_that_a_gateway_gave_up_is_unknown() {
    for status in [502, 504] {
        let mock = first(Fate::Items {
            first: 0,
            every: 1,
            status,
        });
        let report = mock.client().helpers().bulk("i", with_ids(2)).await;
        let report = report.unwrap();
        assert_eq!(
            (report.failed, report.unknown),
            (0, 2),
            "{status}: {report}"
        );
    }
}

/// It has waited already.
#[tokio::test(start_paused = true)]
async fn halves_of_a_batch_are_sent_at_once() {
    let mock = Mock::new(|number, operations| match number {
        0 => Fate::Busy(20),
        _ if operations.len() > 3 => Fate::Status(413),
        _ => Fate::Succeeds,
    });
    let began = Instant::now();
    let report = mock.client().helpers().bulk("i", with_ids(10)).await;
    assert!(report.unwrap().is_complete());
    assert!(began.elapsed().as_secs() < 21, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn refused_condition_is_a_failure_with_made_ids() {
    let mock = Mock::new(|_, _| Fate::Items {
        first: 0,
        every: 1,
        status: 409,
    });
    let operation = Operation::index(json!({"n": 0})).if_seq_no(3);
    let bulk = mock.client().helpers().bulk("i", vec![operation]);
    let report = bulk.make_ids(true).await.unwrap();
    assert_eq!((report.succeeded, report.failed), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn only_operations_with_ids_are_retried() {
    let mock = first(Fate::LostAfter);
    let operations = [
        Operation::index(json!({"n": 0})).id("0"),
        Operation::index(json!({"n": 1})),
        Operation::update_with("2", json!({"n": 2, "script": "n += 1"})),
        Operation::delete("3"),
    ];
    let report = mock
        .client()
        .helpers()
        .bulk("i", stream::iter(operations))
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.unknown), (2, 2));
    let state = mock.state();
    let again: Vec<_> = state.requests[1]
        .1
        .iter()
        .map(|o| o.meta["_id"].clone())
        .collect();
    assert_eq!(again, ["0", "3"]);
}

#[tokio::test(start_paused = true)]
async fn refused_request_stops_the_run() {
    let mock = Mock::new(|number, _| {
        if number < 2 {
            Fate::Succeeds
        } else {
            Fate::Status(403)
        }
    });
    let bulk = mock.client().helpers().bulk("i", without_ids(100_000));
    let mut stream = bulk.flush_operations(10).max_in_flight(1).stream();
    let (mut written, mut failed, mut stopped) = (0, 0, false);
    while let Some(outcome) = stream.next().await {
        match outcome {
            Ok(outcome) if outcome.result.is_ok() => written += 1,
            Ok(_) => failed += 1,
            Err(error) => stopped = error.is_forbidden(),
        }
    }
    assert!(stopped);
    assert_eq!((written, failed), (20, 10));
    assert_eq!(stream.report().operations, 30);
    assert_eq!(mock.sizes(), [10; 3]);
}

#[tokio::test(start_paused = true)]
async fn absent_cluster_stops_it_after_all_retries() {
    let mock = Mock::new(|_, _| Fate::Status(429));
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", with_ids(100))
        .flush_operations(10);
    let stopped = bulk.max_in_flight(2).max_retries(3).await.unwrap_err();
    assert!(stopped.error.is_too_many_requests());
    let report = stopped.report;
    assert_eq!(
        (report.operations, report.failed, report.unknown),
        (20, 20, 0)
    );
    assert!((7..=8).contains(&report.requests), "{report}");
    assert!(mock.state().writes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn unreadable_response_leaves_operations_unknown() {
    for nonsense in ["", "{}", "not json", r#"{"errors":true,"items":[]}"#] {
        let mock = first(Fate::Body(nonsense));
        let stopped = mock
            .client()
            .helpers()
            .bulk("i", with_ids(3))
            .await
            .unwrap_err();
        assert!(stopped.error.is_decode(), "{nonsense}");
        assert_eq!(
            (stopped.report.unknown, stopped.report.succeeded),
            (3, 0),
            "{nonsense}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn adaptive_limit_falls_while_the_cluster_refuses() {
    let under_way = Arc::new(Mutex::new(Vec::new()));
    let times = Arc::clone(&under_way);
    let mock = Mock::new(move |number, _| {
        times.lock().unwrap().push(Instant::now());
        if (40..60).contains(&number) {
            Fate::Status(429)
        } else {
            Fate::Succeeds
        }
    });
    let bulk = mock.client().helpers().bulk("i", with_ids(2_000));
    let report = bulk
        .flush_operations(10)
        .adaptive_in_flight(16)
        .max_retries(50)
        .backoff(Duration::from_millis(10), Duration::from_millis(10))
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.requests), (2_000, 220));
    assert_once(&mock, 2_000);
    let times = under_way.lock().unwrap();
    // Number of those that arrived within the 5 ms before a request, itself included.
    let together = |at: usize| {
        let near = |time: &&Instant| times[at] - **time < Duration::from_millis(5);
        times[..=at].iter().filter(near).count()
    };
    assert_eq!(together(0), 1);
    assert!((30..40).map(together).max() > Some(4), "it grew");
    assert_eq!(together(59), 1, "and shrank");
    assert!((150..220).map(together).max() > Some(8), "and grew again");
}

#[tokio::test(start_paused = true)]
async fn status_of_an_item_decides_without_an_error() {
    let items = r#"[{"index":{"status":201}},{"index":{"status":400}},{"index":{"status":500}},
        {"index":{}},{"index":{"status":404}},{"delete":{"status":404}}]"#;
    for errors in ["true", "false"] {
        let body = format!(r#"{{"errors":{errors},"items":{items}}}"#).leak();
        let mock = Mock::new(|_, _| Fate::Body(body));
        let operations = || {
            let documents = (0..5).map(|n| Operation::index(json!({ "n": n })));
            stream::iter(documents.chain([Operation::delete("gone")]))
        };
        let helpers = mock.client().helpers();
        let report = helpers.bulk("i", operations()).await.unwrap();
        assert_eq!(
            (report.succeeded, report.failed, report.unknown),
            (2, 3, 1),
            "{errors}"
        );

        let outcomes: Vec<_> = helpers
            .bulk("i", operations())
            .stream()
            .try_collect()
            .await
            .unwrap();
        let failed = |at: usize| outcomes[at].result.as_ref().unwrap_err();
        assert_eq!(
            [1, 2, 4].map(|at| failed(at).status()),
            [Some(400), Some(500), Some(404)]
        );
        assert_eq!(
            [1, 2, 3, 4].map(|at| failed(at).is_unknown()),
            [false, false, true, false]
        );
        assert_eq!(
            outcomes[5].result.as_ref().unwrap().effect,
            Effect::NotFound
        );
    }
}

#[tokio::test(start_paused = true)]
async fn missing_items_leave_operations_unknown() {
    let body = r#"{"errors":false,"items":[{"index":{"status":201}}]}"#;
    let mock = Mock::new(|_, _| Fate::Body(body));
    let stopped = mock
        .client()
        .helpers()
        .bulk("i", without_ids(3))
        .await
        .unwrap_err();
    assert_eq!((stopped.report.succeeded, stopped.report.unknown), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn documents_in_the_failure_store_are_counted() {
    let body = r#"{"errors":false,"items":[{"create":{"status":201}},
        {"create":{"status":201,"failure_store":"used"}}]}"#;
    let mock = Mock::new(|_, _| Fate::Body(body));
    let operations = || stream::iter((0..2).map(|n| Operation::create(json!({ "n": n }))));
    let helpers = mock.client().helpers();
    let report = helpers.bulk("logs", operations()).await.unwrap();
    assert_eq!((report.succeeded, report.in_failure_store), (2, 1));
    assert!(!report.is_complete());
    assert!(
        report
            .to_string()
            .starts_with("2 of 2 written (1 to the failure store), ")
    );

    let outcomes: Vec<_> = helpers
        .bulk("logs", operations())
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        outcomes[1].result.as_ref().unwrap().effect,
        Effect::FailureStore
    );
}

#[tokio::test(start_paused = true)]
async fn conflict_after_an_unavailable_shard_is_unknown() {
    for (status, expected) in [(503, (0, 2)), (429, (2, 0))] {
        let mock = Mock::new(move |number, _| {
            let status = if number == 0 { status } else { 409 };
            Fate::Items {
                first: 0,
                every: 1,
                status,
            }
        });
        let operations = (0..2).map(|n| Operation::create(json!({ "n": n })).id(n.to_string()));
        let report = mock
            .client()
            .helpers()
            .bulk("i", stream::iter(operations))
            .await
            .unwrap();
        assert_eq!((report.failed, report.unknown), expected, "{status}");
    }
}
