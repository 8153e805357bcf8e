//! Reads the response to a bulk request, and no more of it than is needed.

use std::{borrow::Cow, fmt};

use memchr::memmem;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::outcome::Effect;
use crate::types::ErrorCause;

/// The part of a response about one operation.
#[derive(Debug, Deserialize)]
pub(super) struct ItemResponse<'a> {
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    #[serde(borrow, rename = "_index", default)]
    pub index: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_id", default)]
    pub id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub result: Option<Cow<'a, str>>,
    #[serde(rename = "_version", default)]
    pub version: Option<i64>,
    #[serde(rename = "_seq_no", default)]
    pub seq_no: Option<i64>,
    #[serde(rename = "_primary_term", default)]
    pub primary_term: Option<i64>,
    #[serde(borrow, default)]
    failure_store: Option<Cow<'a, str>>,
}

impl ItemResponse<'_> {
    /// Returns the effect of an operation that succeeded.
    pub fn effect(&self) -> Effect {
        if self.failure_store.as_deref() == Some("used") {
            return Effect::FailureStore;
        }
        match (self.result.as_deref(), self.status) {
            (Some("created"), _) => Effect::Created,
            (Some("updated"), _) => Effect::Updated,
            (Some("deleted"), _) => Effect::Deleted,
            (Some("not_found"), _) | (None, Some(404)) => Effect::NotFound,
            (Some("noop"), _) => Effect::Noop,
            _ => Effect::Other,
        }
    }

    /// Returns the item's error; empty if it has none.
    pub fn cause(&self) -> ErrorCause {
        let read = |error: &RawValue| serde_json::from_str(error.get()).unwrap_or_default();
        self.error.map(read).unwrap_or_default()
    }
}

/// Returns the reasons of an error from the outermost to the innermost.
pub(super) fn reasons(cause: &ErrorCause) -> String {
    let mut text = match &cause.reason {
        Some(reason) => reason.clone(),
        None => "the server gives no reason".to_owned(),
    };
    let mut cause = cause.caused_by.as_deref();
    while let Some(next) = cause {
        if let Some(reason) = &next.reason {
            text.push_str(": ");
            text.push_str(reason);
        }
        cause = next.caused_by.as_deref();
    }
    text
}

/// Returns whether all of `count` operations were carried out as usual: the response says,
/// before it lists the items, that none failed, and each item has the status of a success.
/// The items need not be read then.
pub(super) fn all_succeeded(body: &[u8], count: usize) -> bool {
    const ERRORS: &[u8] = br#""errors":"#;
    let head = body.get(..body.len().min(200)).unwrap_or_default();
    let head = head.split(|byte| *byte == b'[').next().unwrap_or_default();
    let value = memmem::find(head, ERRORS).and_then(|at| head.get(at + ERRORS.len()..));
    if !value.is_some_and(|value| value.starts_with(b"false")) || !body.ends_with(b"]}") {
        return false;
    }

    successes(body) == count && memmem::find(body, br#""failure_store":"#).is_none()
}

/// Returns the number of items with the status of a success: each has one status, and no
/// text within them has a quote that is not escaped.
fn successes(body: &[u8]) -> usize {
    const SUCCESS: &[u8] = br#""status":2"#;
    let finder = memmem::Finder::new(SUCCESS);
    let (mut rest, mut distance, mut count) = (body, 0, 0);
    loop {
        // Most items are as long as the one before.
        let found = match rest.get(distance..) {
            Some(next) if next.starts_with(SUCCESS) => Some(distance),
            _ => finder.find(rest),
        };
        let Some(at) = found else { return count };
        (rest, distance, count) = (
            rest.get(at + SUCCESS.len()..).unwrap_or_default(),
            at,
            count + 1,
        );
    }
}

/// Calls `each` for every item, in order.
///
/// # Errors
/// It is no bulk response; `each` may have been called for its beginning.
pub(super) fn each_item<'a>(
    body: &'a [u8],
    each: impl FnMut(ItemResponse<'a>),
) -> serde_json::Result<()> {
    // As in `json_read`, but with a seed.
    match std::str::from_utf8(body) {
        Ok(text) => read(serde_json::Deserializer::from_str(text), each),
        Err(_) => read(serde_json::Deserializer::from_slice(body), each),
    }
}

fn read<'a, R: serde_json::de::Read<'a>>(
    mut deserializer: serde_json::Deserializer<R>,
    each: impl FnMut(ItemResponse<'a>),
) -> serde_json::Result<()> {
    BulkResponse(each).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The response: an object with `items`.
struct BulkResponse<F>(F);
/// The items: a list of objects with one property each.
struct Items<F>(F);
/// The only property of an item.
struct Only<'a>(ItemResponse<'a>);

impl<'de, F: FnMut(ItemResponse<'de>)> DeserializeSeed<'de> for BulkResponse<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(ItemResponse<'de>)> Visitor<'de> for BulkResponse<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response to a bulk request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut each = Some(self.0);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match each.take_if(|_| key == "items") {
                Some(each) => map.next_value_seed(Items(each))?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if each.is_some() {
            Err(A::Error::missing_field("items"))
        } else {
            Ok(())
        }
    }
}

