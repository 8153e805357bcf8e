//! Path parts and parameters of any content: the path keeps its number of
//! segments, everything decodes back to what was given, and what is refused is
//! not sent.
#![no_main]

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use es_client::{Call, Elasticsearch};
use es_fuzz::{lines, run};
use es_transport::{Body, Node};
use http::{Request, Response, Uri, uri::PathAndQuery};
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tower::service_fn;

fuzz_target!(|text: &str| {
    let [index, id, name, value] = lines(text);
    let sent = Arc::new(Mutex::new(None));
    let seen = sent.clone();
    let client = Elasticsearch::from_service(service_fn(move |request: Request<Body>| {
        *seen.lock().unwrap() = Some(request.uri().clone());
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::from("{}"))))
    }));

    let get = client.get::<Value>(index, id).param(name.to_owned(), value);
    let response = run(async { get.send().await });
    let refused = |part: &str| matches!(part, "" | "." | "..");
    match sent.lock().unwrap().take() {
        Some(uri) => {
            assert!(response.is_ok() && !refused(index) && !refused(id));
            let segments: Vec<_> = uri.path().split('/').map(decode).collect();
            assert_eq!(segments, ["", index, "_doc", id]);
            check_query(&uri, name, value);
            keeps_its_host(&uri);
        }
        None => {
            assert!(response.unwrap_err().is_invalid());
            assert!(refused(index) || refused(id) || text.len() > 20_000);
        }
    }

    // A list keeps its commas and stars, and is one segment all the same.
    let search = client.search::<Value>(index).param(name.to_owned(), value);
    let _ = run(async { search.send().await });
    if let Some(uri) = sent.lock().unwrap().take() {
        let segments: Vec<_> = uri.path().split('/').map(decode).collect();
        assert_eq!(segments, ["", index, "_search"]);
        check_query(&uri, name, value);
        keeps_its_host(&uri);
    };
});

fn check_query(uri: &Uri, name: &str, value: &str) {
    let query = uri.query().expect("a parameter was given");
    let (sent_name, sent_value) = query.split_once('=').unwrap();
    assert!(
        !query.contains(['&', '#', '?', ' ', '+', '/', '\\']),
        "{query}"
    );
    assert_eq!((&*decode(sent_name), &*decode(sent_value)), (name, value));
}

fn keeps_its_host(uri: &Uri) {
    let node: Node = "https://seed:9200/in".parse().unwrap();
    let target: PathAndQuery = uri.path_and_query().unwrap().clone();
    if let Ok(uri) = node.uri(target) {
        assert_eq!(
            uri.authority().map(|authority| authority.as_str()),
            Some("seed:9200")
        );
        assert!(uri.path().starts_with("/in/"), "{uri}");
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
