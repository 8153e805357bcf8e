//! Operations that were not applied, as written to a file.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;

/// A writer of dead letters.
pub(super) type DeadLetterWriter = Box<dyn Write + Send>;

/// An operation that failed or is unknown, with the reason: a line that
/// [`Bulk::dead_letters`](super::Bulk::dead_letters) writes.
///
/// [`operation`](Self::operation) is the body of a bulk request to [`index`](Self::index),
/// so that it can be sent by [`Elasticsearch::bulk`](crate::Elasticsearch::bulk) after it
/// has been corrected, with the `routing` and `pipeline` of the helper, if it has them.
///
/// ```
/// use es_client::helpers::bulk::DeadLetter;
///
/// let line = r#"{"number":7,"index":"i","id":"1","status":400,"type":"document_parsing_exception",
///     "reason":"failed to parse","unknown":false,"operation":"{\"index\":{\"_id\":\"1\"}}\n{}\n"}"#;
/// let letter: DeadLetter = serde_json::from_str(line).unwrap();
/// assert_eq!(letter.operation.lines().count(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The position of the operation in the input of this run, starting at 0.
    pub number: u64,
    /// The target index.
    pub index: String,
    /// The document's id, if it has one.
    pub id: Option<String>,
    /// The status of the item, or of the response; `None` without one.
    pub status: Option<u16>,
    /// The kind of error.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The reason, with its causes.
    pub reason: String,
    /// Whether the operation may have been applied.
    pub unknown: bool,
    /// The lines as they were sent; empty if they could not be serialized.
    pub operation: String,
}

impl DeadLetter {
    /// Creates a dead letter from an outcome; `None` if it succeeded.
    pub fn new<C>(outcome: &Outcome<C>) -> Option<Self> {
        let error = outcome.result.as_ref().err()?;
        Some(Self {
            number: outcome.number,
            index: outcome.index.to_string(),
            id: outcome.id.as_deref().map(Into::into),
            status: error.status(),
            kind: error.kind().map(Into::into),
            reason: error.reason().to_owned(),
            unknown: error.is_unknown(),
            operation: String::from_utf8_lossy(error.operation()).into_owned(),
        })
    }
}

/// Writes the letters of those outcomes that are no success.
pub(super) fn write<C>(writer: &mut DeadLetterWriter, outcomes: &[Outcome<C>]) -> io::Result<()> {
    let mut lines = Vec::new();
    for letter in outcomes.iter().filter_map(DeadLetter::new) {
        serde_json::to_writer(&mut lines, &letter)?;
        lines.push(b'\n');
    }
    if !lines.is_empty() {
        writer.write_all(&lines)?;
        writer.flush()?;
    }
    Ok(())
}
