//! A policy that polls the load of the nodes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use es_testkit::SimulatedCluster;
use es_transport::node::{Candidates, NodeSelector, RequestContext};
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

/// The node with the lowest `bucket · (requests in flight + 1) / window`.
///
/// The bucket is the binary logarithm of the time of a poll in microseconds, at least 8, in
/// the median of the last twelve polls; one of five seconds. The window begins at 1, doubles
/// with each poll up to 13 (the threads for searches at eight processors) and is halved if
/// the node refuses. The times of polls are those of requests, which is kinder to the policy
/// than the health checks that it measures.
#[derive(Debug, Default)]
pub struct PolledLoad(Mutex<HashMap<String, Polled>>);

#[derive(Debug)]
struct Polled {
    buckets: VecDeque<u32>,
    window: u32,
}

impl Polled {
    fn factor(&self) -> f64 {
        let mut buckets: Vec<_> = self.buckets.iter().copied().collect();
        buckets.sort_unstable();
        let median = buckets.get(buckets.len() / 2).copied().unwrap_or(64);
        f64::from(median) / f64::from(self.window)
    }
}

impl PolledLoad {
    const EVERY: Duration = Duration::from_secs(5);
    const KEPT: usize = 12;
    const THREADS: u32 = 13;
    const LEAST_BUCKET: u32 = 8;

    /// Polls all nodes, for ever.
    pub async fn poll(&self, cluster: &SimulatedCluster) {
        loop {
            for node in cluster.nodes() {
                let begun = Instant::now();
                let request = Request::get(format!("{}/", node.url()));
                let request = request.body(Full::<Bytes>::default()).expect("a request");
                let response = cluster.service().oneshot(request).await;
                let is_refused = match &response {
                    Ok(response) => response.status() == StatusCode::TOO_MANY_REQUESTS,
                    Err(_) => continue,
                };
                self.noted(node.url(), begun.elapsed(), is_refused);
            }
            sleep(Self::EVERY).await;
        }
    }

    fn noted(&self, url: &str, took: Duration, is_refused: bool) {
        let mut nodes = self.lock();
        let polled = nodes.entry(url.to_owned()).or_insert_with(|| Polled {
            buckets: VecDeque::new(),
            window: 1,
        });
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        polled
            .buckets
            .push_back(micros.ilog2().max(Self::LEAST_BUCKET));
        if polled.buckets.len() > Self::KEPT {
            polled.buckets.pop_front();
        }
        polled.window = if is_refused {
            (polled.window / 2).max(1)
        } else {
            (polled.window * 2).min(Self::THREADS)
        };
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Polled>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NodeSelector for PolledLoad {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        let nodes = self.lock();
        let score = |index: usize| {
            candidates.get(index).map_or(f64::MAX, |candidate| {
                let polled = nodes.get(candidate.node().url());
                let factor = polled.map_or(64.0, Polled::factor);
                factor * (candidate.in_flight() + 1) as f64
            })
        };
        // Of equal ones any.
        let (count, first) = (candidates.len(), candidates.random());
        (0..count)
            .map(|offset| (first + offset) % count)
            .map(|index| (index, score(index)))
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .map_or(0, |(index, _)| index)
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }
}
