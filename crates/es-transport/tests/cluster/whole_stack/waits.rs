//! Waiting before a request is retried, by a paused clock.

use std::time::Duration;

use es_testkit::{Cluster, Fault, SimulatedCluster};
use es_transport::{
    Body, Credentials, RequestOptions, Transport, TransportBuilder, attempt::RetryReason,
    error::TimeoutPhase, extensions::Attempts, node::RoundRobin,
};
use http::{Response, StatusCode};
use tokio::time::Instant;

use crate::whole_stack::{
    SECOND,
    cluster_support::{get, post, with},
};

fn simulated(nodes: usize) -> (SimulatedCluster, TransportBuilder) {
    let cluster = Cluster::builder().nodes(nodes).simulated().unwrap();
    let builder = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service());
    (cluster, builder)
}

fn attempts<B>(response: &Response<B>) -> usize {
    response
        .extensions()
        .get::<Attempts>()
        .map_or(1, |attempts| attempts.0.len())
}

/// Time until the response was there, which was a good one.
async fn time_of(transport: &Transport, request: http::Request<Body>) -> (Duration, usize) {
    let started = Instant::now();
    let response = transport.send(request).await.unwrap();
    assert!(response.status().is_success(), "{}", response.status());
    (started.elapsed(), attempts(&response))
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_begins_when_its_credentials_are_there() {
    let provider = async || {
        tokio::time::sleep(20 * SECOND).await;
        Credentials::bearer("late")
    };
    let (cluster, builder) = simulated(1);
    cluster.node(0).inject(Fault::delay(8 * SECOND));
    let transport = builder
        .credentials_provider(provider)
        .request_timeout(10 * SECOND);
    let transport = transport.max_retries(0).build().unwrap();
    assert_eq!(time_of(&transport, get("/")).await, (28 * SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    for status in [429, 503] {
        let (cluster, builder) = simulated(1);
        let transport = builder.build().unwrap();
        cluster
            .node(0)
            .inject(Fault::status(status).retry_after(7).times(2));
        let (time, attempts) = time_of(&transport, get("/")).await;
        assert!(
            (14 * SECOND..15 * SECOND).contains(&time),
            "{status}: {time:?}"
        );
        assert_eq!(attempts, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_without_end_is_not_followed_for_ever() {
    let (cluster, builder) = simulated(1);
    let transport = builder.build().unwrap();
    cluster
        .node(0)
        .inject(Fault::status(429).retry_after(u64::MAX).once());
    let (time, _) = time_of(&transport, get("/")).await;
    assert_eq!(time.as_secs(), 30);
}

/// Two nodes with these faults, of which the first is asked first: how long it
/// took, and in how many attempts.
async fn of_two_nodes(faults: [Option<Fault>; 2]) -> (Duration, usize) {
    let (cluster, builder) = simulated(2);
    for (node, fault) in cluster.nodes().iter().zip(faults) {
        fault
            .into_iter()
            .for_each(|fault| node.inject(fault.once()));
    }
    let transport = builder
        .node_selector(RoundRobin::starting_at(0))
        .build()
        .unwrap();
    time_of(&transport, get("/")).await
}

#[tokio::test(start_paused = true)]
async fn another_node_is_asked_at_once_but_after_a_429() {
    let status = |status| Some(Fault::status(status).retry_after(7));
    assert_eq!(of_two_nodes([status(503), None]).await, (Duration::ZERO, 2));
    for faults in [[status(503), status(503)], [status(503), status(429)]] {
        // Only then is there nobody else to ask.
        let (time, attempts) = of_two_nodes(faults).await;
        assert!((7 * SECOND..8 * SECOND).contains(&time), "{time:?}");
        assert_eq!(attempts, 3);
    }
    let (time, attempts) = of_two_nodes([status(429), None]).await;
    assert!((7 * SECOND..8 * SECOND).contains(&time), "{time:?}");
    assert_eq!(attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_sent_again_by_post_but_no_503() {
    let (cluster, builder) = simulated(1);
    let transport = builder.build().unwrap();
    cluster.node(0).inject(Fault::status(429).once());
    let (_, attempts) = time_of(&transport, post("/events/_doc", "{}")).await;
    assert_eq!(attempts, 2);
    for status in [502, 503, 504] {
        cluster.node(0).inject(Fault::status(status).once());
        let response = transport.send(post("/events/_doc", "{}")).await.unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                crate::whole_stack::waits::attempts(&response)
            ),
            (status, 1)
        );
    }
    // Unless the caller says that it may be done twice.
    cluster.node(0).inject(Fault::status(503).once());
    let options = RequestOptions::new().idempotent(true);
    let (_, attempts) = time_of(&transport, with(post("/events/_doc", "{}"), options)).await;
    assert_eq!(attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_response_is_a_response() {
    let (cluster, builder) = simulated(1);
    let transport = builder.build().unwrap();
    cluster.node(0).inject(Fault::status(503));
    let response = transport.send(get("/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let Attempts(attempts) = response.extensions().get().unwrap();
    assert_eq!(attempts.len(), 4);
    let node = cluster.urls().remove(0);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.node.as_deref() == Some(&*node))
    );
    assert!(
        attempts[..3]
            .iter()
            .all(|attempt| attempt.retried == Some(RetryReason::Status))
    );
}

#[tokio::test(start_paused = true)]
async fn no_wait_begins_that_would_end_too_late() {
    let (cluster, builder) = simulated(1);
    let transport = builder.total_timeout(5 * SECOND).build().unwrap();
    cluster.node(0).inject(Fault::status(503).retry_after(7));
    let started = Instant::now();
    let response = transport.send(get("/")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), started.elapsed()),
        (503, Duration::ZERO)
    );

    cluster.node(0).clear_faults();
    cluster.node(0).inject(Fault::hang());
    let error = transport.send(get("/")).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!((started.elapsed(), error.attempts().len()), (5 * SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_keeps_failing_is_not_asked_four_times_as_often() {
    let (cluster, builder) = simulated(3);
    let transport = builder.build().unwrap();
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::status(429)));
    for _ in 0..1_000 {
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 429);
    }
    let asked: usize = cluster
        .nodes()
        .iter()
        .map(|node| node.request_count())
        .sum();
    assert_eq!(
        asked,
        1_000 + 100,
        "a burst of a hundred retries, and no more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_nodes_share_the_load_evenly() {
    let (cluster, builder) = simulated(1_000);
    let transport = builder.build().unwrap();
    for _ in 0..3_000 {
        transport.send(get("/")).await.unwrap();
    }
    assert!(cluster.nodes().iter().all(|node| node.request_count() == 3));
}
