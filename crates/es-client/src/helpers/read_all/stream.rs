use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use serde::de::DeserializeOwned;

use super::{
    builder::Spec,
    cursor::{self, Cursor, Place},
    page::Page,
    session::{self, Session},
};
use crate::{
    error::{Error, Result},
    types::Hit,
};

type Task<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// Every hit, page after page. An error is its last item.
#[must_use = "nothing is read until the stream is"]
pub struct ReadAllStream<T> {
    state: State<T>,
}

enum State<T> {
    Invalid(Option<Error>),
    /// Nothing was asked for yet.
    New(Arc<Spec>),
    Opening(Arc<Spec>, Task<Result<Session>>),
    Reading(Reading<T>),
    /// With the error that comes after it.
    Closing(Task<()>, Option<Error>),
    Ended,
}

// Nothing of it is pinned in place.
impl<T> Unpin for ReadAllStream<T> {}

/// A session that is being read; closed when it is dropped.
struct Reading<T> {
    spec: Arc<Spec>,
    session: Option<Session>,
    /// Slices whose next page is not asked for yet.
    idle: Vec<Cursor>,
    pages: FuturesUnordered<Task<(Cursor, Result<Page<T>>)>>,
    hits: VecDeque<Hit<T>>,
    /// What comes after the hits that are there.
    failed: Option<Error>,
}

impl<T: DeserializeOwned + Send + 'static> ReadAllStream<T> {
    pub(super) fn new(spec: Result<Spec>) -> Self {
        let state = match spec {
            Ok(spec) => State::New(Arc::new(spec)),
            Err(error) => State::Invalid(Some(error)),
        };
        Self { state }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for ReadAllStream<T> {
    type Item = Result<Hit<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.state = match &mut self.state {
                State::Invalid(error) => return Poll::Ready(error.take().map(Err)),
                State::New(spec) => {
                    State::Opening(Arc::clone(spec), Box::pin(session::open(Arc::clone(spec))))
                }
                State::Opening(spec, opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(session) => State::Reading(Reading::new(Arc::clone(spec), session)),
                    Err(error) => State::Invalid(Some(error)),
                },
                State::Reading(reading) => match ready!(reading.poll_hit(cx)) {
                    Ok(Some(hit)) => return Poll::Ready(Some(Ok(hit))),
                    Ok(None) => reading.close(None),
                    Err(error) => reading.close(Some(error)),
                },
                State::Closing(closing, error) => {
                    ready!(closing.as_mut().poll(cx));
                    let error = error.take();
                    self.state = State::Ended;
                    return Poll::Ready(error.map(Err));
                }
                State::Ended => return Poll::Ready(None),
            };
        }
    }
}

/// What is being opened is closed, and what is being closed is so to its end.
impl<T> Drop for ReadAllStream<T> {
    fn drop(&mut self) {
        // Without a runtime nothing can be sent; the server ends it in time.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Opening(spec, opening) => {
                runtime.spawn(session::close_what_opens(spec, opening));
            }
            State::Closing(closing, _) => {
                runtime.spawn(closing);
            }
            // What is read closes by itself.
            State::Reading(_) | State::New(_) | State::Invalid(_) | State::Ended => {}
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Reading<T> {
    fn new(spec: Arc<Spec>, session: Session) -> Self {
        let idle = session.cursors(spec.slices);
        let (pages, hits) = (FuturesUnordered::new(), VecDeque::new());
        Self { spec, session: Some(session), idle, pages, hits, failed: None }
    }

    fn poll_hit(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Hit<T>>>> {
        while self.failed.is_none() {
            // The next pages are under way while the last ones are read; a
            // reader that is slow has two of a slice at most.
            if self.hits.len() < self.spec.page_size as usize {
                self.ask();
            }
            match Pin::new(&mut self.pages).poll_next(cx) {
                Poll::Ready(Some((cursor, Ok(page)))) => self.take_in(cursor, page),
                Poll::Ready(Some((_, Err(error)))) => self.failed = Some(error),
                Poll::Pending if self.hits.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(match self.hits.pop_front() {
            Some(hit) => Ok(Some(hit)),
            None => self.failed.take().map_or(Ok(None), Err),
        })
    }

    /// Asks for the next page of every slice that has one.
    fn ask(&mut self) {
        for cursor in self.idle.drain(..) {
            let point_in_time = self.session.as_ref().and_then(Session::point_in_time);
            self.pages.push(Box::pin(cursor::read(Arc::clone(&self.spec), cursor, point_in_time)));
        }
    }

    fn take_in(&mut self, mut cursor: Cursor, mut page: Page<T>) {
        match (&mut self.session, &mut cursor.place) {
            (Some(Session::PointInTime(id)), Place::After(after)) => {
                // The server may give it another id with every page.
                if let Some(new) = page.pit_id.take().filter(|new| **new != **id) {
                    *id = new.into();
                }
                *after = page.last.take().or(after.take());
            }
            (Some(Session::Scroll(ids)), Place::Scroll(place)) => {
                *place = page.scroll_id.take().or(place.take());
                if let Some(id) = ids.get_mut(cursor.slice as usize) {
                    id.clone_from(place);
                }
            }
            _ => {}
        }
        let ended = page.len() < self.spec.page_size as usize;
        self.hits.extend(page.into_hits());
        if !ended {
            self.idle.push(cursor);
        }
    }

    fn close(&mut self, error: Option<Error>) -> State<T> {
        match self.session.take() {
            Some(session) => {
                State::Closing(Box::pin(session.close(self.spec.client.clone())), error)
            }
            None => State::Invalid(error),
        }
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        let session = self.session.take();
        // Without a runtime nothing can be sent; the server ends it in time.
        if let (Some(session), Ok(runtime)) = (session, tokio::runtime::Handle::try_current()) {
            runtime.spawn(session.close(self.spec.client.clone()));
        }
    }
}

impl<T> fmt::Debug for ReadAllStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Invalid(_) | State::Ended => "ended",
            State::New(_) => "new",
            State::Opening(..) => "opening",
            State::Reading(_) => "reading",
            State::Closing(..) => "closing",
        };
        f.debug_struct("ReadAllStream").field("state", &state).finish_non_exhaustive()
    }
}
