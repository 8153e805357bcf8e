//! A pool that follows a stream of endpoint changes, as a watch of Kubernetes
//! endpoints delivers them, and prints its events.
//!
//!     cargo run --example kubernetes_like

use std::{sync::Arc, time::Duration};

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::{Node, NodePool, events::Subscription};
use examples::{Result, Tally};
use tokio::sync::mpsc;

/// The addresses of the pods that are ready: all of them, with every change.
type Endpoints = Vec<String>;

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder()
        .nodes(3)
        .tls(false)
        .security(false)
        .start()
        .await?;

    // The pool is ours: it can serve several clients.
    let first: Node = cluster.url(0).parse()?;
    let pool = NodePool::new([first])?;
    let client = Elasticsearch::builder()
        .node_pool(Arc::clone(&pool))
        .build()?;

    let printer = tokio::spawn(print(pool.events().subscribe()));
    let (changes, watch) = mpsc::channel(4);
    let follower = tokio::spawn(follow(watch, Arc::clone(&pool)));

    // A rolling restart: a pod joins, another one leaves, the last one is replaced.
    for ready in [vec![0, 1], vec![1], vec![1, 2], vec![2]] {
        let endpoints: Endpoints = ready.iter().map(|pod| cluster.url(*pod)).collect();
        changes.send(endpoints).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;

        let mut tally = Tally::default();
        for _ in 0..10 {
            tally.count(client.info().send().await?.meta());
        }
        println!("pods {ready:?} are ready\n{tally}");
    }

    // An operator takes a node out for a minute, although it responds.
    pool.mark_dead(
        &cluster.url(2),
        tokio::time::Instant::now(),
        Duration::from_secs(60),
    )?;
    for status in pool.nodes() {
        println!(
            "{} {:?} after {} failures",
            status.node(),
            status.state(),
            status.failures()
        );
    }

    // Without subscribers to come, the events end with the pool.
    drop((changes, client, pool));
    follower.await??;
    printer.await?;
    Ok(())
}

/// Makes the pool's nodes those of every change.
async fn follow(
    mut watch: mpsc::Receiver<Endpoints>,
    pool: Arc<NodePool>,
) -> es_transport::Result<()> {
    while let Some(endpoints) = watch.recv().await {
        let nodes = endpoints.iter().map(|url| url.parse::<Node>());
        // A pod that is gone never comes back, unless a later change names it.
        pool.replace(nodes.collect::<es_transport::Result<Vec<_>>>()?);
    }
    Ok(())
}

async fn print(mut events: Subscription) {
    while let Some(event) = events.recv().await {
        println!("event: {event:?}");
    }
}
