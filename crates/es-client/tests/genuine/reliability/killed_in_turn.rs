use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::{
    cluster::Cluster,
    documents::{lasting_with, new_index},
    outcomes::{WAYS, Way, run},
    server::{builder, client, lacks},
};

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
        new_index(&way.index("killed"), 1).await;
        // The next node is killed when all copies are there, wherever they are.
        let indices = client().indices().put_settings(way.index("killed"));
        indices
            .body(json!({"index.routing.rebalance.enable": "none"}))
            .await
            .unwrap();
    }
    let documents = documents_of_a_run();
    let over = Arc::new(AtomicBool::new(false));
    let writer = builder().build().unwrap();
    let runs = join_all(WAYS.map(async |way| {
        let operations = lasting_with(documents, Arc::clone(&over), move |number| {
            way.operation(number)
        });
        run(&writer, way, &way.index("killed"), documents, operations).await
    }));
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
