//! A host's connections behind a lock, and what happens outside of the lock: opening
//! connections, waking waiters, closing what became too old.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use http::{
    HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, HOST},
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle, time::Instant};

use super::{
    connection::{HttpConnection, PooledConnection},
    host::{self, Host, Waiter},
    settings::Settings,
};
use crate::{
    body::Body,
    error::{Error, Result, TimeoutPhase},
    options::RequestOptions,
};

/// The delay of an eviction after which the process is taken to have been suspended: more
/// than a busy runtime causes.
const SUSPEND_SLACK: Duration = Duration::from_secs(5);

/// The runtime that drives a connection.
#[derive(Clone, Debug)]
pub(super) struct Runtime(Handle);

impl Runtime {
    pub(super) fn current() -> Result<Self> {
        Handle::try_current()
            .map(Self)
            .map_err(|_| Error::request("connections need a tokio runtime"))
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.0.spawn(task)
    }
}

impl PartialEq for Runtime {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

type Member = host::Member<Box<HttpConnection>, Runtime>;

/// The sender of a waiting request.
pub(super) struct Slot(oneshot::Sender<Result<Member>>);

impl Waiter<Box<HttpConnection>, Runtime> for Slot {
    fn deliver(self, member: Member) -> Result<(), Member> {
        match self.0.send(Ok(member)) {
            Err(Ok(member)) => Err(member),
            _ => Ok(()),
        }
    }
}

impl Slot {
    fn fail(self, error: Error) {
        // The request may be gone.
        drop(self.0.send(Err(error)));
    }
}

/// The connections of one scheme, host and port.
pub(super) struct SharedHost {
    settings: Arc<Settings>,
    /// Scheme and authority with the path `/`, for which the connector is called.
    uri: Uri,
    scheme: Scheme,
    authority: Authority,
    header: HeaderValue,
    state: Mutex<State>,
}

struct State {
    host: Host<Box<HttpConnection>, Slot, Runtime>,
    /// `None` while nothing is idle.
    eviction: Option<Eviction>,
    /// The process was suspended, which was not reported yet.
    was_suspended: bool,
    /// Somebody up the stack starts the connects, one after the other.
    is_connecting: bool,
}

/// A running eviction task.
struct Eviction {
    runtime: Runtime,
    /// When it came round last, by the wall clock.
    last: SystemTime,
}

/// How a request got a connection.
pub(super) enum Acquired {
    Idle(PooledConnection),
    Waiting(Waiting),
}

impl SharedHost {
    pub(super) fn new(settings: Arc<Settings>, target: &Uri) -> Result<Self> {
        let scheme = target.scheme().cloned().unwrap_or(Scheme::HTTP);
        let authority = target.authority().map_or("", Authority::as_str);
        // User info is no part of a host and must not go out in a header.
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let header = HeaderValue::from_str(authority)
            .map_err(|error| Error::request("its host is not a header value").with_source(error))?;
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority)
            .path_and_query("/")
            .build()
            .map_err(|error| Error::request("its URI names no node").with_source(error))?;
        let authority = uri
            .authority()
            .cloned()
            .ok_or_else(|| Error::request("it has no host"))?;

        let one_at_a_time = settings.may_share && scheme == Scheme::HTTPS;
        let state = State {
            host: Host::new(settings.limits, one_at_a_time),
            eviction: None,
            was_suspended: false,
            is_connecting: false,
        };
        Ok(Self {
            settings,
            uri,
            scheme,
            authority,
            header,
            state: Mutex::new(state),
        })
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether its connections are without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// Makes the target of a request its path, without copying the text, and adds `Host`.
    pub(super) fn set_origin_form(&self, request: &mut Request<Body>) {
        if request.uri().authority().is_some() {
            let path = std::mem::take(request.uri_mut())
                .into_parts()
                .path_and_query;
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        self.set_host(request);
    }

    /// Makes the target of a request its whole URI, as proxies and HTTP/2 want it.
    pub(super) fn set_absolute_form(&self, request: &mut Request<Body>) {
        let root = || PathAndQuery::from_static("/");
        let path = std::mem::take(request.uri_mut())
            .into_parts()
            .path_and_query;
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(root));
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        self.set_host(request);
    }

    fn set_host(&self, request: &mut Request<Body>) {
        request
            .headers_mut()
            .entry(HOST)
            .or_insert_with(|| self.header.clone());
        set_empty_length(request);
    }

