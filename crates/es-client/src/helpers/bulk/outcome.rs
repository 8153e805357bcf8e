use std::{error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;

use super::operation::{Action, Parts};

/// The outcome of one operation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome<C = ()> {
    /// Its place in the input, counted from 0.
    pub number: u64,
    /// The action.
    pub action: Action,
    /// The index that the server names, else the one that was asked for.
    pub index: Arc<str>,
    /// The document's id: given, made by the helper, or made by the server.
    pub id: Option<Box<str>>,
    /// The write, or the reason why there was none.
    pub result: Result<Written, ItemError>,
    /// The operation's [context](super::Operation::context).
    pub context: C,
}

impl<C> Outcome<C> {
    /// The outcome of an operation that could not be written as JSON.
    pub(super) fn rejected<T>(
        index: &Arc<str>,
        number: u64,
        parts: Parts<T>,
        context: C,
        reason: String,
    ) -> Self {
        let reason = Reason {
            status: None,
            kind: None,
            reason: reason.into(),
            unknown: false,
            lines: Bytes::new(),
        };
        Self {
            number,
            action: parts.action,
            index: Arc::clone(index),
            id: parts.id.map(Into::into),
            result: Err(reason.into()),
            context,
        }
    }

    /// Returns a copy without the context.
    pub(super) fn without_context(&self) -> Outcome {
        Outcome {
            number: self.number,
            action: self.action,
            index: Arc::clone(&self.index),
            id: self.id.clone(),
            result: self.result.clone(),
            context: (),
        }
    }
}

/// A write that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The status of the item: 200, 201, or 404 for the deletion of what was not there.
    pub status: u16,
    /// The effect of the write.
    pub effect: Effect,
    /// The document's version.
    pub version: Option<i64>,
    /// The sequence number of the change.
    pub seq_no: Option<i64>,
    /// The primary term of the change.
    pub primary_term: Option<i64>,
}

/// The effect of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// A new document.
    Created,
    /// A document was replaced or changed.
    Updated,
    /// A document was deleted.
    Deleted,
    /// There was nothing to delete.
    NotFound,
    /// An update that changes nothing.
    Noop,
    /// Written before, by a request whose response was lost or by the server's own
    /// retry; the effect is not known.
    WrittenBefore,
    /// The document could not be indexed and went to the failure store of its data
    /// stream. The server counts it as a success.
    FailureStore,
    /// An effect that this version does not know.
    Other,
}

/// Why an operation was not carried out, or that nobody knows whether it was.
#[derive(Clone)]
pub struct ItemError(Box<Reason>);

#[derive(Clone)]
pub(super) struct Reason {
    pub(super) status: Option<u16>,
    pub(super) kind: Option<Arc<str>>,
    pub(super) reason: Arc<str>,
    pub(super) unknown: bool,
    pub(super) lines: Bytes,
}

impl From<Reason> for ItemError {
    fn from(reason: Reason) -> Self {
        Self(Box::new(reason))
    }
}

impl ItemError {
    /// Returns the status of the item, or of the whole response, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the kind of error, such as `document_parsing_exception`.
    pub fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// Returns the reason, with its causes.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Returns whether the operation may have been applied: a response was lost.
    /// Either a retry might have applied it twice, or the retry failed.
    pub fn is_unknown(&self) -> bool {
        self.0.unknown
    }

    /// Returns whether it is a 409: the id exists, or another write came first. One that
    /// [is unknown](Self::is_unknown) may be with this very operation.
    pub fn is_conflict(&self) -> bool {
        self.0.status == Some(409)
    }

    /// Returns the operation as it was sent: one or two lines of JSON. Empty if it
    /// could not be written.
    pub fn operation(&self) -> &Bytes {
        &self.0.lines
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.unknown {
            "perhaps not written"
        } else {
            "not written"
        })?;
        if let Some(status) = self.0.status {
            write!(f, ", {status}")?;
        }
        if let Some(kind) = &self.0.kind {
            write!(f, ": {kind}")?;
        }
        write!(f, ": {}", self.0.reason)
    }
}

impl fmt::Debug for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemError")
            .field("status", &self.0.status)
            .field("kind", &self.0.kind)
            .field("reason", &self.0.reason)
            .field("unknown", &self.0.unknown)
            .finish_non_exhaustive()
    }
}

impl StdError for ItemError {}
