//! One page of hits.

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::{
    error::{Error, Result},
    json_read,
    response::Meta,
    types::{Hit, Shards},
};

/// What is used of a search's answer.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    #[serde(default)]
    timed_out: bool,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    hits: Hits<T>,
    #[serde(default)]
    pub(super) pit_id: Option<String>,
    #[serde(rename = "_scroll_id", default)]
    pub(super) scroll_id: Option<String>,
    /// The sort values of the last hit, as the server wrote them.
    #[serde(skip)]
    pub(super) last: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Hits<T> {
    #[serde(default = "Vec::new")]
    hits: Vec<Hit<T>>,
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads a page.
    ///
    /// # Errors
    /// It is no page, or one that lacks something.
    pub(super) fn read(meta: Meta, body: Bytes, allow_partial: bool) -> Result<Self> {
        let read = || {
            let mut page: Self = json_read::from_bytes(&body)?;
            page.last = last_sort(&page.hits.hits, &body)?;
            Ok(page)
        };
        let page = read().map_err(|error| Error::decode("page of hits", error, meta, body))?;
        let (failed, total) = (page.shards.failed, page.shards.total);
        if !allow_partial && (failed > 0 || page.timed_out) {
            let first = page.shards.failures.first().map(ToString::to_string);
            return Err(Error::partial(failed, total, first));
        }
        Ok(page)
    }
}

impl<T> Page<T> {
    pub(super) fn len(&self) -> usize {
        self.hits.hits.len()
    }

    pub(super) fn into_hits(self) -> Vec<Hit<T>> {
        self.hits.hits
    }
}

/// Where the next page begins. Decimal fractions are taken from the text: read
/// as a number and written again, one may differ in its last digit, and a hit
/// would be left out or come twice.
fn last_sort<T>(hits: &[Hit<T>], body: &[u8]) -> serde_json::Result<Option<Box<RawValue>>> {
    let Some(last) = hits.last().filter(|last| !last.sort.is_empty()) else { return Ok(None) };
    if !last.sort.iter().any(Value::is_f64) {
        return to_raw_value(&last.sort).map(Some);
    }
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        hits: SortedHits<'a>,
    }
    #[derive(Deserialize)]
    struct SortedHits<'a> {
        #[serde(borrow)]
        hits: Vec<SortedHit<'a>>,
    }
    #[derive(Deserialize)]
    struct SortedHit<'a> {
        #[serde(borrow)]
        sort: &'a RawValue,
    }
    let answer: Answer<'_> = json_read::from_bytes(body)?;
    Ok(answer.hits.hits.last().map(|hit| hit.sort.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(sort: &str) -> String {
        let body = format!(r#"{{"hits":{{"hits":[{{"_index":"i","_id":"1","sort":{sort}}}]}}}}"#);
        let hit = Hits::<Value>::deserialize(
            &serde_json::from_str::<Value>(&body).unwrap().get("hits").unwrap().clone(),
        );
        last_sort(&hit.unwrap().hits, body.as_bytes()).unwrap().unwrap().get().to_owned()
    }

    #[test]
    fn the_place_of_the_last_hit_is_kept_to_the_digit() {
        assert_eq!(last(r#"[9223372036854775807,"a",null]"#), r#"[9223372036854775807,"a",null]"#);
        assert_eq!(last("[0.1000000000000000055, 7]"), "[0.1000000000000000055, 7]");
    }
}
