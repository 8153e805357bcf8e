//! The responses of the parts of a call → one response.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use serde_json::value::RawValue;

use super::NodeGroup;
use crate::json_read::{ReadError, from_bytes};

pub(super) enum Merged {
    Body(Vec<u8>),
    /// The response with this number is an error, whatever its status.
    Refused(usize),
}

/// Merges the bodies of the groups' responses. An error is that of the body with its number.
pub(super) fn merge(
    list: &str,
    bodies: &[Bytes],
    groups: &[NodeGroup],
) -> std::result::Result<Merged, (usize, ReadError)> {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = BTreeMap::new();
    let mut entries: BTreeMap<usize, &RawValue> = BTreeMap::new();
    let took = |value: &RawValue| value.get().parse::<u64>().unwrap_or_default();
    for (part, (body, group)) in bodies.iter().zip(groups).enumerate() {
        let mut read: BTreeMap<Cow<'_, str>, &RawValue> =
            from_bytes(body).map_err(|error| (part, error))?;
        let found = match read.remove(list) {
            None if read.contains_key("error") => return Ok(Merged::Refused(part)),
            found => found.map_or("[]", RawValue::get),
        };
        let found: Vec<&RawValue> =
            serde_json::from_str(found).map_err(|error| (part, error.into()))?;
        let asked = group.positions.len();
        if found.len() != asked {
            let message = format!("`{list}` has {} of {asked} entries", found.len());
            let error = <serde_json::Error as serde::de::Error>::custom(message);
            return Err((part, error.into()));
        }
        entries.extend(group.positions.iter().copied().zip(found));
        for (name, value) in read {
            let known = members.get(&name);
            let is_longer = name == "took" && known.is_some_and(|known| took(value) > took(known));
            if part == 0 || is_longer {
                members.insert(name, value);
            }
        }
    }
    let length = bodies.iter().map(Bytes::len).sum();
    let mut merged = Vec::with_capacity(length);
    merged.push(b'{');
    for (name, value) in members {
        // The name of a member can always be written.
        if serde_json::to_writer(&mut merged, &name).is_ok() {
            merged.push(b':');
            merged.extend_from_slice(value.get().as_bytes());
            merged.push(b',');
        }
    }
    merged.extend_from_slice(format!("\"{list}\":[").as_bytes());
    for (number, entry) in entries.values().enumerate() {
        if number > 0 {
            merged.push(b',');
        }
        merged.extend_from_slice(entry.get().as_bytes());
    }
    merged.extend_from_slice(b"]}");
    Ok(Merged::Body(merged))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(positions: &[usize]) -> NodeGroup {
        NodeGroup {
            holders: Vec::new(),
            positions: positions.to_vec(),
        }
    }

    fn merged(list: &str, bodies: &[&'static str]) -> std::result::Result<Merged, usize> {
        let bodies: Vec<_> = bodies.iter().copied().map(Bytes::from).collect();
        let groups = [group(&[0, 2]), group(&[1])];
        merge(list, &bodies, &groups).map_err(|(part, _)| part)
    }

    #[test]
    fn merged_entries_are_in_the_order_of_the_call() {
        let bodies = [
            r#"{"took":3,"responses":[{"n":0},{"n":2}],"_other":1.50}"#,
            r#"{"took":12,"responses":[{"n":1}],"_other":2,"_more":3}"#,
        ];
        let Ok(Merged::Body(body)) = merged("responses", &bodies) else {
            panic!("they are not merged");
        };
        let whole = r#"{"_other":1.50,"took":12,"responses":[{"n":0},{"n":1},{"n":2}]}"#;
        assert_eq!(body, whole.as_bytes());
    }

    #[test]
    fn a_response_that_cannot_be_merged_is_known() {
        let good = r#"{"docs":[{"n":0},{"n":2}]}"#;
        for bad in [
            "<html>",
            "",
            "[]",
            "{}",
            r#"{"docs":null}"#,
            r#"{"docs":[1,2]}"#,
        ] {
            assert_eq!(merged("docs", &[good, bad]).err(), Some(1), "{bad}");
        }
        let refused = merged("docs", &[good, r#"{"error":"no backend"}"#]);
        assert!(matches!(refused, Ok(Merged::Refused(1))));
    }
}
