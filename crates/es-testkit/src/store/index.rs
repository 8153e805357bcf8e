//! One index: documents, mapping, settings and aliases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{Document, Expected, NewSource};
use super::mapping::{Entry, Mapping, read_document};
use super::shards::{routing_shards, shard_of};
use crate::api::error::ApiError;

/// A shard and an id: documents with the same id on two shards are two documents.
type Place = (u32, String);

type Documents = BTreeMap<Place, Arc<Document>>;

/// An index. Cloning shares the documents, so a snapshot is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub name: Arc<str>,
    /// The data stream that the index belongs to.
    pub data_stream: Option<Arc<str>>,
    pub uuid: String,
    pub created_at: u64,
    pub settings: Map<String, Value>,
    pub mapping: Arc<Mapping>,
    /// Whether `_source` leaves vectors out.
    pub excludes_vectors: bool,
    pub aliases: BTreeMap<String, Value>,
    pub documents: Documents,
    /// The documents that searches see, where those are only the ones of the last refresh.
    pub searched: Option<Arc<Documents>>,
    /// Versions of deleted documents: a document written again counts on.
    deleted: BTreeMap<Place, u64>,
    /// By shard.
    next_seq_no: BTreeMap<u32, u64>,
    pub shards: u32,
    pub replicas: u32,
    pub routing_shards: u32,
    /// Counts the changes of mapping, settings and aliases.
    pub version: u64,
}

impl Index {
    pub fn new(name: &str, uuid: String, created_at: u64) -> Self {
        Self {
            name: name.into(),
            data_stream: None,
            uuid,
            created_at,
            settings: Map::new(),
            mapping: Arc::default(),
            excludes_vectors: true,
            searched: None,
            aliases: BTreeMap::new(),
            documents: BTreeMap::new(),
            deleted: BTreeMap::new(),
            next_seq_no: BTreeMap::new(),
            shards: 1,
            replicas: 1,
            routing_shards: routing_shards(1),
            version: 1,
        }
    }

    /// Stores a document and says whether it is new.
    ///
    /// # Errors
    /// 409 when `expected` does not hold, 400 when a field does not fit the mapping.
    pub fn put(
        &mut self,
        id: &str,
        source: NewSource,
        routing: Option<String>,
        expected: Expected,
    ) -> Result<(Arc<Document>, bool), ApiError> {
        if self.mapping.routing_required && routing.is_none() {
            return Err(ApiError::bad_request(
                "routing_missing_exception",
                format!("routing is required for [{}]/[{id}]", self.name),
            )
            .with("index", &*self.name));
        }
        let shard = self.shard_of(id, routing.as_deref());
        let place = (shard, id.to_owned());
        if self.data_stream.is_some() {
            check_timestamp(&source.value)?;
        }
        let mut mapping = Arc::clone(&self.mapping);
        let entry = read_document(&mut mapping, id, &source)?;
        if !Arc::ptr_eq(&mapping, &self.mapping) {
            self.mapping = mapping;
            self.version += 1;
        }
        self.check(id, shard, expected)?;
        let before = self.documents.get(&place).map(|document| document.version);
        let version = match expected.external_version {
            Some((version, _)) => version,
            None => {
                before
                    .or_else(|| self.deleted.get(&place).copied())
                    .unwrap_or(0)
                    + 1
            }
        };
        let document = Arc::new(Document {
            id: id.to_owned(),
            raw: source.raw,
            entry,
            version,
            seq_no: self.take_seq_no(shard),
            primary_term: 1,
            routing,
            shard,
        });
        self.deleted.remove(&place);
        self.documents.insert(place, Arc::clone(&document));
        Ok((document, before.is_none()))
    }

    /// Deletes a document; the returned one carries the new version, the flag says whether it
    /// existed.
    ///
    /// # Errors
    /// 409 when `expected` does not hold.
    pub fn remove(
        &mut self,
        id: &str,
        routing: Option<&str>,
        expected: Expected,
    ) -> Result<(Document, bool), ApiError> {
        let shard = self.shard_of(id, routing);
        let place = (shard, id.to_owned());
        self.check(id, shard, expected)?;
        let before = self.documents.remove(&place);
        let old = before.as_ref().map(|document| document.version);
        let version = match expected.external_version {
            Some((version, _)) => version,
            None => {
                old.or_else(|| self.deleted.get(&place).copied())
                    .unwrap_or(0)
                    + 1
            }
        };
        self.deleted.insert(place, version);
        let gone = Document {
            id: id.to_owned(),
            raw: NewSource::of(&crate::json::Json::Object(Vec::new())).raw,
            entry: Entry::default(),
            version,
            seq_no: self.take_seq_no(shard),
            primary_term: 1,
            routing: None,
            shard,
        };
        Ok((gone, before.is_some()))
    }

