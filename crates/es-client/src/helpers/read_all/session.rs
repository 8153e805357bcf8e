//! The point in time or scroll that the server keeps while it is read.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    builder::Spec,
    page::{Cursor, Place},
    resume::Position,
};
use crate::{
    Call,
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::send_with_retry,
};

/// The time for closing, which nobody should wait for.
const CLOSING: Duration = Duration::from_secs(5);

/// The hits of the first page; the following ones adapt to the size of these.
const FIRST_PAGE: u32 = 10;

/// The point in time or scroll.
#[derive(Clone, Debug)]
pub(super) enum Session {
    PointInTime(Arc<str>),
    /// The last id of each slice's scroll.
    Scroll(Vec<Option<String>>),
}

/// Opens a point in time, or begins scrolls where there are none.
pub(super) async fn open(spec: Arc<Spec>) -> Result<Session> {
    if let Some(token) = &spec.resume {
        return Ok(Session::PointInTime(token.pit.as_str().into()));
    }
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
    let client = spec.client.options().batch(true).for_helper(true);
    // Opened twice, one of the two ends by itself.
    let opened = send_with_retry(spec.retry, true, || {
        let open = client.open_point_in_time(spec.index.clone(), spec.keep_alive);
        let with_params = spec
            .params
            .iter()
            .fold(open, |open, (name, value)| open.param(*name, value.clone()));
        with_params.send()
    });
    Ok(opened.await?.json::<Opened>()?.id)
}

/// Returns whether the server does not know points in time.
fn is_unknown_endpoint(error: &Error) -> bool {
    let no_handler = || {
        let body = error
            .body()
            .map(|body| String::from_utf8_lossy(body).into_owned());
        body.is_some_and(|body| body.contains("no handler found for uri"))
    };
    match error.status() {
        Some(StatusCode::METHOD_NOT_ALLOWED) => true,
        Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) => no_handler(),
        _ => false,
    }
}

impl Session {
    /// Returns the slices, at their beginnings or where they were left.
    pub fn cursors(&self, spec: &Spec) -> Vec<Cursor> {
        let cursor = |slice: u32| {
            let (place, size) = match self {
                Self::PointInTime(_) => match spec.position(slice) {
                    Position::Start => (Place::After(None), spec.page_size.min(FIRST_PAGE)),
                    Position::After(values) => {
                        (Place::After(Some(values)), spec.page_size.min(FIRST_PAGE))
                    }
                    Position::Ended => return None,
                },
                // The pages of a scroll have one size.
                Self::Scroll(_) => (Place::Scroll(None), spec.page_size),
            };
            Some(Cursor { slice, place, size })
        };
        (0..spec.slices).filter_map(cursor).collect()
    }

    pub fn point_in_time(&self) -> Option<Arc<str>> {
        match self {
            Self::PointInTime(id) => Some(Arc::clone(id)),
            Self::Scroll(_) => None,
        }
    }

    /// Closes it. If that fails, the server ends it in time.
    pub async fn close(self, client: Elasticsearch) {
        let client = client.options().total_timeout(CLOSING).into_client();
        let closed = match self {
            Self::PointInTime(id) => client.close_point_in_time().id(&*id).send().await,
            Self::Scroll(ids) => {
                let ids: Vec<_> = ids.into_iter().flatten().collect();
                if ids.is_empty() {
                    return;
                }
                client.clear_scroll().scroll_id(ids).send().await
            }
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "the point in time or scroll was not closed");
        }
    }
}
