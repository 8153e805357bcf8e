//! One page of hits: its request, and what is read of the response.

use std::sync::Arc;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::builder::Spec;
use crate::{
    Call,
    error::{Error, Result},
    helpers::{clusters::Clusters, request::send_with_retry},
    json_read::{self, ReadError},
    params::ToParam,
    response::{Meta, Response},
    types::{Hit, Read, Shards},
};

/// One slice of what is read.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Its number among the slices.
    pub slice: u32,
    pub place: Place,
    /// The number of hits of its next page.
    pub size: u32,
}

/// The position of a slice.
#[derive(Debug)]
pub(super) enum Place {
    /// Within a point in time, after these sort values.
    After(Option<Box<RawValue>>),
    /// Within a scroll; without an id it has not begun.
    Scroll(Option<String>),
}

/// The part of a response that is used.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    #[serde(default)]
    timed_out: Option<bool>,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    #[serde(rename = "_clusters", default)]
    clusters: Option<Clusters>,
    hits: Hits<T>,
    #[serde(default)]
    pub pit_id: Option<String>,
    #[serde(rename = "_scroll_id", default)]
    pub scroll_id: Option<String>,
    /// The sort values of the last hit, as the server wrote them.
    #[serde(skip)]
    pub last: Option<Box<RawValue>>,
    /// The length of the response.
    #[serde(skip)]
    pub bytes: usize,
}

/// Their list must be there: without it, an export would seem to be complete.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Hits<T> {
    #[serde(deserialize_with = "list")]
    hits: Vec<Hit<T>>,
}

fn list<'de, T, D>(from: D) -> Result<Vec<Hit<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Option::<Read<_>>::deserialize(from)?;
    list.map(|list| list.0)
        .ok_or_else(|| D::Error::custom("no list of hits"))
}

/// Reads the next page of a slice.
pub(super) async fn read<T: DeserializeOwned>(
    spec: Arc<Spec>,
    cursor: Cursor,
    point_in_time: Option<Arc<str>>,
) -> (Cursor, Result<Page<T>>) {
    // A page of a scroll is served once: if its response is lost and it is
    // retried, the server returns the page after it.
    let idempotent = !matches!(cursor.place, Place::Scroll(Some(_)));
    let mut sent = send_with_retry(spec.retry, idempotent, || {
        cursor.send(&spec, point_in_time.as_deref())
    })
    .await;
    if sent
        .as_ref()
        .is_err_and(|error| spec.refuses_vectors(error))
    {
        sent = send_with_retry(spec.retry, idempotent, || {
            cursor.send(&spec, point_in_time.as_deref())
        })
        .await;
    }
    let page = sent.and_then(|response| {
        let (meta, body) = (response.meta().clone(), response.bytes().clone());
        Page::read(meta, body, &cursor.place, spec.allow_partial)
    });
    (cursor, page)
}

impl Cursor {
    fn send(
        &self,
        spec: &Spec,
        point_in_time: Option<&str>,
    ) -> impl Future<Output = Result<Response>> + use<> {
        if let Place::Scroll(Some(id)) = &self.place {
            let client = spec.client.options().batch(true).for_helper(false);
            return client
                .scroll::<Value>()
                .scroll_id(id)
                .scroll(spec.keep_alive)
                .send();
        }

        let client = spec.client.options().batch(true).for_helper(true);
        let mut search = match point_in_time {
            Some(_) => client.search_all::<Value>(),
            None => {
                let search = client
                    .search::<Value>(spec.index.clone())
                    .scroll(spec.keep_alive);
                spec.params.iter().fold(search, |search, (name, value)| {
                    search.param(*name, value.clone())
                })
            }
        };
        for (name, value) in &spec.properties {
            search = search.property(name, value);
        }
        search = search
            .source(&*spec.source_filter())
            .size(self.size)
            // With this the server says so by its status, which is retried.
            .allow_partial_search_results(spec.allow_partial);
        if spec.slices > 1 {
            search = search.property("slice", json!({"id": self.slice, "max": spec.slices}));
        }
        if !spec.sorted {
            let order = if point_in_time.is_some() {
                "_shard_doc"
            } else {
                "_doc"
            };
            search = search.sort([order]);
        }
        if let Some(id) = point_in_time {
            let keep_alive = spec.keep_alive.to_param().into_json();
            search = search
                .pit(json!({"id": id, "keep_alive": keep_alive}))
                // The number is not read, and counting costs.
                .track_total_hits(false);
        }
        if let Place::After(Some(values)) = &self.place {
            search = search.property("search_after", values);
        }
        search.send()
    }

