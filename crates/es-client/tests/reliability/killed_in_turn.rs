use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_client::helpers::bulk::{Effect, Operation};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use tokio::time::sleep;

use crate::{
    cluster::Cluster,
    documents::{Document, lasting_with, new_index, refreshed, write},
    server::{builder, client},
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

impl Way {
    fn operation(self, number: u64) -> Operation<Document> {
        match self {
            Self::Ids => write(number),
            Self::MadeIds => Operation::create(Document::new(number)),
            Self::CreateWithIds => Operation::create(Document::new(number)).id(number.to_string()),
            Self::WithoutIds => Operation::index(Document::new(number)),
        }
    }
}

/// The outcomes of a run, and what is in the index.
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
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn outcomes_are_true_while_nodes_are_killed_in_turn() {
    let cluster = Cluster::whole().await;
    let documents = documents_of_a_run();
    for way in [Way::Ids, Way::MadeIds, Way::CreateWithIds, Way::WithoutIds] {
        let counts = run(&cluster, way, documents).await;
        println!("{way:?}: {counts:?}");
        assert_eq!((counts.lost, counts.duplicates), (0, 0), "{way:?}");
        let said = counts.written + counts.failed + counts.unknown;
        assert_eq!(said, documents, "{way:?}");
        if way != Way::CreateWithIds {
            assert_eq!(counts.false_failures, 0, "{way:?}");
        }
        if matches!(way, Way::Ids | Way::MadeIds) {
            assert_eq!((counts.written, counts.unknown), (documents, 0), "{way:?}");
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

async fn run(cluster: &Cluster, way: Way, documents: u64) -> Counts {
    let name = "reliability-killed";
    new_index(name, 1).await;
    let over = Arc::new(AtomicBool::new(false));
    let operations: BoxStream<'static, _> =
        lasting_with(documents, Arc::clone(&over), move |number| {
            way.operation(number).context(number)
        });
    let writer = builder().build().unwrap();
    let bulk = writer.helpers().bulk(name, operations).flush_operations(500).max_retries(20);
    let mut outcomes = bulk.make_ids(way == Way::MadeIds).continue_on_error(true).stream();

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
    let reading = async {
        let mut said = BTreeMap::new();
        let mut counts = Counts::default();
        while let Some(outcome) = outcomes.next().await {
            let outcome = outcome.unwrap();
            match &outcome.result {
                Ok(written) => {
                    counts.written += 1;
                    counts.written_before += u64::from(written.effect == Effect::WrittenBefore);
                }
                Err(error) if error.is_unknown() => counts.unknown += 1,
                Err(error) => {
                    counts.failed += 1;
                    println!("{way:?}: {}: {error}", outcome.number);
                }
            }
            let unknown = outcome.result.as_ref().is_err_and(|error| error.is_unknown());
            said.insert(outcome.context, (outcome.result.is_ok(), unknown));
        }
        (said, counts)
    };
    let ((said, mut counts), ()) = tokio::join!(reading, kills);

    let client = client();
    refreshed(&client, name).await;
    let mut there = vec![0_u32; usize::try_from(documents).unwrap()];
    let mut hits = client.helpers().read_all::<Document>(name).page_size(5_000).stream();
    while let Some(hit) = hits.try_next().await.unwrap() {
        there[usize::try_from(hit.source().unwrap().unwrap().number()).unwrap()] += 1;
    }
    for (number, (written, unknown)) in said {
        let copies = there[usize::try_from(number).unwrap()];
        counts.lost += u64::from(written && copies == 0);
        counts.false_failures += u64::from(!written && !unknown && copies > 0);
        counts.unknown_but_there += u64::from(unknown && copies > 0);
        counts.duplicates += u64::from(copies.saturating_sub(1));
    }
    client.indices().delete(name).await.unwrap();
    counts
}
