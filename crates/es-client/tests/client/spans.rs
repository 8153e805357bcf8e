//! The spans of calls, as a subscriber sees them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use es_client::{Call, Elasticsearch};
use es_testkit::Cluster;
use http::StatusCode;
use serde_json::{Value, json};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

type Fields = BTreeMap<&'static str, String>;

/// Records the fields of each span.
#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<Vec<(&'static str, Fields)>>>,
    next: Arc<AtomicU64>,
}

impl Recorder {
    /// Returns the fields of the spans of requests since the last time.
    fn requests(&self) -> Vec<Fields> {
        let spans = self.spans.lock().unwrap();
        let requests = spans
            .iter()
            .filter(|(name, _)| *name == "elasticsearch.request");
        requests.map(|(_, fields)| fields.clone()).collect()
    }

    fn last(&self) -> Fields {
        self.requests().pop().unwrap()
    }
}

struct Visitor<'a>(&'a mut Fields);

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("es_transport")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        attributes.record(&mut Visitor(&mut fields));
        self.spans
            .lock()
            .unwrap()
            .push((attributes.metadata().name(), fields));
        Id::from_u64(self.next.fetch_add(1, Relaxed) + 1)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let number = usize::try_from(id.into_u64()).unwrap() - 1;
        values.record(&mut Visitor(&mut self.spans.lock().unwrap()[number].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn cluster() -> (Cluster, Elasticsearch) {
    let cluster = Cluster::builder().nodes(1).start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    client
        .index("products")
        .id("1")
        .document(json!({"title": "shoes"}))
        .await
        .unwrap();
    client.indices().refresh("products").send().await.unwrap();
    (cluster, client)
}

#[tokio::test]
async fn a_call_has_all_attributes_of_the_conventions() {
    let (cluster, client) = cluster().await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let query = json!({"match": {"title": "secret shoes"}});
    let traced = client.options().trace_query_text(true).into_client();
    traced
        .search::<Value>("products")
        .query(query)
        .await
        .unwrap();

    let fields = recorder.last();
    let url = cluster.url(0).to_string();
    let port = url.rsplit(':').next().unwrap().trim_end_matches('/');
    let full = format!("{}/products/_search", url.trim_end_matches('/'));
    let expected = [
        ("db.collection.name", "products"),
        ("db.operation.name", "search"),
        ("db.operation.parameter.index", "products"),
        ("db.query.text", r#"{"query":{"match":{"title":"?"}}}"#),
        ("db.response.status_code", "200"),
        ("db.system.name", "elasticsearch"),
        ("http.request.method", "POST"),
        ("otel.kind", "client"),
        ("otel.name", "search products"),
        ("server.address", "127.0.0.1"),
        ("server.port", port),
        ("url.full", &full),
        ("url.path", "/products/_search"),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn the_query_is_not_recorded_by_default() {
    let (_cluster, client) = cluster().await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let query = json!({"match": {"title": "s3cret"}});
    client
        .search::<Value>("products")
        .query(query)
        .await
        .unwrap();
    client
        .search::<Value>("products")
        .q("title:s3cret")
        .await
        .unwrap();
    let requests = recorder.requests();
    assert_eq!(requests.len(), 2);
    assert!(!format!("{requests:?}").contains("s3cret"), "{requests:?}");
    assert!(!requests[0].contains_key("db.query.text"));
}

#[tokio::test]
async fn a_missing_document_is_not_an_error() {
    let (_cluster, client) = cluster().await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    assert_eq!(
        client.get::<Value>("products", "2").await.unwrap().found,
        Some(false)
    );
    assert!(!client.exists("products", "2").await.unwrap());
    assert!(!client.indices().exists("offers").await.unwrap());
    let ignoring = client
        .options()
        .ignore_status([StatusCode::NOT_FOUND])
        .into_client();
    ignoring.indices().get("offers").send().await.unwrap();
    for fields in recorder.requests() {
        assert_eq!(fields["db.response.status_code"], "404");
        assert!(!fields.contains_key("error.type"), "{fields:?}");
    }

    client.indices().get("offers").send().await.unwrap_err();
    assert_eq!(recorder.last()["error.type"], "404");
    assert_eq!(recorder.last()["otel.status_code"], "ERROR");
}

#[tokio::test]
async fn a_batch_has_its_size() {
    let (_cluster, client) = cluster().await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let operations = [
        json!({"delete": {"_id": "8"}}),
        json!({"delete": {"_id": "9"}}),
    ];
    client
        .bulk()
        .index("products")
        .operations(&operations)
        .send()
        .await
        .unwrap();
    assert_eq!(recorder.last()["db.operation.batch.size"], "2");

    // One operation is not a batch.
    client
        .bulk()
        .index("products")
        .operations(&operations[..1])
        .send()
        .await
        .unwrap();
    assert!(!recorder.last().contains_key("db.operation.batch.size"));
}

#[tokio::test]
async fn a_batch_of_the_bulk_helper_has_index_and_size() {
    let (_cluster, client) = cluster().await;
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let documents = (0..7).map(|n| json!({"n": n}));
    let bulk = client.helpers().bulk("products", documents);
    assert!(bulk.flush_operations(7).await.unwrap().is_complete());

    let fields = recorder.last();
    assert_eq!(fields["otel.name"], "bulk products");
    assert_eq!(fields["db.collection.name"], "products");
    assert_eq!(fields["db.operation.batch.size"], "7");
}

#[tokio::test]
async fn a_typed_response_has_its_meta() {
    let (cluster, client) = cluster().await;
    let found = client.search::<Value>("products").typed().await.unwrap();
    assert_eq!(found.total(), Some(1));
    assert_eq!(found.meta().status(), StatusCode::OK);
    assert_eq!(found.meta().call(), Some("search"));
    assert_eq!(
        found.meta().node(),
        Some(cluster.url(0).to_string().trim_end_matches('/'))
    );
    let (response, meta) = found.into_parts();
    assert_eq!((response.hits().len(), meta.attempts().len()), (1, 0));

    let error = client.search::<Value>("offers").typed().await.unwrap_err();
    assert!(error.is_not_found());
}
