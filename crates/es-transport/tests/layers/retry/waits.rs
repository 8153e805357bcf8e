//! When it is retried: backoff, `Retry-After`, nodes that were not tried, deadline, budget.

use std::{sync::Arc, time::Duration};

use es_transport::{
    Backoff, Body, Error,
    attempt::Outcome,
    error::TimeoutPhase,
    extensions::Deadline,
    layer::retry::{Budget, RetryLayer},
    rng::Rng,
};
use http::{Request, Response, header::RETRY_AFTER};
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};

use crate::retry::{
    Played, fail, get, play, play_over, post, refused, reset, standard, status, status_of,
};

/// The times between the requests, in milliseconds.
fn waits(played: &Played) -> Vec<u128> {
    played
        .seen
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0).as_millis())
        .collect()
}

fn asks_to_wait(code: u16, value: &str) -> super::Outcome {
    let response = Response::builder().status(code).header(RETRY_AFTER, value);
    Ok(response.body(Body::empty()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn waits_double_after_errors_and_statuses() {
    let failures = || [reset(), status(503), refused()];
    let played = play(standard(), get(), failures()).await;
    // The timer has a resolution of one millisecond and rounds up.
    let bounds = [50..=101, 100..=201, 200..=401];
    for (wait, bounds) in waits(&played).iter().zip(bounds) {
        assert!(bounds.contains(wait), "{wait} ms");
    }
    assert_eq!(waits(&played).len(), 3);

    let seeded = || standard().rng(Rng::seeded(1));
    let same = [
        play(seeded(), get(), failures()).await,
        play(seeded(), get(), failures()).await,
    ];
    assert_eq!(waits(&same[0]), waits(&same[1]));
    let other = play(standard().rng(Rng::seeded(2)), get(), failures()).await;
    assert_ne!(waits(&same[0]), waits(&other));
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_nodes_is_waited_for() {
    let empty = || fail(Error::no_nodes());
    let played = play(standard(), post(), [empty(), empty()]).await;
    assert_eq!((played.status(), waits(&played).len()), (200, 2));
    assert!(
        waits(&played).iter().all(|wait| *wait >= 50),
        "{:?}",
        played.took
    );

    let played = play(standard(), post(), [empty(), empty(), empty(), empty()]).await;
    assert!(played.error().is_no_nodes());
}

#[tokio::test(start_paused = true)]
async fn the_backoff_is_a_setting() {
    let slow = Backoff::new(Duration::from_secs(8), Duration::from_secs(8));
    let played = play(standard().backoff(slow), get(), [503, 503].map(status)).await;
    assert!(
        waits(&played)
            .iter()
            .all(|wait| (4_000..=8_001).contains(wait)),
        "{:?}",
        played.took
    );
}

fn refused_by_one_of_many() -> super::Outcome {
    fail(Error::connect_message("refused").with_untried_node(true))
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_goes_on_until_a_live_node_is_found() {
    // As with a third of 1,000 nodes lost, and nothing left of the budget.
    let nothing = || standard().budget(Budget::new(0, 0));
    for request in [get(), post()] {
        let played = play(
            nothing(),
            request,
            (0..300).map(|_| refused_by_one_of_many()),
        )
        .await;
        assert_eq!((played.requests(), played.status()), (301, 200));
        assert_eq!(played.took, Duration::ZERO);
    }
    // But once a byte of it may have been taken, its retries count.
    let played = play(nothing(), get(), [refused_by_one_of_many(), reset()]).await;
    assert_eq!(played.requests(), 2);
    // All of them are left then, and the waits begin with the shortest.
    let refusals = (0..4).map(|_| refused_by_one_of_many());
    let played = play(standard(), get(), refusals.chain((0..4).map(|_| reset()))).await;
    assert_eq!(played.requests(), 4 + 4);
    let bounds = [0..=0, 0..=0, 0..=0, 0..=0, 50..=101, 100..=201, 200..=401];
    for (wait, bounds) in waits(&played).iter().zip(bounds) {
        assert!(bounds.contains(wait), "{:?}", waits(&played));
    }
    // Without retries there is one attempt and no more.
    let played = play(standard().max_retries(0), get(), [refused_by_one_of_many()]).await;
    assert_eq!(played.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_does_not_go_on_for_ever() {
    let slow = service_fn(async |_: Request<Body>| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        refused_by_one_of_many()
    });
    let layer = RetryLayer::new(standard().budget(Budget::new(0, 0)));
    let error = layer.layer(slow).oneshot(get()).await.unwrap_err();
    // Four of them take less than 5 s together; three more count.
    assert_eq!(error.attempts().len(), 4 + 4);
}

#[tokio::test(start_paused = true)]
async fn another_live_node_is_tried_at_once_save_after_429() {
    let down = || fail(Error::connect_message("refused").with_untried_node(true));
    let played = play(
        standard(),
        get(),
        [down(), status_of("http://b", 503, true)],
    )
    .await;
    assert_eq!(waits(&played), [0, 0]);

    let played = play(standard(), get(), [status_of("http://a", 429, true)]).await;
    assert!(waits(&played)[0] >= 50);
    let played = play(standard(), get(), [status_of("http://a", 503, false)]).await;
    assert!(waits(&played)[0] >= 50);
}

#[tokio::test(start_paused = true)]
async fn the_server_says_how_long_to_wait() {
    for code in [429, 503] {
        let played = play(standard(), get(), [asks_to_wait(code, "7")]).await;
        assert!((7_000..=7_001).contains(&waits(&played)[0]));
    }
    // Less than the backoff does not shorten it, more than the cap is cut.
    let played = play(standard(), get(), [asks_to_wait(429, "0")]).await;
    assert!(waits(&played)[0] >= 50);
    let played = play(standard(), get(), [asks_to_wait(429, "86400")]).await;
    assert!((30_000..=30_001).contains(&waits(&played)[0]));
    let patient = standard().max_retry_after(Duration::from_secs(90));
    let played = play(patient, get(), [asks_to_wait(429, "86400")]).await;
    assert!((90_000..=90_001).contains(&waits(&played)[0]));
}

#[tokio::test(start_paused = true)]
async fn no_wait_begins_that_would_end_after_the_deadline() {
    let after = Duration::from_secs(5);
    let request = || {
        let mut request = get();
        request.extensions_mut().insert(Deadline {
            at: Instant::now() + after,
            after,
        });
        request
    };
    let played = play(standard(), request(), [asks_to_wait(429, "6")]).await;
    assert_eq!((played.requests(), played.status()), (1, 429));
    assert_eq!(played.took, Duration::ZERO);

    let played = play(standard(), request(), [asks_to_wait(429, "4"), reset()]).await;
    assert_eq!((played.requests(), played.status()), (3, 200));
    assert!(played.took < after);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_ends_at_the_deadline_is_the_last() {
    let mut request = get();
    let after = Duration::ZERO;
    request.extensions_mut().insert(Deadline {
        at: Instant::now(),
        after,
    });
    let down = fail(Error::connect_message("refused").with_untried_node(true));
    let played = play(standard(), request, [down]).await;
    assert_eq!(played.requests(), 1);
    assert!(played.error().is_connect());
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_ends_the_request_with_what_it_has() {
    let budget = Arc::new(Budget::new(2, 50));
    let layer = RetryLayer::new(standard().budget(Arc::clone(&budget)));
    let failures = || [503, 503, 503].map(status);
    let played = play_over(layer.clone(), get(), failures()).await;
    assert_eq!((played.requests(), played.status()), (3, 503));
    let outcomes: Vec<_> = played
        .attempts()
        .iter()
        .map(|attempt| &attempt.outcome)
        .collect();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Status(_)))
    );
    assert_eq!(played.attempts().last().unwrap().retried, None);
    assert_eq!(
        play_over(layer.clone(), get(), failures()).await.requests(),
        1
    );

    // Two successes at the first attempt earn one retry; a 404 is one too.
    play_over(layer.clone(), get(), [status(200)]).await;
    play_over(layer.clone(), get(), [status(404)]).await;
    assert_eq!(
        play_over(layer.clone(), get(), failures()).await.requests(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_success_at_once_earns_a_retry() {
    let budget = Arc::new(Budget::new(1, 100));
    let layer = RetryLayer::new(standard().budget(Arc::clone(&budget)));
    assert_eq!(
        play_over(layer.clone(), get(), [status(503)])
            .await
            .requests(),
        2
    );
    let timeout = || {
        fail(Error::timeout(
            TimeoutPhase::Attempt,
            Duration::from_secs(1),
        ))
    };
    play_over(layer.clone(), get(), [timeout()]).await;
    assert!(!budget.withdraw());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_keeps_failing_gets_little_more_than_its_traffic() {
    let layer = RetryLayer::new(standard().budget(Budget::new(10, 20)));
    let mut requests = 0;
    for _ in 0..200 {
        let failures = std::iter::repeat_with(|| status(503)).take(10);
        requests += play_over(layer.clone(), get(), failures).await.requests();
    }
    assert_eq!(requests, 210);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_not_retried_brings_nothing_back() {
    let budget = Arc::new(Budget::new(1, 100));
    let layer = RetryLayer::new(standard().budget(Arc::clone(&budget)));
    assert!(budget.withdraw());
    // By POST: what came of them is not known, so they are not retried.
    for failure in [500, 502, 503, 504] {
        assert_eq!(
            play_over(layer.clone(), post(), [status(failure)])
                .await
                .requests(),
            1
        );
    }
    assert!(!budget.withdraw());
    // That something is not there, or not allowed, is no failure of the cluster.
    assert_eq!(
        play_over(layer.clone(), post(), [status(404)])
            .await
            .requests(),
        1
    );
    assert!(budget.withdraw());
}