    /// Takes an idle connection, or puts the request into the queue.
    pub(super) fn acquire(self: &Arc<Self>) -> Result<Acquired> {
        let runtime = Runtime::current()?;
        let now = Instant::now();
        let mut state = self.lock();
        if state.host.idle() > 0 {
            self.check_suspended(&mut state, &runtime);
        }
        if let Some(member) = state.host.checkout(&runtime, now) {
            self.unlock(state);
            let connection = PooledConnection::new(Arc::clone(self), member, now);
            return Ok(Acquired::Idle(connection));
        }

        let (sender, receiver) = oneshot::channel();
        let id = state
            .host
            .enqueue(Slot(sender), runtime)
            .ok_or_else(Error::closed)?;
        self.unlock(state);
        Ok(Acquired::Waiting(Waiting {
            host: Arc::clone(self),
            id,
            receiver,
        }))
    }

    /// Returns how long a request waits for a connection.
    pub(super) fn acquire_timeout(&self, request: &Request<Body>) -> Duration {
        let own = RequestOptions::of(request);
        let own = own.and_then(|options| options.request_timeout.value());
        self.settings.acquire_timeout(own)
    }

    /// Drops all idle connections if the eviction task, which runs in this runtime, is
    /// long overdue: they are most likely dead.
    fn check_suspended(&self, state: &mut State, runtime: &Runtime) {
        let Some(eviction) = &mut state.eviction else {
            return;
        };
        if eviction.runtime != *runtime {
            return;
        }
        let now = self.settings.detector.now();
        let since = now.duration_since(eviction.last).unwrap_or_default();
        if since > self.settings.eviction_period() + SUSPEND_SLACK {
            eviction.last = now;
            state.was_suspended = true;
            state.host.clear_idle();
        }
    }

    pub(super) fn release(self: &Arc<Self>, member: Member, now: Instant) {
        let mut state = self.lock();
        state.host.release(member, now);
        self.unlock(state);
    }

    pub(super) fn discard(self: &Arc<Self>, member: Member) {
        let mut state = self.lock();
        state.host.discard(member);
        self.unlock(state);
    }

    pub(super) fn distrust(self: &Arc<Self>, good_at: Instant) {
        let mut state = self.lock();
        state.host.distrust(good_at);
        self.unlock(state);
    }

    pub(super) fn clear_idle(self: &Arc<Self>) {
        let mut state = self.lock();
        state.host.clear_idle();
        self.unlock(state);
    }

    /// Closes idle connections now and the others when they are released.
    pub(super) fn retire(self: &Arc<Self>) {
        let mut state = self.lock();
        state.host.retire();
        self.unlock(state);
    }

    /// Retires the host, and fails all requests that wait.
    pub(super) fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        let waiters = state.host.close();
        self.unlock(state);
        waiters
            .into_iter()
            .for_each(|waiter| waiter.fail(Error::closed()));
    }

    /// Returns how many connections are open or being opened, and how many are idle.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.host.open(), state.host.idle())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the lock, and then does what must not be done under it: dropping a
    /// connection or spawning into a runtime that has ended may come back here, and a
    /// hook may do anything.
    fn unlock(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let was_suspended = std::mem::take(&mut state.was_suspended);
        let removed = state.host.take_removed();
        let connects = state.host.has_unclaimed_waiters() && !state.is_connecting;
        let evicts = (state.eviction.is_none())
            .then(|| state.host.idle_runtime())
            .flatten();
        if let Some(runtime) = evicts.clone() {
            state.eviction = Some(Eviction {
                runtime,
                last: self.settings.detector.now(),
            });
        }
        drop(state);

        drop(removed);
        if was_suspended {
            tracing::debug!(node = %self.uri, "idle connections dropped after a suspension");
            self.settings.resumed();
        }
        if let Some(runtime) = evicts {
            runtime.spawn(EvictionTask::new(self).run(self.settings.eviction_period()));
        }
        if connects {
            self.start_connects();
        }
    }

