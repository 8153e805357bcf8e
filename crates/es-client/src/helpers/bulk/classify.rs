//! Classifies the response to a batch, or the lack of one, for each operation.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use serde::Deserialize;

use super::{
    batch::Batch,
    concurrency::LatencySample,
    context::{BatchResult, BulkContext},
    operation::Action,
    outcome::{Effect, Outcome, Reason, Written, with_causes},
    request_size::SizeSample,
    response::{self, ItemResponse},
};
use crate::{
    error::Error,
    helpers::request::{Failed, maybe_applied},
    response::Meta,
    types::is_failed_operation,
};

/// Classifies the items of a response.
pub(super) fn response<C>(
    context: &BulkContext,
    batch: &mut Batch<C>,
    meta: Meta,
    body: &Bytes,
) -> BatchResult<C> {
    context.record_accepted(batch);
    if !context.detail && response::all_succeeded(body, batch.len()) {
        return BatchResult {
            succeeded: batch.len() as u64,
            ..BatchResult::default()
        };
    }

    let result = BatchResult::default();
    let (refused, unsure) = (Vec::new(), Vec::new());
    let mut reader = ItemReader {
        context,
        batch,
        at: 0,
        refused,
        unsure,
        result,
    };
    let readable = response::each_item(body, |item| reader.read(&item));
    let ItemReader {
        at,
        refused,
        unsure,
        mut result,
        ..
    } = reader;

    let readable = match readable {
        Ok(()) if at == batch.len() => Ok(()),
        Ok(()) => Err(serde::de::Error::custom(
            "there are not as many items as operations",
        )),
        Err(error) => Err(error),
    };
    for (retry, maybe_applied) in [(refused, false), (unsure, true)] {
        if retry.is_empty() {
            continue;
        }
        let mut retry = batch.subset(&retry);
        retry.maybe_applied |= maybe_applied;
        result.latency = Some(LatencySample::Refused);
        result.retry.push(context.later(retry, Duration::ZERO));
    }
    if let Err(error) = readable {
        let rest: Vec<_> = (at.min(batch.len())..batch.len()).collect();
        let error = Error::decode("the response of `bulk`", error, meta, body.clone());
        let failed = Failed::unreadable(error);
        close(context, batch, &rest, &failed.reason(), &mut result);
        result.stop = Some(failed.error);
    }
    result
}

/// Reads the items of a response.
struct ItemReader<'a, C> {
    context: &'a BulkContext,
    batch: &'a mut Batch<C>,
    at: usize,
    /// The operations to retry that were not carried out.
    refused: Vec<usize>,
    /// The operations to retry that the server may have carried out.
    unsure: Vec<usize>,
    result: BatchResult<C>,
}

impl<C> ItemReader<'_, C> {
    fn read(&mut self, response: &ItemResponse<'_>) {
        let Some(item) = self.batch.items.get(self.at) else {
            // One item too many; the count tells.
            self.at += 1;
            return;
        };
        let is_delete = item.action == Action::Delete;
        let (idempotent, made_id) = (item.idempotent, item.made_id);
        let may_retry = self.batch.retries < self.context.retry.max_retries;
        match response.status {
            Some(status)
                if !is_failed_operation(is_delete, Some(status), response.error.is_some()) =>
            {
                self.succeeded(response, status, response.effect());
            }
            Some(429) if may_retry => self.retry(response, false),
            // The server's own retry on a new primary may have run out of time.
            Some(503) if may_retry && idempotent => self.retry(response, true),
            // Nobody else makes such ids: it was this very operation, written by
            // an earlier request or by the server's own retry on a new primary.
            Some(409) if made_id => self.succeeded(response, 409, Effect::WrittenBefore),
            status => {
                let cause = response.cause();
                let reason = Reason {
                    status,
                    kind: Some(&*cause.kind)
                        .filter(|kind| !kind.is_empty())
                        .map(Into::into),
                    reason: response::reasons(&cause).into(),
                    // Whatever is wrong now: an earlier request may have applied it.
                    unknown: self.batch.maybe_applied || matches!(status, None | Some(502..=504)),
                    lines: Bytes::new(),
                };
                let outcome = failed(self.context, self.batch, self.at, reason);
                self.result.outcomes.extend(outcome);
            }
        }
        self.at += 1;
    }

    /// Retries an operation, which may have been applied.
    fn retry(&mut self, response: &ItemResponse<'_>, maybe_applied: bool) {
        let retry = if maybe_applied {
            &mut self.unsure
        } else {
            &mut self.refused
        };
        retry.push(self.at);
        if self.result.retry_reason.is_none() {
            let status = response.status.unwrap_or_default();
            let reason = format!("{status}: {}", response::reasons(&response.cause()));
            self.result.retry_reason = Some(reason.into());
        }
    }

    fn succeeded(&mut self, response: &ItemResponse<'_>, status: u16, effect: Effect) {
        self.result.succeeded += 1;
        self.result.in_failure_store += u64::from(effect == Effect::FailureStore);
        if !self.context.detail {
            return;
        }
        let Some(item) = self.batch.items.get_mut(self.at) else {
            return;
        };
        let Some(context) = item.context.take() else {
            return;
        };
        let index = match response.index.as_deref() {
            Some(name) if *name != *self.context.index => name.into(),
            _ => Arc::clone(&self.context.index),
        };
        let written = Written {
            status,
            effect,
            version: response.version,
            seq_no: response.seq_no,
            primary_term: response.primary_term,
        };
        self.result.outcomes.push(Outcome {
            number: item.number,
            action: item.action,
            index,
            id: response.id.as_deref().map(Into::into),
            result: Ok(written),
            context,
        });
    }
}

