//! Properties: nothing that a caller passes can change the route of a call or
//! leave its segment, whatever the endpoint.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may")]

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use es_client::{
    Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route},
};
use es_transport::Body;
use http::{Request, Response, Uri};
use http_body_util::Full;
use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

type Seen = Arc<Mutex<Option<Uri>>>;

/// A client whose last target is kept.
fn client() -> (Elasticsearch, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        *kept.lock().unwrap() = Some(request.uri().clone());
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}")))) }
    });
    (Elasticsearch::from_service(service), seen)
}

/// Undoes percent-encoding; the test's own, so that it shares nothing with the code.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            let digits = [*rest.next().unwrap(), *rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Texts in which what means something in a URL is frequent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        proptest::collection::vec(
            prop_oneof![
                Just("/"),
                Just(".."),
                Just("."),
                Just("%2F"),
                Just("%2e"),
                Just("?"),
                Just("#"),
                Just("\\"),
                Just("//evil.example"),
                Just("@"),
                Just(":"),
                Just("&"),
                Just("="),
                Just(","),
                Just("*"),
                Just("\r\n"),
                Just("\0"),
                Just("é"),
                Just("a"),
            ],
            0..6
        )
        .prop_map(|pieces| pieces.concat()),
    ]
}

/// The segments of a route, with the parts' values in their places.
fn expected(route: &Route, values: &[String]) -> Vec<String> {
    let mut path = Vec::new();
    let mut values = values.iter();
    for text in route.text {
        path.extend(text.trim_matches('/').split('/').map(str::to_owned));
        path.extend(values.next().cloned());
    }
    path.retain(|segment| !segment.is_empty());
    path
}

fn outcome(endpoint: &'static Endpoint, params: &Map<String, Value>) -> Option<Uri> {
    let (client, seen) = client();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let body = endpoint.body_required.then(|| match endpoint.body {
        BodyForm::Ndjson => json!([{}]),
        _ => json!({}),
    });
    let response = runtime.block_on(client.call(endpoint.name, params, body).into_future());
    let sent = seen.lock().unwrap().take();
    assert_eq!(
        response.is_ok(),
        sent.is_some(),
        "an error must be one before sending"
    );
    sent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_part_leaves_its_segment(
        endpoint in any::<Index>(),
        route in any::<Index>(),
        values in proptest::collection::vec(text(), 6),
    ) {
        let endpoint = endpoint.get(Endpoint::all());
        let route = route.get(endpoint.routes);
        let values = &values[..route.parts.len()];
        let parts = route.parts.iter().map(|number| &endpoint.parts[*number]);
        let mut params: Map<String, Value> = parts
            .zip(values)
            .map(|(part, value)| (part.name.to_owned(), value.as_str().into()))
            .collect();
        for required in endpoint.required {
            params.insert((*required).to_owned(), "1m".into());
        }
        let refused = values.iter().any(|value| matches!(&**value, "" | "." | ".."));
        let sent = outcome(endpoint, &params);
        prop_assert_eq!(sent.is_none(), refused, "{} {:?}", endpoint.name, values);
        let Some(sent) = sent else { return Ok(()) };
        prop_assert!(sent.authority().is_none() && sent.scheme().is_none());
        let segments: Vec<_> =
            sent.path().split('/').filter(|s| !s.is_empty()).map(decoded).collect();
        prop_assert_eq!(segments, expected(route, values), "{}", sent);
    }

    #[test]
    fn no_parameter_changes_the_path_or_adds_a_parameter(
        endpoint in any::<Index>(),
        parameter in any::<Index>(),
        value in text(),
    ) {
        let endpoint = endpoint.get(Endpoint::all());
        let route = endpoint.routes.last().unwrap();
        let mut params: Map<String, Value> = route
            .parts
            .iter()
            .map(|number| (endpoint.parts[*number].name.to_owned(), "x".into()))
            .collect();
        for required in endpoint.required {
            params.insert((*required).to_owned(), "1m".into());
        }
        let bare = outcome(endpoint, &params).unwrap();
        let Some(name) = (!endpoint.query.is_empty()).then(|| parameter.get(endpoint.query)) else {
            return Ok(());
        };
        params.insert((*name).to_owned(), value.as_str().into());
        let sent = outcome(endpoint, &params).unwrap();
        prop_assert_eq!(sent.path(), bare.path());
        let pairs: Vec<_> = sent.query().unwrap().split('&').collect();
        prop_assert_eq!(pairs.len(), endpoint.required.len() + 1);
        let pair = pairs.iter().find(|pair| pair.starts_with(&format!("{name}="))).unwrap();
        prop_assert_eq!(decoded(&pair[name.len() + 1..]), value);
    }
}
