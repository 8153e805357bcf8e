use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::{
    json_read::from_text,
    response::{Hidden, Meta},
    types::{ErrorCause, Read},
};

/// An error response of the server or of a proxy.
///
/// `Display` shows the status, the error, its first root cause and its innermost cause, in
/// one line. `Debug` shows the length of the body only: it may repeat what was sent.
///
/// Tests can make one:
///
/// ```
/// use es_client::{ApiError, Error};
///
/// let error = Error::from(ApiError::new(
///     http::StatusCode::CONFLICT,
///     r#"{"error": {"type": "version_conflict_engine_exception", "reason": "document exists"}}"#,
/// ));
/// assert!(error.is_conflict());
/// assert_eq!(
///     error.to_string(),
///     "Elasticsearch returned 409 Conflict: version_conflict_engine_exception: document exists"
/// );
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiError {
    /// The status of the response.
    pub status: StatusCode,
    /// The type of error, such as `index_not_found_exception`.
    pub kind: Option<String>,
    /// The description of the error: the server's reason, or else the message, text or
    /// title in the body.
    pub reason: Option<String>,
    /// The root causes.
    pub root_causes: Vec<ErrorCause>,
    /// The error that caused it.
    pub caused_by: Option<Box<ErrorCause>>,
    /// The whole body.
    pub body: Bytes,
    /// Node, headers, attempts.
    pub meta: Meta,
}