    /// Checks the conditions of a write.
    ///
    /// # Errors
    /// 409 when `expected` does not hold.
    pub fn check(&self, id: &str, shard: u32, expected: Expected) -> Result<(), ApiError> {
        let current = self.document(shard, id);
        if let Some((wanted_no, wanted_term)) = expected.seq_no_and_term {
            let found = current.map(|document| (document.seq_no, document.primary_term));
            if found != Some((wanted_no, wanted_term)) {
                let is = found.map_or_else(
                    || "but no document was found".to_owned(),
                    |(no, term)| {
                        format!("current document has seqNo [{no}] and primary term [{term}]")
                    },
                );
                return Err(ApiError::conflict(
                    &self.name,
                    format!(
                        "[{id}]: version conflict, required seqNo [{wanted_no}], primary term [{wanted_term}]. {is}"
                    ),
                ));
            }
        }
        if let (true, Some(document)) = (expected.absent, current) {
            return Err(ApiError::conflict(
                &self.name,
                format!(
                    "[{id}]: version conflict, document already exists (current version [{}])",
                    document.version
                ),
            ));
        }
        // Deleted documents keep their versions.
        let version = current.map(|document| document.version);
        let version = version.or_else(|| self.deleted.get(&(shard, id.to_owned())).copied());
        if let (Some((wanted, or_equal)), Some(has)) = (expected.external_version, version)
            && (wanted < has || (wanted == has && !or_equal))
        {
            return Err(ApiError::conflict(
                &self.name,
                format!(
                    "[{id}]: version conflict, current version [{has}] is higher or equal to the one provided [{wanted}]"
                ),
            ));
        }
        Ok(())
    }

    /// Returns a document of a shard, as it was written last.
    pub fn document(&self, shard: u32, id: &str) -> Option<&Arc<Document>> {
        self.documents.get(&(shard, id.to_owned()))
    }

    /// Returns a document of a shard, as searches see it.
    pub fn searched_document(&self, shard: u32, id: &str) -> Option<&Arc<Document>> {
        let seen = self.searched.as_deref().unwrap_or(&self.documents);
        seen.get(&(shard, id.to_owned()))
    }

    /// The documents that searches see, in the order in which they were written, as a scan of the
    /// genuine index gives them.
    pub fn searchable(&self) -> Vec<&Document> {
        let seen = self.searched.as_deref().unwrap_or(&self.documents);
        let mut documents: Vec<&Document> = seen.values().map(AsRef::as_ref).collect();
        documents.sort_by_key(|document| (document.shard, document.seq_no));
        documents
    }

    /// Lets searches see everything that was written.
    pub fn refresh(&mut self) {
        if self.searched.is_some() {
            self.searched = Some(Arc::new(self.documents.clone()));
        }
    }

    /// Changes the mapping.
    ///
    /// # Errors
    /// 400 when it does not fit the one that is there; then nothing is changed.
    pub fn merge_mapping(&mut self, mapping: &Map<String, Value>) -> Result<(), ApiError> {
        let mut merged = (*self.mapping).clone();
        merged.merge(mapping)?;
        self.mapping = Arc::new(merged);
        self.version += 1;
        Ok(())
    }

    /// Returns a limit that the index has of its own.
    pub fn limit(&self, setting: &str) -> Option<usize> {
        self.settings.get(setting)?.as_str()?.parse().ok()
    }

    /// The shard that a document belongs to.
    pub fn shard_of(&self, id: &str, routing: Option<&str>) -> u32 {
        shard_of(routing.unwrap_or(id), self.routing_shards, self.shards)
    }

    /// Returns the shards that a search with these routing values reads.
    pub fn shards_for(&self, routing: Option<&BTreeSet<String>>) -> Vec<u32> {
        match routing {
            None => (0..self.shards).collect(),
            Some(values) => {
                let chosen: BTreeSet<u32> = values
                    .iter()
                    .map(|value| shard_of(value, self.routing_shards, self.shards))
                    .collect();
                chosen.into_iter().collect()
            }
        }
    }

    fn take_seq_no(&mut self, shard: u32) -> u64 {
        let next = self.next_seq_no.entry(shard).or_insert(0);
        let taken = *next;
        *next += 1;
        taken
    }
}

/// Refuses a document of a data stream without exactly one timestamp.
fn check_timestamp(source: &Value) -> Result<(), ApiError> {
    let problem = match source.get("@timestamp") {
        None | Some(Value::Null) => "is missing",
        Some(Value::Array(items)) if items.is_empty() => "is missing",
        Some(Value::Array(items)) if items.len() > 1 => "encountered multiple values",
        _ => return Ok(()),
    };
    let reason = format!("data stream timestamp field [@timestamp] {problem}");
    let error = ApiError::bad_request(
        "document_parsing_exception",
        format!("[1:1] failed to parse: {reason}"),
    );
    Err(error.caused_by("illegal_argument_exception", &reason))
}
