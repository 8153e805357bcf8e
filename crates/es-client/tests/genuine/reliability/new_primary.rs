use std::time::Duration;

use es_client::params::WaitForActiveShardOptions;
use futures_util::{
    StreamExt,
    future::join_all,
    stream::{self, BoxStream},
};
use http::StatusCode;
use serde_json::json;
use tokio::time::sleep;

use super::{
    cluster::Cluster,
    outcomes::{WAYS, Way, run},
    server::{as_administrator, client, lacks, trusting_nodes, urls},
};

/// The documents of one request.
const DOCUMENTS: u64 = 500;

/// The primary is killed while it waits for its copy, which has the write in its
/// socket: the copy becomes the primary, and the node that was asked asks it again.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn outcomes_are_true_when_a_new_primary_repeats_a_write() {
    let cluster = Cluster::whole().await;
    if lacks(
        cluster.nodes() < 3,
        "three nodes, of which one can be missed",
    ) {
        return;
    }
    let (primary, copy, asked) = (0, 1, 2);
    let nodes = cluster.node_ids().await;
    for way in WAYS {
        new_index_on(&way.index("primary"), &nodes[primary], &nodes[copy]).await;
    }
    cluster.is_green().await;

    let writer = as_administrator(trusting_nodes(&urls()[asked..=asked]))
        .request_timeout(Duration::from_secs(120))
        .build()
        .unwrap();
    // A connection, and the pool's knowledge of the server.
    writer.info().await.unwrap();
    cluster.node(copy, "pause").await;
    let runs = join_all(WAYS.map(async |way| {
        let operations: BoxStream<'static, _> = stream::iter(0..DOCUMENTS)
            .map(move |number| way.operation(number))
            .boxed();
        run(&writer, way, &way.index("primary"), DOCUMENTS, operations).await
    }));
    let failover = async {
        sleep(Duration::from_secs(3)).await;
        cluster.node(primary, "kill").await;
        sleep(Duration::from_secs(1)).await;
        cluster.node(copy, "resume").await;
        sleep(Duration::from_secs(1)).await;
        cluster.node(primary, "start").await;
    };
    let (runs, ()) = tokio::join!(runs, failover);
    for (way, counts) in WAYS.into_iter().zip(&runs) {
        println!("{way:?}: {counts:?}");
    }
    cluster.is_green().await;

    for (way, counts) in WAYS.into_iter().zip(runs) {
        assert_eq!((counts.lost, counts.duplicates), (0, 0), "{way:?}");
        assert_eq!(counts.unknown, 0, "{way:?}");
        match way {
            // Not told from a conflict with somebody else's document.
            Way::CreateWithIds => assert_eq!(counts.failed, counts.false_failures),
            Way::MadeIds => {
                assert_eq!(counts.written, DOCUMENTS);
                assert!(counts.written_before > 0, "the server repeated nothing");
            }
            Way::Ids | Way::WithoutIds => assert_eq!(counts.written, DOCUMENTS, "{way:?}"),
        }
    }
}

/// Creates an index with one shard and one copy of it, each on its node.
async fn new_index_on(name: &str, primary: &str, copy: &str) {
    let client = client();
    let missing = client.options().ignore_status([StatusCode::NOT_FOUND]);
    missing.indices().delete(name).send().await.unwrap();
    let created = client.indices().create(name).settings(json!({
        "number_of_shards": 1,
        "number_of_replicas": 0,
        "index.routing.allocation.include._id": primary,
    }));
    let fields = json!({"number": {"type": "long"}, "text": {"type": "text"}});
    let created = created
        .mappings(json!({"properties": fields}))
        .wait_for_active_shards(WaitForActiveShardOptions::All)
        .await
        .unwrap();
    assert!(created.shards_acknowledged, "{created:?}");
    let settings = client.indices().put_settings(name).body(json!({
        "index.routing.allocation.include._id": format!("{primary},{copy}"),
        "index.number_of_replicas": 1,
    }));
    settings.await.unwrap();
}
