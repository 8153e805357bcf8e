//! Where operations come from.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
};

use es_transport::BoxError;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::{runtime::Handle, task::AbortHandle};

use super::{
    operation::{IntoOperation, Operation},
    shared::{Pushed, Shared, panic_message},
};
use crate::error::{Error, Result};

/// After this many operations of a stream that is always ready, other tasks of
/// the runtime get their turn.
const OPERATIONS_PER_TURN: usize = 256;

/// An iterator or a stream of documents, of [operations](Operation), or of
/// results of either.
///
/// `Via` is inferred and distinguishes the four kinds. It cannot be inferred if the
/// error type of the results is serializable, such as `String`, because the results
/// themselves could then be documents. Convert the error first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input of the bulk helper",
    note = "its items must be documents (`Serialize`), operations, or results of either",
    note = "an iterator must be `Send + 'static`: `BufReader::new(stdin())` is, a lock is not"
)]
pub trait IntoOperations<Via> {
    /// The type of the context that is returned with the outcome of each operation.
    type Context: Send + 'static;

    /// Returns the source of the operations.
    fn into_operations(self) -> Source<Self::Context>;
}

/// An iterator of documents or operations.
#[derive(Debug)]
pub struct ViaIterator;
/// An iterator of results.
#[derive(Debug)]
pub struct ViaTryIterator;
/// A stream of documents or operations.
#[derive(Debug)]
pub struct ViaStream;
/// A stream of results.
#[derive(Debug)]
pub struct ViaTryStream;

impl<I> IntoOperations<ViaIterator> for I
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: IntoOperation,
{
    type Context = <I::Item as IntoOperation>::Context;

    fn into_operations(self) -> Source<Self::Context> {
        let mut iterator = self.into_iter();
        Source::thread(move || iterator.next().map(|item| Ok(item.into_operation())))
    }
}

impl<I, O, E> IntoOperations<ViaTryIterator> for I
where
    I: IntoIterator<Item = Result<O, E>>,
    I::IntoIter: Send + 'static,
    O: IntoOperation,
    E: Into<BoxError>,
{
    type Context = O::Context;

    fn into_operations(self) -> Source<Self::Context> {
        let mut iterator = self.into_iter();
        Source::thread(move || iterator.next().map(of_result))
    }
}

impl<S> IntoOperations<ViaStream> for S
where
    S: Stream + Send + 'static,
    S::Item: IntoOperation + Send,
    <S::Item as IntoOperation>::Document: Send,
{
    type Context = <S::Item as IntoOperation>::Context;

    fn into_operations(self) -> Source<Self::Context> {
        Source::task(self.map(|item| Ok(item.into_operation())))
    }
}

impl<S, O, E> IntoOperations<ViaTryStream> for S
where
    S: Stream<Item = Result<O, E>> + Send + 'static,
    O: IntoOperation + Send + 'static,
    O::Document: Send,
    E: Into<BoxError> + Send + 'static,
{
    type Context = O::Context;

    fn into_operations(self) -> Source<Self::Context> {
        Source::task(self.map(of_result))
    }
}

fn of_result<O, E>(item: Result<O, E>) -> Result<Operation<O::Document, O::Context>, BoxError>
where
    O: IntoOperation,
    E: Into<BoxError>,
{
    item.map(IntoOperation::into_operation).map_err(Into::into)
}

type Start<C> = Box<dyn FnOnce(&Handle, Arc<Shared<C>>) -> Result<Option<AbortHandle>> + Send>;

/// A source of operations. Created by [`IntoOperations`].
///
/// An iterator runs on a separate thread, which also serializes the operations, so that
/// requests are sent and responses read while it blocks or computes, on any runtime.
/// (This is not a thread of the runtime's blocking pool, because one that waits for
/// standard input would delay the shutdown of the runtime.) A stream runs on a task.
/// Both end with the helper; a blocking iterator, as soon as it returns.
#[must_use = "a source is read by a bulk helper"]
pub struct Source<C>(Start<C>);

impl<C: Send + 'static> Source<C> {
    fn thread<T>(
        mut next: impl FnMut() -> Option<Result<Operation<T, C>, BoxError>> + Send + 'static,
    ) -> Self
    where
        T: Serialize,
    {
        Self(Box::new(move |runtime, shared| {
            let runtime = runtime.clone();
            let feed = move || {
                // Iterators may use the runtime: `Handle::current`.
                let _entered = runtime.enter();
                let feed = AssertUnwindSafe(|| feed_from_thread(&shared, &mut next));
                if let Err(payload) = catch_unwind(feed) {
                    shared.end(Some(panicked(&*payload)));
                }
            };
            let thread = std::thread::Builder::new().name("es-client-bulk".to_owned());
            thread.spawn(feed).map_err(Error::thread)?;
            Ok(None)
        }))
    }

    fn task<S, T>(operations: S) -> Self
    where
        S: Stream<Item = Result<Operation<T, C>, BoxError>> + Send + 'static,
        T: Serialize + Send,
    {
        Self(Box::new(move |runtime, shared| {
            let feed = async move {
                let feed = AssertUnwindSafe(feed_from_task(&shared, operations));
                if let Err(payload) = feed.catch_unwind().await {
                    shared.end(Some(panicked(&*payload)));
                }
            };
            Ok(Some(runtime.spawn(feed).abort_handle()))
        }))
    }

    /// Starts to feed the operations; a task can be aborted.
    pub(super) fn start(
        self,
        runtime: &Handle,
        shared: Arc<Shared<C>>,
    ) -> Result<Option<AbortHandle>> {
        (self.0)(runtime, shared)
    }
}

fn feed_from_thread<T: Serialize, C>(
    shared: &Shared<C>,
    mut next: impl FnMut() -> Option<Result<Operation<T, C>, BoxError>>,
) {
    let mut has_room = false;
    while has_room || shared.wait_for_room() {
        match add(shared, next()) {
            Some(room) => has_room = room,
            None => return,
        }
    }
}

async fn feed_from_task<T: Serialize, C>(
    shared: &Shared<C>,
    operations: impl Stream<Item = Result<Operation<T, C>, BoxError>>,
) {
    let mut operations = pin!(operations);
    let (mut has_room, mut turn) = (false, 0);
    while has_room || shared.has_room().await {
        match add(shared, operations.next().await) {
            Some(room) => has_room = room,
            None => return,
        }
        turn += 1;
        if turn % OPERATIONS_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Adds what the source gave; returns whether there is room for more, or
/// nothing when the source has ended.
fn add<T: Serialize, C>(
    shared: &Shared<C>,
    next: Option<Result<Operation<T, C>, BoxError>>,
) -> Option<bool> {
    let operation = match next {
        Some(Ok(operation)) => operation,
        Some(Err(error)) => {
            shared.end(Some(Error::source_of_operations(error)));
            return None;
        }
        None => {
            shared.end(None);
            return None;
        }
    };
    match shared.push(operation) {
        Pushed::Room => Some(true),
        Pushed::Full => Some(false),
        Pushed::Stopped => None,
        Pushed::Panicked(payload) => {
            shared.end(Some(panicked(&*payload)));
            None
        }
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    Error::source_of_operations(panic_message(payload).into())
}

impl<C> fmt::Debug for Source<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
