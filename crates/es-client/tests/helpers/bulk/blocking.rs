//! The same of the blocking client: its caller, the source and the requests do not
//! wait for each other.

use std::{sync::mpsc, time::Duration};

use es_client::{
    blocking::Elasticsearch,
    helpers::bulk::{Operation, Outcome},
};
use es_testkit::Cluster;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::bulk::progress::{
    self, Guard, MINUTE, PAUSE, Slow, assert_all, assert_is_of_source, block, document, failing,
    pausing, steady,
};

fn cluster() -> (Elasticsearch, Cluster, Runtime) {
    let (client, cluster, runtime) = progress::cluster();
    (Elasticsearch::new(client).unwrap(), cluster, runtime)
}

fn count(client: &Elasticsearch) -> u64 {
    let response = client.wait(client.count("i")).unwrap();
    u64::try_from(response.count.unwrap()).unwrap()
}

fn is_written(outcome: es_client::Result<Outcome>) -> bool {
    outcome.unwrap().result.is_ok()
}

#[test]
fn source_may_pause_longer_than_a_request() {
    let (client, _cluster, runtime) = cluster();
    let bulk = client.helpers().bulk("i", pausing()).flush_operations(10);
    let report = client.wait(bulk).unwrap();
    runtime.block_on(assert_all(&client, report, 101));
}

#[test]
fn slow_steady_source_is_written_as_it_comes() {
    let (client, _cluster, runtime) = cluster();
    let bulk = client.helpers().bulk("i", steady()).max_in_flight(1);
    let bulk = bulk.flush_interval(Duration::from_millis(100));
    let report = client.wait(bulk).unwrap();
    assert!(report.requests > 3, "{report}");
    runtime.block_on(assert_all(&client, report, 150));
}

#[test]
fn serialisation_may_take_longer_than_a_request() {
    let (client, _cluster, runtime) = cluster();
    let bulk = client.helpers().bulk("i", (0..150).map(Slow));
    let report = client.wait(bulk.flush_operations(75)).unwrap();
    runtime.block_on(assert_all(&client, report, 150));
}

#[test]
fn flush_interval_holds_while_the_source_blocks() {
    let (client, _cluster, runtime) = cluster();
    let (documents, receiver) = mpsc::channel();
    let (sender, written) = mpsc::channel();
    (0..7).for_each(|n| documents.send(document(n)).unwrap());
    let bulk = client
        .helpers()
        .bulk("i", receiver)
        .flush_interval(Duration::from_millis(20))
        .on_progress(move |report| sender.send(report.succeeded).unwrap());
    let waiting = client.clone();
    let run = std::thread::spawn(move || waiting.wait(bulk));
    // The source blocks until its sender is gone.
    while written.recv().unwrap() < 7 {}
    drop(documents);
    runtime.block_on(assert_all(&client, run.join().unwrap().unwrap(), 7));
}

#[test]
fn reader_may_pause_longer_than_a_request() {
    let (client, _cluster, _runtime) = cluster();
    let bulk = client.helpers().bulk("i", (0..500).map(document));
    let mut outcomes = client.iter(bulk.flush_operations(10).stream());
    assert!(outcomes.by_ref().take(200).all(is_written));
    block(PAUSE);
    assert_eq!(outcomes.by_ref().filter_map(Result::ok).count(), 300);
    assert_eq!(count(&client), 500);
}

