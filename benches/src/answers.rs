//! The answers of the local server, in the form of a genuine one.

use bytes::Bytes;
use peers::{
    operation::{BULK, HITS, INDEX, LARGE_HITS, LARGE_INDEX},
    product::Product,
};
use serde_json::{Value, json};

/// What the server can answer; made once, shared by every connection.
pub struct Answers {
    /// To `GET /`.
    pub info: Bytes,
    /// To a document that was indexed.
    pub indexed: Bytes,
    /// To a search of the small index.
    pub search: Bytes,
    /// To a search of the large index.
    pub large_search: Bytes,
    /// To a bulk request.
    pub bulk: Bytes,
}

impl Answers {
    /// Serialises all of them.
    pub fn new() -> Self {
        Self {
            info: text(&info()),
            indexed: text(&indexed()),
            search: text(&search(INDEX, HITS, false)),
            large_search: text(&search(LARGE_INDEX, LARGE_HITS, true)),
            bulk: text(&bulk(BULK)),
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

fn info() -> Value {
    json!({
        "name": "node-1",
        "cluster_name": "benches",
        "cluster_uuid": "b3VyLW93bi1jbHVzdGVyLQ",
        "version": {
            "number": "9.2.0",
            "build_flavor": "default",
            "build_type": "tar",
            "build_hash": "0123456789abcdef0123456789abcdef01234567",
            "build_date": "2026-03-14T09:26:53.589793238Z",
            "build_snapshot": false,
            "lucene_version": "10.3.1",
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0"
        },
        "tagline": "You Know, for Search"
    })
}

fn indexed() -> Value {
    json!({
        "_index": INDEX,
        "_id": "1",
        "_version": 1,
        "result": "created",
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1
    })
}

/// `long` documents have a description of half a kilobyte more.
fn search(index: &str, hits: usize, long: bool) -> Value {
    let hits: Vec<Value> = (0..hits)
        .map(|number| {
            let mut product = Product::numbered(number);
            if long {
                product.description = [product.description.as_str(); 12].join(", ");
            }
            json!({
                "_index": index,
                "_id": format!("product-{number}"),
                "_score": 4.25 - number as f64 / 1024.0,
                "_source": product
            })
        })
        .collect();
    json!({
        "took": 3,
        "timed_out": false,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": hits.len(), "relation": "eq"},
            "max_score": 4.25,
            "hits": hits
        }
    })
}

fn bulk(items: usize) -> Value {
    let items: Vec<Value> = (0..items)
        .map(|number| {
            let mut item = indexed();
            item["_id"] = json!(number.to_string());
            item["status"] = json!(201);
            json!({"index": item})
        })
        .collect();
    json!({"errors": false, "took": 7, "items": items})
}
