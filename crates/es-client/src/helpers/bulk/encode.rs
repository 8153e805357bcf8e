//! An operation becomes its two lines, straight in the outgoing buffer.

use serde::Serialize;

use super::operation::{Action, Form, OperationMeta, Parts};
use crate::error::{Error, Result};

/// The beginning of an update with a partial document.
const UPDATE: &[u8] = br#"{"doc":"#;

/// The longest id that Elasticsearch takes, in bytes.
const LONGEST_ID: usize = 512;

/// Appends an operation; `id` stands in for the one that it lacks.
///
/// # Errors
/// The document cannot be written as JSON, or the id is one that would have the
/// server refuse the whole request. The buffer then stays as it was.
pub(super) fn push<T: Serialize>(
    buffer: &mut Vec<u8>,
    operation: &Parts<T>,
    id: Option<&str>,
) -> Result<()> {
    let start = buffer.len();
    let written = push_lines(buffer, operation, id);
    if written.is_err() {
        buffer.truncate(start);
    }
    written
}

fn push_lines<T: Serialize>(
    buffer: &mut Vec<u8>,
    operation: &Parts<T>,
    id: Option<&str>,
) -> Result<()> {
    push_action(buffer, operation, id)?;
    let Some(document) = &operation.document else {
        return match operation.action {
            Action::Delete => Ok(()),
            _ => {
                let meta = operation.meta.as_deref();
                let reason = meta.and_then(|meta| meta.unreadable.as_deref());
                let reason = reason.unwrap_or("the operation has no document");
                Err(Error::invalid(reason.to_owned()))
            }
        };
    };
    let start = buffer.len();
    let written = match operation.form {
        Form::Whole => serde_json::to_writer(&mut *buffer, document),
        Form::Partial => push_update(buffer, document, operation.meta.as_deref()),
    };
    written.map_err(|error| Error::encode("document", error))?;
    let prefix = if operation.form == Form::Partial {
        UPDATE.len()
    } else {
        0
    };
    let document = buffer.get(start + prefix..).unwrap_or_default();
    if document.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::invalid(
            "a document must be a JSON object; pass text that is JSON already as a `RawValue`",
        ));
    }
    // Text that was JSON already may have line breaks between its parts.
    if let Some(document) = buffer.get_mut(start..)
        && memchr::memchr2(b'\n', b'\r', document).is_some()
    {
        let breaks = document
            .iter_mut()
            .filter(|byte| matches!(byte, b'\n' | b'\r'));
        breaks.for_each(|byte| *byte = b' ');
    }
    buffer.push(b'\n');
    Ok(())
}

fn push_action<T>(buffer: &mut Vec<u8>, operation: &Parts<T>, id: Option<&str>) -> Result<()> {
    buffer.extend_from_slice(match operation.action {
        Action::Index => br#"{"index":{"#.as_slice(),
        Action::Create => br#"{"create":{"#,
        Action::Update => br#"{"update":{"#,
        Action::Delete => br#"{"delete":{"#,
    });
    let id = operation.id.as_deref().or(id);
    if let Some(id) = id {
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(Error::invalid("an id must have 1 to 512 bytes"));
        }
        buffer.extend_from_slice(br#""_id":"#);
        push_json(buffer, id)?;
    }
    if let Some(meta) = &operation.meta {
        let start = buffer.len();
        push_json(buffer, meta)?;
        // The braces go: its properties stand beside the id.
        buffer.pop();
        match (buffer.len() - start, id) {
            (1, _) => buffer.truncate(start),
            (_, Some(_)) => set(buffer, start, b','),
            (_, None) => {
                buffer.remove(start);
            }
        }
    }
    buffer.extend_from_slice(b"}}\n");
    Ok(())
}

fn push_json<T: Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) -> Result<()> {
    serde_json::to_writer(buffer, value).map_err(|error| Error::encode("action", error))
}

fn set(buffer: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = buffer.get_mut(at) {
        *place = byte;
    }
}

