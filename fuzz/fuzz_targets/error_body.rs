//! The body of a response, with whatever status: its error tells the status and
//! the body as they came, and the kind and the reason that the body has.
#![no_main]

use bytes::Bytes;
use es_client::Elasticsearch;
use es_fuzz::{responding, run};
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

const STATUSES: [u16; 8] = [200, 400, 401, 404, 409, 413, 429, 503];

fuzz_target!(|input: &[u8]| {
    let [first, body @ ..] = input else { return };
    let status = StatusCode::from_u16(STATUSES[usize::from(first % 8)]).unwrap();
    let body = Bytes::copy_from_slice(body);
    let service = responding(status, HeaderMap::new(), vec![body.clone()]);
    let client = Elasticsearch::from_service(service);
    let raw = run(async { client.info().send().await });
    let typed = run(async { client.search_all::<Value>().await });
    // What an error body says is read even where bytes beside it are broken.
    let value = serde_json::from_str::<Value>(&String::from_utf8_lossy(&body));
    if status.is_success() {
        assert_eq!(raw.unwrap().bytes(), &body);
        return match typed {
            Ok(_) => assert!(is_json(&body), "it is no JSON"),
            // Some proxies put the object of an error behind a status of success.
            Err(error) => match error.as_api() {
                Some(api) => assert_eq!((api.status, &api.body), (status, &body)),
                None => assert!(error.is_decode() || error.is_partial(), "{error:?}"),
            },
        };
    }
    for error in [raw.unwrap_err(), typed.unwrap_err()] {
        let api = error.as_api().expect("the server responded");
        assert_eq!((api.status, &api.body), (status, &body));
        let _ = format!("{error} {error:?}");
        // The client reads more than serde_json does, such as lone surrogates.
        let Ok(value) = &value else { continue };
        let told = &value["error"];
        assert_eq!(
            api.kind.as_deref().unwrap_or_default(),
            text(&told["type"]),
            "{api:?}"
        );
        let reason = if told.is_object() {
            &told["reason"]
        } else {
            told
        };
        if told.is_object() || told.is_string() {
            assert_eq!(
                api.reason.as_deref().unwrap_or_default(),
                text(reason),
                "{api:?}"
            );
        }
    }
});

/// Whether it is JSON, to which a byte order mark and NUL may be added. Values that nobody reads
/// may be lone surrogates, of any size and any depth.
fn is_json(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<IgnoredAny>(text.trim_end_matches(['\0', ' ', '\t', '\r', '\n'])).is_ok()
}

/// A text as it is, any other value as JSON, nothing of `null`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
