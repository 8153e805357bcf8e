//! One index: documents, mapping, settings and aliases.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{Document, Expected};
use super::mapping::Mapping;
use crate::api::error::ApiError;

/// An index. Cloning shares the documents, so a snapshot is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: Arc<str>,
    pub(crate) uuid: String,
    pub(crate) created_at: u64,
    pub(crate) settings: Map<String, Value>,
    pub(crate) mapping: Mapping,
    pub(crate) aliases: BTreeMap<String, Value>,
    pub(crate) documents: BTreeMap<String, Arc<Document>>,
    /// Versions of deleted documents: a document written again counts on.
    deleted: BTreeMap<String, u64>,
    next_seq_no: u64,
}

impl Index {
    pub(crate) fn new(name: &str, uuid: String, created_at: u64) -> Self {
        Self {
            name: name.into(),
            uuid,
            created_at,
            settings: Map::new(),
            mapping: Mapping::default(),
            aliases: BTreeMap::new(),
            documents: BTreeMap::new(),
            deleted: BTreeMap::new(),
            next_seq_no: 0,
        }
    }

    /// Stores a document and says whether it is new.
    ///
    /// # Errors
    /// 409 when `expected` does not hold, 400 when a field does not fit the mapping.
    pub(crate) fn put(
        &mut self,
        id: &str,
        source: Value,
        routing: Option<String>,
        expected: Expected,
    ) -> Result<(Arc<Document>, bool), ApiError> {
        self.check(id, expected)?;
        self.mapping.learn(id, &source)?;
        let before = self.documents.get(id).map(|document| document.version);
        let version = match expected.external_version {
            Some((version, _)) => version,
            None => before.or_else(|| self.deleted.get(id).copied()).unwrap_or(0) + 1,
        };
        let document = Arc::new(Document {
            id: id.to_owned(),
            source,
            version,
            seq_no: self.take_seq_no(),
            primary_term: 1,
            routing,
        });
        self.deleted.remove(id);
        self.documents.insert(id.to_owned(), Arc::clone(&document));
        Ok((document, before.is_none()))
    }

    /// Deletes a document; the answer's document carries the new version, the flag says whether
    /// it existed.
    ///
    /// # Errors
    /// 409 when `expected` does not hold.
    pub(crate) fn remove(
        &mut self,
        id: &str,
        expected: Expected,
    ) -> Result<(Document, bool), ApiError> {
        self.check(id, expected)?;
        let before = self.documents.remove(id);
        let old = before.as_ref().map(|document| document.version);
        let version = match expected.external_version {
            Some((version, _)) => version,
            None => old.or_else(|| self.deleted.get(id).copied()).unwrap_or(0) + 1,
        };
        self.deleted.insert(id.to_owned(), version);
        let gone = Document {
            id: id.to_owned(),
            source: Value::Null,
            version,
            seq_no: self.take_seq_no(),
            primary_term: 1,
            routing: None,
        };
        Ok((gone, before.is_some()))
    }

    fn check(&self, id: &str, expected: Expected) -> Result<(), ApiError> {
        let current = self.documents.get(id);
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
        if let (Some((wanted, or_equal)), Some(document)) = (expected.external_version, current) {
            let has = document.version;
            if wanted < has || (wanted == has && !or_equal) {
                return Err(ApiError::conflict(
                    &self.name,
                    format!(
                        "[{id}]: version conflict, current version [{has}] is higher or equal to the one provided [{wanted}]"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The documents in the order in which they were written, as a scan of the genuine index
    /// gives them.
    pub(crate) fn in_order(&self) -> Vec<Arc<Document>> {
        let mut documents: Vec<_> = self.documents.values().cloned().collect();
        documents.sort_by_key(|document| document.seq_no);
        documents
    }

    fn take_seq_no(&mut self) -> u64 {
        let taken = self.next_seq_no;
        self.next_seq_no += 1;
        taken
    }
}
