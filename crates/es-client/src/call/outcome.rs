//! The response of a call, and whether it is an error.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use es_transport::{ResponseBody, extensions::ServedBy};
use http::{StatusCode, response::Parts};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::{
    endpoint::Endpoint,
    error::{Error, Result},
    json_read::from_bytes,
    response::{Meta, Response},
    types::Documents,
};

/// The responses that are not errors.
pub(super) struct Accepted {
    pub endpoint: Option<&'static Endpoint>,
    pub ignored: Option<Arc<[StatusCode]>>,
}

impl Accepted {
    /// Returns the name of the call.
    pub fn call(&self) -> Option<&'static str> {
        self.endpoint.map(|endpoint| endpoint.name)
    }

    /// Whether a response is not an error. The same status may be either: 404 means that
    /// the document is missing, or the index.
    pub fn contains(&self, status: StatusCode, body: &[u8]) -> bool {
        status.is_success()
            || is_ignored(self.ignored.as_deref(), status)
            || self.endpoint.is_some_and(|endpoint| {
                endpoint.statuses.contains(&status.as_u16())
                    && (endpoint.is_head() || !has_error(body))
            })
    }
}

pub(super) fn is_ignored(ignored: Option<&[StatusCode]>, status: StatusCode) -> bool {
    ignored.is_some_and(|ignored| ignored.contains(&status))
}

fn has_error(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Envelope {
        error: Option<serde::de::IgnoredAny>,
    }
    !body.is_empty() && from_bytes(body).map_or(true, |e: Envelope| e.error.is_some())
}

/// A response, read to its end.
pub(super) struct Received {
    pub parts: Parts,
    pub node: Option<Arc<str>>,
    pub body: Bytes,
    /// When it was sent.
    pub started: Instant,
}

/// A response with an accepted status, before it is decoded.
pub(crate) struct AcceptedResponse {
    pub parts: Parts,
    pub node: Option<Arc<str>>,
    pub body: Bytes,
    /// When it was sent.
    pub started: Instant,
    pub call: Option<&'static str>,
}

impl AcceptedResponse {
    /// Returns the status, headers, node and attempts.
    pub fn meta(&self) -> Meta {
        let duration = self.started.elapsed();
        Meta::of_call(self.call, self.parts.clone(), self.node.clone(), duration)
    }

    /// Returns the status, headers, node and attempts, and the body.
    pub fn split(self) -> (Meta, Bytes) {
        let duration = self.started.elapsed();
        (
            Meta::of_call(self.call, self.parts, self.node, duration),
            self.body,
        )
    }

    /// Decodes JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        from_bytes(&self.body).map_err(|error| {
            let (meta, body) = self.split();
            Error::decode("the response", error, meta, body)
        })
    }

    /// Reads the documents of a complete response.
    pub fn documents<R: Documents + DeserializeOwned>(self) -> Result<Vec<R::Document>> {
        self.json::<R>()?.all_documents()
    }

    /// HEAD: 404 is `false`, any other accepted status is `true`.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub fn exists(self) -> Result<bool> {
        Ok(self.parts.status != StatusCode::NOT_FOUND)
    }

    /// Ignores the body.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub fn nothing(self) -> Result<()> {
        Ok(())
    }

    /// Reads a text in UTF-8.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// Returns the response undecoded.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub fn raw(self) -> Result<Response> {
        let (meta, body) = self.split();
        Ok(Response::from_parts(meta, body))
    }
}

pub(super) fn node_of(parts: &Parts, body: &ResponseBody) -> Option<Arc<str>> {
    body.node()
        .cloned()
        .or_else(|| parts.extensions.get::<ServedBy>().map(|by| by.node.clone()))
}

pub(super) fn meta(parts: Parts, body: &ResponseBody, duration: Duration) -> Meta {
    let node = node_of(&parts, body);
    Meta::new(parts, node, duration)
}
