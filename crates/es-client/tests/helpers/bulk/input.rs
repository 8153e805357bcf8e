//! The input, and how it is divided into requests.

use std::time::Duration;

use es_client::{
    helpers::bulk::{Action, Effect, Operation},
    params::Refresh,
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::bulk::mock::{Fate, Mock};

#[derive(Clone, Serialize)]
struct Numbered {
    n: u64,
}

fn operations(count: u64) -> impl Iterator<Item = Operation<Numbered>> + Clone {
    (0..count).map(|n| Operation::index(Numbered { n }).id(n.to_string()))
}

/// A stream: a paused clock does not wait for the thread of an iterator.
fn numbers(count: u64) -> impl Stream<Item = Operation<Numbered>> {
    stream::iter(operations(count))
}

#[tokio::test]
async fn every_form_of_input_is_taken() {
    let mock = Mock::default();
    let helpers = mock.client().helpers();
    let documents = [Numbered { n: 0 }, Numbered { n: 1 }];
    assert!(
        helpers
            .bulk("i", documents.clone())
            .await
            .unwrap()
            .is_complete()
    );
    assert!(
        helpers
            .bulk("i", documents.to_vec())
            .await
            .unwrap()
            .is_complete()
    );
    assert!(
        helpers
            .bulk("i", operations(2))
            .await
            .unwrap()
            .is_complete()
    );
    assert!(
        helpers
            .bulk("i", operations(2).map(std::io::Result::Ok))
            .await
            .unwrap()
            .is_complete()
    );
    assert!(
        helpers
            .bulk("i", stream::iter(documents.clone()))
            .await
            .unwrap()
            .is_complete()
    );
    assert!(helpers.bulk("i", numbers(2)).await.unwrap().is_complete());
    let results = numbers(2).map(std::io::Result::Ok);
    assert!(helpers.bulk("i", results).await.unwrap().is_complete());
    assert_eq!(mock.state().writes, [(0, 7), (1, 7)].into());

    let nothing = helpers.bulk("i", Vec::<Value>::new()).await.unwrap();
    assert_eq!((nothing.operations, nothing.requests), (0, 0));
    assert_eq!(mock.sizes(), [2; 7]);
}

#[tokio::test(start_paused = true)]
async fn each_action_arrives_with_its_settings_and_has_its_outcome() {
    let mock = Mock::default();
    let operations = vec![
        Operation::index(json!({"n": 0})),
        Operation::create(json!({"n": 1}))
            .id("b")
            .in_index("other")
            .routing("r"),
        Operation::update("c", json!({"n": 2})).doc_as_upsert(true),
        Operation::delete("d"),
    ];
    let bulk = mock
        .client()
        .helpers()
        .bulk("a b", stream::iter(operations))
        .pipeline("p")
        .require_alias(true);
    let outcomes: Vec<_> = bulk.stream().try_collect().await.unwrap();
    let seen: Vec<_> = outcomes
        .iter()
        .map(|o| (o.number, o.action, o.id.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (0, Action::Index, Some("made-0")),
            (1, Action::Create, Some("b")),
            (2, Action::Update, Some("c")),
            (3, Action::Delete, Some("d")),
        ]
    );
    assert!(
        outcomes
            .iter()
            .all(|o| o.result.as_ref().unwrap().effect == Effect::Created)
    );

    let state = mock.state();
    let (target, arrived) = &state.requests[0];
    assert_eq!(
        target,
        "/a%20b/_bulk?pipeline=p&require_alias=true&filter_path=-items.*._shards"
    );
    assert_eq!(
        arrived[1].meta,
        json!({"_id": "b", "_index": "other", "routing": "r"})
    );
    assert_eq!(
        arrived[2].document,
        json!({"doc": {"n": 2}, "doc_as_upsert": true})
    );
    assert_eq!(state.requests.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn none_leaves_a_setting_as_it_is() {
    let mock = Mock::default();
    let (text, number) = (None::<String>, None::<i64>);
    let operation = Operation::index(json!({"n": 0})).id("a").routing("r");
    let operation = operation
        .routing(&text)
        .in_index(&text)
        .pipeline(&text)
        .external_version(number)
        .if_seq_no(Some(3_i64))
        .if_primary_term(number)
        .require_alias(None::<bool>)
        .retry_on_conflict(number);
    let bulk = mock.client().helpers().bulk("i", vec![operation]);
    let bulk = bulk
        .pipeline(&text)
        .routing(&text)
        .refresh(true)
        .refresh(None::<Refresh>)
        .wait_for_active_shards(number)
        .require_alias(None::<bool>)
        .timeout(None::<Duration>);
    assert!(bulk.await.unwrap().is_complete());

    let (target, arrived) = &mock.state().requests[0];
    let filter = "filter_path=errors,items.*.status,items.*.error,items.*.failure_store";
    assert_eq!(*target, format!("/i/_bulk?refresh=true&{filter}"));
    let meta = json!({"_id": "a", "routing": "r", "if_seq_no": 3});
    assert_eq!(arrived[0].meta, meta);
}

#[tokio::test(start_paused = true)]
async fn bulk_without_an_index_is_refused() {
    let mock = Mock::default();
    let helpers = mock.client().helpers();
    let stopped = helpers.bulk(None::<&str>, numbers(1)).await.unwrap_err();
    assert!(stopped.error.to_string().contains("`index` is empty"));
    assert!(mock.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn requests_are_cut_by_operations_and_by_bytes() {
    let mock = Mock::default();
    let report = mock
        .client()
        .helpers()
        .bulk("i", numbers(25))
        .flush_operations(10)
        .await
        .unwrap();
    assert_eq!(mock.sizes(), [10, 10, 5]);
    assert_eq!(
        (report.operations, report.succeeded, report.requests),
        (25, 25, 3)
    );

    let mock = Mock::default();
    // 30 bytes each.
    let report = mock
        .client()
        .helpers()
        .bulk("i", numbers(10))
        .flush_bytes(100)
        .await
        .unwrap();
    assert_eq!(mock.sizes(), [3, 3, 3, 1]);
    assert_eq!(report.bytes, 300);
    // One that is longer alone still goes.
    let report = mock
        .client()
        .helpers()
        .bulk("i", numbers(3))
        .flush_bytes(1)
        .await
        .unwrap();
    assert_eq!((report.requests, report.succeeded), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_more_goes_when_its_time_is_over() {
    let mock = Mock::default();
    let (sender, receiver) = tokio::sync::mpsc::channel(10);
    let input = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|item| (item, receiver))
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", input)
        .flush_interval(Duration::from_secs(3));
    let bulk = tokio::spawn(bulk.into_future());
    sender.send(Numbered { n: 0 }).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    sender.send(Numbered { n: 1 }).await.unwrap();
    assert!(mock.sizes().is_empty());
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    assert_eq!(mock.sizes(), [2]);
    sender.send(Numbered { n: 2 }).await.unwrap();
    drop(sender);
    assert_eq!(bulk.await.unwrap().unwrap().succeeded, 3);
    assert_eq!(mock.sizes(), [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_read_than_may_be_under_way() {
    let mock = Mock::new(|_, _| Fate::Succeeds);
    let read = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&read);
    let input = numbers(1_000).inspect(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", input)
        .flush_operations(10)
        .max_in_flight(3);
    let mut stream = bulk.stream();
    assert!(stream.next().await.unwrap().unwrap().result.is_ok());
    assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), 30);
    drop(stream);
    // What was under way was cut off; nothing else is sent.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(mock.sizes().len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_fails_ends_after_what_it_gave() {
    let mock = Mock::default();
    let input = (0..8).map(|n| {
        if n == 7 {
            Err(std::io::Error::other("no more"))
        } else {
            Ok(Numbered { n })
        }
    });
    let input = stream::iter(input);
    let stopped = mock
        .client()
        .helpers()
        .bulk("i", input)
        .flush_operations(5)
        .await
        .unwrap_err();
    assert!(stopped.error.is_source());
    let source = std::error::Error::source(&stopped.error).unwrap();
    assert_eq!(source.to_string(), "no more");
    assert_eq!(
        (stopped.report.operations, stopped.report.succeeded),
        (7, 7)
    );
    assert_eq!(mock.sizes(), [5, 2]);

    let error = es_client::Error::from(stopped);
    assert!(error.is_source());
    assert_eq!(error.as_bulk_stopped().unwrap().report.succeeded, 7);
    assert!(
        error
            .to_string()
            .starts_with("the bulk helper stopped: 7 of 7 written"),
        "{error}"
    );
    let why = std::error::Error::source(&error).unwrap();
    assert_eq!(why.to_string(), "the input of the helper failed");
    assert_eq!(why.source().unwrap().to_string(), "no more");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_cannot_be_written_fails_alone() {
    let mock = Mock::default();
    let document = |n: u64| {
        let keys_are_no_strings = std::collections::BTreeMap::from([(vec![n], n)]);
        if n == 3 {
            Err(keys_are_no_strings)
        } else {
            Ok(json!({ "n": n }))
        }
    };
    let input = (0..6).map(move |n| Operation::index(document(n)).id(n.to_string()));
    let bulk = mock.client().helpers().bulk("i", stream::iter(input));
    let report = bulk.await.unwrap();
    assert_eq!(
        (report.operations, report.succeeded, report.failed),
        (6, 5, 1)
    );
    assert_eq!(
        (report.failures[0].number, report.failures[0].id.as_deref()),
        (3, Some("3"))
    );
    assert!(
        report.failures[0]
            .result
            .as_ref()
            .unwrap_err()
            .reason()
            .contains("JSON")
    );
    assert_eq!(mock.sizes(), [5]);
}

#[tokio::test(start_paused = true)]
async fn an_index_that_could_change_the_route_is_refused() {
    let mock = Mock::default();
    let stopped = mock
        .client()
        .helpers()
        .bulk("..", numbers(3))
        .await
        .unwrap_err();
    assert!(stopped.error.is_invalid());
    assert_eq!(stopped.report.operations, 0);
    assert!(mock.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn progress_is_reported_after_every_request() {
    let mock = Mock::new(|number, _| match number {
        0 => Fate::Items {
            first: 3,
            every: 100,
            status: 400,
        },
        1 => Fate::Status(429),
        _ => Fate::Succeeds,
    });
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let tell = std::sync::Arc::clone(&told);
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", numbers(25))
        .flush_operations(10);
    let report = bulk
        .max_in_flight(1)
        .on_progress(move |totals| {
            let counts = [
                totals.operations,
                totals.succeeded,
                totals.failed,
                totals.requests,
            ];
            tell.lock().unwrap().push(counts);
        })
        .await
        .unwrap();
    let expected = [[10, 9, 1, 1], [20, 9, 1, 2], [20, 19, 1, 3], [25, 24, 1, 4]];
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(
        (report.succeeded, report.failed, report.retried),
        (24, 1, 10)
    );
    assert!(report.elapsed >= Duration::from_millis(250));
    assert_eq!(
        report.to_string().split(" in ").next(),
        Some("24 of 25 written, 1 failed, 4 requests")
    );
}