    /// Adapts the size of the next page to the length of the last one.
    pub fn adapt<T>(&mut self, spec: &Spec, page: &Page<T>) {
        /// A page has at most so many times the hits of the one before.
        const GROWTH: u32 = 10;
        let hits = page.len().max(1);
        let fitting = spec.page_bytes.saturating_mul(hits) / page.bytes.max(1);
        let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
        self.size = fitting
            .min(self.size.saturating_mul(GROWTH))
            .clamp(1, spec.page_size);
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads a page.
    ///
    /// # Errors
    /// It is not a page, it is incomplete, or it does not say where the next one begins.
    fn read(meta: Meta, body: Bytes, place: &Place, allow_partial: bool) -> Result<Self> {
        let read = || -> Result<_, ReadError> {
            let mut page: Self = json_read::from_bytes(&body)?;
            page.last = last_sort(&page.hits.hits, &body)?;
            page.bytes = body.len();
            let missing = match place {
                Place::After(_) if page.last.is_none() => "sort",
                Place::Scroll(None) if page.scroll_id.is_none() => "_scroll_id",
                _ => return Ok(page),
            };
            if page.len() == 0 {
                return Ok(page);
            }
            Err(<serde_json::Error as serde::de::Error>::missing_field(missing).into())
        };
        let page = read().map_err(|error| Error::decode("a page of hits", error, meta, body))?;
        if allow_partial {
            return Ok(page);
        }
        if page.shards.has_failures() || page.timed_out == Some(true) {
            let first = page.shards.failures.first().map(ToString::to_string);
            let count = |shards: Option<i32>| shards.unwrap_or_default().unsigned_abs();
            let (failed, total) = (count(page.shards.failed), count(page.shards.total));
            return Err(Error::partial(failed, total, first));
        }
        if let Some(clusters) = &page.clusters
            && clusters.missing() > 0
        {
            let total = clusters.total.unwrap_or_default();
            let reason = format!("{} of {total} clusters are missing", clusters.missing());
            return Err(Error::incomplete(reason));
        }
        Ok(page)
    }
}

impl<T> Page<T> {
    pub fn len(&self) -> usize {
        self.hits.hits.len()
    }

    pub fn into_hits(self) -> Vec<Hit<T>> {
        self.hits.hits
    }
}

/// Returns where the next page begins. Decimal fractions are taken from the text: read
/// as a number and written again, one may differ in its last digit, and a hit
/// would be left out or come twice.
fn last_sort<T>(hits: &[Hit<T>], body: &[u8]) -> Result<Option<Box<RawValue>>, ReadError> {
    let Some(last) = hits.last().filter(|last| !last.sort.is_empty()) else {
        return Ok(None);
    };
    if !last.sort.iter().any(Value::is_f64) {
        return Ok(Some(to_raw_value(&last.sort)?));
    }
    #[derive(Deserialize)]
    struct Sorted<'a> {
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
    let sorted: Sorted<'_> = json_read::from_bytes(body)?;
    Ok(sorted.hits.hits.last().map(|hit| hit.sort.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(sort: &str) -> String {
        let body = format!(r#"{{"hits":{{"hits":[{{"_index":"i","_id":"1","sort":{sort}}}]}}}}"#);
        let hit = Hits::<Value>::deserialize(
            &serde_json::from_str::<Value>(&body)
                .unwrap()
                .get("hits")
                .unwrap()
                .clone(),
        );
        last_sort(&hit.unwrap().hits, body.as_bytes())
            .unwrap()
            .unwrap()
            .get()
            .to_owned()
    }

    #[test]
    fn the_place_of_the_last_hit_is_kept_to_the_digit() {
        assert_eq!(
            last(r#"[9223372036854775807,"a",null]"#),
            r#"[9223372036854775807,"a",null]"#
        );
        assert_eq!(
            last("[0.1000000000000000055, 7]"),
            "[0.1000000000000000055, 7]"
        );
    }
}
