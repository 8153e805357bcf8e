//! Documents that fail by themselves.

use es_client::{
    SearchResponse,
    types::{GetResponse, MgetResponse, MsearchResponse},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::responses::{read, try_read};

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Product {
    price: f64,
}

/// A page of which only the first and last documents can be read.
fn page() -> String {
    let deep = format!(
        "{{\"price\":1,\"x\":{}1{}}}",
        "[".repeat(150),
        "]".repeat(150)
    );
    let sources = [
        r#"{"price":1}"#,
        r#"{"price":"two"}"#,
        r#"{"price":3,"name":"half a \ud83d pair"}"#,
        r#"{"price":1e400}"#,
        &deep,
        r#"{"name":"no price"}"#,
        r#"{"price":7}"#,
    ];
    let hit = |(id, source): (usize, &&str)| {
        format!(r#"{{"_index":"products","_source":{source},"_id":"{id}","_score":1.5}}"#)
    };
    let hits: Vec<_> = sources.iter().enumerate().map(hit).collect();
    format!(
        r#"{{"took":1,"hits":{{"total":{{"value":7,"relation":"eq"}},"hits":[{}]}}}}"#,
        hits.join(",")
    )
}

#[test]
fn a_bad_document_is_not_a_bad_page() {
    let found: SearchResponse<Product> = read(&page());
    assert_eq!((found.total(), found.hits().len()), (Some(7), 7));
    let read: Vec<_> = found
        .documents()
        .flatten()
        .map(|product| product.price)
        .collect();
    // A name that nobody reads is skipped with its lone surrogate and its levels.
    assert_eq!(read, [1.0, 3.0, 1.0, 7.0]);
    assert!(found.hits().iter().all(|hit| hit.score == Some(1.5)));

    let values: SearchResponse<Value> = crate::responses::read(&page());
    let failed: Vec<_> = values
        .hits()
        .iter()
        .filter(|hit| hit.source().is_err())
        .collect();
    assert_eq!(
        failed.iter().map(|hit| &*hit.id).collect::<Vec<_>>(),
        ["2", "3", "4"]
    );
}

#[test]
fn failures_name_document_field_and_value() {
    let found: SearchResponse<Product> = read(&page());
    let error = found.hits()[1].source().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot decode the document `1` of index `products` at `_source.price`: invalid type: \
         string \"two\", expected f64 at line 1 column 14"
    );
    let decode = error.as_decode().unwrap();
    assert_eq!((decode.index(), decode.id()), (Some("products"), Some("1")));
    assert_eq!(
        (decode.path(), &*decode.raw()),
        ("_source.price", r#"{"price":"two"}"#)
    );
    assert!(!format!("{error:?}").contains(r#"{"price""#));
    let missing = found.hits()[5].source().unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("at `_source`: missing field `price`"),
        "{missing}"
    );
}

#[test]
fn callers_stop_skip_or_collect() {
    let found: SearchResponse<Product> = read(&page());
    assert!(
        found
            .documents()
            .collect::<es_client::Result<Vec<_>>>()
            .is_err()
    );
    let (good, bad): (Vec<_>, Vec<_>) = found.into_documents().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (4, 3));
}

#[test]
fn raw_documents_never_fail() {
    let body = page();
    let found: SearchResponse<Box<RawValue>> = read(&body);
    assert!(found.documents().all(|raw| raw.is_ok()));
    let found: SearchResponse<&RawValue> = serde_json::from_str(&body).unwrap();
    assert!(
        found
            .documents()
            .nth(3)
            .unwrap()
            .unwrap()
            .get()
            .contains("1e400")
    );
}

#[test]
fn every_kind_of_document_fails_by_itself() {
    let got: GetResponse<Product> = read(r#"{"_index":"i","_id":"1","found":true,"_source":[]}"#);
    assert!(got.found == Some(true) && got.source().is_err());
    let several: MgetResponse<Product> = read(
        r#"{"docs":[{"_index":"i","_id":"1","found":true,"_source":{}},
        {"_index":"i","_id":"2","found":true,"_source":{"price":2}}]}"#,
    );
    assert_eq!(several.documents().filter(Result::is_ok).count(), 1);
    let several: MsearchResponse<Product> = read(&format!(r#"{{"responses":[{}]}}"#, page()));
    assert_eq!(
        several.responses[0]
            .as_result()
            .unwrap()
            .documents()
            .flatten()
            .count(),
        4
    );
    let top: SearchResponse<Value> = read(&format!(r#"{{"aggregations":{{"top":{}}}}}"#, page()));
    let hits = top.aggs().top_hits::<Product>("top").unwrap();
    assert_eq!(hits.documents().flatten().count(), 4);
}

#[test]
fn lone_surrogates_outside_of_documents_are_replaced() {
    let found: SearchResponse<Value> = read(
        r#"{"hits":{"hits":[{"_id":"1","_source":{"a":"\ude00"},"highlight":{"a":["x \ud83d"]}}]},
        "suggest":{"s":[{"text":"\ud83d","options":[{"text":"y\ude00"}]}]},
        "aggregations":{"keys":{"buckets":[{"key":"\ud83d","doc_count":1}]}}}"#,
    );
    let hit = &found.hits()[0];
    assert!(hit.source().is_err());
    assert_eq!(hit.highlight["a"], ["x \u{fffd}"]);
    let suggestion = &found.suggest["s"][0];
    assert_eq!(
        (&*suggestion.text, &*suggestion.options[0].text),
        ("\u{fffd}", "y\u{fffd}")
    );
    assert_eq!(
        found.aggs().terms("keys").unwrap().buckets[0].key(),
        "\u{fffd}"
    );
}

#[test]
fn a_bad_response_is_an_error_with_its_path() {
    let error = try_read::<SearchResponse<Value>>(
        r#"{"hits":{"hits":[{"_id":"1","_source":{}},{"_id":"2","sort":{"a":1}}]}}"#,
    )
    .unwrap_err();
    assert_eq!(error.as_decode().unwrap().path(), "hits.hits[1].sort");
}
