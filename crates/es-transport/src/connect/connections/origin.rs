//! One scheme, host and port, and its connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Request, Uri, header::HOST};
use tokio::{runtime::Handle, sync::oneshot};

use super::{
    dial::Dialing,
    lease::Lease,
    line::BoxLine,
    queue::Waiter,
    reaper,
    settings::Common,
    state::{Given, State},
    waiting::Waiting,
};
use crate::{
    body::Body,
    error::{Error, Result},
};

pub(super) struct Origin {
    common: Arc<Common>,
    /// Scheme and authority with the path `/`: what the connector is asked for.
    uri: Uri,
    host: HeaderValue,
    state: Mutex<State>,
}

impl Origin {
    pub(super) fn new(common: Arc<Common>, target: &Uri) -> Result<Self> {
        let authority = target.authority().map_or("", |authority| authority.as_str());
        // User info is no part of a host and must not go out in a header.
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let uri = Uri::builder()
            .scheme(target.scheme().cloned().unwrap_or(http::uri::Scheme::HTTP))
            .authority(host)
            .path_and_query("/")
            .build()
            .map_err(|error| Error::request("its URI names no node").with_source(error))?;
        let host = HeaderValue::from_str(host)
            .map_err(|error| Error::request("its host fits no header").with_source(error))?;
        Ok(Self { common, uri, host, state: Mutex::default() })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether its connections are without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.uri.scheme() == Some(&http::uri::Scheme::HTTP)
    }

    /// Makes an absolute URI what goes out, without copying its text, and adds
    /// the `Host` where it is missing.
    pub(super) fn prepare(&self, request: &mut Request<Body>) {
        if request.uri().scheme().is_some() {
            let target = std::mem::take(request.uri_mut()).into_parts().path_and_query;
            if let Some(target) = target {
                *request.uri_mut() = Uri::from(target);
            }
        }
        request.headers_mut().entry(HOST).or_insert_with(|| self.host.clone());
    }

    /// An idle connection, if there is one.
    pub(super) fn check_out(self: &Arc<Self>) -> Option<Lease> {
        let mut state = self.lock();
        let line = state.pop_idle(&self.common.limits, || self.common.clock.now());
        self.unlock(state);
        Some(Lease::new(Arc::clone(self), line?, true))
    }

    /// Puts a request in the queue, and starts a dial where one more connection
    /// is allowed and none is on its way for nobody.
    pub(super) fn wait(self: &Arc<Self>, request: Request<Body>) -> Result<Waiting> {
        let runtime = Handle::try_current()
            .map_err(|_| Error::request("connections need a tokio runtime"))?;
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return Err(Error::closed());
        }
        let id = state.next_id;
        state.next_id += 1;
        let clock = || self.common.clock.now();
        if let Some(line) = state.pop_idle(&self.common.limits, clock) {
            // It became idle since the request looked; nobody would hand it over.
            drop(sender.send(Ok(Given { line, reused: true })));
        } else {
            let promised = state.waiting.dialing();
            let unclaimed = state.dials.saturating_sub(promised);
            let unserved = state.waiting.len() - promised;
            let dialing = state.open < self.common.limits.max_open && unclaimed <= unserved;
            state.waiting.push(Waiter { id, dialing, sender, runtime: runtime.clone() });
            if dialing {
                state.plan_dial(id, runtime);
            }
        }
        self.unlock(state);
        let after = self.common.limits.acquire_timeout;
        Ok(Waiting::new(Arc::clone(self), id, receiver, request, after))
    }

    /// Releases the lock, and then does what must not be done under it: what a
    /// runtime that has ended is given to run is dropped at once and comes back
    /// here, and a hook or who reads the log may do anything.
    fn unlock(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let (has_thawed, starts) = (state.take_thaw(), state.begin_starting());
        drop(state);
        if has_thawed {
            tracing::debug!(node = %self.uri, "idle connections dropped after a thaw");
            (self.common.on_thaw)();
        }
        if starts {
            self.start_planned();
        }
    }

    /// A dial that fails at once plans the next one, which this loop starts too:
    /// the stack does not grow with the queue.
    fn start_planned(self: &Arc<Self>) {
        loop {
            let Some((waiter, runtime)) = self.lock().next_planned() else { return };
            runtime.spawn(Dialing::new(Arc::clone(self), waiter).run());
        }
    }

    pub(super) fn dial(&self) -> impl Future<Output = Result<BoxLine>> + use<> {
        self.common.dial.dial(self.uri.clone())
    }

    /// A dial succeeded.
    pub(super) fn opened(self: &Arc<Self>, line: BoxLine) {
        self.lock().dials -= 1;
        self.check_in(line, false);
    }

    /// A dial failed: its waiter, if it still waits, gets the error.
    pub(super) fn dial_failed(self: &Arc<Self>, waiter: u64, error: Error) {
        let mut state = self.lock();
        state.dials -= 1;
        let nobodys = match state.waiting.take(waiter) {
            Some(waiter) => {
                drop(waiter.sender.send(Err(error)));
                None
            }
            None => Some(error),
        };
        state.free_place();
        self.unlock(state);
        if let Some(error) = nobodys {
            tracing::debug!(node = %self.uri, %error, "a connection for nobody failed");
        }
    }

    /// A connection that can take a request again goes to the next in the queue
    /// or into the list.
    pub(super) fn check_in(self: &Arc<Self>, line: BoxLine, reused: bool) {
        let mut state = self.lock();
        let Some(given) = state.hand_over(Given { line, reused }) else { return };
        let start = state.push_idle(given.line, &self.common.limits, || self.common.clock.now());
        drop(state);
        if start {
            reaper::start(self, self.common.limits.round);
        }
    }

    /// A connection that can take no request any more.
    pub(super) fn check_out_closed(self: &Arc<Self>, line: BoxLine) {
        drop(line);
        let mut state = self.lock();
        state.free_place();
        self.unlock(state);
    }

    /// A waiter gave up. It may have been served just before.
    pub(super) fn give_up(
        self: &Arc<Self>,
        waiter: u64,
        receiver: &mut oneshot::Receiver<Result<Given>>,
    ) {
        // Connections are handed over under the lock: none can come after this.
        drop(self.lock().waiting.take(waiter));
        if let Ok(Ok(given)) = receiver.try_recv() {
            self.check_in(given.line, given.reused);
        }
    }

    /// One round of the reaper: says whether anything is left to watch.
    pub(super) fn reap(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        let goes_on = state.reap(&self.common.limits, self.common.clock.now());
        self.unlock(state);
        goes_on
    }

    /// The reaper ended although connections are idle.
    pub(super) fn reaper_missing(&self) {
        self.lock().reaper_missing();
    }

    pub(super) fn drop_idle(&self) {
        self.lock().drop_idle();
    }

    /// Lets the origin go: idle connections close now, the others when they end.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        state.retired = true;
        state.drop_idle();
    }

    /// As [`Origin::retire`], and who waits is sent away.
    pub(super) fn close(&self) {
        self.retire();
        let mut state = self.lock();
        state.closed = true;
        state.waiting.close();
    }

    /// How many connections are open or being opened, and how many of them are idle.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.open, state.idle_count())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
