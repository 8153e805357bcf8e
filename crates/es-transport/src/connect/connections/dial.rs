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

/// The most that the head of an answer may have. Elasticsearch adds a line per
/// warning, and some products long ones.
const MAX_HEAD: usize = 256 * 1024;

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
}

impl<C> Dialer<C> {
    pub(super) fn new(connector: C) -> Self {
        Self { connector }
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
        let connector = self.connector.clone();
        Box::pin(async move {
            let io = connector
                .oneshot(target.clone())
                .await
                .map_err(|error| crate::connect::failure::dial(&target, error.into()))?;
            let (sender, connection) = http1::Builder::new()
                .max_header_size(MAX_HEAD)
                .handshake(io)
                .await
                .map_err(Error::connect)?;
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
