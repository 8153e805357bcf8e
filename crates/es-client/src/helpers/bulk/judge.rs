//! What an answer, or the lack of one, means for each operation of a batch.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Deserialize;

use super::{
    batch::{Item, Part},
    concurrency::Pace,
    lane::{Landed, Lane},
    operation::Action,
    outcome::{Effect, Outcome, Reason, Written},
    reply::{self, ItemCause, ItemReply},
};
use crate::{error::Error, helpers::request::Failed, response::Meta};

/// The whole batch was answered; each operation has an end of its own.
pub(super) fn answered(lane: &Lane, part: &Part, meta: Meta, body: &Bytes) -> Landed {
    lane.was_accepted(part);
    if !lane.detail && reply::none_failed(body) {
        return Landed { succeeded: part.len() as u64, ..Landed::default() };
    }
    let mut read = Reading { lane, part, at: 0, again: Vec::new(), landed: Landed::default() };
    let readable = reply::each_item(body, |item| read.item(&item));
    let Reading { at, again, mut landed, .. } = read;
    let readable = match readable {
        Ok(()) if at == part.len() => Ok(()),
        Ok(()) => Err(serde::de::Error::custom("there are not as many items as operations")),
        Err(error) => Err(error),
    };
    if !again.is_empty() {
        landed.pace = Some(Pace::Refused);
        landed.again.push(lane.later(part.subset(&again), Duration::ZERO));
    }
    if let Err(error) = readable {
        let rest: Vec<_> = (at.min(part.len())..part.len()).collect();
        let error = Error::decode("answer to a bulk request", error, meta, body.clone());
        let failed = Failed::unreadable(error);
        close(lane, part, &rest, &failed.why(), &mut landed);
        landed.stop = Some(failed.error);
    }
    landed
}

/// An answer that is being read.
struct Reading<'a> {
    lane: &'a Lane,
    part: &'a Part,
    at: usize,
    again: Vec<usize>,
    landed: Landed,
}

impl Reading<'_> {
    fn item(&mut self, reply: &ItemReply<'_>) {
        let Some(item) = self.part.items.get(self.at) else {
            // One item too many; the count tells.
            self.at += 1;
            return;
        };
        let may_repeat = match reply.status {
            429 => true,
            503 => item.repeatable,
            _ => false,
        };
        match reply.error {
            None => self.succeeded(item, reply, Effect::of(reply.result.as_deref())),
            Some(_) if may_repeat && self.part.retries < self.lane.max_retries => {
                self.again.push(self.at);
            }
            // Nobody else makes such ids: it was this very operation.
            Some(_) if reply.status == 409 && item.made_id && self.part.lost => {
                self.succeeded(item, reply, Effect::WrittenBefore);
            }
            Some(error) => {
                let cause = ItemCause::read(error);
                let reason = Reason {
                    status: Some(reply.status),
                    kind: cause.kind.as_deref().map(Into::into),
                    reason: cause.reasons().into(),
                    // Whatever is wrong now: the time before, it may have been done.
                    unknown: self.part.lost || (reply.status == 503 && !item.repeatable),
                    lines: Bytes::new(),
                };
                let outcome = failure(self.lane, self.part, self.at, reason);
                self.landed.outcomes.extend(outcome);
            }
        }
        self.at += 1;
    }

    fn succeeded(&mut self, item: &Item, reply: &ItemReply<'_>, effect: Effect) {
        self.landed.succeeded += 1;
        if !self.lane.detail {
            return;
        }
        let same = |name: &str| *name == *self.lane.index;
        let index = match reply.index.as_deref() {
            Some(name) if !same(name) => name.into(),
            _ => Arc::clone(&self.lane.index),
        };
        let written = Written {
            status: reply.status,
            effect,
            version: reply.version,
            seq_no: reply.seq_no,
            primary_term: reply.primary_term,
        };
        self.landed.outcomes.push(Outcome {
            number: item.number,
            action: item.action,
            index,
            id: reply.id.as_deref().map(Into::into),
            result: Ok(written),
        });
    }
}

