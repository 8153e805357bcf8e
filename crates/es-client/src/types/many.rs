use std::collections::BTreeMap;

use memchr::memmem;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

use super::{
    cause::ErrorCause,
    document::{Documents, GetResponse},
    lenient::{Lenient, Read},
    object::{object, response},
    search::SearchResponse,
};
use crate::{
    error::{DecodeError, Error, Result},
    json_read::{ReadError, from_text},
};

response! {
    /// The response of `mget`: the documents in the order in which they were requested.
    #[derive(Clone, Debug)]
    pub struct MgetResponse<T> {
        /// One entry per requested document, found or not.
        pub docs: Vec<GetResponse<T>>,
    }
}

impl<T> MgetResponse<T> {
    /// Returns the documents that exist and whose source was requested; a document that
    /// cannot be deserialized is an error.
    pub fn documents(&self) -> impl Iterator<Item = Result<&T>> {
        self.docs.iter().filter_map(|doc| doc.source().transpose())
    }

    /// Returns the documents that exist and whose source was requested; a document that
    /// cannot be deserialized is an error.
    pub fn into_documents(self) -> impl Iterator<Item = Result<T>> {
        self.docs
            .into_iter()
            .filter_map(|doc| doc.into_source().transpose())
    }
}

impl<T> Documents for MgetResponse<T> {
    type Document = T;

    /// An entry that the server could not read is an error; documents that do not exist
    /// are left out.
    fn all_documents(self) -> Result<Vec<T>> {
        if let Some(cause) = self.docs.iter().find_map(|doc| doc.error.as_ref()) {
            return Err(Error::incomplete(cause.to_string()));
        }
        self.into_documents().collect()
    }
}

response! {
    /// The response of `msearch`.
    #[derive(Clone, Debug)]
    pub struct MsearchResponse<T> {
        /// The time that the cluster took, in milliseconds.
        pub took: i64,
        /// One entry per search, in order.
        pub responses: Vec<MsearchItem<T>>,
    }
}

/// The result of one search of several.
#[derive(Clone, Debug)]
pub enum MsearchItem<T> {
    /// The search succeeded.
    Found(Box<SearchResponse<T>>),
    /// The search failed.
    Failed {
        /// The status that a separate request would have had; 0 if it is not in the
        /// response.
        status: u16,
        /// The error.
        error: Box<ErrorCause>,
    },
}

impl<T> MsearchItem<T> {
    /// Returns the response, or the error of this search.
    ///
    /// ```
    /// use es_client::types::MsearchResponse;
    ///
    /// let both: MsearchResponse<serde_json::Value> = serde_json::from_str(
    ///     r#"{"responses": [{"status": 200, "hits": {"hits": []}},
    ///         {"status": 404, "error": {"type": "index_not_found_exception"}}]}"#,
    /// )?;
    /// assert!(both.responses[0].as_result().is_ok());
    /// assert_eq!(both.responses[1].as_result().unwrap_err().kind, "index_not_found_exception");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if this search failed.
    pub fn as_result(&self) -> Result<&SearchResponse<T>, &ErrorCause> {
        match self {
            Self::Found(found) => Ok(found),
            Self::Failed { error, .. } => Err(error),
        }
    }
}

/// An error stands among the members that a search response does not know.
impl<'de, T: Deserialize<'de>> Lenient<'de> for MsearchItem<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Read(mut found) = Read::<SearchResponse<T>>::deserialize(from)?;
        let status = found.other.get("status").and_then(Value::as_u64);
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default();
        let error = found.other.remove("error").filter(|error| !error.is_null());
        if error.is_none() && status < 400 {
            return Ok(Self::Found(Box::new(found)));
        }
        let error = error.map(ErrorCause::from_value).unwrap_or_default();
        Ok(Self::Failed {
            status,
            error: Box::new(error),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for MsearchItem<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(from)
    }
}

response! {
    /// The response of `bulk`.
    ///
    /// The items are parsed only when they are read, which is not necessary if `errors` is
    /// `false`.
    #[derive(Clone, Debug)]
    pub struct BulkResponse {
        /// The time that the cluster took, in milliseconds.
        pub took: i64,
        /// Whether at least one operation failed. `None` if it is not in the response.
        pub errors: Option<bool>,
        /// The duration of ingest pipelines in milliseconds, if there were any.
        pub ingest_took: Option<i64>,
        /// The result of each operation, as JSON.
        pub items: Option<Box<RawValue>>,
    }
}

impl BulkResponse {
    /// Returns the result of each operation, in their order.
    ///
    /// # Errors
    /// Returns an error if the items do not have the expected form.
    #[inline]
    pub fn items(&self) -> Result<Vec<BulkItem>> {
        let Some(raw) = &self.items else {
            return Ok(Vec::new());
        };
        let items = from_text::<Vec<BTreeMap<String, Read<BulkItem>>>>(raw.get())
            .map_err(|error| unreadable(error, raw.get()))?;
        let named = |(action, Read(item)): (String, Read<BulkItem>)| BulkItem { action, ..item };
        Ok(items
            .into_iter()
            .filter_map(|mut item| item.pop_first().map(named))
            .collect())
    }

