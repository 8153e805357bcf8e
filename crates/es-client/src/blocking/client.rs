use std::{fmt, ops::Deref, sync::Arc};

use es_transport::Error as TransportError;
use futures_core::Stream;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use super::{iter::Iter, park};
use crate::error::{Error, Result};

/// A blocking client; see the [module](super).
///
/// It is cheap to clone; clones share nodes and connections.
#[derive(Clone)]
pub struct Elasticsearch {
    client: crate::Elasticsearch,
    background: Arc<Background>,
}

/// The thread that drives connections and time, until this is dropped.
struct Background {
    handle: Handle,
    /// The thread ends when this is gone.
    _running: oneshot::Sender<()>,
}

impl Background {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, over) = oneshot::channel::<()>();
        let drive = move || {
            // Nothing is ever sent: this is the end of the other side.
            let _ = runtime.block_on(over);
        };
        std::thread::Builder::new()
            .name("es-client".to_owned())
            .spawn(drive)?;
        Ok(Self {
            handle,
            _running: running,
        })
    }
}

impl Elasticsearch {
    /// Creates a blocking client from an asynchronous one, with which it shares nodes
    /// and connections. Requests of clients with other settings (`client.options()`)
    /// can be passed to it as well.
    ///
    /// # Errors
    /// Returns an error if the background thread cannot be started.
    #[inline]
    pub fn new(client: crate::Elasticsearch) -> Result<Self> {
        let background = Background::start().map_err(|error| {
            let message = "the thread in the background cannot be started";
            TransportError::config("blocking", message).with_source(error)
        })?;
        Ok(Self {
            client,
            background: Arc::new(background),
        })
    }

    /// Sends a request, or runs any other future, and waits for its result.
    ///
    /// ```
    /// use es_client::{Elasticsearch, blocking, es_transport::Body, http::Response};
    ///
    /// let client = Elasticsearch::from_service(tower::service_fn(async |_| {
    ///     Ok::<_, std::io::Error>(Response::new(Body::from(r#"{"count": 3}"#)))
    /// }));
    /// let client = blocking::Elasticsearch::new(client)?;
    /// assert_eq!(client.wait(client.count("products"))?.count, Some(3));
    /// # Ok::<(), es_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of the request. If this thread runs the tasks of an async
    /// runtime, nothing is sent, and an error with [`is_invalid`](Error::is_invalid) is
    /// returned.
    pub fn wait<C, T, E>(&self, call: C) -> Result<T, E>
    where
        C: IntoFuture<Output = Result<T, E>>,
        E: From<Error>,
    {
        park::check()?;
        let _runtime = self.background.handle.enter();
        park::block_on(call.into_future())
    }

    /// Reads a stream, such as the hits of
    /// [`read_all`](crate::helpers::Helpers::read_all) or the outcomes of
    /// [`bulk`](crate::helpers::Helpers::bulk), as an iterator.
    ///
    /// On a thread that must not block, the only item of the iterator is an error.
    ///
    /// ```
    /// use es_client::{Elasticsearch, Error, blocking};
    /// use futures_util::stream;
    ///
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// let client = blocking::Elasticsearch::new(client)?;
    /// let numbers = stream::iter([Ok::<_, Error>(1), Ok(2)]);
    /// assert_eq!(client.iter(numbers).collect::<Result<Vec<_>, _>>()?, [1, 2]);
    /// # Ok::<(), es_client::Error>(())
    /// ```
    pub fn iter<S, T, E>(&self, stream: S) -> Iter<S>
    where
        S: Stream<Item = Result<T, E>>,
        E: From<Error>,
    {
        Iter::new(stream, self.clone())
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.background.handle
    }
}

impl Deref for Elasticsearch {
    type Target = crate::Elasticsearch;

    fn deref(&self) -> &crate::Elasticsearch {
        &self.client
    }
}

impl fmt::Debug for Elasticsearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Elasticsearch").field(&self.client).finish()
    }
}