/// The batch brought no answer, or one that refuses it as a whole.
pub(super) fn failed(lane: &Lane, part: &mut Part, failed: Failed) -> Landed {
    let status = failed.error.status().map(|status| status.as_u16());
    let mut landed = Landed::default();
    if failed.passing || lane.may_pass(part, status) {
        landed.pace = Some(Pace::Refused);
        return postpone(lane, part, failed, landed);
    }
    let isolating = status == Some(400) && part.is_repeatable();
    if status == Some(413) {
        landed.too_large = Some(part.body.len());
    }
    if status == Some(413) || isolating {
        if part.len() == 1 {
            // This very operation is what was refused.
            let why = Why { unknown: false, ..failed.why() };
            close(lane, part, &[0], &why, &mut landed);
            return landed;
        }
        if status == Some(413) || lane.may_halve() {
            let mut halves = std::mem::take(part).halves();
            halves.iter_mut().for_each(|half| half.isolated = isolating);
            landed.again.extend(halves);
            return landed;
        }
    }
    let all: Vec<_> = (0..part.len()).collect();
    close(lane, part, &all, &failed.why(), &mut landed);
    landed.stop = Some(failed.error);
    landed
}

/// It may go better later: for what may be sent again.
fn postpone(lane: &Lane, part: &mut Part, failed: Failed, mut landed: Landed) -> Landed {
    part.lost |= failed.lost;
    let given_up = part.retries >= lane.max_retries;
    let (again, over): (Vec<_>, Vec<_>) = (0..part.len()).partition(|at| {
        let repeatable = part.items.get(*at).is_some_and(|item| item.repeatable);
        !given_up && (repeatable || !failed.lost)
    });
    close(lane, part, &over, &failed.why(), &mut landed);
    if !again.is_empty() {
        let wait = failed.retry_after.unwrap_or_default();
        landed.again.push(lane.later(part.subset(&again), wait));
    }
    if given_up {
        landed.stop = Some(failed.error);
    }
    landed
}

impl Lane {
    /// The batch, to be sent again after a while.
    fn later(&self, mut part: Part, at_least: Duration) -> Part {
        part.retries += 1;
        part.wait = self.backoff.wait(part.retries, &self.rng).max(at_least);
        part
    }
}

/// Why operations end without having been carried out.
pub(super) struct Why {
    pub(super) status: Option<u16>,
    pub(super) kind: Option<Arc<str>>,
    pub(super) reason: Arc<str>,
    pub(super) unknown: bool,
}

impl Failed {
    fn why(&self) -> Why {
        let api = self.error.as_api();
        Why {
            status: self.error.status().map(|status| status.as_u16()),
            kind: api.and_then(|api| api.kind.as_deref()).map(Into::into),
            reason: match api.and_then(|api| api.reason.as_deref()) {
                Some(reason) => reason.into(),
                None => self.error.to_string().into(),
            },
            unknown: self.lost,
        }
    }
}

impl Why {
    /// Another operation ended everything before this one was sent.
    pub(super) fn stopped() -> Self {
        let reason = "the helper stopped before it was sent".into();
        Self { status: None, kind: None, reason, unknown: false }
    }
}

/// Gives operations their last outcome.
pub(super) fn close(lane: &Lane, part: &Part, chosen: &[usize], why: &Why, landed: &mut Landed) {
    for &at in chosen {
        let reason = Reason {
            status: why.status,
            kind: why.kind.clone(),
            reason: Arc::clone(&why.reason),
            unknown: why.unknown || part.lost,
            lines: Bytes::new(),
        };
        landed.outcomes.extend(failure(lane, part, at, reason));
    }
}

/// The outcome of an operation that was not carried out, with its lines.
fn failure(lane: &Lane, part: &Part, at: usize, mut reason: Reason) -> Option<Outcome> {
    let item = part.items.get(at)?;
    let lines = part.lines(at);
    let target = Target::read(&lines);
    // A copy, so that one operation does not keep the whole batch.
    reason.lines = Bytes::copy_from_slice(&lines);
    Some(Outcome {
        number: item.number,
        action: item.action,
        index: target.index.map_or_else(|| Arc::clone(&lane.index), Into::into),
        id: target.id.map(Into::into),
        result: Err(reason.into()),
    })
}

/// What an operation that cannot be written as JSON comes to.
pub(super) fn unwritable(
    lane: &Lane,
    number: u64,
    action: Action,
    id: Option<&str>,
    error: &Error,
) -> Outcome {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    let reason = Reason {
        status: None,
        kind: None,
        reason: format!("{error}{}", source.unwrap_or_default()).into(),
        unknown: false,
        lines: Bytes::new(),
    };
    let index = Arc::clone(&lane.index);
    Outcome { number, action, index, id: id.map(Into::into), result: Err(reason.into()) }
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
        let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice::<Line>(first).unwrap_or_default().index
    }
}