#[test]
fn durable_up_to_is_what_was_read() {
    let (client, _cluster, _runtime) = cluster();
    let bulk = client.helpers().bulk("i", (0..95).map(document));
    let bulk = bulk.flush_operations(10).max_in_flight(1);
    let mut outcomes = client.iter(bulk.stream());
    assert_eq!(outcomes.durable_up_to(), 0);
    for read in 1..=95 {
        assert!(is_written(outcomes.next().unwrap()));
        // The outcomes of a request are settled at once, the last one as well.
        let settled = if read == 95 { 95 } else { read / 10 * 10 };
        assert_eq!(outcomes.durable_up_to(), settled);
    }
    assert!(outcomes.next().is_none());
    assert!(outcomes.next().is_none());
    assert_eq!(outcomes.durable_up_to(), 95);
    assert_eq!(outcomes.report().succeeded, 95);

    // Where the run stops, it stays.
    let mut outcomes = client.iter(
        client
            .helpers()
            .bulk("i", failing(false))
            .flush_operations(50)
            .max_in_flight(1)
            .stream(),
    );
    assert!(outcomes.by_ref().take(50).all(is_written));
    assert_eq!(outcomes.durable_up_to(), 50);
    assert_eq!(outcomes.by_ref().filter(Result::is_err).count(), 1);
    assert_eq!(outcomes.durable_up_to(), 55);
}

#[test]
fn failed_source_ends_the_run() {
    let (client, _cluster, _runtime) = cluster();
    let client = client.options().request_timeout(MINUTE).into_client();
    let client = Elasticsearch::new(client).unwrap();
    for panics in [true, false] {
        let bulk = || {
            client
                .helpers()
                .bulk("i", failing(panics))
                .flush_operations(10)
        };
        let stopped = client.wait(bulk()).unwrap_err();
        assert_is_of_source(&stopped.error, panics);
        let report = stopped.report;
        assert_eq!((report.operations, report.succeeded), (55, 55));

        let mut outcomes = client.iter(bulk().stream());
        assert!(outcomes.by_ref().take(55).all(is_written));
        assert_is_of_source(&outcomes.next().unwrap().unwrap_err(), panics);
        assert!(outcomes.next().is_none());
    }
    assert_eq!(count(&client), 4 * 55);
}

#[test]
fn dropped_run_ends_its_source() {
    let (client, _cluster, _runtime) = cluster();
    for is_read in [true, false] {
        let (sender, ended) = mpsc::channel();
        let guard = Guard(sender);
        let documents = (0..).map(move |n| {
            let _held = &guard;
            document(n)
        });
        let bulk = client.helpers().bulk("i", documents).flush_operations(10);
        if is_read {
            let mut outcomes = client.iter(bulk.stream());
            assert!(outcomes.by_ref().take(25).all(is_written));
        } else {
            let run = async {
                let run = tokio::time::timeout(Duration::from_millis(100), bulk.into_future());
                assert!(run.await.is_err());
                Ok::<_, es_client::Error>(())
            };
            client.wait(run).unwrap();
        }
        ended.recv().unwrap();
    }
}

#[test]
fn sink_is_written_while_its_caller_pauses() {
    let (client, _cluster, runtime) = cluster();
    let sink = client.helpers().bulk_sink("i").flush_operations(10);
    let mut sink = sink.flush_interval(Duration::from_millis(20)).open();
    for n in 0..104 {
        let operation: Operation<Value> = Operation::index(document(n));
        assert_eq!(client.wait(sink.add(operation)).unwrap(), n);
        if n == 51 {
            block(PAUSE);
            assert_eq!(sink.durable_up_to(), 52);
        }
    }
    client.wait(sink.flush()).unwrap();
    assert_eq!(sink.durable_up_to(), 104);
    let report = client.wait(sink.close()).unwrap();
    runtime.block_on(assert_all(&client, report, 104));
}

#[test]
fn dropped_sink_sends_nothing_more() {
    let (client, _cluster, _runtime) = cluster();
    let mut sink = client.helpers().bulk_sink("i").flush_operations(10).open();
    for n in 0..10 {
        client.wait(sink.add(document(n))).unwrap();
    }
    client.wait(sink.flush()).unwrap();
    for n in 10..15 {
        client.wait(sink.add(document(n))).unwrap();
    }
    drop(sink);
    // Longer than the interval of one second.
    block(Duration::from_millis(1_200));
    assert_eq!(count(&client), 10);
}
