//! The body of a multi-get or multi-search → its entries, and back.

use std::sync::Arc;

use bytes::Bytes;
use es_transport::Body;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// The IDs of the nodes that hold the same documents; empty if they are not known.
pub(super) type Holders = Vec<Arc<str>>;

/// A document to get, or a search.
pub(super) struct Entry {
    pub holders: Holders,
    pub text: Bytes,
    /// The text of a search that stays on the node that receives it.
    pub local: Option<Bytes>,
}

/// The entries of a body, and the member that lists them; `None` if they are lines.
pub(super) type Entries = (Option<&'static str>, Vec<Entry>);

/// Returns the bytes of a body that is not a stream.
pub(super) fn in_memory(body: &Body) -> Option<Bytes> {
    match body.pieces()? {
        [one] => Some(one.clone()),
        pieces => Some(pieces.concat().into()),
    }
}

/// Reads the body of a multi-get: the member that is the list, and its entries. `None` if it has
/// other members.
pub(super) fn documents(
    body: &Bytes,
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<Entries> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct MgetBody<'a> {
        #[serde(borrow)]
        docs: Option<Vec<&'a RawValue>>,
        #[serde(borrow)]
        ids: Option<Vec<&'a RawValue>>,
    }
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "_index")]
        index: Option<String>,
        #[serde(rename = "_id")]
        id: String,
        routing: Option<String>,
    }
    let request: MgetBody<'_> = serde_json::from_slice(body).ok()?;
    let entry = |raw: &RawValue, holders| Entry {
        holders,
        text: body.slice_ref(raw.get().as_bytes()),
        local: None,
    };
    match request {
        MgetBody {
            docs: Some(docs),
            ids: None,
        } => {
            let entries = docs.into_iter().map(|raw| {
                let document: Option<Document> = serde_json::from_str(raw.get()).ok();
                let found = document.map(|Document { index, id, routing }| {
                    holders(index.as_deref(), Some(&id), routing.as_deref())
                });
                entry(raw, found.unwrap_or_default())
            });
            Some((Some("docs"), entries.collect()))
        }
        MgetBody {
            docs: None,
            ids: Some(ids),
        } => {
            let entries = ids.into_iter().map(|raw| {
                let id: Option<String> = serde_json::from_str(raw.get()).ok();
                let found = id.map(|id| holders(None, Some(&id), None));
                entry(raw, found.unwrap_or_default())
            });
            Some((Some("ids"), entries.collect()))
        }
        _ => None,
    }
}

/// Reads the lines of a multi-search, two for each search. `None` if their number is odd.
pub(super) fn searches(
    body: &Bytes,
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<Entries> {
    let lines = body.strip_suffix(b"\n").unwrap_or(body);
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut entries = Vec::new();
    while let Some(header) = lines.next() {
        let search = lines.next()?;
        let local = serde_json::from_slice(header)
            .ok()
            .and_then(|header| local_search(header, &holders));
        let text = |header: &[u8]| Bytes::from([header, b"\n", search, b"\n"].concat());
        let (holders, local) = local.unzip();
        entries.push(Entry {
            holders: holders.unwrap_or_default(),
            text: text(header),
            local: local.map(|header: Vec<u8>| text(&header)),
        });
    }
    Some((None, entries))
}

/// Returns the nodes of a search, and a header that keeps it on the node that receives it.
fn local_search(
    mut header: Map<String, Value>,
    holders: impl Fn(Option<&str>, Option<&str>, Option<&str>) -> Holders,
) -> Option<(Holders, Vec<u8>)> {
    if header.contains_key("preference") {
        return None;
    }
    let text = |name: &str| match header.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    };
    let holders = holders(text("index")?, None, text("routing")?);
    if holders.is_empty() {
        return None;
    }
    header.insert("preference".into(), "_local".into());
    Some((holders, serde_json::to_vec(&header).ok()?))
}

/// Returns a body of these entries, for these nodes: an object with them as a list, or their
/// lines. Searches whose shards all of the nodes hold stay on the one that receives them.
pub(super) fn body_of<'a>(
    member: Option<&str>,
    entries: impl Iterator<Item = &'a Entry>,
    holders: &Holders,
) -> Vec<u8> {
    let mut body = Vec::new();
    let Some(member) = member else {
        for entry in entries {
            let local = entry.local.as_ref().filter(|_| entry.holders == *holders);
            body.extend_from_slice(local.unwrap_or(&entry.text));
        }
        return body;
    };
    body.extend_from_slice(format!("{{\"{member}\":[").as_bytes());
    for (number, entry) in entries.enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&entry.text);
    }
    body.extend_from_slice(b"]}");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_text(index: Option<&str>, id: Option<&str>, routing: Option<&str>) -> Holders {
        let [index, id, routing] = [index, id, routing].map(|text| text.unwrap_or("?"));
        let is_known = id != "unknown";
        is_known
            .then(|| format!("{index} {id} {routing}").into())
            .into_iter()
            .collect()
    }

    fn nodes(entries: Option<Entries>) -> Option<Vec<String>> {
        let (_, entries) = entries?;
        let node = |entry: Entry| entry.holders.first().map_or("none", |node| node).to_owned();
        Some(entries.into_iter().map(node).collect())
    }

    #[test]
    fn documents_are_read_in_each_form() {
        let documents = |body: &'static str| nodes(documents(&body.into(), by_text));
        assert_eq!(
            documents(r#"{"ids":["1","\u00e4",3]}"#).unwrap(),
            ["? 1 ?", "? ä ?", "none"]
        );
        let docs = r#"{"docs":[{"_index":"i","_id":"1","routing":"r","_source":["a"]},
            {"_id":"unknown"},{"_index":"i"}]}"#;
        assert_eq!(documents(docs).unwrap(), ["i 1 r", "none", "none"]);
        let others = [
            "",
            "{}",
            r#"{"ids":[],"docs":[]}"#,
            r#"{"ids":[],"other":1}"#,
            "[1]",
        ];
        for body in others {
            assert_eq!(documents(body), None, "{body}");
        }
    }

    #[test]
    fn searches_are_read_line_by_line() {
        let body = "{\"index\":\"i\",\"routing\":\"r\"}\n{\"a\":1}\n{}\n{}\n\
                    {\"index\":[\"i\"]}\n{}\n{\"preference\":\"p\"}\n{}\n\n{}\n";
        let (_, entries) = searches(&body.into(), by_text).unwrap();
        let header = br#"{"index":"i","preference":"_local","routing":"r"}"#;
        let local = [&header[..], b"\n{\"a\":1}\n"].concat();
        assert_eq!(entries[0].local.as_deref(), Some(&*local));
        let of = |holders: &Holders| body_of(None, entries[..1].iter(), holders);
        assert_eq!(of(&entries[0].holders), local);
        let elsewhere = "{\"index\":\"i\",\"routing\":\"r\"}\n{\"a\":1}\n";
        assert_eq!(of(&Holders::new()), elsewhere.as_bytes());
        assert_eq!(entries[2].text, "{\"index\":[\"i\"]}\n{}\n");
        assert_eq!(
            nodes(Some((None, entries))).unwrap(),
            ["i ? r", "? ? ?", "none", "none", "none"]
        );
        assert!(searches(&"{}\n".into(), by_text).is_none());
    }
}
