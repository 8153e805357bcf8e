//! What the server keeps while it is read, and its end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    builder::Spec,
    cursor::{Cursor, Place},
};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{HelperRequest, path_and_query, send_patiently},
    params::IntoParam,
    path::{PartKind, push_part, push_query},
};

/// The time for closing, which nobody should wait for.
const CLOSING: Duration = Duration::from_secs(5);

/// What the server keeps.
#[derive(Clone, Debug)]
pub(super) enum Session {
    PointInTime(Arc<str>),
    /// The last id of each slice's scroll.
    Scroll(Vec<Option<String>>),
}

/// Opens a point in time, or begins scrolls where there are none.
pub(super) async fn open(spec: Arc<Spec>) -> Result<Session> {
    let scroll = || Session::Scroll(vec![None; spec.slices as usize]);
    if spec.by_scroll {
        return Ok(scroll());
    }
    match open_point_in_time(&spec).await {
        Ok(id) => Ok(Session::PointInTime(id.into())),
        Err(error) if is_unknown_endpoint(&error) => Ok(scroll()),
        Err(error) => Err(error),
    }
}

/// Closes what nobody waits for any more, once it is open.
pub(super) async fn close_what_opens(
    spec: Arc<Spec>,
    opening: impl Future<Output = Result<Session>>,
) {
    if let Ok(Ok(session)) = timeout(CLOSING, opening).await {
        session.close(spec.client.clone()).await;
    }
}

async fn open_point_in_time(spec: &Spec) -> Result<String> {
    #[derive(Deserialize)]
    struct Opened {
        id: String,
    }
    let (meta, body) = send_patiently(&spec.client, &opening(spec)?, spec.patience).await?;
    let opened = crate::json_read::from_bytes::<Opened>(&body);
    opened.map(|opened| opened.id).map_err(|e| Error::decode("point in time", e, meta, body))
}

fn opening(spec: &Spec) -> Result<HelperRequest> {
    let mut target = String::from("/");
    push_part(&mut target, "index", &spec.index, PartKind::List)?;
    target.push_str("/_pit?");
    let mut query = spec.query.clone();
    push_query(&mut query, "keep_alive", &spec.keep_alive.into_param());
    target.push_str(&query);
    Ok(HelperRequest {
        name: "open_point_in_time",
        method: Method::POST,
        target: path_and_query(target)?,
        ndjson: false,
        gzip: false,
        // Opened twice, one of the two ends by itself.
        repeatable: true,
        body: Bytes::new(),
    })
}

/// What servers say that do not know points in time.
fn is_unknown_endpoint(error: &Error) -> bool {
    let no_handler = || {
        let body = error.body().map(|body| String::from_utf8_lossy(body).into_owned());
        body.is_some_and(|body| body.contains("no handler found for uri"))
    };
    match error.status() {
        Some(StatusCode::METHOD_NOT_ALLOWED) => true,
        Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) => no_handler(),
        _ => false,
    }
}

impl Session {
    /// The slices, at their beginnings.
    pub(super) fn cursors(&self, slices: u32) -> Vec<Cursor> {
        let place = || match self {
            Self::PointInTime(_) => Place::After(None),
            Self::Scroll(_) => Place::Scroll(None),
        };
        (0..slices).map(|slice| Cursor { slice, place: place() }).collect()
    }

    pub(super) fn point_in_time(&self) -> Option<Arc<str>> {
        match self {
            Self::PointInTime(id) => Some(Arc::clone(id)),
            Self::Scroll(_) => None,
        }
    }

    /// Closes it. What fails is left to the server, which ends it in time.
    pub(super) async fn close(self, client: Elasticsearch) {
        let (target, body) = match self {
            Self::PointInTime(id) => ("/_pit", serde_json::json!({"id": &*id})),
            Self::Scroll(ids) => {
                let ids: Vec<_> = ids.into_iter().flatten().collect();
                if ids.is_empty() {
                    return;
                }
                ("/_search/scroll", serde_json::json!({"scroll_id": ids}))
            }
        };
        let client = client.options().total_timeout(CLOSING).into_client();
        if let Err(error) = client.request(Method::DELETE, target, body.to_string()).await {
            tracing::debug!(%error, "what was read is not closed");
        }
    }
}
