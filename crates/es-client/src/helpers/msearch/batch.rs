//! Searches that are sent together, and their responses.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{RetryConfig, send_with_retry},
    json_read::{self, ReadError},
    response::Meta,
    types::{MsearchItem, SearchResponse},
};

/// The response to one search.
pub(super) type SearchResult = Result<Found>;

/// Searches that are waiting to go.
#[derive(Debug, Default)]
pub(super) struct Batch {
    body: Vec<u8>,
    waiting: Vec<Waiting>,
}

/// One of them.
#[derive(Debug)]
struct Waiting {
    sender: oneshot::Sender<SearchResult>,
    /// The length of its lines.
    length: usize,
}

/// The part of a response that belongs to one search.
#[derive(Debug)]
pub(super) struct Found {
    meta: Meta,
    body: Bytes,
}

impl Batch {
    pub fn push(&mut self, lines: &[u8]) -> oneshot::Receiver<SearchResult> {
        let (sender, receiver) = oneshot::channel();
        self.body.extend_from_slice(lines);
        self.waiting.push(Waiting {
            sender,
            length: lines.len(),
        });
        receiver
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Sends the searches, and each its response.
    ///
    /// A server refuses all of them for one that it cannot read, or if together they are
    /// too large; so does the client if their response is. They are retried in halves
    /// then, until that one is alone with its error.
    pub async fn send(mut self, client: Elasticsearch, index: Cow<'static, str>) {
        self.remove_closed();
        if self.len() == 0 {
            return;
        }
        let mut batches = vec![self];
        while let Some(mut batch) = batches.pop() {
            let body = Bytes::from(std::mem::take(&mut batch.body));
            match search(&client, &index, body.clone(), batch.len()).await {
                Ok(all) => batch.respond(all),
                Err(error) if batch.len() > 1 && may_succeed_in_halves(&error) => {
                    batches.extend(batch.halves(&body));
                }
                Err(error) => batch.fail(error),
            }
        }
    }

    /// Removes searches whose callers have dropped their futures: on an overloaded
    /// cluster, the others would wait for them.
    fn remove_closed(&mut self) {
        if !self.waiting.iter().any(|search| search.sender.is_closed()) {
            return;
        }
        let (mut body, mut start) = (Vec::with_capacity(self.body.len()), 0);
        self.waiting.retain(|search| {
            let lines = self.body.get(start..start + search.length);
            start += search.length;
            if !search.sender.is_closed() {
                body.extend_from_slice(lines.unwrap_or_default());
                return true;
            }
            false
        });
        self.body = body;
    }

    fn halves(mut self, body: &[u8]) -> [Self; 2] {
        let second = self.waiting.split_off(self.waiting.len() / 2);
        let middle = self.waiting.iter().map(|search| search.length).sum();
        let (one, other) = body.split_at_checked(middle).unwrap_or((body, &[]));
        let first = Self {
            body: one.to_vec(),
            waiting: self.waiting,
        };
        [
            first,
            Self {
                body: other.to_vec(),
                waiting: second,
            },
        ]
    }

    fn respond(self, all: Vec<Found>) {
        for (search, found) in self.waiting.into_iter().zip(all) {
            // A caller may have dropped its future.
            let _ = search.sender.send(Ok(found));
        }
    }

    fn fail(self, error: Error) {
        let error = Arc::new(error);
        for search in self.waiting {
            let _ = search.sender.send(Err(Error::shared(Arc::clone(&error))));
        }
    }
}

/// Whether all searches failed together, although some of them may succeed: one is
/// invalid, or their request or response is too large.
fn may_succeed_in_halves(error: &Error) -> bool {
    let is_too_large = || {
        error
            .as_transport()
            .is_some_and(es_transport::Error::is_body)
    };
    error.is_bad_request()
        || error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE)
        || is_too_large()
}

async fn search(
    client: &Elasticsearch,
    index: &str,
    body: Bytes,
    count: usize,
) -> Result<Vec<Found>> {
    let client = client.options().for_helper(true);
    let sent = send_with_retry(RetryConfig::default(), true, || {
        client
            .msearch::<serde_json::Value>()
            .index(index.to_owned())
            .body(body.clone())
            .send()
    });
    let response = sent.await?;
    split(response.meta(), response.bytes(), count)
}

/// Returns the responses, each as a part of the bytes.
fn split(meta: &Meta, body: &Bytes, count: usize) -> Result<Vec<Found>> {
    #[derive(Deserialize)]
    struct Responses<'a> {
        #[serde(borrow)]
        responses: Vec<&'a RawValue>,
    }
    let read = || -> Result<_, ReadError> {
        let all: Responses<'_> = json_read::from_bytes(body)?;
        if all.responses.len() != count {
            let message = "there are not as many responses as searches";
            return Err(<serde_json::Error as serde::de::Error>::custom(message).into());
        }
        let part = |raw: &RawValue| body.slice_ref(raw.get().as_bytes());
        Ok(all.responses.into_iter().map(part).collect::<Vec<_>>())
    };
    let parts = read()
        .map_err(|e| Error::decode("the response of `msearch`", e, meta.clone(), body.clone()))?;
    Ok(parts
        .into_iter()
        .map(|body| Found {
            meta: meta.clone(),
            body,
        })
        .collect())
}

impl Found {
    /// Returns the response to a search, or the error that it would have had alone.
    pub fn read<T: DeserializeOwned>(self) -> Result<SearchResponse<T>> {
        let Self { meta, body } = self;
        let read = json_read::from_bytes::<MsearchItem<T>>(&body);
        let decode =
            |error| Error::decode("a response of `msearch`", error, meta.clone(), body.clone());
        match read {
            Ok(MsearchItem::Found(found)) if found.shards.total.is_none() => Err(decode(
                <serde_json::Error as serde::de::Error>::missing_field("_shards").into(),
            )),
            Ok(MsearchItem::Found(found)) => Ok(*found),
            Ok(MsearchItem::Failed { status, .. }) => {
                // An error without a status is still not a success.
                let status = StatusCode::from_u16(status)
                    .ok()
                    .filter(|status| !status.is_success());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Err(Error::api(with_status(&meta, status), body))
            }
            Err(error) => Err(decode(error)),
        }
    }
}

fn with_status(meta: &Meta, status: StatusCode) -> Meta {
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = status;
    parts.headers.clone_from(meta.headers());
    Meta::new(parts, meta.node().map(Into::into), meta.duration())
}