    /// Returns the operations that failed, each with its position in the request,
    /// starting at 0. The position is `None` if `filter_path` removed the status of
    /// operations, because successful ones may then be missing. Does not parse the items
    /// if `errors` is `false` and no status contradicts it.
    ///
    /// # Errors
    /// Returns an error if the items do not have the expected form, or if the response does
    /// not contain which operations failed.
    ///
    /// ```
    /// use es_client::types::BulkResponse;
    ///
    /// let response: BulkResponse = serde_json::from_str(
    ///     r#"{"errors": true, "items": [
    ///         {"index": {"_id": "1", "status": 201}},
    ///         {"index": {"_id": "2", "status": 400,
    ///             "error": {"type": "document_parsing_exception", "reason": "no date"}}}]}"#,
    /// )?;
    /// for (place, item) in response.failures()? {
    ///     println!("{place:?} {:?} {:?}", item.id, item.error);
    /// #   assert_eq!(place, Some(1));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn failures(&self) -> Result<Vec<(Option<usize>, BulkItem)>> {
        let raw = self
            .items
            .as_ref()
            .map(|items| items.get())
            .unwrap_or_default();
        if self.errors == Some(false) && status_classes(raw.as_bytes()).all(|class| class == b'2') {
            return Ok(Vec::new());
        }
        let unknown = |message| Err(unreadable(serde_json::Error::custom(message), ""));
        if self.items.is_none() {
            return unknown("the response has no `items`, so it cannot tell which ones failed");
        }
        let items = self.items()?;
        let complete = items.iter().all(|item| item.status.is_some());
        let sure = items
            .iter()
            .all(|item| item.status.is_some() || item.error.is_some());
        if self.errors.is_none() && !sure {
            return unknown("the response has no `errors` and items without `status`");
        }
        let failed = items
            .into_iter()
            .enumerate()
            .filter(|(_, item)| item.is_failure());
        let failed: Vec<_> = failed
            .map(|(at, item)| (complete.then_some(at), item))
            .collect();
        if self.errors == Some(true) && failed.is_empty() {
            return unknown("the response has `errors`, but no item with an error");
        }
        Ok(failed)
    }

    /// Returns the operations whose documents were stored in the failure store of their
    /// data stream. The server counts them as successes.
    ///
    /// # Errors
    /// Returns an error if the items do not have the expected form.
    #[inline]
    pub fn in_failure_store(&self) -> Result<Vec<BulkItem>> {
        let mut items = self.items()?;
        items.retain(|item| item.failure_store.as_deref() == Some("used"));
        Ok(items)
    }
}

fn unreadable(error: impl Into<ReadError>, raw: &str) -> crate::Error {
    DecodeError::of_part(
        "the items of a bulk response",
        None,
        None,
        error.into(),
        raw,
    )
    .into()
}

object! {
    /// The result of one operation of a bulk request.
    #[derive(Clone, Debug)]
    pub struct BulkItem {
        /// `index`, `create`, `update` or `delete`.
        pub action: String = "",
        /// The index of the document.
        pub index: String = "_index",
        /// The ID of the document.
        pub id: Option<String> = "_id",
        /// The status that a separate request would have had.
        pub status: Option<u16>,
        /// `created`, `updated`, `deleted`, `not_found` or `noop`.
        pub result: Option<String>,
        /// The version of the document.
        pub version: Option<i64> = "_version",
        /// The sequence number of this change.
        pub seq_no: Option<i64> = "_seq_no",
        /// The primary term of this change.
        pub primary_term: Option<i64> = "_primary_term",
        /// `used` if the document could not be indexed and was stored in the failure store
        /// of its data stream.
        pub failure_store: Option<String>,
        /// The document after an update, if its source was requested.
        pub get: Option<Value>,
        /// The error.
        pub error: Option<ErrorCause>,
    }
}

impl BulkItem {
    /// Whether the operation failed: it has an error or an error status. A delete of a
    /// missing document (404) did not fail.
    pub fn is_failure(&self) -> bool {
        is_failed_operation(self.action == "delete", self.status, self.error.is_some())
    }
}

/// Returns the first digit of each status in the items of a bulk response, without reading
/// the items: no text within them has a quote that is not escaped.
fn status_classes(items: &[u8]) -> impl Iterator<Item = u8> {
    const KEY: &[u8] = br#""status""#;
    memmem::find_iter(items, KEY).filter_map(|at| {
        let rest = items.get(at + KEY.len()..)?.trim_ascii_start();
        rest.strip_prefix(b":")?.trim_ascii_start().first().copied()
    })
}

/// Returns whether an operation of a bulk request failed: it has an error or the status
/// of one. A delete that found nothing (404) did not fail.
pub(crate) fn is_failed_operation(is_delete: bool, status: Option<u16>, has_error: bool) -> bool {
    let has_failed = |status: u16| status >= 400 && !(is_delete && status == 404);
    has_error || status.is_some_and(has_failed)
}