/// Classifies a failed request: no response, or one that refuses the whole batch.
pub(super) fn failure<C>(
    context: &BulkContext,
    batch: &mut Batch<C>,
    failed: Failed,
) -> BatchResult<C> {
    let status = failed.error.status().map(|status| status.as_u16());
    // Whatever the last attempt says, one before it may have been carried out.
    let api = failed.error.as_api();
    batch.maybe_applied |= api.is_some_and(|api| maybe_applied(api.meta.attempts()));
    let mut result = BatchResult::default();
    if failed.transient || context.is_transient_refusal(batch, status) {
        result.latency = Some(LatencySample::Refused);
        return postpone(context, batch, failed, result);
    }
    let isolating = status == Some(400) && batch.is_idempotent();
    if status == Some(413) {
        result.size = Some(SizeSample::TooLarge(batch.body.len()));
    }
    if status == Some(413) || isolating {
        if batch.len() == 1 {
            // This very operation is what was refused.
            let reason = Reason {
                unknown: false,
                ..failed.reason()
            };
            close(context, batch, &[0], &reason, &mut result);
            return result;
        }
        if status == Some(413) || context.take_halving() {
            let mut halves = std::mem::take(batch).halves();
            halves.iter_mut().for_each(|half| half.isolated = isolating);
            result.retry.extend(halves);
            return result;
        }
    }
    let all: Vec<_> = (0..batch.len()).collect();
    close(context, batch, &all, &failed.reason(), &mut result);
    result.stop = Some(failed.error);
    result
}

/// Retries later what may be retried.
fn postpone<C>(
    context: &BulkContext,
    batch: &mut Batch<C>,
    failed: Failed,
    mut result: BatchResult<C>,
) -> BatchResult<C> {
    batch.maybe_applied |= failed.maybe_applied;
    if failed.error.status().is_some() {
        context.responded.store(true, Ordering::Relaxed);
    }
    let given_up = batch.retries >= context.retry_config().max_retries;
    let (retry, over): (Vec<_>, Vec<_>) = (0..batch.len()).partition(|at| {
        let idempotent = batch.items.get(*at).is_some_and(|item| item.idempotent);
        !given_up && (idempotent || !failed.maybe_applied)
    });
    close(context, batch, &over, &failed.reason(), &mut result);
    if !retry.is_empty() {
        let wait = failed.retry_after.unwrap_or_default();
        result.retry_reason = Some(with_causes(&failed.error).into());
        result.retry.push(context.later(batch.subset(&retry), wait));
    }
    if given_up {
        result.stop = Some(failed.error);
    }
    result
}

impl BulkContext {
    /// Returns the batch, to be retried after a while.
    fn later<C>(&self, mut batch: Batch<C>, at_least: Duration) -> Batch<C> {
        batch.retries += 1;
        batch.wait = self
            .retry
            .backoff
            .wait(batch.retries, &self.rng)
            .max(at_least);
        batch
    }
}

impl Failed {
    /// Returns why the operations of the request were not carried out.
    fn reason(&self) -> Reason {
        let api = self.error.as_api();
        Reason {
            status: self.error.status().map(|status| status.as_u16()),
            kind: api.and_then(|api| api.kind.as_deref()).map(Into::into),
            reason: match api.and_then(|api| api.reason.as_deref()) {
                Some(reason) => reason.into(),
                None => with_causes(&self.error).into(),
            },
            unknown: self.maybe_applied,
            lines: Bytes::new(),
        }
    }
}

impl Reason {
    /// Another operation ended the run before this one was sent.
    pub fn stopped() -> Self {
        Self {
            status: None,
            kind: None,
            reason: "the helper stopped before it was sent".into(),
            unknown: false,
            lines: Bytes::new(),
        }
    }
}

/// Gives operations their last outcome.
pub(super) fn close<C>(
    context: &BulkContext,
    batch: &mut Batch<C>,
    chosen: &[usize],
    reason: &Reason,
    result: &mut BatchResult<C>,
) {
    for &at in chosen {
        let unknown = reason.unknown || batch.maybe_applied;
        let reason = Reason {
            unknown,
            ..reason.clone()
        };
        result.outcomes.extend(failed(context, batch, at, reason));
    }
}

/// Returns the outcome of an operation that was not carried out, with its lines.
fn failed<C>(
    context: &BulkContext,
    batch: &mut Batch<C>,
    at: usize,
    mut reason: Reason,
) -> Option<Outcome<C>> {
    let lines = batch.lines(at);
    let item = batch.items.get_mut(at)?;
    let target = Target::read(&lines);
    // A copy, so that one operation does not keep the whole batch.
    reason.lines = Bytes::copy_from_slice(&lines);
    Some(Outcome {
        number: item.number,
        action: item.action,
        index: target
            .index
            .map_or_else(|| Arc::clone(&context.index), Into::into),
        id: target.id.map(Into::into),
        result: Err(reason.into()),
        context: item.context.take()?,
    })
}

/// Where an operation goes, read from its first line.
#[derive(Default, Deserialize)]
struct Target {
    #[serde(rename = "_index", default)]
    index: Option<String>,
    #[serde(rename = "_id", default)]
    id: Option<String>,
}

impl Target {
    fn read(lines: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Line {
            #[serde(alias = "create", alias = "update", alias = "delete")]
            index: Target,
        }
        let first = lines
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        serde_json::from_slice::<Line>(first)
            .unwrap_or_default()
            .index
    }
}
