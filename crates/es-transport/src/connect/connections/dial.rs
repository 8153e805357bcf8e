//! Opening a connection, whatever the connector is.

use std::{future::Future, pin::Pin, sync::Arc};

use http::Uri;
use hyper::{
    client::conn::http1,
    rt::{Read, Write},
};
use tower::{Service, ServiceExt};

use super::{
    line::{self, BoxLine},
    origin::Origin,
};
use crate::error::{BoxError, Error, Result};

/// The largest head of a response. Elasticsearch adds a line per warning, and some
/// products long ones.
const MAX_HEADER_SIZE: usize = 256 * 1024;

/// The largest number of header lines. hyper makes room for as many at each
/// response: this is the most that stays below the size from which glibc takes
/// memory from the system for each allocation.
const MAX_HEADERS: usize = 2_000;

/// The settings of HTTP/1 connections by default.
pub(super) fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_header_size(MAX_HEADER_SIZE).max_headers(MAX_HEADERS);
    builder
}

/// An open connection as hyper uses it.
///
/// It is implemented for everything that fits.
pub trait Io: Read + Write + Unpin + Send + 'static {}

impl<T: Read + Write + Unpin + Send + 'static> Io for T {}

/// A connector without its type.
pub(super) trait Dial: Send + Sync {
    fn dial(&self, target: Uri) -> Pin<Box<dyn Future<Output = Result<BoxLine>> + Send>>;
}

pub(super) struct Dialer<C> {
    connector: C,
    http1: http1::Builder,
}

impl<C> Dialer<C> {
    pub(super) fn new(connector: C, http1: http1::Builder) -> Self {
        Self { connector, http1 }
    }
}

impl<C> Dial for Dialer<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Io,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    fn dial(&self, target: Uri) -> Pin<Box<dyn Future<Output = Result<BoxLine>> + Send>> {
        let (connector, http1) = (self.connector.clone(), self.http1.clone());
        Box::pin(async move {
            let io = connector
                .oneshot(target.clone())
                .await
                .map_err(|error| crate::connect::failure::dial(&target, error.into()))?;
            let (sender, connection) = http1.handshake(io).await.map_err(Error::connect)?;
            // An error of the connection goes to the request that is on it; an
            // idle one that breaks is merely gone.
            tokio::spawn(async move { drop(connection.await) });
            Ok(line::http1(sender))
        })
    }
}

/// A dial that runs for one waiter, and whose connection is kept for the next
/// one if that waiter is served otherwise.
pub(super) struct Dialing {
    origin: Arc<Origin>,
    waiter: u64,
    done: bool,
}

impl Dialing {
    pub(super) fn new(origin: Arc<Origin>, waiter: u64) -> Self {
        Self { origin, waiter, done: false }
    }

    pub(super) async fn run(mut self) {
        let origin = Arc::clone(&self.origin);
        let opened = origin.dial().await;
        self.done = true;
        match opened {
            Ok(line) => origin.opened(line),
            Err(error) => origin.dial_failed(self.waiter, error),
        }
    }
}

impl Drop for Dialing {
    /// A connector that panics, or a runtime that ends, must not leave its
    /// waiter waiting and its place taken.
    fn drop(&mut self) {
        if !self.done {
            let error = Error::connect_message("the connector gave up");
            self.origin.dial_failed(self.waiter, error);
        }
    }
}
