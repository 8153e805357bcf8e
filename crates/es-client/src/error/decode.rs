use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{json_read::ReadError, response::Meta};

/// The error of a response, or of a part of it such as a document, that does not have the
/// expected form.
///
/// `Display` shows the call or document, the path of the value, and what was found.
/// `Debug` does not show the text: it may hold a key that was just made.
///
/// ```
/// use es_client::{Response, http::StatusCode, types::CountResponse};
///
/// let response = Response::new(StatusCode::OK, r#"{"count": "many"}"#);
/// let error = response.json::<CountResponse>().unwrap_err();
/// let error = error.as_decode().unwrap();
/// assert_eq!((error.path(), &*error.raw()), ("count", r#"{"count": "many"}"#));
/// assert!(error.to_string().starts_with("cannot decode the response at `count`: "));
/// // It may hold a secret.
/// assert!(!format!("{error:?}").contains(r#"{"count""#));
/// ```
pub struct DecodeError {
    /// The response or the part of it.
    subject: Cow<'static, str>,
    index: Option<String>,
    id: Option<String>,
    path: String,
    found: String,
    raw: Bytes,
    meta: Option<Meta>,
}

impl DecodeError {
    pub(super) fn of_response(
        what: &'static str,
        error: ReadError,
        meta: Meta,
        raw: Bytes,
    ) -> Self {
        let subject = match meta.call() {
            Some(call) => Cow::Owned(format!("the response of `{call}`")),
            None => Cow::Borrowed(what),
        };
        let ReadError { path, error } = error;
        let (index, id) = (None, None);
        Self {
            subject,
            index,
            id,
            path,
            found: error.to_string(),
            raw,
            meta: Some(meta),
        }
    }

    pub(crate) fn of_part(
        subject: impl Into<Cow<'static, str>>,
        index: Option<&str>,
        id: Option<&str>,
        error: ReadError,
        raw: &str,
    ) -> Self {
        let known = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            subject: subject.into(),
            index: known(index),
            id: known(id),
            path: error.path,
            found: error.error.to_string(),
            raw: Bytes::copy_from_slice(raw.as_bytes()),
            meta: None,
        }
    }

    pub(crate) fn of_document(
        index: &str,
        id: &str,
        path: String,
        error: &serde_json::Error,
        raw: &RawValue,
    ) -> Self {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            subject: Cow::Borrowed("the document"),
            index: known(index),
            id: known(id),
            path,
            found: error.to_string(),
            raw: Bytes::copy_from_slice(raw.get().as_bytes()),
            meta: None,
        }
    }

    /// Returns the name of the endpoint, such as `search`, if the error is about a whole
    /// response.
    pub fn call(&self) -> Option<&str> {
        self.meta.as_ref().and_then(Meta::call)
    }

    /// Returns the index of the document.
    pub fn index(&self) -> Option<&str> {
        self.index.as_deref()
    }

    /// Returns the ID of the document.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the path of the value, such as `hits.hits[3].sort` or `_source.price`. It is
    /// empty for the whole response.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the text that could not be read: the body, or the document alone.
    pub fn raw(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.raw
    }

    pub(super) fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot decode {}", self.subject)?;
        if let Some(id) = &self.id {
            write!(f, " `{id}`")?;
        }
        if let Some(index) = &self.index {
            write!(f, " of index `{index}`")?;
        }
        if !self.path.is_empty() {
            write!(f, " at `{}`", self.path)?;
        }
        write!(f, ": {}", self.found)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("subject", &self.subject)
            .field("index", &self.index)
            .field("id", &self.id)
            .field("path", &self.path)
            .field("found", &self.found)
            .field("raw", &format_args!("{} bytes", self.raw.len()))
            .field("meta", &self.meta)
            .finish()
    }
}

impl std::error::Error for DecodeError {}
