use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use es_transport::BoxError;
use futures_core::Stream;
use pin_project_lite::pin_project;
use serde::Serialize;

use super::operation::{IntoOperation, Operation};

/// Where operations come from: an iterator or a stream of documents, of
/// [operations](Operation), or of results of either.
///
/// `Via` is inferred; it tells the four apart. It cannot be where the error of
/// the results is something that can be serialised, such as a string: results
/// themselves could then be meant as documents. Turn it into an error first.
pub trait IntoOperations<Via> {
    /// The type of the documents.
    type Document: Serialize;
    /// The operations.
    type Operations: Stream<Item = Result<Operation<Self::Document>, BoxError>>;

    /// The operations, one by one.
    fn into_operations(self) -> Self::Operations;
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
    I::Item: IntoOperation,
{
    type Document = <I::Item as IntoOperation>::Document;
    type Operations = FromIter<I::IntoIter>;

    fn into_operations(self) -> Self::Operations {
        FromIter(self.into_iter())
    }
}

impl<I, O, E> IntoOperations<ViaTryIterator> for I
where
    I: IntoIterator<Item = Result<O, E>>,
    O: IntoOperation,
    E: Into<BoxError>,
{
    type Document = O::Document;
    type Operations = FromTryIter<I::IntoIter>;

    fn into_operations(self) -> Self::Operations {
        FromTryIter(self.into_iter())
    }
}

impl<S> IntoOperations<ViaStream> for S
where
    S: Stream,
    S::Item: IntoOperation,
{
    type Document = <S::Item as IntoOperation>::Document;
    type Operations = FromStream<S>;

    fn into_operations(self) -> Self::Operations {
        FromStream { stream: self }
    }
}

impl<S, O, E> IntoOperations<ViaTryStream> for S
where
    S: Stream<Item = Result<O, E>>,
    O: IntoOperation,
    E: Into<BoxError>,
{
    type Document = O::Document;
    type Operations = FromTryStream<S>;

    fn into_operations(self) -> Self::Operations {
        FromTryStream { stream: self }
    }
}

/// The operations of an iterator.
pub struct FromIter<I>(I);
/// The operations of an iterator of results.
pub struct FromTryIter<I>(I);

// An iterator is never pinned.
impl<I> Unpin for FromIter<I> {}
impl<I> Unpin for FromTryIter<I> {}

impl<I> Stream for FromIter<I>
where
    I: Iterator,
    I::Item: IntoOperation,
{
    type Item = Result<Operation<<I::Item as IntoOperation>::Document>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(|item| Ok(item.into_operation())))
    }
}

impl<I, O, E> Stream for FromTryIter<I>
where
    I: Iterator<Item = Result<O, E>>,
    O: IntoOperation,
    E: Into<BoxError>,
{
    type Item = Result<Operation<O::Document>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(of_result))
    }
}

fn of_result<O, E>(item: Result<O, E>) -> Result<Operation<O::Document>, BoxError>
where
    O: IntoOperation,
    E: Into<BoxError>,
{
    item.map(IntoOperation::into_operation).map_err(Into::into)
}

pin_project! {
    /// The operations of a stream.
    pub struct FromStream<S> {
        #[pin]
        stream: S,
    }
}

pin_project! {
    /// The operations of a stream of results.
    pub struct FromTryStream<S> {
        #[pin]
        stream: S,
    }
}

impl<S> Stream for FromStream<S>
where
    S: Stream,
    S::Item: IntoOperation,
{
    type Item = Result<Operation<<S::Item as IntoOperation>::Document>, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(item.map(|item| Ok(item.into_operation())))
    }
}

impl<S, O, E> Stream for FromTryStream<S>
where
    S: Stream<Item = Result<O, E>>,
    O: IntoOperation,
    E: Into<BoxError>,
{
    type Item = Result<Operation<O::Document>, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(item.map(of_result))
    }
}

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl<S> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque!(FromIter, FromTryIter, FromStream, FromTryStream);
