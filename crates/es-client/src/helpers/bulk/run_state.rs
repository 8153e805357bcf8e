//! The state of a run: its batches, from the source to their results.

use std::collections::{HashSet, VecDeque};

use tokio::{task::JoinSet, time::Instant};

use super::{
    batch::{Batch, Buffers},
    context::BatchResult,
};
use crate::error::Error;

/// The batches of a run that has begun, and the reason for its end.
pub(super) struct RunState<C> {
    /// When the batch that is being filled is sent, full or not.
    pub flush_at: Option<Instant>,
    /// An operation is being added to it.
    pub is_adding: bool,
    /// All operations before this number were taken.
    pub taken_up_to: u64,
    /// A new limit of bytes, which the next batches do not have yet.
    pub limit_bytes: Option<usize>,
    /// Batches that are to be sent now.
    pub due: VecDeque<Batch<C>>,
    /// Batches that are to be retried later.
    pub waiting: Vec<(Instant, Batch<C>)>,
    pub in_flight: JoinSet<BatchResult<C>>,
    /// The first operation of each batch in flight.
    pub first_numbers: Vec<u64>,
    pub buffers: Vec<Buffers<C>>,
    /// Documents whose order is kept, and which are in a batch that was sent.
    pub in_order: HashSet<u64>,
    /// When the rate limit lets the next batch be sent.
    pub send_at: Instant,
    pub source_ended: bool,
    pub source_error: Option<Error>,
    /// Why nothing more is sent.
    pub stop: Option<Error>,
}

impl<C> RunState<C> {
    pub fn new() -> Self {
        Self {
            flush_at: None,
            is_adding: false,
            taken_up_to: 0,
            limit_bytes: None,
            due: VecDeque::new(),
            waiting: Vec::new(),
            in_flight: JoinSet::new(),
            first_numbers: Vec::new(),
            buffers: Vec::new(),
            in_order: HashSet::new(),
            send_at: Instant::now(),
            source_ended: false,
            source_error: None,
            stop: None,
        }
    }

    /// Returns the number of operations from the beginning that all have their final
    /// outcome.
    pub fn durable_up_to(&self) -> u64 {
        let waiting = self.waiting.iter().map(|(_, batch)| batch);
        let unsent = self.due.iter().chain(waiting);
        let unsent = unsent.filter_map(|batch| batch.items.first().map(|item| item.number));
        let unsettled = self.first_numbers.iter().copied().chain(unsent);
        unsettled.fold(self.taken_up_to, u64::min)
    }

    /// Returns the next batch that may be sent. A batch that was not sent yet
    /// waits for operations on its documents that were, and later ones wait for it.
    pub fn next_due(&mut self) -> Option<Batch<C>> {
        let first_new = self.due.iter().position(|batch| !batch.sent);
        let may_be_sent = |at: usize, batch: &Batch<C>| {
            let is_free = || {
                !batch
                    .documents()
                    .any(|document| self.in_order.contains(&document))
            };
            batch.sent || (Some(at) == first_new && is_free())
        };
        let mut candidates = self.due.iter().enumerate();
        let at = candidates.find(|(at, batch)| may_be_sent(*at, batch))?.0;
        let batch = self.due.remove(at)?;
        self.in_order.extend(batch.documents());
        Some(batch)
    }
}
