//! The calls of a client, and whether their responses are right.

use std::time::Instant;

use es_client::{Elasticsearch, Error, Response, dsl::Query};
use es_transport::rng::Rng;
use serde_json::{Value, json};

use crate::operation::BoxError;

/// The index whose documents are only read.
pub const READ: &str = "faults-read";
/// The index whose documents are written once each.
pub const WRITTEN: &str = "faults-written";
/// Number of documents in [`READ`].
const DOCUMENTS: u64 = 1_000;
/// Number of documents in a bulk.
pub const BULK: u64 = 20;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A document by its ID.
    Get,
    /// A query that one document matches.
    Search,
    /// A new document with an ID.
    Index,
    /// A new document without an ID, which must not be sent twice.
    IndexWithoutId,
    /// A new document with an ID that must not exist.
    Create,
    /// New documents with IDs.
    Bulk,
}

impl Kind {
    /// Returns seven gets of ten calls, one search, and two writes.
    pub fn random(rng: &Rng) -> Self {
        match rng.below(100) {
            0..70 => Self::Get,
            70..80 => Self::Search,
            80..88 => Self::Index,
            88..92 => Self::IndexWithoutId,
            92..99 => Self::Create,
            _ => Self::Bulk,
        }
    }

    /// Whether the client may send it twice.
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::IndexWithoutId | Self::Bulk)
    }

    /// Returns the number of documents that it writes.
    pub fn writes(self) -> u64 {
        match self {
            Self::Get | Self::Search => 0,
            Self::Index | Self::IndexWithoutId | Self::Create => 1,
            Self::Bulk => BULK,
        }
    }
}

/// A call that has ended.
#[derive(Debug)]
pub struct Call {
    /// Its number, of which there is only one.
    pub number: u64,
    /// Its kind.
    pub kind: Kind,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// How it ended.
    pub result: Result<Response, Error>,
}

/// Returns the keys of the documents that a call writes.
pub fn keys(number: u64, kind: Kind) -> impl Iterator<Item = u64> {
    (0..kind.writes()).map(move |index| number * BULK + index)
}

/// Returns the document with this key.
pub fn document(key: u64) -> Value {
    json!({"key": key, "text": format!("trail shoes {} for long runs in any weather", key % 97)})
}

/// Creates the two indices, with one replica, and the documents to read.
///
/// # Errors
/// If the cluster refuses.
pub async fn prepare(client: &Elasticsearch) -> Result<(), BoxError> {
    let missing = client
        .options()
        .ignore_status([http::StatusCode::NOT_FOUND]);
    for (name, shards) in [(READ, 1), (WRITTEN, 3)] {
        missing.indices().delete(name).send().await?;
        let index = client.indices().create(name);
        let index = index.settings(json!({"number_of_shards": shards, "number_of_replicas": 1}));
        let fields = json!({"key": {"type": "long"}, "text": {"type": "text"}});
        index.mappings(json!({"properties": fields})).await?;
    }
    let bulk = client.bulk().index(READ).refresh(true);
    let written = bulk.operations((0..DOCUMENTS).flat_map(operation)).await?;
    if written.errors != Some(false) {
        return Err("the documents to read were not written".into());
    }
    Ok(())
}

fn operation(key: u64) -> [Value; 2] {
    [json!({"index": {"_id": key.to_string()}}), document(key)]
}

impl Call {
    /// Makes a call.
    pub async fn make(client: &Elasticsearch, number: u64, kind: Kind) -> Self {
        let began = Instant::now();
        let key = number * BULK;
        let read = number % DOCUMENTS;
        let result = match kind {
            Kind::Get => client.get::<Value>(READ, read.to_string()).send().await,
            Kind::Search => {
                let search = client.search::<Value>(READ).query(Query::term("key", read));
                search.send().await
            }
            Kind::Index => {
                let index = client.index(WRITTEN).id(key.to_string());
                index.document(document(key)).send().await
            }
            Kind::IndexWithoutId => client.index(WRITTEN).document(document(key)).send().await,
            Kind::Create => {
                let create = client.create(WRITTEN, key.to_string());
                create.document(document(key)).send().await
            }
            Kind::Bulk => {
                let bulk = client.bulk().index(WRITTEN);
                let operations = keys(number, kind).flat_map(operation);
                bulk.operations(operations).send().await
            }
        };
        Self {
            number,
            kind,
            began,
            ended: Instant::now(),
            result,
        }
    }

    /// Returns the key of the document that it reads.
    fn read(&self) -> u64 {
        self.number % DOCUMENTS
    }
}

/// The content of a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// The document, the hit or the outcomes that belong to the call.
    Right,
    /// Shards or operations failed, with these reasons.
    Partial(String),
    /// Something else.
    Wrong,
}

/// Returns what the response of a call shows.
///
/// # Errors
/// If it is not JSON.
pub fn content(call: &Call, response: &Response) -> Result<Content, Error> {
    let body: Value = response.json()?;
    let is_right = match call.kind {
        Kind::Get => body["_source"] == document(call.read()),
        Kind::Search => {
            if body["_shards"]["failed"] != 0 {
                return Ok(Content::Partial("shards failed".to_owned()));
            }
            let hits = body["hits"]["hits"].as_array().map(Vec::as_slice);
            matches!(hits, Some([hit]) if hit["_source"] == document(call.read()))
        }
        Kind::Index | Kind::IndexWithoutId | Kind::Create => {
            matches!(body["result"].as_str(), Some("created" | "updated"))
        }
        Kind::Bulk if body["errors"] == true => {
            let failed = statuses(&body).filter(|status| !(200..300).contains(status));
            return Ok(Content::Partial(format!(
                "operations failed with {:?}",
                failed.collect::<std::collections::BTreeSet<_>>()
            )));
        }
        Kind::Bulk => statuses(&body).count() as u64 == BULK,
    };
    Ok(if is_right {
        Content::Right
    } else {
        Content::Wrong
    })
}

/// Returns the statuses of the operations of a bulk.
pub fn statuses(body: &Value) -> impl Iterator<Item = u64> {
    let items = body["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item["index"]["status"].as_u64())
}
