//! From a request to its outcome, for sockets and simulation alike.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::{Request, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;

use super::listener::{Sockets, Welcome};
use crate::api::{self, Outcome};
use crate::capacity::{self, Workers};
use crate::dates::parse_time;
use crate::fault::wire::{self, Ending, Script};
use crate::fault::{Kind, Pending};
use crate::latency::Latency;
use crate::random::SplitMix;
use crate::record::{Recorded, Records};
use crate::shared::{NodeFacts, Shared};
use crate::sync::lock;
use crate::tls::NodeCertificate;

/// The `timeout` of requests that have none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The time between two looks at the state that a request waits for.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// One node of the cluster.
#[derive(Debug)]
pub(crate) struct Node {
    pub shared: Arc<Shared>,
    pub facts: Arc<NodeFacts>,
    pub url: String,
    pub records: Records,
    pub faults: Mutex<Pending>,
    pub latency: Mutex<(Latency, SplitMix)>,
    /// `None`: works on everything at once.
    pub workers: Mutex<Option<Arc<Workers>>>,
    /// The treatment of new connections.
    pub welcome: Mutex<Welcome>,
    /// Counts the times the node went down; requests under way then fail.
    pub falls: watch::Sender<u64>,
    pub down: AtomicBool,
    /// `None` for plain http.
    pub certificate: Option<NodeCertificate>,
    /// `None` in a simulation.
    pub sockets: Option<Sockets>,
}

/// The outcome of a request, faults included.
#[derive(Debug)]
pub(crate) enum Action {
    Respond(Response<Bytes>),
    /// The response, then the end of the connection.
    Last(Response<Bytes>),
    Script(Script),
    /// Never respond.
    Silence,
}

impl Node {
    /// Waits for a worker and takes its time, then decides; recorded before all of it.
    pub async fn decide(&self, request: Request<Bytes>, connection: u64) -> Action {
        let responded = self.note(&request, connection);
        let action = self.act(request).await;
        if let Some(responded) = responded {
            let _ = responded.set(Instant::now());
        }
        action
    }

    async fn act(&self, request: Request<Bytes>) -> Action {
        let (delay, fault) = lock(&self.faults).take(&request);
        let thinking = {
            let mut latency = lock(&self.latency);
            let (latency, random) = &mut *latency;
            latency.draw(random)
        };
        let workers = lock(&self.workers).clone();
        let _turn = match workers {
            Some(workers) => match workers.turn(&request).await {
                Some(turn) => Some(turn),
                None => return Action::Respond(capacity::rejected()),
            },
            None => None,
        };
        let wait = delay.saturating_add(thinking);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let Some(fault) = fault else {
            return self.genuine_in_time(&request).await;
        };
        let genuine = fault.is_processed().then(|| self.genuine(&request));
        apply(fault.kind, genuine)
    }

    /// Records a request.
    pub fn note(
        &self,
        request: &Request<Bytes>,
        connection: u64,
    ) -> Option<Arc<OnceLock<Instant>>> {
        self.records.request(|| record(request, connection))
    }

    /// Responds as soon as the state that the request waits for is there, or its time is over.
    async fn genuine_in_time(&self, request: &Request<Bytes>) -> Action {
        let is_early = |action: &Action| matches!(action, Action::Respond(response) if response.status() == StatusCode::REQUEST_TIMEOUT);
        let mut action = self.genuine(request);
        if !is_early(&action) {
            return action;
        }
        let (start, time) = (Instant::now(), time_to_wait(request));
        while is_early(&action) && start.elapsed() < time {
            let rest = time.saturating_sub(start.elapsed());
            tokio::time::sleep(rest.min(CHECK_EVERY)).await;
            action = self.genuine(request);
        }
        action
    }

    fn genuine(&self, request: &Request<Bytes>) -> Action {
        match api::answer(&self.shared, &self.facts, request) {
            Outcome::Answer(response) => Action::Respond(response),
            Outcome::Close => Action::Script(Script::raw(Bytes::new())),
            Outcome::Silence => Action::Silence,
        }
    }

    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// Marks the node as down or up; a node that is down has left the cluster.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Release);
        self.facts.listed.store(!down, Ordering::Relaxed);
        if down {
            self.falls.send_modify(|falls| *falls += 1);
        }
    }
}

/// Returns the `timeout` of a request, 30 s by default.
fn time_to_wait(request: &Request<Bytes>) -> Duration {
    let mut parameters = request.uri().query().unwrap_or_default().split('&');
    let timeout = parameters.find_map(|parameter| parameter.strip_prefix("timeout="));
    timeout.and_then(parse_time).unwrap_or(DEFAULT_TIMEOUT)
}

fn apply(kind: Kind, genuine: Option<Action>) -> Action {
    match (kind, genuine) {
        (Kind::Hang, _) => Action::Silence,
        (Kind::Reset, _) => Action::Script(Script::reset()),
        (Kind::Close, _) => Action::Script(Script::raw(Bytes::new())),
        (Kind::Raw(bytes), _) => Action::Script(Script::raw(bytes)),
        (Kind::Response(response), _) => Action::Respond(*response),
        (Kind::EndlessBody, _) => Action::Script(Script::endless_body()),
        (Kind::EndlessHeaders, _) => Action::Script(Script::endless_headers()),
        (Kind::GzipBomb(decompressed), _) => Action::Respond(wire::gzip_bomb(decompressed)),
        (Kind::ResetInBody, Some(Action::Respond(response))) => {
            Action::Script(Script::half(&response, Ending::Reset))
        }
        (Kind::CutBody, Some(Action::Respond(response))) => {
            Action::Script(Script::half(&response, Ending::Close))
        }
        (Kind::CloseAfterResponse, Some(Action::Respond(response))) => Action::Last(response),
        (Kind::BrokenGzip, Some(Action::Respond(response))) => {
            Action::Respond(wire::break_gzip(response))
        }
        (_, Some(genuine)) => genuine,
        // Delays are added up before, and the faults above that need a response have asked for it.
        (_, None) => Action::Silence,
    }
}

fn record(request: &Request<Bytes>, connection: u64) -> Recorded {
    Recorded {
        method: request.method().clone(),
        target: request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_owned(),
        headers: request.headers().clone(),
        body: decompressed(request).unwrap_or_else(|| request.body().clone()),
        raw_body: request.body().clone(),
        connection,
        at: Instant::now(),
        responded: Arc::default(),
    }
}

/// At most 64 MiB: a bomb is recorded as it was sent.
fn decompressed(request: &Request<Bytes>) -> Option<Bytes> {
    const LIMIT: u64 = 64 * 1024 * 1024;
    request
        .headers()
        .get(CONTENT_ENCODING)
        .filter(|coding| coding.as_bytes() == b"gzip")?;
    let mut body = Vec::new();
    let read = GzDecoder::new(request.body().as_ref())
        .take(LIMIT + 1)
        .read_to_end(&mut body)
        .ok()?;
    (read as u64 <= LIMIT).then(|| body.into())
}
