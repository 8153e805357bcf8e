//! One batch on its way: sent once, and judged by what comes back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use bytes::Bytes;
use es_transport::{Backoff, rng::Rng};
use http::{Method, uri::PathAndQuery};
use tokio::time::Instant;

use super::{
    batch::{Part, Spare},
    concurrency::Pace,
    judge,
    outcome::Outcome,
};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{Failed, HelperRequest, perhaps_done, send},
    response::Meta,
};

/// What all batches of a helper share.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) client: Elasticsearch,
    pub(super) target: PathAndQuery,
    pub(super) index: Arc<str>,
    /// Whether every operation's outcome is asked for, not just those that failed.
    pub(super) detail: bool,
    pub(super) max_retries: u32,
    pub(super) backoff: Backoff,
    pub(super) rng: Rng,
    /// How many more batches that were refused as a whole may be halved to find
    /// out why.
    pub(super) halvings: AtomicI64,
    /// Whether the credentials were accepted by then.
    pub(super) accepted: AtomicBool,
}

/// A batch that is back.
#[derive(Debug, Default)]
pub(super) struct Landed {
    pub(super) succeeded: u64,
    /// Of all operations, or of those that failed.
    pub(super) outcomes: Vec<Outcome>,
    /// What is to be sent again.
    pub(super) again: Vec<Part>,
    /// Why nothing more should be sent.
    pub(super) stop: Option<Error>,
    pub(super) pace: Option<Pace>,
    /// So many bytes are too many for the server.
    pub(super) too_large: Option<usize>,
    pub(super) spare: Option<Spare>,
}

/// Sends a batch once.
pub(super) async fn deliver(lane: Arc<Lane>, mut part: Part) -> Landed {
    let began = Instant::now();
    let mut landed = match lane.send(&part).await {
        Ok((meta, body)) => {
            // The transport sends again what may be sent again, too.
            part.lost |= perhaps_done(meta.attempts());
            let took = Pace::Took(began.elapsed(), part.len());
            let mut landed = judge::answered(&lane, &part, meta, &body);
            landed.pace.get_or_insert(took);
            landed
        }
        Err(failed) => judge::failed(&lane, &mut part, failed),
    };
    landed.spare = part.into_spare();
    landed
}

impl Lane {
    async fn send(&self, part: &Part) -> Result<(Meta, Bytes), Failed> {
        let request = HelperRequest {
            name: "bulk",
            method: Method::POST,
            target: self.target.clone(),
            ndjson: true,
            gzip: part.packed.is_some(),
            repeatable: part.is_repeatable(),
            body: part.packed.as_ref().unwrap_or(&part.body).clone(),
        };
        send(&self.client, request).await
    }

    /// Whether one more batch may be halved.
    pub(super) fn may_halve(&self) -> bool {
        self.halvings.fetch_sub(1, Ordering::Relaxed) > 0
    }

    /// A batch was answered. If it is a half, halving was of use: what caused a
    /// refusal is in the other one.
    pub(super) fn was_accepted(&self, part: &Part) {
        if part.isolated {
            self.halvings.fetch_add(1, Ordering::Relaxed);
        }
        if !self.accepted.load(Ordering::Relaxed) {
            self.accepted.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a batch is refused in passing, for its status alone: a cluster that
    /// was restarted refuses good credentials until its security index is back.
    pub(super) fn may_pass(&self, part: &Part, status: Option<u16>) -> bool {
        let was_away = part.retries > 0;
        status == Some(401) && (was_away || self.accepted.load(Ordering::Relaxed))
    }
}