fn push_update<T: Serialize>(
    buffer: &mut Vec<u8>,
    fields: &T,
    meta: Option<&OperationMeta>,
) -> serde_json::Result<()> {
    buffer.extend_from_slice(UPDATE);
    serde_json::to_writer(&mut *buffer, fields)?;
    if meta.is_some_and(|meta| meta.doc_as_upsert) {
        buffer.extend_from_slice(br#","doc_as_upsert":true"#);
    }
    if let Some(upsert) = meta.and_then(|meta| meta.upsert.as_ref()) {
        buffer.extend_from_slice(br#","upsert":"#);
        buffer.extend_from_slice(upsert.get().as_bytes());
    }
    buffer.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::RawValue};

    use super::{
        super::{IntoOperation, Operation},
        *,
    };

    fn lines<T: Serialize>(operation: &Operation<T>) -> String {
        let mut buffer = Vec::new();
        push(&mut buffer, &operation.parts, None).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn each_operation_becomes_its_lines() {
        let document = json!({"n": 1});
        assert_eq!(
            lines(&Operation::index(&document)),
            "{\"index\":{}}\n{\"n\":1}\n"
        );
        assert_eq!(
            lines(
                &Operation::create(&document)
                    .id("a\"b")
                    .routing("r")
                    .if_seq_no(3)
            ),
            "{\"create\":{\"_id\":\"a\\\"b\",\"routing\":\"r\",\"if_seq_no\":3}}\n{\"n\":1}\n"
        );
        assert_eq!(
            lines(
                &Operation::index(&document)
                    .in_index("i")
                    .external_version(7)
            ),
            "{\"index\":{\"_index\":\"i\",\"version\":7,\"version_type\":\"external\"}}\n{\"n\":1}\n"
        );
        assert_eq!(
            lines(
                &Operation::update("1", &document)
                    .doc_as_upsert(true)
                    .retry_on_conflict(2)
            ),
            "{\"update\":{\"_id\":\"1\",\"retry_on_conflict\":2}}\n{\"doc\":{\"n\":1},\"doc_as_upsert\":true}\n"
        );
        assert_eq!(
            lines(
                &Operation::update("1", &document)
                    .upsert(&json!({"n": 0}))
                    .unwrap()
            ),
            "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"n\":1},\"upsert\":{\"n\":0}}\n"
        );
        assert_eq!(
            lines(&Operation::update_with("1", json!({"script": "x"})).idempotent(true)),
            "{\"update\":{\"_id\":\"1\"}}\n{\"script\":\"x\"}\n"
        );
        assert_eq!(
            lines(&Operation::<()>::delete("1")),
            "{\"delete\":{\"_id\":\"1\"}}\n"
        );
    }

    #[test]
    fn a_document_stays_one_line() {
        let pretty = RawValue::from_string("{\n  \"a\":\r\n 1}".to_owned()).unwrap();
        assert_eq!(
            lines(&Operation::index(&pretty)),
            "{\"index\":{}}\n{   \"a\":   1}\n"
        );
        let text = json!({"a": "a\nb"});
        assert_eq!(
            lines(&Operation::index(text)),
            "{\"index\":{}}\n{\"a\":\"a\\nb\"}\n"
        );
    }

    #[test]
    fn what_cannot_be_written_leaves_no_trace() {
        let mut buffer = b"before".to_vec();
        let keys_are_no_strings = std::collections::BTreeMap::from([(vec![1], 1)]);
        let operation = Operation::index(&keys_are_no_strings);
        assert!(
            push(&mut buffer, &operation.parts, None)
                .unwrap_err()
                .is_encode()
        );
        for id in [String::new(), "x".repeat(513)] {
            let operation = Operation::index(json!({})).id(id);
            assert!(
                push(&mut buffer, &operation.parts, None)
                    .unwrap_err()
                    .is_invalid()
            );
        }
        for document in [json!("{}"), json!([{}]), json!(1)] {
            for operation in [
                Operation::index(&document),
                Operation::update("1", &document),
            ] {
                let error = push(&mut buffer, &operation.parts, None).unwrap_err();
                assert!(error.to_string().contains("RawValue"), "{error}");
            }
        }
        let hit = r#"{"_index":"i","_id":"1"}"#;
        let hit: crate::types::Hit<()> = serde_json::from_str(hit).unwrap();
        assert!(
            push(&mut buffer, &hit.into_operation().parts, None)
                .unwrap_err()
                .is_invalid()
        );
        assert_eq!(buffer, b"before");
    }
}
