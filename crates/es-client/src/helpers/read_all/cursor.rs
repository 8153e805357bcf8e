//! One slice: where it stands, and the request for its next page.

use std::sync::Arc;

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{builder::Spec, page::Page};
use crate::{
    error::Result,
    helpers::request::{HelperRequest, path_and_query, send_patiently},
    json_body::JsonBody,
    params::IntoParam,
    path::{PartKind, push_part, push_query},
};

/// One slice of what is read.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Its number among the slices.
    pub(super) slice: u32,
    pub(super) place: Place,
}

/// Where a slice stands.
#[derive(Debug)]
pub(super) enum Place {
    /// Within a point in time, after these sort values.
    After(Option<Box<RawValue>>),
    /// Within a scroll; without an id it has not begun.
    Scroll(Option<String>),
}

/// Reads the next page of a slice.
pub(super) async fn read<T: DeserializeOwned>(
    spec: Arc<Spec>,
    cursor: Cursor,
    point_in_time: Option<Arc<str>>,
) -> (Cursor, Result<Page<T>>) {
    let request = match cursor.request(&spec, point_in_time.as_deref()) {
        Ok(request) => request,
        Err(error) => return (cursor, Err(error)),
    };
    let answered = send_patiently(&spec.client, &request, spec.patience).await;
    let page = answered.and_then(|(meta, body)| Page::read(meta, body, spec.allow_partial));
    (cursor, page)
}

impl Cursor {
    fn request(&self, spec: &Spec, point_in_time: Option<&str>) -> Result<HelperRequest> {
        let (mut target, mut query) = (String::from("/"), String::new());
        let mut body = JsonBody::default();
        if let Place::Scroll(Some(id)) = &self.place {
            target.push_str("_search/scroll");
            body.set("scroll_id", id)?;
            body.set("scroll", &*spec.keep_alive.into_param())?;
        } else {
            self.search(spec, point_in_time, &mut body)?;
            if point_in_time.is_none() {
                push_part(&mut target, "index", &spec.index, PartKind::List)?;
                target.push('/');
                query.clone_from(&spec.query);
                push_query(&mut query, "scroll", &spec.keep_alive.into_param());
            }
            target.push_str("_search");
            // With this the server says so by its status, which is tried again.
            let allow = if spec.allow_partial { "true" } else { "false" };
            push_query(&mut query, "allow_partial_search_results", allow);
        }
        if !query.is_empty() {
            target.push('?');
            target.push_str(&query);
        }
        Ok(HelperRequest {
            name: if matches!(self.place, Place::Scroll(Some(_))) { "scroll" } else { "search" },
            method: Method::POST,
            target: path_and_query(target)?,
            ndjson: false,
            gzip: false,
            // A page of a scroll is handed out once: asked for again after a lost
            // answer, the server would give the one after it.
            repeatable: !matches!(self.place, Place::Scroll(Some(_))),
            body: body.finish(),
        })
    }

    fn search(&self, spec: &Spec, point_in_time: Option<&str>, body: &mut JsonBody) -> Result<()> {
        for (name, value) in &spec.properties {
            body.set(name, value)?;
        }
        body.set("size", &spec.page_size)?;
        if spec.slices > 1 {
            body.set("slice", &serde_json::json!({"id": self.slice, "max": spec.slices}))?;
        }
        if !spec.sorted {
            let order = if point_in_time.is_some() { "_shard_doc" } else { "_doc" };
            body.set("sort", &[order])?;
        }
        if let Some(id) = point_in_time {
            let keep_alive = spec.keep_alive.into_param();
            body.set("pit", &serde_json::json!({"id": id, "keep_alive": keep_alive}))?;
            // Nobody asks for the number, and counting costs.
            body.set("track_total_hits", &false)?;
        }
        if let Place::After(Some(values)) = &self.place {
            body.set("search_after", values)?;
        }
        Ok(())
    }
}
