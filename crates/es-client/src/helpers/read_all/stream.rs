use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::{runtime::Handle, task::JoinSet};
use tracing::Instrument;

use super::{
    builder::Spec,
    page::{self, Cursor, Page, Place},
    resume::{LastRead, Position, ResumeToken},
    session::{self, Session},
};
use crate::{
    error::{Error, Result},
    helpers::spawn,
    types::Hit,
};

type Task<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// A stream of all hits. If an error occurs, it is the last item.
///
/// Each page is requested by a separate task, so that its response is read in time even
/// if the reader of the hits pauses.
#[must_use = "nothing is read until the stream is"]
pub struct ReadAllStream<T> {
    state: State<T>,
    /// The position at an error, if the point in time stays open.
    token: Option<ResumeToken>,
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
    runtime: Handle,
    session: Option<Session>,
    /// Slices whose next page is not requested yet.
    idle: Vec<Cursor>,
    requested: JoinSet<(Cursor, Result<Page<T>>)>,
    pages: VecDeque<BufferedPage<T>>,
    /// Where each slice was read to, for the resume token.
    positions: Vec<Position>,
    last_read: Option<LastRead>,
    /// The error that comes after the buffered hits.
    failed: Option<Error>,
}

/// A page whose hits are being read.
struct BufferedPage<T> {
    slice: usize,
    hits: std::vec::IntoIter<Hit<T>>,
    /// The position once all its hits are read.
    end: Position,
}

