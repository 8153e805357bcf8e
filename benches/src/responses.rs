//! The responses of the local server, in the form of a genuine one.

use crate::{
    operation::{BoxError, HITS, INDEX, LARGE_HITS, LARGE_INDEX},
    product::Product,
};
use bytes::Bytes;
use serde_json::{Value, json};

/// The responses of the server; created once, shared by every connection.
pub struct Responses {
    /// To `GET /`.
    pub info: Bytes,
    /// To a document that was indexed.
    pub indexed: Bytes,
    /// To a search of the small index.
    pub search: Bytes,
    /// To a search of the large index.
    pub large_search: Bytes,
    /// To bulk requests.
    pub bulk: BulkResponse,
}

impl Responses {
    /// Serialises all of them.
    pub fn new() -> Self {
        Self {
            info: text(&info()),
            indexed: text(&indexed()),
            search: text(&search(INDEX, HITS, false)),
            large_search: text(&search(LARGE_INDEX, LARGE_HITS, true)),
            bulk: BulkResponse::new(),
        }
    }
}

impl Default for Responses {
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

/// `long` documents have 700 bytes more, in details that the type of the documents
/// does not name.
fn search(index: &str, hits: usize, long: bool) -> Value {
    let hits: Vec<Value> = (0..hits)
        .map(|number| {
            let mut hit = json!({
                "_index": index,
                "_id": format!("product-{number}"),
                "_score": 4.25 - number as f64 / 1024.0,
                "_source": Product::numbered(number)
            });
            if long {
                hit["_source"]["details"] = details();
            }
            hit
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

fn details() -> Value {
    json!({
        "upper": "Woven polyester from recycled bottles, with a welded film over the toes",
        "lining": "Soft mesh that dries overnight and has no seams where the foot bends",
        "sole": "Rubber with lugs of four millimetres that sheds mud and grips on wet stone",
        "midsole": "Foam with a plate of fibre in it that spreads the pressure of sharp edges",
        "closure": "Flat laces that stay tied, with a pocket for their ends in the tongue",
        "fit": "Room for the toes and a firm heel; take half a size more for thick socks",
        "care": "Brush off dry mud, wash by hand in cold water, dry away from the stove",
        "origin": "Sewn and glued in Portugal, shipped in a box of cardboard without plastic"
    })
}

/// The response to a bulk request of any number of operations, all of which
/// succeeded, out of pieces that are made once.
pub struct BulkResponse {
    /// The items of [`MOST_OPERATIONS`], with commas.
    items: Bytes,
    /// Where each item ends.
    ends: Vec<usize>,
}

/// The most operations that the server takes in a bulk request.
pub const MOST_OPERATIONS: usize = 50_000;

impl BulkResponse {
    fn new() -> Self {
        let mut items = Vec::new();
        let mut ends = Vec::with_capacity(MOST_OPERATIONS);
        for number in 0..MOST_OPERATIONS {
            let mut item = indexed();
            item["_id"] = json!(number.to_string());
            item["_seq_no"] = json!(number);
            item["status"] = json!(201);
            if number > 0 {
                items.push(b',');
            }
            items.extend_from_slice(json!({"index": item}).to_string().as_bytes());
            ends.push(items.len());
        }
        Self {
            items: items.into(),
            ends,
        }
    }

    /// The response to so many operations, in pieces.
    ///
    /// # Errors
    /// The number of operations is zero or more than the server takes.
    pub fn to(&self, operations: usize) -> Result<[Bytes; 3], BoxError> {
        let last = operations
            .checked_sub(1)
            .and_then(|last| self.ends.get(last));
        let end = last.ok_or_else(|| format!("{operations} operations in a bulk request"))?;
        let head = Bytes::from_static(br#"{"errors":false,"took":7,"items":["#);
        Ok([head, self.items.slice(..*end), Bytes::from_static(b"]}")])
    }
}
