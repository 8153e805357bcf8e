//! Outcomes that are retried, and those that are not.

use std::time::Duration;

use es_transport::{
    Error, RequestOptions,
    attempt::{Outcome, RetryReason},
    error::TimeoutPhase,
};
use http::{Method, StatusCode};

use crate::retry::{fail, get, play, post, refused, reset, standard, status, with};

fn idempotent(idempotent: bool) -> RequestOptions {
    RequestOptions::new().idempotent(idempotent)
}

#[tokio::test(start_paused = true)]
async fn statuses_that_may_pass_are_retried_three_times() {
    let played = play(standard(), get(), [502, 503, 504].map(status)).await;
    assert_eq!((played.requests(), played.status()), (4, 200));
    let statuses: Vec<_> = played
        .attempts()
        .iter()
        .map(|attempt| &attempt.outcome)
        .collect();
    let expected =
        [502, 503, 504, 200].map(|code| Outcome::Status(StatusCode::from_u16(code).unwrap()));
    assert_eq!(statuses, expected.iter().collect::<Vec<_>>());
    assert_eq!(played.reasons()[2..], [Some(RetryReason::Status), None]);

    let played = play(standard(), get(), [503, 503, 503, 429, 200].map(status)).await;
    assert_eq!((played.requests(), played.status()), (4, 429));
}

