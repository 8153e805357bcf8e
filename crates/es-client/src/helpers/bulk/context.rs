//! Sends one batch once, and classifies the response.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use es_transport::rng::Rng;
use futures_util::FutureExt;
use http::uri::PathAndQuery;
use tokio::time::Instant;

use super::{
    batch::{Batch, Buffers},
    classify,
    concurrency::LatencySample,
    outcome::Outcome,
    request::{build_request, send_request},
    request_size::SizeSample,
    shared::panic_message,
};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{Failed, RetryConfig, maybe_applied},
};

/// The settings and state that all batches of a run share.
#[derive(Debug)]
pub(super) struct BulkContext {
    pub client: Elasticsearch,
    pub target: PathAndQuery,
    pub index: Arc<str>,
    /// Whether every operation's outcome is asked for, not just those that failed.
    pub detail: bool,
    pub retry: RetryConfig,
    pub rng: Rng,
    /// The number of batches that may still be halved to find out why they were
    /// refused as a whole.
    pub halvings: AtomicI64,
    /// Whether the credentials were accepted by then.
    pub accepted: AtomicBool,
    /// The most retries while there was no response to any request.
    pub initial_retries: u32,
    /// Whether there was a response to any request.
    pub responded: AtomicBool,
    /// Whether the cluster was not available when the run began.
    pub was_away: AtomicBool,
    /// Whether the run goes on after a request that failed as a whole.
    pub continue_on_error: bool,
}

/// The result of a request.
#[derive(Debug)]
pub(super) struct BatchResult<C> {
    /// The number of its first operation.
    pub first_number: u64,
    pub succeeded: u64,
    pub in_failure_store: u64,
    /// Of all operations, or of those that failed.
    pub outcomes: Vec<Outcome<C>>,
    /// The batches to retry.
    pub retry: Vec<Batch<C>>,
    /// Why it is retried.
    pub retry_reason: Option<Arc<str>>,
    /// Documents whose order is kept, and of which nothing is in flight now.
    pub released: Vec<u64>,
    /// Why nothing more should be sent.
    pub stop: Option<Error>,
    pub latency: Option<LatencySample>,
    pub size: Option<SizeSample>,
    pub buffers: Option<Buffers<C>>,
}

impl<C> Default for BatchResult<C> {
    fn default() -> Self {
        Self {
            first_number: 0,
            succeeded: 0,
            in_failure_store: 0,
            outcomes: Vec::new(),
            retry: Vec::new(),
            retry_reason: None,
            released: Vec::new(),
            stop: None,
            latency: None,
            size: None,
            buffers: None,
        }
    }
}

/// Sends a batch once.
pub(super) async fn send_batch<C>(
    context: Arc<BulkContext>,
    mut batch: Batch<C>,
) -> BatchResult<C> {
    let first_number = batch
        .items
        .first()
        .map(|item| item.number)
        .unwrap_or_default();
    let documents: HashSet<u64> = batch.documents().collect();
    let started = Instant::now();
    let request = build_request(&context, &batch).map_err(Failed::before_sending);
    let sent = AssertUnwindSafe(async { send_request(&context, request?).await });
    // A layer of the caller's may panic: its operations have outcomes all the same.
    let sent = sent.catch_unwind().await;
    let sent = sent.unwrap_or_else(|payload| {
        let message = format!("the transport {}", panic_message(&*payload));
        Err(Failed::unreadable(Error::helper(message, None)))
    });

    let mut result = match sent {
        Ok((meta, body)) => {
            context.responded.store(true, Ordering::Relaxed);
            // The transport retries on its own, too.
            batch.maybe_applied |= maybe_applied(meta.attempts());
            let latency = LatencySample::Took(started.elapsed(), batch.len());
            let size = SizeSample::Accepted(batch.body.len());
            let mut result = classify::response(&context, &mut batch, meta, &body);
            result.latency.get_or_insert(latency);
            result.size = Some(size);
            result
        }
        Err(failed) => classify::failure(&context, &mut batch, failed),
    };
    if context.continue_on_error {
        result.stop = None;
    }
    let retained: HashSet<u64> = result.retry.iter().flat_map(Batch::documents).collect();
    result.released = documents.difference(&retained).copied().collect();
    result.first_number = first_number;
    result.buffers = batch.into_buffers();
    result
}

impl BulkContext {
    /// Checks the product before the first write, if no response has passed the
    /// check yet: by the response to a write it would be too late.
    ///
    /// # Errors
    /// It is another product, or nothing is known of it for now.
    pub async fn request_product(&self) -> Result<(), Failed> {
        if !self.client.transport().needs_product_check() {
            return Ok(());
        }
        let client = self.client.options().for_helper(true);
        let Err(error) = client.info().send().await else {
            self.responded.store(true, Ordering::Relaxed);
            return Ok(());
        };
        if error.status().is_some() {
            self.responded.store(true, Ordering::Relaxed);
        }
        let failed = Failed::from(error);
        if failed.transient {
            self.was_away.store(true, Ordering::Relaxed);
            return Err(failed);
        }
        let transport = failed.error.as_transport();
        if transport.is_some_and(es_transport::Error::is_unsupported_product) {
            return Err(failed);
        }
        // Credentials may suffice for writes alone; whatever else is wrong is
        // reported by the writes.
        Ok(())
    }

    /// Returns how a request is retried. A cluster that never responded may not be
    /// one: it is given up earlier.
    pub fn retry_config(&self) -> RetryConfig {
        if self.responded.load(Ordering::Relaxed) {
            return self.retry;
        }
        RetryConfig {
            max_retries: self.retry.max_retries.min(self.initial_retries),
            ..self.retry
        }
    }

    /// Takes one of the halvings that are left; returns whether there was one.
    pub fn take_halving(&self) -> bool {
        self.halvings.fetch_sub(1, Ordering::Relaxed) > 0
    }

    /// Notes a response to a batch. If it is a half, halving was of use: what
    /// caused a refusal is in the other one.
    pub fn record_accepted<C>(&self, batch: &Batch<C>) {
        if batch.isolated {
            self.halvings.fetch_add(1, Ordering::Relaxed);
        }
        if !self.accepted.load(Ordering::Relaxed) {
            self.accepted.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether a refusal is transient, for its status alone: a cluster that
    /// was restarted refuses good credentials until its security index is back.
    pub fn is_transient_refusal<C>(&self, batch: &Batch<C>, status: Option<u16>) -> bool {
        let was_away = batch.retries > 0 || self.was_away.load(Ordering::Relaxed);
        status == Some(401) && (was_away || self.accepted.load(Ordering::Relaxed))
    }
}