impl ApiError {
    /// Creates an error from a status and a body, for tests and for responses of another
    /// client.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::parse(Meta::of_status(status), body.into())
    }

    /// Reads the error in a body of any form.
    pub(super) fn parse(meta: Meta, body: Bytes) -> Self {
        // Bytes that are not UTF-8 hide nothing that stands beside them.
        let json = from_text::<Read<Value>>(&String::from_utf8_lossy(&body)).map(|read| read.0);
        let cause = match json {
            Ok(mut json) => match json.get_mut("error").map(Value::take) {
                Some(error) if !error.is_null() => with_shard_cause(ErrorCause::from_value(error)),
                _ => ErrorCause {
                    reason: message(&json),
                    ..ErrorCause::default()
                },
            },
            Err(_) => ErrorCause {
                reason: one_line(&body),
                ..ErrorCause::default()
            },
        };
        let ErrorCause {
            kind,
            reason,
            root_cause,
            caused_by,
            ..
        } = cause;
        let kind = Some(kind).filter(|kind| !kind.is_empty());
        let status = meta.status();
        Self {
            status,
            kind,
            reason,
            root_causes: root_cause,
            caused_by,
            body,
            meta,
        }
    }

    fn cause_line(&self) -> Option<String> {
        match (&self.kind, &self.reason) {
            (Some(kind), Some(reason)) => Some(format!("{kind}: {reason}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        }
    }
}

/// If all shards failed, only the failures of the shards have the cause.
fn with_shard_cause(mut error: ErrorCause) -> ErrorCause {
    if error.caused_by.is_none() {
        let shard = error
            .other
            .get("failed_shards")
            .and_then(|shards| shards.get(0));
        let cause = shard.and_then(|shard| shard.pointer("/reason/caused_by"));
        error.caused_by = cause
            .cloned()
            .map(|cause| Box::new(ErrorCause::from_value(cause)));
    }
    error
}

/// Returns the message of a proxy's or a gateway's error.
fn message(json: &Value) -> Option<String> {
    if let Some(text) = json.as_str() {
        return Some(text.to_owned());
    }
    let members = ["message", "Message", "detail", "errorMessage", "title"];
    members
        .into_iter()
        .find_map(|name| json.get(name)?.as_str())
        .map(str::to_owned)
}

/// Returns the text of a body that is not JSON in one line: of HTML the title, or its text
/// without tags.
fn one_line(body: &[u8]) -> Option<String> {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let title = lower
        .find("<title>")
        .map(|at| at + "<title>".len())
        .and_then(|start| {
            let end = lower.get(start..)?.find("</title>")?;
            text.get(start..start + end)
        });
    let text = match title {
        Some(title) => title.to_owned(),
        None if lower.trim_start().starts_with('<') => without_tags(&text),
        None => text.into_owned(),
    };
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    let mut line =
        words
            .into_iter()
            .filter(|word| !word.is_empty())
            .fold(String::new(), |line, word| {
                if line.is_empty() {
                    word.to_owned()
                } else {
                    line + " " + word
                }
            });
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    Some(line).filter(|line| !line.is_empty())
}

fn without_tags(html: &str) -> String {
    let texts = html
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("kind", &self.kind)
            .field("reason", &self.reason)
            .field("root_causes", &self.root_causes)
            .field("caused_by", &self.caused_by)
            .field("body", &Hidden(&self.body))
            .field("meta", &self.meta)
            .finish()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Elasticsearch returned {}", self.status)?;
        let line = self.cause_line();
        if let Some(line) = &line {
            write!(f, ": {line}")?;
        }
        let root = self.root_causes.first().filter(|cause| !cause.is_empty());
        let root = root
            .map(ToString::to_string)
            .filter(|root| Some(root) != line.as_ref());
        if let Some(root) = &root {
            write!(f, "; root cause: {root}")?;
        }
        let of_root = self
            .root_causes
            .first()
            .and_then(|cause| cause.caused_by.as_deref());
        let innermost = self.caused_by.as_deref().or(of_root);
        let innermost = innermost.map(|cause| cause.innermost().unwrap_or(cause));
        let innermost = innermost
            .filter(|cause| !cause.is_empty())
            .map(ToString::to_string);
        if let Some(cause) =
            innermost.filter(|cause| ![&line, &root].contains(&&Some(cause.clone())))
        {
            write!(f, "; caused by: {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &(impl AsRef<[u8]> + ?Sized)) -> String {
        let text = ApiError::new(StatusCode::BAD_REQUEST, body.as_ref().to_vec()).to_string();
        text.strip_prefix("Elasticsearch returned 400 Bad Request")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn all_shards_failed_shows_the_cause() {
        let body = r#"{"error":{"root_cause":[{"type":"query_shard_exception","reason":
            "failed to create query","index":"i"}],"type":"search_phase_execution_exception",
            "reason":"all shards failed","phase":"query","failed_shards":[{"shard":0,"index":"i",
            "reason":{"type":"query_shard_exception","reason":"failed to create query",
            "caused_by":{"type":"number_format_exception","reason":"For input string: \"x\""}}}]},
            "status":400}"#;
        assert_eq!(
            shown(body),
            ": search_phase_execution_exception: all shards failed; root cause: \
             query_shard_exception: failed to create query; caused by: \
             number_format_exception: For input string: \"x\""
        );
    }

    #[test]
    fn bytes_that_are_not_utf_8_hide_nothing_beside_them() {
        let body = b"{\"error\":{\"type\":\"a\",\"reason\":\"b \xe8\"}}";
        assert_eq!(shown(body), ": a: b \u{fffd}");
    }

    #[test]
    fn the_innermost_cause_is_shown() {
        let body = r#"{"error":{"root_cause":[{"type":"a","reason":"b"}],"type":"a","reason":"b",
            "caused_by":{"type":"c","reason":"d","caused_by":{"type":"e","reason":"f"}}}}"#;
        assert_eq!(shown(body), ": a: b; caused by: e: f");
    }

    #[test]
    fn causes_may_be_texts() {
        assert_eq!(
            shown(r#"{"error":"no handler found","status":400}"#),
            ": no handler found"
        );
        let body = r#"{"error":{"type":"a","reason":{"x":1},"root_cause":"r","caused_by":"c"}}"#;
        assert_eq!(shown(body), r#": a: {"x":1}; root cause: r; caused by: c"#);
    }

    #[test]
    fn other_bodies_are_shown_in_one_line() {
        for (body, expected) in [
            (r#"{"message":"Forbidden"}"#, ": Forbidden"),
            (r#"{"Message":"denied"}"#, ": denied"),
            (
                r#"{"ok":false,"detail":"Unknown deployment."}"#,
                ": Unknown deployment.",
            ),
            ("upstream\n  unavailable\r\n", ": upstream unavailable"),
            (
                "<html>\n<head><title>502 Bad\nGateway</title></head><body>x</body></html>",
                ": 502 Bad Gateway",
            ),
            (
                "<html><body><h1>No</h1><p>way</p></body></html>",
                ": No way",
            ),
            ("", ""),
            (r#"{"found":false}"#, ""),
        ] {
            assert_eq!(shown(body), expected, "{body}");
        }
        assert_eq!(shown(&"é".repeat(1_000)), format!(": {}…", "é".repeat(200)));
    }
}