#[tokio::test(start_paused = true)]
async fn other_statuses_are_final_and_have_no_trail() {
    for code in [200, 201, 400, 401, 404, 409, 413, 500, 501] {
        let played = play(standard(), get(), [status(code)]).await;
        assert_eq!((played.requests(), played.status()), (1, code));
        assert!(played.attempts().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_idempotent_is_repeated_only_where_nothing_was_done() {
    for outcome in [status(502), status(503), status(504), reset()] {
        assert_eq!(play(standard(), post(), [outcome]).await.requests(), 1);
    }
    for outcome in [status(429), refused()] {
        let played = play(standard(), post(), [outcome]).await;
        assert_eq!((played.requests(), played.status()), (2, 200));
    }
    let taken_back = fail(Error::io_message("closed while idle").not_sent());
    let played = play(standard(), post(), [taken_back]).await;
    assert_eq!(played.reasons(), [Some(RetryReason::NotSent), None]);
}

/// So does a cluster that was restarted, until its security index is back.
#[tokio::test(start_paused = true)]
async fn refused_credentials_are_shown_again_if_asked_for_whatever_the_request() {
    let statuses = [StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE];
    for request in [get, post] {
        let asked_for = standard().retry_on_status(statuses);
        let played = play(asked_for, request(), [401, 401].map(status)).await;
        assert_eq!((played.requests(), played.status()), (3, 200));
    }
    let asked_for = standard().retry_on_status(statuses);
    assert_eq!(play(asked_for, post(), [status(503)]).await.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_method_tells_whether_it_is_idempotent() {
    for (method, requests) in [
        (Method::GET, 2),
        (Method::HEAD, 2),
        (Method::PUT, 2),
        (Method::DELETE, 2),
        (Method::OPTIONS, 2),
        (Method::POST, 1),
        (Method::PATCH, 1),
    ] {
        let mut request = get();
        *request.method_mut() = method.clone();
        assert_eq!(
            play(standard(), request, [reset()]).await.requests(),
            requests,
            "{method}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_knows_better_than_the_method() {
    for outcome in [|| status(503), reset] {
        let search = with(post(), idempotent(true));
        assert_eq!(play(standard(), search, [outcome()]).await.requests(), 2);
        let counted = with(get(), idempotent(false));
        assert_eq!(play(standard(), counted, [outcome()]).await.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_says_why_it_was_retried() {
    let played = play(standard(), get(), [reset(), refused()]).await;
    let reasons = [
        Some(RetryReason::Idempotent),
        Some(RetryReason::NotSent),
        None,
    ];
    assert_eq!(played.reasons(), reasons);
}

#[tokio::test(start_paused = true)]
async fn errors_that_another_attempt_cannot_change_are_final() {
    let errors: [fn() -> Error; 9] = [
        || Error::config("node", "wrong"),
        || Error::request("wrong"),
        || Error::credentials("none"),
        || Error::redirect(StatusCode::FOUND, None),
        || Error::unsupported_product("other"),
        || Error::media_type("refused"),
        || Error::body("too large"),
        || Error::sniff("failed"),
        Error::closed,
    ];
    for error in errors {
        let played = play(standard(), get(), [fail(error())]).await;
        assert_eq!(played.requests(), 1, "{}", error());
        assert_eq!(played.attempts().len(), 1, "{}", error());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_handshake_was_not_sent() {
    let played = play(standard(), post(), [fail(Error::tls_message("expired"))]).await;
    assert_eq!(played.reasons(), [Some(RetryReason::NotSent), None]);
}

fn timed_out(phase: TimeoutPhase) -> super::Outcome {
    fail(Error::timeout(phase, Duration::from_secs(1)))
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_retried_only_if_asked_for() {
    let attempt = || [timed_out(TimeoutPhase::Attempt)];
    assert_eq!(play(standard(), get(), attempt()).await.requests(), 1);

    let asked = || standard().retry_on_timeout(true);
    let played = play(asked(), get(), attempt()).await;
    assert_eq!(played.reasons(), [Some(RetryReason::Timeout), None]);
    assert_eq!(play(asked(), post(), attempt()).await.requests(), 1);
    assert_eq!(
        play(asked(), get(), [timed_out(TimeoutPhase::Total)])
            .await
            .requests(),
        1
    );

    let own = |retry| RequestOptions::new().retry_on_timeout(retry);
    assert_eq!(
        play(standard(), with(get(), own(true)), attempt())
            .await
            .requests(),
        2
    );
    assert_eq!(
        play(asked(), with(get(), own(false)), attempt())
            .await
            .requests(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_waited_for_a_connection_to_its_end_was_never_sent() {
    let waited = || fail(Error::timeout(TimeoutPhase::Attempt, Duration::from_secs(1)).not_sent());
    let played = play(standard(), post(), [waited()]).await;
    assert_eq!(played.reasons(), [Some(RetryReason::NotSent), None]);
    let total = fail(Error::timeout(TimeoutPhase::Total, Duration::from_secs(1)).not_sent());
    assert_eq!(play(standard(), get(), [total]).await.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_timeout_is_a_failure_to_connect() {
    let played = play(standard(), post(), [timed_out(TimeoutPhase::Connect)]).await;
    assert_eq!(played.reasons(), [Some(RetryReason::NotSent), None]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_foreign_service_may_have_come_late() {
    let foreign = || Err("load shed".into());
    assert_eq!(play(standard(), get(), [foreign()]).await.requests(), 2);
    assert_eq!(play(standard(), post(), [foreign()]).await.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn statuses_are_a_setting_of_the_policy_and_of_the_request() {
    let teapot = || [status(418)];
    let policy = || standard().retry_on_status([StatusCode::IM_A_TEAPOT]);
    assert_eq!(play(policy(), get(), teapot()).await.requests(), 2);
    assert_eq!(play(policy(), get(), [status(503)]).await.requests(), 1);

    let own = || RequestOptions::new().retry_on_status([StatusCode::IM_A_TEAPOT]);
    assert_eq!(
        play(standard(), with(get(), own()), teapot())
            .await
            .requests(),
        2
    );
    assert_eq!(
        play(standard(), with(get(), own()), [status(503)])
            .await
            .requests(),
        1
    );
    // To name a status is not to say that the request may be done twice.
    assert_eq!(
        play(standard(), with(post(), own()), teapot())
            .await
            .requests(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn the_number_of_retries_is_a_setting_of_the_policy_and_of_the_request() {
    let failures = || std::iter::repeat_with(|| status(503)).take(20);
    for (retries, requests) in [(0, 1), (1, 2), (7, 8)] {
        let policy = standard().max_retries(retries);
        assert_eq!(play(policy, get(), failures()).await.requests(), requests);
        let own = RequestOptions::new().max_retries(retries);
        assert_eq!(
            play(standard(), with(get(), own), failures())
                .await
                .requests(),
            requests
        );
    }
}