    /// Starts the connects that are needed. One that fails at once makes room for the
    /// next, which this loop starts too: the stack does not grow with the queue.
    #[cold]
    fn start_connects(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            if state.is_connecting {
                return;
            }
            let Some(host::Connect { waiter, runtime }) = state.host.next_connect() else {
                return;
            };
            state.is_connecting = true;
            let removed = state.host.take_removed();
            drop(state);

            drop(removed);
            let connecting = Connecting {
                host: Arc::clone(self),
                waiter,
                runtime,
                is_done: false,
            };
            connecting.runtime.clone().spawn(connecting.run());
            self.lock().is_connecting = false;
        }
    }

    fn connected(self: &Arc<Self>, waiter: u64, connection: Box<HttpConnection>, runtime: Runtime) {
        let now = Instant::now();
        let expires_at = self.settings.max_age().and_then(|age| now.checked_add(age));
        let member = Member {
            connection,
            runtime,
            expires_at,
            good_at: now,
            is_reused: false,
        };
        let mut state = self.lock();
        state.host.connected(waiter, member, now);
        self.unlock(state);
    }

    fn connect_failed(self: &Arc<Self>, waiter: u64, runtime: &Runtime, error: Error) {
        let mut state = self.lock();
        let waiter = state.host.connect_failed(waiter, runtime);
        match waiter {
            Some(waiter) => waiter.fail(error),
            None => tracing::debug!(node = %self.uri, %error, "an unclaimed connect failed"),
        }
        self.unlock(state);
    }
}

/// A place in the queue of a host.
pub(super) struct Waiting {
    host: Arc<SharedHost>,
    id: u64,
    receiver: oneshot::Receiver<Result<Member>>,
}

impl Waiting {
    /// Waits for a connection, for at most this time.
    pub(super) async fn connection(mut self, limit: Duration) -> Result<PooledConnection> {
        match tokio::time::timeout(limit, &mut self.receiver).await {
            Ok(Ok(Ok(member))) => Ok(PooledConnection::new(
                Arc::clone(&self.host),
                member,
                Instant::now(),
            )),
            Ok(Ok(Err(error))) => Err(error),
            // Without a sender nobody is left who could serve it.
            Ok(Err(_)) => Err(Error::closed()),
            Err(_elapsed) => Err(Error::timeout(TimeoutPhase::Acquire, limit)),
        }
    }
}

/// States the length of a body that is missing where the method suggests one (RFC 9110,
/// section 8.6): strict proxies refuse such a request with 411.
fn set_empty_length(request: &mut Request<Body>) {
    let has_meaning = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    if has_meaning && request.body().is_empty() {
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
}

impl Drop for Waiting {
    /// A request that is given up may have been served just before.
    fn drop(&mut self) {
        // Connections are delivered under the lock: none can come after this.
        let mut state = self.host.lock();
        drop(state.host.leave(self.id));
        if let Ok(Ok(member)) = self.receiver.try_recv() {
            state.host.release(member, Instant::now());
        }
        self.host.unlock(state);
    }
}

/// A connect that runs for one waiter. Its connection is kept for others if that waiter
/// was served otherwise.
struct Connecting {
    host: Arc<SharedHost>,
    waiter: u64,
    runtime: Runtime,
    is_done: bool,
}

impl Connecting {
    async fn run(mut self) {
        let connecting = (self.host.settings.connect)(self.host.uri.clone());
        let connected = connecting.await;
        self.is_done = true;
        match connected {
            Ok(connection) => self
                .host
                .connected(self.waiter, connection, self.runtime.clone()),
            Err(error) => self.host.connect_failed(self.waiter, &self.runtime, error),
        }
    }
}

impl Drop for Connecting {
    /// A connector that panics, or a runtime that ends, must not leave its waiter waiting
    /// and its place taken.
    fn drop(&mut self) {
        if !self.is_done {
            let error = Error::connect_message("the connector gave up");
            self.host.connect_failed(self.waiter, &self.runtime, error);
        }
    }
}

/// Closes idle connections of a host that are too old, until none is left.
struct EvictionTask {
    host: Weak<SharedHost>,
}

impl EvictionTask {
    fn new(host: &Arc<SharedHost>) -> Self {
        Self {
            host: Arc::downgrade(host),
        }
    }

    async fn run(self, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            let Some(host) = self.host.upgrade() else {
                return;
            };
            let mut state = host.lock();
            if let Some(runtime) = state
                .eviction
                .as_ref()
                .map(|eviction| eviction.runtime.clone())
            {
                host.check_suspended(&mut state, &runtime);
            }
            let goes_on = state.host.evict(Instant::now());
            if let Some(eviction) = &mut state.eviction {
                eviction.last = host.settings.detector.now();
            }
            host.unlock(state);
            if !goes_on {
                return;
            }
        }
    }
}

impl Drop for EvictionTask {
    /// A task that ends, be it with its runtime, makes room for the next.
    fn drop(&mut self) {
        if let Some(host) = self.host.upgrade() {
            host.lock().eviction = None;
        }
    }
}
