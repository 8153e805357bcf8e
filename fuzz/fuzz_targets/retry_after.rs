//! Whatever `Retry-After` says, the wait is never longer than is allowed, and
//! seconds that can be read are waited for.
#![no_main]

use std::time::Duration;

use es_fuzz::lines;
use es_transport::{
    Backoff,
    layer::retry::{AttemptOutcome, RequestFacts, RetryPolicy, StandardRetry},
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use libfuzzer_sys::fuzz_target;

const MOST: Duration = Duration::from_secs(30);
const BACKOFF: Duration = Duration::from_millis(1);

fuzz_target!(|text: &str| {
    let [retry_after, date] = lines(text);
    let mut headers = HeaderMap::new();
    for (name, text) in [(header::RETRY_AFTER, retry_after), (header::DATE, date)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    let policy = StandardRetry::new()
        .backoff(Backoff::new(BACKOFF, BACKOFF))
        .max_retry_after(MOST);
    let request = Request::new(());
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    *response.headers_mut() = headers.clone();
    let outcome = AttemptOutcome::from_response(&[], &response);
    let plan = policy.decide(&RequestFacts::of(&request), &outcome);
    let wait = plan.expect("a refusal is retried").wait;
    assert!(wait <= MOST, "{wait:?}");

    let digits = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let digits = digits.unwrap_or_default().trim();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = digits.parse().unwrap_or(u64::MAX);
        assert!(wait >= Duration::from_secs(seconds).min(MOST), "{wait:?}");
    }
});