impl<'de, F: FnMut(ItemResponse<'de>)> DeserializeSeed<'de> for Items<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(ItemResponse<'de>)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a bulk response")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(Only(item)) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Only<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyVisitor;
        impl<'de> Visitor<'de> for OnlyVisitor {
            type Value = Only<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item of a bulk response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Only<'de>, A::Error> {
                let action = map.next_key::<IgnoredAny>()?;
                action.ok_or_else(|| A::Error::custom("an item without an action"))?;
                let item = map.next_value()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Only(item))
            }
        }
        deserializer.deserialize_map(OnlyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_of_all_is_seen_without_the_items() {
        let items = r#"[{"index":{"status":201}},{"index":{"status":200}}]"#;
        // As 9.2, as 7.17 and with an ingest pipeline.
        for head in [
            r#"{"errors":false,"#,
            r#"{"took":3,"errors":false,"#,
            r#"{"took":3,"ingest_took":4,"errors":false,"#,
        ] {
            let body = format!(r#"{head}"items":{items}}}"#);
            assert!(all_succeeded(body.as_bytes(), 2), "{body}");
            assert!(!all_succeeded(body.as_bytes(), 1) && !all_succeeded(body.as_bytes(), 3));
        }
        for other in [
            r#"{"errors":true,"items":[{"index":{"status":201}}]}"#,
            r#"{"items":[{"index":{"x":"\"errors\":false","status":201}}],"errors":true}"#,
            r#"{"items":[{"index":{"status":201}}],"errors":false}"#,
            r#"{"errors":false,"items":[{"index":{"status":201}}"#,
            r#"{"errors":false,"items":[{"index":{"status":400}}]}"#,
            r#"{"errors":false,"items":[{"index":{}}]}"#,
            r#"{"errors":false,"items":[{"create":{"status":201,"failure_store":"used"}}]}"#,
            "",
            "null",
        ] {
            assert!(!all_succeeded(other.as_bytes(), 1), "{other}");
        }
    }

    #[test]
    fn items_are_read_in_their_order() {
        let body = br#"{"took":1,"errors":true,"items":[
            {"index":{"_index":"i","_id":"a\"","_version":2,"result":"updated","_shards":{"total":2},
                "_seq_no":5,"_primary_term":1,"status":200}},
            {"create":{"_index":"i","_id":"b","status":409,"error":{"type":"t","reason":"outer",
                "caused_by":{"type":"u","reason":"inner"}}}}]}"#;
        let mut seen = Vec::new();
        each_item(body, |item| {
            let error = item.error.map(|_| reasons(&item.cause()));
            seen.push((
                item.status,
                item.id.unwrap().into_owned(),
                item.version,
                error,
            ));
        })
        .unwrap();
        assert_eq!(
            seen,
            [
                (Some(200), "a\"".to_owned(), Some(2), None),
                (
                    Some(409),
                    "b".to_owned(),
                    None,
                    Some("outer: inner".to_owned())
                ),
            ]
        );
    }

    #[test]
    fn the_error_of_an_item_may_be_a_text() {
        let mut seen = Vec::new();
        let body = br#"{"items":[{"index":{"status":503,"error":"no shard"}},
            {"index":{"status":503,"error":{"type":"a","reason":{"x":1},"caused_by":"c"}}}]}"#;
        each_item(body, |item| seen.push(reasons(&item.cause()))).unwrap();
        assert_eq!(seen, ["no shard", r#"{"x":1}: c"#]);
    }

    #[test]
    fn what_is_no_bulk_response_is_an_error() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"items":[{}]}"#,
            r#"{"items":[]"#,
            r#"{"items":[]} x"#,
        ] {
            assert!(each_item(body.as_bytes(), |_| {}).is_err(), "{body}");
        }
    }
}
