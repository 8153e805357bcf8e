//! Bulks whose outcomes are compared with the documents in the index.

use std::collections::{BTreeMap, BTreeSet};

use es_client::{
    Elasticsearch,
    helpers::bulk::{Effect, Operation},
};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};

use super::{
    documents::{Document, refreshed, write},
    server::client,
};

/// How documents are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// `index` with the caller's ids.
    Ids,
    /// `create` with ids that the helper makes.
    MadeIds,
    /// `create` with the caller's ids.
    CreateWithIds,
    /// `index` without ids.
    WithoutIds,
}

pub(crate) const WAYS: [Way; 4] = [Way::Ids, Way::MadeIds, Way::CreateWithIds, Way::WithoutIds];

impl Way {
    /// Returns the name of an index for a test.
    pub(crate) fn index(self, test: &str) -> String {
        format!("reliability-{test}-{self:?}").to_lowercase()
    }

    /// Returns an operation whose context is the number of its document.
    pub(crate) fn operation(self, number: u64) -> Operation<Document, u64> {
        let operation = match self {
            Self::Ids => write(number),
            Self::MadeIds => Operation::create(Document::new(number)),
            Self::CreateWithIds => Operation::create(Document::new(number)).id(number.to_string()),
            Self::WithoutIds => Operation::index(Document::new(number)),
        };
        operation.context(number)
    }
}

/// The outcomes of a run, and the documents in the index.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) written: u64,
    pub(crate) written_before: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
    /// Written, and missing.
    pub(crate) lost: u64,
    /// Failed, and there.
    pub(crate) false_failures: u64,
    /// Unknown, and there.
    pub(crate) unknown_but_there: u64,
    pub(crate) duplicates: u64,
    /// The errors, with the number of operations that have each.
    pub(crate) errors: BTreeMap<String, u64>,
}

/// Writes documents in requests of 500, and compares the outcomes with the index, which
/// is deleted in the end. `documents` is the number of operations.
pub(crate) async fn run(
    writer: &Elasticsearch,
    way: Way,
    index: &str,
    documents: u64,
    operations: BoxStream<'static, Operation<Document, u64>>,
) -> Counts {
    let bulk = writer
        .helpers()
        .bulk(index.to_owned(), operations)
        .flush_operations(500)
        .max_retries(20)
        .make_ids(way == Way::MadeIds)
        .continue_on_error(true);
    let mut outcomes = bulk.stream();

    let mut counts = Counts::default();
    let mut written = BTreeSet::new();
    let mut failed = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    while let Some(outcome) = outcomes.next().await {
        let outcome = outcome.unwrap();
        let kind = match &outcome.result {
            Ok(done) => {
                counts.written_before += u64::from(done.effect == Effect::WrittenBefore);
                &mut written
            }
            Err(error) => {
                let (is_unknown, status) = (error.is_unknown(), error.status().unwrap_or_default());
                let error = format!("{status} {}", error.kind().unwrap_or("no response"));
                *counts.errors.entry(error).or_default() += 1;
                if is_unknown {
                    &mut unknown
                } else {
                    &mut failed
                }
            }
        };
        assert!(
            kind.insert(outcome.context),
            "{} has two outcomes",
            outcome.number
        );
    }

    let client = client();
    refreshed(&client, index).await;
    let mut there = vec![0_u64; usize::try_from(documents).unwrap()];
    let mut hits = client
        .helpers()
        .read_all::<Document>(index)
        .page_size(5_000)
        .stream();
    while let Some(hit) = hits.try_next().await.unwrap() {
        there[usize::try_from(hit.source().unwrap().unwrap().number()).unwrap()] += 1;
    }
    let number_there = |numbers: &BTreeSet<u64>| {
        let is_there = |number: &&u64| there[usize::try_from(**number).unwrap()] > 0;
        numbers.iter().filter(is_there).count() as u64
    };
    counts.written = written.len() as u64;
    counts.failed = failed.len() as u64;
    counts.unknown = unknown.len() as u64;
    counts.lost = counts.written - number_there(&written);
    counts.false_failures = number_there(&failed);
    counts.unknown_but_there = number_there(&unknown);
    counts.duplicates = there.iter().map(|copies| copies.saturating_sub(1)).sum();
    client.indices().delete(index).await.unwrap();
    counts
}
