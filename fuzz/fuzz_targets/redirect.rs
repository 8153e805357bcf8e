//! Wherever a redirect leads, its error shows neither user info nor query of it.
#![no_main]

use es_fuzz::{SECRET, lines, responding, run};
use es_transport::{Body, layer::response_check::RedirectCheckLayer};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, ServiceExt};

const STATUSES: [StatusCode; 4] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

fuzz_target!(|text: &str| {
    // The fuzzer learns what is compared; in a host or path it is no secret.
    if text.contains(SECRET) {
        return;
    }
    let [start, user, host, path] = lines(text);
    check(start, text.len());
    check(&format!("{start}?{SECRET}"), text.len());
    check(&format!("https://{host}/{path}?{SECRET}{user}"), text.len());
    if !user.contains(['/', '?', '#']) {
        check(
            &format!("https://{user}:{SECRET}@{host}/{path}"),
            text.len(),
        );
        check(&format!("//{SECRET}{user}@{host}/{path}"), text.len());
    }
});

fn check(location: &str, number: usize) {
    let Ok(value) = HeaderValue::from_str(location) else {
        return;
    };
    let headers = HeaderMap::from_iter([(header::LOCATION, value)]);
    let service =
        RedirectCheckLayer::new().layer(responding(STATUSES[number % 4], headers, vec![]));
    let error = run(service.oneshot(Request::new(Body::empty()))).unwrap_err();
    assert!(error.is_redirect(), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET), "{location}: {shown}");
}
