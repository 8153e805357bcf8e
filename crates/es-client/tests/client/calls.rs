//! Calls over a mock service: what is sent, and what becomes of the response.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may")]

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use es_client::{Call, Elasticsearch, Info, SearchResponse};
use es_transport::{
    Body, OperationName, RequestAuth, RequestOptions, layer::retry::StandardRetry, node::RoundRobin,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::layer::util::Identity;

/// The requests that reached the service.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    body: String,
    options: Option<RequestOptions>,
}

/// A client over a service that responds to everything in the same way.
fn client(status: u16, response: &'static str) -> (Elasticsearch, Arc<Mutex<Vec<Seen>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        let record = Arc::clone(&record);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.expect("a body at hand").to_bytes();
            record.lock().unwrap().push(Seen {
                line: format!("{} {}", parts.method, parts.uri),
                body: String::from_utf8(body.to_vec()).unwrap(),
                options: RequestOptions::find(&parts.extensions).cloned(),
            });
            let response = Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(response)));
            Ok::<_, Infallible>(response.unwrap())
        }
    });
    (Elasticsearch::from_service(service), seen)
}

const WRITTEN: &str = r#"{"_index":"i","_id":"1","_version":1,"result":"created",
    "_shards":{"total":2,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1}"#;

#[tokio::test]
async fn each_call_becomes_its_request() {
    let (client, seen) = client(200, r#"{"acknowledged":true}"#);
    let indices = client.indices();
    client.info().send().await.unwrap();
    assert!(client.ping().await.unwrap());
    client
        .index("i")
        .id("a/b")
        .document(json!({"n": 1}))
        .refresh(true)
        .send()
        .await
        .unwrap();
    client
        .index("i")
        .document(json!({"n": 1}))
        .send()
        .await
        .unwrap();
    client
        .get::<Value>("i", "1")
        .realtime(false)
        .send()
        .await
        .unwrap();
    client.search::<Value>(["a", "b*"]).send().await.unwrap();
    client
        .search::<Value>("a")
        .query(json!({"match_all": {}}))
        .size(3)
        .send()
        .await
        .unwrap();
    client
        .search_all::<Value>()
        .from(1)
        .scroll(Duration::from_secs(60))
        .send()
        .await
        .unwrap();
    indices
        .create("i")
        .settings(json!({"number_of_shards": 1}))
        .send()
        .await
        .unwrap();
    indices.get("*").send().await.unwrap();
    assert!(indices.exists("i").await.unwrap());
    indices.refresh("i").send().await.unwrap();
    assert!(
        indices
            .delete("i")
            .ignore_unavailable(true)
            .await
            .unwrap()
            .acknowledged
    );

    let seen = seen.lock().unwrap();
    let lines: Vec<_> = seen
        .iter()
        .map(|seen| format!("{} {}", seen.line, seen.body))
        .collect();
    assert_eq!(
        lines,
        [
            "GET / ",
            "HEAD / ",
            r#"PUT /i/_doc/a%2Fb?refresh=true {"n":1}"#,
            r#"POST /i/_doc {"n":1}"#,
            "GET /i/_doc/1?realtime=false ",
            "GET /a,b*/_search ",
            r#"POST /a/_search {"query":{"match_all":{}},"size":3}"#,
            r#"POST /_search?scroll=60s {"from":1}"#,
            r#"PUT /i {"settings":{"number_of_shards":1}}"#,
            "GET /* ",
            "HEAD /i ",
            "GET /i/_refresh ",
            "DELETE /i?ignore_unavailable=true ",
        ]
    );
}

#[tokio::test]
async fn only_what_may_be_repeated_is_marked_so() {
    let (client, seen) = client(200, WRITTEN);
    client.index("i").document(json!({})).await.unwrap();
    client
        .search::<Value>("i")
        .query(json!({}))
        .send()
        .await
        .unwrap();
    client
        .options()
        .idempotent(true)
        .index("i")
        .document(json!({}))
        .await
        .unwrap();
    client.scroll::<Value>().send().await.unwrap();
    client
        .security()
        .create_api_key()
        .name("k")
        .send()
        .await
        .unwrap();
    client.get::<Value>("i", "1").send().await.unwrap();
    let seen = seen.lock().unwrap();
    let marks: Vec<_> = seen
        .iter()
        .map(|seen| seen.options.as_ref().and_then(|o| o.idempotent))
        .collect();
    assert_eq!(
        marks,
        [None, Some(true), Some(true), Some(false), Some(false), None]
    );
}

/// A 429 refuses most calls as a whole; of these some batches may be done.
#[tokio::test]
async fn what_is_done_in_parts_is_not_sent_again_after_any_status() {
    let (client, seen) = client(200, "{}");
    let repeated = client
        .options()
        .retry_on_status([StatusCode::TOO_MANY_REQUESTS])
        .request_timeout(None);
    let idempotent = client.options().idempotent(true);
    client.update_by_query("i").send().await.unwrap();
    repeated.delete_by_query("i").send().await.unwrap();
    idempotent.reindex().send().await.unwrap();
    let _ = client.bulk().body("").send().await;
    let _ = client.index("i").document(json!({})).await;
    let seen = seen.lock().unwrap();
    let statuses: Vec<_> = seen
        .iter()
        .map(|seen| {
            seen.options
                .as_ref()
                .and_then(|o| Some(o.retry_on_status.as_ref()?.len()))
        })
        .collect();
    assert_eq!(statuses, [Some(0), Some(0), None, None, None]);
    let mark = |at: usize| {
        seen[at]
            .options
            .as_ref()
            .and_then(|options| options.idempotent)
    };
    assert_eq!(
        [mark(0), mark(1), mark(2)],
        [Some(false), Some(false), Some(true)]
    );
}

#[tokio::test]
async fn options_nest_and_leave_the_client_as_it_was() {
    let (client, seen) = client(200, "{}");
    let outer = client
        .options()
        .api_key("aWQ6a2V5")
        .request_timeout(Duration::from_secs(2));
    let inner = outer
        .options()
        .no_auth()
        .opaque_id("inner")
        .media_type("application/yaml");
    inner.info().send().await.unwrap();
    outer.info().send().await.unwrap();
    client.ping().await.unwrap();

    let seen = seen.lock().unwrap();
    let of = |at: usize| seen[at].options.clone();
    let inner = of(0).unwrap();
    assert_eq!(inner.auth, Some(RequestAuth::None));
    assert_eq!(
        inner.request_timeout,
        es_transport::Setting::Set(Duration::from_secs(2))
    );
    assert!(inner.opaque_id.is_some());
    assert_eq!(inner.media_type.unwrap(), "application/yaml");
    assert!(matches!(
        of(1).unwrap().auth,
        Some(RequestAuth::Credentials(_))
    ));
    assert!(of(1).unwrap().opaque_id.is_none());
    assert!(of(2).is_none_or(|options| options.auth.is_none()));
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_reported_by_the_call_and_nothing_is_sent() {
    let (client, seen) = client(200, "{}");
    let bad = [
        client.options().api_key("se\r\ncret"),
        client.options().bearer_auth("se\ncret"),
        client.options().basic_auth("user", "se\0cret"),
        client.options().header("x-test", "se\r\ncret"),
        client.options().header("x test", "secret"),
        client.options().opaque_id("secrét"),
    ];
    for options in bad {
        let error = options.info().await.unwrap_err();
        assert!(
            error.as_transport().is_some_and(|error| error.is_config()),
            "{error}"
        );
        assert!(
            !format!("{error} {error:?} {options:?}").contains("cret"),
            "{error:?}"
        );
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn parts_and_paths_that_could_change_the_route_are_refused() {
    let (client, seen) = client(200, "{}");
    for id in ["", ".", ".."] {
        assert!(client.get::<Value>("i", id).await.unwrap_err().is_invalid());
        assert!(client.indices().delete(id).await.unwrap_err().is_invalid());
    }
    for path in [
        "",
        "x",
        "//evil.example/",
        "http://evil.example/",
        "\\\\evil.example",
        "/a b",
    ] {
        assert!(
            client
                .request(Method::GET, path, ())
                .await
                .unwrap_err()
                .is_invalid(),
            "{path}"
        );
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_error_status_becomes_what_elasticsearch_said() {
    let (client, _) = client(
        404,
        r#"{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [i]",
            "index":"i"}],"type":"index_not_found_exception","reason":"no such index [i]"},"status":404}"#,
    );
    let error = client.search::<Value>("i").await.unwrap_err();
    assert!(error.is_not_found() && !error.is_conflict());
    let api = error.as_api().unwrap();
    assert_eq!(api.kind.as_deref(), Some("index_not_found_exception"));
    assert_eq!(api.root_causes[0].index.as_deref(), Some("i"));
    assert_eq!(
        error.to_string(),
        "Elasticsearch returned 404 Not Found: index_not_found_exception: no such index [i]"
    );
    assert!(!client.indices().exists("i").await.unwrap());

    let ignoring = client.options().ignore_status([StatusCode::NOT_FOUND]);
    assert_eq!(
        ignoring
            .get::<Value>("i", "1")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}

#[tokio::test]
async fn other_forms_of_errors_are_read_too() {
    let (client, _) = client(405, r#"{"error":"Incorrect HTTP method","status":405}"#);
    let error = client.info().await.unwrap_err();
    assert_eq!(
        error.as_api().unwrap().reason.as_deref(),
        Some("Incorrect HTTP method")
    );
    let (client, _) = self::client(401, "Unauthorized");
    let error = client.info().await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(error.body().unwrap(), "Unauthorized");
}

#[tokio::test]
async fn decode_errors_name_call_path_and_value() {
    let (client, _) = client(200, r#"{"version":{"number":[9]}}"#);
    let error = client.info().await.unwrap_err();
    assert!(error.is_decode());
    let expected = "cannot decode the response of `info` at `version.number`: \
                    invalid type: sequence, expected a text at line 1 column 22";
    assert_eq!(error.to_string(), expected);
    let raw = client.info().send().await.unwrap();
    assert_eq!(raw.json::<Info>().unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn hits_are_typed_and_tolerate_what_they_do_not_know() {
    #[derive(serde::Deserialize)]
    struct Product {
        title: String,
    }
    let (client, _) = client(
        200,
        r#"{"took":1,"new":{},"hits":{"total":{"value":1,"relation":"eq"},"max_score":null,
            "hits":[{"_index":"i","_id":"1","_score":null,"_type":"_doc","_source":{"title":"shoes","x":1}}]}}"#,
    );
    let found: SearchResponse<Product> = client.search("i").await.unwrap();
    assert_eq!(found.total(), Some(1));
    assert_eq!(found.documents().next().unwrap().unwrap().title, "shoes");
    let raw: SearchResponse<Box<serde_json::value::RawValue>> = client.search("i").await.unwrap();
    assert_eq!(
        raw.hits()[0].source().unwrap().unwrap().get(),
        r#"{"title":"shoes","x":1}"#
    );
}

#[tokio::test]
async fn a_call_can_be_moved_into_a_task_and_streamed() {
    let (client, _) = client(200, r#"{"acknowledged":true}"#);
    let call = client.indices().delete("i");
    assert!(
        tokio::spawn(call.into_future())
            .await
            .unwrap()
            .unwrap()
            .acknowledged
    );
    let mut stream = client.indices().delete("i").stream().await.unwrap();
    assert_eq!(
        stream.chunk().await.unwrap().unwrap(),
        r#"{"acknowledged":true}"#
    );
    assert_eq!(stream.chunk().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_response_says_how_long_it_took() {
    let client = Elasticsearch::from_service(tower::service_fn(|_: Request<Body>| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}"))))
    }));
    let pause = tokio::time::sleep(Duration::from_secs(5));
    let call = client.info().send();
    pause.await;
    assert_eq!(
        call.await.unwrap().meta().duration(),
        Duration::from_secs(3)
    );
    let raw = client.request(Method::GET, "/", ()).await.unwrap();
    assert_eq!(raw.meta().duration(), Duration::from_secs(3));
}

#[test]
fn a_call_is_shown_as_a_line_for_curl() {
    let (client, seen) = client(200, "{}");
    let client = client.options().api_key(("id", "s3cret")).opaque_id("me");
    let call = client
        .search::<Value>("products")
        .query(json!({"match_all": {}}))
        .routing("it's");
    assert_eq!(
        call.curl().unwrap(),
        r#"curl -X POST "$ES_URL"'/products/_search?routing=it%27s' -H 'content-type: application/json' --data-binary '{"query":{"match_all":{}}}'"#,
    );
    assert!(client.indices().get("..").curl().unwrap_err().is_invalid());
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_option_reaches_the_transport() {
    let (client, seen) = client(200, "{}");
    let (two, nine) = (Duration::from_secs(2), Duration::from_secs(9));
    let named = client.options().header("x-tenant", "blue").opaque_id("me");
    let timed = named.options().request_timeout(two).total_timeout(nine);
    let repeated = timed
        .options()
        .max_retries(7)
        .retry_on_timeout(true)
        .idempotent(true);
    let kept = repeated
        .options()
        .selector_hint("session-1")
        .max_response_size(64)
        .into_client();
    let sized = kept.clone();
    tokio::spawn(async move { sized.request(Method::GET, "/", ()).await })
        .await
        .unwrap()
        .unwrap();

    let seen = seen.lock().unwrap();
    let options = seen[0].options.as_ref().unwrap();
    assert_eq!(options.headers["x-tenant"], "blue");
    assert_eq!(options.opaque_id.as_ref().unwrap(), "me");
    assert_eq!(options.request_timeout, es_transport::Setting::Set(two));
    assert_eq!(options.total_timeout, es_transport::Setting::Set(nine));
    assert_eq!(options.max_retries, Some(7));
    assert_eq!(options.retry_on_timeout, Some(true));
    assert_eq!(options.idempotent, Some(true));
    assert_eq!(options.selector_hint.as_deref(), Some("session-1"));
    assert_eq!(options.max_response_size, es_transport::Setting::Set(64));
}

#[tokio::test]
async fn names_are_attached_where_they_can_be_read() {
    let builder = || Elasticsearch::builder().node("http://localhost:9200");
    let is_read = |client: Elasticsearch| client.transport().reads_operation_name();
    assert_eq!(
        is_read(builder().build().unwrap()),
        cfg!(feature = "metrics")
    );
    assert!(is_read(
        builder().layer_request(Identity::new()).build().unwrap()
    ));
    assert!(is_read(
        builder().layer_node(Identity::new()).build().unwrap()
    ));
    assert!(is_read(
        builder()
            .node_selector(RoundRobin::default())
            .build()
            .unwrap()
    ));
    assert!(is_read(
        builder()
            .retry_policy(StandardRetry::default())
            .build()
            .unwrap()
    ));

    let (sender, mut names) = tokio::sync::mpsc::unbounded_channel();
    let service = tower::service_fn(move |request: Request<Body>| {
        sender
            .send(request.extensions().get::<OperationName>().copied())
            .unwrap();
        let response = Response::builder().header("x-elastic-product", "Elasticsearch");
        std::future::ready(response.body(Body::empty()))
    });
    let client = builder().http_service(service).build().unwrap();
    assert!(client.ping().await.unwrap());
    assert_eq!(names.recv().await.flatten(), Some(OperationName("ping")));
}

#[tokio::test]
async fn documents_of_a_call_are_complete_or_an_error() {
    const PAGE: &str = r#"{"hits":{"hits":[{"_source":1},{"_source":2},{"_id":"3"}]}}"#;
    let (whole, _) = client(200, PAGE);
    assert_eq!(
        whole.search::<u8>("i").into_documents().await.unwrap(),
        [1, 2]
    );
    let error = whole
        .search::<String>("i")
        .into_documents()
        .await
        .unwrap_err();
    assert!(error.is_decode(), "{error}");

    let (late, _) = client(200, r#"{"timed_out":true,"hits":{"hits":[{"_source":1}]}}"#);
    assert!(
        late.search::<u8>("i")
            .into_documents()
            .await
            .unwrap_err()
            .is_partial()
    );
    let failed = r#"{"_shards":{"total":2,"failed":1},"hits":{"hits":[{"_source":1}]}}"#;
    let (failed, _) = client(200, failed);
    assert!(
        failed
            .search::<u8>("i")
            .into_documents()
            .await
            .unwrap_err()
            .is_partial()
    );

    let (missing, _) = client(
        200,
        r#"{"docs":[{"found":false},{"found":true,"_source":4}]}"#,
    );
    assert_eq!(missing.mget::<u8>().into_documents().await.unwrap(), [4]);
    let refused = r#"{"docs":[{"error":{"type":"index_not_found_exception"}}]}"#;
    let (refused, _) = client(200, refused);
    let error = refused.mget::<u8>().into_documents().await.unwrap_err();
    assert!(
        error.to_string().contains("index_not_found_exception"),
        "{error}"
    );
}
