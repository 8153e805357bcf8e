use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_client::helpers::bulk::{Effect, Operation};
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream::BoxStream};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    cluster::Cluster,
    documents::{Document, lasting_with, new_index, refreshed, write},
    server::{builder, client, lacks},
};

/// How documents are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// `index` with the caller's ids.
    Ids,
    /// `create` with ids that the helper makes.
    MadeIds,
    /// `create` with the caller's ids.
    CreateWithIds,
    /// `index` without ids.
    WithoutIds,
}

const WAYS: [Way; 4] = [Way::Ids, Way::MadeIds, Way::CreateWithIds, Way::WithoutIds];

impl Way {
    fn index(self) -> String {
        format!("reliability-killed-{self:?}").to_lowercase()
    }

    fn operation(self, number: u64) -> Operation<Document> {
        match self {
            Self::Ids => write(number),
            Self::MadeIds => Operation::create(Document::new(number)),
            Self::CreateWithIds => Operation::create(Document::new(number)).id(number.to_string()),
            Self::WithoutIds => Operation::index(Document::new(number)),
        }
    }
}

/// The outcomes of a run, and the documents in the index.
#[derive(Debug, Default)]
struct Counts {
    written: u64,
    written_before: u64,
    failed: u64,
    unknown: u64,
    /// Written, and missing.
    lost: u64,
    /// Failed, and there.
    false_failures: u64,
    /// Unknown, and there.
    unknown_but_there: u64,
    duplicates: u64,
    /// The errors, with the number of operations that have each.
    errors: BTreeMap<String, u64>,
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn outcomes_are_true_while_nodes_are_killed() {
    let cluster = Cluster::whole().await;
    if lacks(
        cluster.nodes() < 3,
        "three nodes, of which one can be missed",
    ) {
        return;
    }
    for way in WAYS {
        new_index(&way.index(), 1).await;
        // The next node is killed when all copies are there, wherever they are.
        let indices = client().indices().put_settings(way.index());
        indices
            .body(json!({"index.routing.rebalance.enable": "none"}))
            .await
            .unwrap();
    }
    let documents = documents_of_a_run();
    let over = Arc::new(AtomicBool::new(false));
    let runs = join_all(WAYS.map(|way| run(way, documents, Arc::clone(&over))));
    let kills = async {
        for node in 0..cluster.nodes() {
            sleep(Duration::from_secs(1)).await;
            cluster.node(node, "kill").await;
            sleep(Duration::from_secs(2)).await;
            cluster.node(node, "start").await;
            cluster.is_green().await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (runs, ()) = tokio::join!(runs, kills);
    for (way, counts) in WAYS.into_iter().zip(&runs) {
        println!("{way:?}: {counts:?}");
    }

    for (way, counts) in WAYS.into_iter().zip(runs) {
        assert_eq!((counts.lost, counts.duplicates), (0, 0), "{way:?}");
        let outcomes = counts.written + counts.failed + counts.unknown;
        assert_eq!(outcomes, documents, "{way:?}");
        match way {
            Way::Ids | Way::MadeIds => assert_eq!(counts.written, documents, "{way:?}"),
            Way::WithoutIds => assert_eq!(counts.failed, 0, "{way:?}"),
            // The server's own retry may be refused by its first write, and not tell.
            Way::CreateWithIds => assert_eq!(counts.failed, counts.false_failures, "{way:?}"),
        }
    }
}

/// The number in `ES_KILLED_DOCUMENTS`; by default one that suits a check of each change.
fn documents_of_a_run() -> u64 {
    match std::env::var("ES_KILLED_DOCUMENTS") {
        Ok(count) => count.parse().unwrap(),
        Err(_) => 60_000,
    }
}

/// Writes documents until it is over, and compares the outcomes with the index.
async fn run(way: Way, documents: u64, over: Arc<AtomicBool>) -> Counts {
    let name = way.index();
    let operations: BoxStream<'static, _> = lasting_with(documents, over, move |number| {
        way.operation(number).context(number)
    });
    let writer = builder().build().unwrap();
    let bulk = writer
        .helpers()
        .bulk(name.clone(), operations)
        .flush_operations(500);
    let bulk = bulk
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
    refreshed(&client, &name).await;
    let mut there = vec![0_u64; usize::try_from(documents).unwrap()];
    let mut hits = client
        .helpers()
        .read_all::<Document>(name.clone())
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
    client.indices().delete(name).await.unwrap();
    counts
}
