//! A cluster that is away for a while, by a paused clock.

use std::time::Duration;

use es_client::{Elasticsearch, helpers::bulk::Operation};
use es_testkit::{Cluster, Fault};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bulk::mock::{Fate, Mock};

const SECOND: Duration = Duration::from_secs(1);

/// A stream: a paused clock does not wait for the thread of an iterator.
fn with_ids(count: u64) -> impl Stream<Item = Operation<Value>> {
    stream::iter((0..count).map(|n| Operation::index(json!({ "n": n })).id(n.to_string())))
}

#[tokio::test(start_paused = true)]
async fn outage_of_75_seconds_is_tolerated_by_default() {
    // The waits are random: each time is another one.
    for _ in 0..20 {
        let began = Instant::now();
        let is_down = move || (SECOND..76 * SECOND).contains(&began.elapsed());
        let mock = Mock::new(move |number, _| match number {
            // Some responses are lost when it begins.
            _ if number < 3 => Fate::Succeeds,
            _ if number < 5 => Fate::LostAfter,
            _ if is_down() => Fate::LostBefore,
            _ => Fate::Succeeds,
        });
        tokio::time::advance(SECOND).await;
        let bulk = mock
            .client()
            .helpers()
            .bulk("i", with_ids(1_000))
            .flush_operations(50);
        let report = bulk.await.unwrap();
        assert_eq!((report.operations, report.succeeded), (1_000, 1_000));
        assert_eq!(mock.state().documents.len(), 1_000);
    }
}

/// So does a cluster that was restarted, until its security index is back.
#[tokio::test(start_paused = true)]
async fn credentials_that_were_accepted_are_shown_again_when_they_are_refused() {
    let mock = Mock::new(|number, _| match number {
        1..=4 => Fate::Status(401),
        _ => Fate::Succeeds,
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", stream::iter((0..100).map(|n| json!({ "n": n }))));
    let report = bulk.flush_operations(10).max_in_flight(1).await.unwrap();
    assert_eq!(
        (report.succeeded, report.unknown, report.retried),
        (100, 0, 40)
    );
    assert!(mock.state().writes.values().all(|times| *times == 1));
}

#[tokio::test(start_paused = true)]
async fn credentials_are_shown_again_to_a_cluster_that_was_away_when_it_began() {
    let mock = Mock::new(|number, _| match number {
        0..=5 => Fate::LostBefore,
        6 => Fate::Status(401),
        _ => Fate::Succeeds,
    });
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", with_ids(10))
        .initial_retries(10);
    let report = bulk.await.unwrap();
    assert_eq!((report.succeeded, report.requests), (10, 8));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_for_good_end_it() {
    // At once, where they were never accepted.
    let mock = Mock::new(|_, _| Fate::Status(401));
    let stopped = mock
        .client()
        .helpers()
        .bulk("i", with_ids(10))
        .await
        .unwrap_err();
    assert!(stopped.error.is_unauthorized());
    assert_eq!((stopped.report.requests, stopped.report.failed), (1, 10));

    let accepted_once = |number| {
        if number == 0 {
            Fate::Succeeds
        } else {
            Fate::Status(401)
        }
    };
    let mock = Mock::new(move |number, _| accepted_once(number));
    let bulk = mock
        .client()
        .helpers()
        .bulk("i", with_ids(10))
        .flush_operations(5);
    let stopped = bulk.max_in_flight(1).max_retries(3).await.unwrap_err();
    assert!(stopped.error.is_unauthorized());
    let report = stopped.report;
    assert_eq!(
        (report.succeeded, report.failed, report.requests),
        (5, 5, 1 + 4)
    );
}

/// The deadline is one of each request, not of the whole.
#[tokio::test(start_paused = true)]
async fn request_past_its_deadline_is_retried() {
    let cluster = Cluster::builder().simulated().unwrap();
    let client: Elasticsearch = Elasticsearch::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .total_timeout(5 * SECOND)
        .build()
        .unwrap();
    cluster
        .node(0)
        .inject(Fault::hang().times(2).on_path("_bulk"));
    let report = client.helpers().bulk("i", with_ids(10)).await.unwrap();
    assert_eq!((report.succeeded, report.requests), (10, 3));
}