impl<T: DeserializeOwned + Send + 'static> ReadAllStream<T> {
    pub(super) fn new(spec: Result<Spec>) -> Self {
        let state = match spec {
            Ok(spec) => State::New(Arc::new(spec)),
            Err(error) => State::Invalid(Some(error)),
        };
        Self { state, token: None }
    }

    /// Returns the position after the last hit that was read, for
    /// [`resume`](super::ReadAll::resume). `None` before the first page, after the end,
    /// after an error without [`leave_open`](super::ReadAll::leave_open), and for scrolls,
    /// which cannot be resumed.
    ///
    /// A stream that is sorted by fractional numbers is resumed at the beginning of its
    /// page, so that some hits are returned twice.
    pub fn resume_token(&self) -> Option<ResumeToken> {
        match &self.state {
            State::Reading(reading) => reading.resume_token(),
            _ => self.token.clone(),
        }
    }

    /// Ends the stream without closing the point in time, so that it can be resumed.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use futures_util::TryStreamExt;
    ///
    /// let numbers = (0..10).map(|n| serde_json::json!({"n": n}));
    /// client.helpers().bulk("numbers", numbers).await?;
    /// let read = || client.helpers().read_all::<serde_json::Value>("numbers");
    /// let mut hits = read().stream();
    /// hits.try_next().await?;
    /// let token = hits.pause().unwrap().to_string();
    ///
    /// let rest: Vec<_> = read().resume(token.parse()?).stream().try_collect().await?;
    /// assert_eq!(rest.len(), 9);
    /// # Ok(()) }
    /// ```
    pub fn pause(mut self) -> Option<ResumeToken> {
        let token = self.resume_token()?;
        if let State::Reading(reading) = &mut self.state {
            reading.session = None;
        }
        Some(token)
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for ReadAllStream<T> {
    type Item = Result<Hit<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.state = match &mut self.state {
                State::Invalid(error) => return Poll::Ready(error.take().map(Err)),
                State::New(_) if Handle::try_current().is_err() => {
                    State::Invalid(Some(Error::no_runtime()))
                }
                State::New(spec) => {
                    State::Opening(Arc::clone(spec), Box::pin(session::open(Arc::clone(spec))))
                }
                State::Opening(spec, opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(session) => match Handle::try_current() {
                        Ok(runtime) => {
                            State::Reading(Reading::new(Arc::clone(spec), runtime, session))
                        }
                        Err(_) => State::Invalid(Some(Error::no_runtime())),
                    },
                    Err(error) => State::Invalid(Some(error)),
                },
                State::Reading(reading) => match ready!(reading.poll_hit(cx)) {
                    Ok(Some(hit)) => return Poll::Ready(Some(Ok(hit))),
                    Ok(None) => reading.close(None),
                    Err(error) => {
                        let token = reading.resume_token().filter(|_| reading.spec.leave_open);
                        let closing = reading.close(Some(error));
                        self.token = token;
                        closing
                    }
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

/// Closes what is being opened, and goes on with closing.
impl<T> Drop for ReadAllStream<T> {
    fn drop(&mut self) {
        // Without a runtime nothing can be sent; the server ends it in time.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Opening(spec, opening) => {
                spawn(&runtime, Box::pin(session::close_what_opens(spec, opening)));
            }
            State::Closing(closing, _) => {
                spawn(&runtime, closing);
            }
            // What is read closes by itself.
            State::Reading(_) | State::New(_) | State::Invalid(_) | State::Ended => {}
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Reading<T> {
    fn new(spec: Arc<Spec>, runtime: Handle, session: Session) -> Self {
        let idle = session.cursors(&spec);
        let positions = (0..spec.slices).map(|slice| spec.position(slice)).collect();
        Self {
            spec,
            runtime,
            session: Some(session),
            idle,
            requested: JoinSet::new(),
            pages: VecDeque::new(),
            positions,
            last_read: None,
            failed: None,
        }
    }

    fn poll_hit(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Hit<T>>>> {
        loop {
            self.finish_page();
            // The next pages are requested while the last one is read.
            if self.failed.is_none() && self.pages.len() <= 1 {
                self.request_pages();
            }
            match self.requested.poll_join_next(cx) {
                Poll::Ready(Some(Ok((cursor, Ok(page))))) => self.take_in(cursor, page),
                Poll::Ready(Some(Ok((_, Err(error))))) => {
                    self.failed.get_or_insert(error);
                }
                Poll::Ready(Some(Err(error))) => {
                    if let Ok(payload) = error.try_into_panic() {
                        std::panic::resume_unwind(payload);
                    }
                    self.failed.get_or_insert(Error::runtime_ended());
                }
                Poll::Pending if self.pages.is_empty() && self.failed.is_none() => {
                    return Poll::Pending;
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(
            match self.pages.front_mut().and_then(|page| page.hits.next()) {
                Some(hit) => {
                    self.last_read = Some(LastRead::of(&hit.sort));
                    Ok(Some(hit))
                }
                None => self.failed.take().map_or(Ok(None), Err),
            },
        )
    }

    /// Leaves a page whose hits were all read.
    fn finish_page(&mut self) {
        while self.pages.front().is_some_and(|page| page.hits.len() == 0) {
            let Some(page) = self.pages.pop_front() else {
                return;
            };
            if let Some(position) = self.positions.get_mut(page.slice) {
                *position = page.end;
            }
            self.last_read = None;
        }
    }

    /// Requests the next page of every slice that has one.
    fn request_pages(&mut self) {
        for cursor in self.idle.drain(..) {
            let point_in_time = self.session.as_ref().and_then(Session::point_in_time);
            let read = page::read(Arc::clone(&self.spec), cursor, point_in_time);
            self.requested
                .spawn_on(read.in_current_span(), &self.runtime);
        }
    }

    fn take_in(&mut self, mut cursor: Cursor, mut page: Page<T>) {
        // A page that is short for lack of time or shards is not the last one.
        let is_last = if self.spec.allow_partial {
            page.len() == 0
        } else {
            page.len() < cursor.size as usize
        };
        let mut end = Position::Ended;
        match (&mut self.session, &mut cursor.place) {
            (Some(Session::PointInTime(id)), Place::After(after)) => {
                // The server may give it another id with every page.
                if let Some(new) = page.pit_id.take().filter(|new| **new != **id) {
                    *id = new.into();
                }
                *after = page.last.take().or(after.take());
                if let (Some(after), false) = (after, is_last) {
                    end = Position::After(after.clone());
                }
                cursor.adapt(&self.spec, &page);
            }
            (Some(Session::Scroll(ids)), Place::Scroll(place)) => {
                *place = page.scroll_id.take().or(place.take());
                if let Some(id) = ids.get_mut(cursor.slice as usize) {
                    id.clone_from(place);
                }
            }
            _ => {}
        }
        let (slice, hits) = (cursor.slice as usize, page.into_hits().into_iter());
        self.pages.push_back(BufferedPage { slice, hits, end });
        if !is_last {
            self.idle.push(cursor);
        }
    }

    fn resume_token(&self) -> Option<ResumeToken> {
        let pit = self.session.as_ref()?.point_in_time()?.to_string();
        let mut slices = self.positions.clone();
        if let Some(page) = self.pages.front()
            && let Some(position) = slices.get_mut(page.slice)
        {
            if page.hits.len() == 0 {
                position.clone_from(&page.end);
            } else if let Some(last) = &self.last_read {
                *position = last.position(position);
            }
        }
        Some(ResumeToken {
            index: self.spec.index.to_string(),
            pit,
            search: self.spec.search_hash(),
            slices,
        })
    }

    fn close(&mut self, error: Option<Error>) -> State<T> {
        match self.session.take().filter(|_| !self.spec.leave_open) {
            Some(session) => {
                State::Closing(Box::pin(session.close(self.spec.client.clone())), error)
            }
            None => State::Invalid(error),
        }
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        let session = self.session.take().filter(|_| !self.spec.leave_open);
        // Without a runtime nothing can be sent; the server ends it in time.
        if let (Some(session), Ok(runtime)) = (session, tokio::runtime::Handle::try_current()) {
            let closing = session.close(self.spec.client.clone());
            spawn(&runtime, Box::pin(closing));
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
        f.debug_struct("ReadAllStream")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
