//! Which documents must exist, and which must not.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use es_client::{Elasticsearch, http::Method};
use es_transport::error::FailureClass;
use futures_util::TryStreamExt;
use serde_json::Value;

use super::{
    calls::{BULK, Call, Kind, WRITTEN, document, keys, statuses},
    schedule::Schedule,
    verdict::{attempts, was_repeated},
};
use crate::operation::BoxError;

/// The client reported one of these for a document.
const WRITTEN_ONCE: u8 = 1;
const NOT_WRITTEN: u8 = 2;
const UNKNOWN: u8 = 3;
/// Flag: it may have been sent twice, so that its version may be 2.
const REPEATED: u8 = 4;

/// The outcome of every document, as the client reported it.
pub struct Ledger {
    said: Box<[AtomicU8]>,
}

/// The documents in the index, compared with the ledger.
#[derive(Debug, Default)]
pub struct Findings {
    /// Documents that the client reported as written.
    pub written: u64,
    /// Reported as written, and missing.
    pub lost: u64,
    /// Documents that it reported as not written.
    pub not_written: u64,
    /// Reported as not written, and there.
    pub false_failures: u64,
    /// Documents that it reported as possibly written.
    pub unknown: u64,
    /// Of these, those that are there.
    pub unknown_and_there: u64,
    /// Documents that are there twice, or were written twice though sent once.
    pub twice: u64,
    /// Documents with a wrong content, or that nobody wrote.
    pub strange: u64,
    /// Documents that were written again, with the same content, by a retry.
    pub repeated: u64,
}

impl Ledger {
    /// Creates the ledger of so many calls.
    pub fn new(calls: u64) -> Self {
        Self {
            said: (0..calls * BULK).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    /// Records the outcomes of the documents of a call.
    pub fn note(&self, call: &Call, schedule: &Schedule) {
        if call.kind.writes() == 0 {
            return;
        }
        // The server repeats a write itself if it loses the primary.
        let mut felt = schedule.felt(call.began, call.ended).into_iter();
        let may_repeat = call.kind != Kind::IndexWithoutId
            && (was_repeated(attempts(call)) || felt.any(|event| event.fault.concerns_cluster()));
        let flag = if may_repeat { REPEATED } else { 0 };

        let each = said(call);
        for (key, said) in keys(call.number, call.kind).zip(each) {
            if let Some(entry) = self.said.get(key as usize) {
                entry.store(said | flag, Relaxed);
            }
        }
    }

    /// Compares all documents of the index with the ledger.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn compare(&self, client: &Elasticsearch) -> Result<Findings, BoxError> {
        let refresh = format!("/{WRITTEN}/_refresh");
        client.request(Method::POST, &refresh, ()).await?;
        let mut findings = Findings::default();
        let mut there = vec![false; self.said.len()];
        let reader = client.helpers();
        let reader = reader
            .read_all::<Value>(WRITTEN)
            .search_property("version", &true);
        let mut hits = reader.page_size(5_000).stream();
        while let Some(hit) = hits.try_next().await? {
            let version = hit.version.unwrap_or_default();
            let source = hit.into_source()?.unwrap_or_default();
            let key = source["key"].as_u64().unwrap_or(u64::MAX);
            let (Some(said), Some(there)) =
                (self.said.get(key as usize), there.get_mut(key as usize))
            else {
                findings.strange += 1;
                continue;
            };
            let said = said.load(Relaxed);
            findings.strange += u64::from(said == 0 || source != document(key));
            let is_repeated = version > 1;
            let is_twice = std::mem::replace(there, true);
            findings.twice += u64::from(is_twice || (is_repeated && said & REPEATED == 0));
            findings.repeated += u64::from(is_repeated && said & REPEATED != 0);
        }
        for (said, there) in self.said.iter().zip(there) {
            let there = u64::from(there);
            match said.load(Relaxed) & !REPEATED {
                WRITTEN_ONCE => {
                    findings.written += 1;
                    findings.lost += 1 - there;
                }
                NOT_WRITTEN => {
                    findings.not_written += 1;
                    findings.false_failures += there;
                }
                UNKNOWN => {
                    findings.unknown += 1;
                    findings.unknown_and_there += there;
                }
                _ => {}
            }
        }
        Ok(findings)
    }
}

/// Returns the outcome of each document of a call.
fn said(call: &Call) -> Vec<u8> {
    let all = |said| vec![said; call.kind.writes() as usize];
    match &call.result {
        Ok(response) if call.kind == Kind::Bulk => {
            let body: Value = response.json().unwrap_or_default();
            let said = |status| match status {
                200..300 => WRITTEN_ONCE,
                500.. => UNKNOWN,
                _ => NOT_WRITTEN,
            };
            statuses(&body).map(said).collect()
        }
        Ok(_) => all(WRITTEN_ONCE),
        Err(error) => match error.as_transport() {
            Some(error) if error.class() == FailureClass::NotSent => all(NOT_WRITTEN),
            Some(_) => all(UNKNOWN),
            // Its own first attempt may be what it conflicts with.
            None if error.is_conflict() => all(UNKNOWN),
            None => {
                let is_refused = error
                    .status()
                    .is_some_and(|status| status.is_client_error());
                let was_repeated = was_repeated(attempts(call));
                all(if is_refused && !was_repeated {
                    NOT_WRITTEN
                } else {
                    UNKNOWN
                })
            }
        },
    }
}
