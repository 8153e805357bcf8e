//! `genuine_moves [DOCUMENTS [CLIENT]]`: what reads and a bulk of so many documents see on the cluster of
//! `ES_URLS` while a shard moves, a node is killed and started, and a node is frozen for 20 s: round
//! robin, `shard_aware`, and `shard_aware` with hedged reads, one after the other.
//!
//! Reads are sent at a constant rate, whether or not earlier ones have ended.
//!
//! `scripts/cluster/README.md` says how to start the cluster. `ES_NODE_COMMAND` commands its nodes.

use std::{
    collections::BTreeMap,
    env,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use es_benches::{
    genuine::cluster::{command, is_green},
    operation::BoxError,
};
use es_client::{Elasticsearch, helpers::bulk::Operation, http::Method};
use es_transport::{TransportBuilder, layer::HedgeLayer};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

/// Nodes of the cluster.
const NODES: usize = 3;
/// Documents that are read.
const READ: u32 = 2_000;
/// Time between two reads.
const EVERY: Duration = Duration::from_millis(5);
const SLOW: Duration = Duration::from_millis(250);
/// Seconds that all phases take together, about; the bulk is slowed down to them.
const TOTAL: f64 = 75.0;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Healthy,
    Move,
    Kill,
    Freeze,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Healthy => "no fault",
            Self::Move => "a shard moves",
            Self::Kill => "a node is killed and started",
            Self::Freeze => "a node is frozen for 20 s",
        }
    }
}

/// How the reads of a phase ended.
#[derive(Default)]
struct Reads {
    times: Vec<Duration>,
    failed: u32,
    wrong: u32,
}

type Results = Arc<Mutex<BTreeMap<Phase, Reads>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let documents = env::args().nth(1);
    let documents: u32 = documents.map_or(Ok(200_000), |text| text.parse())?;
    let urls = env::var("ES_URLS")?;
    let builder = || Elasticsearch::builder().nodes(urls.split(','));
    let variants: [(&str, TransportBuilder<Elasticsearch>); 3] = [
        ("round robin", builder()),
        ("shard-aware", builder().shard_aware(true)),
        (
            "shard-aware, hedged",
            builder().shard_aware(true).hedge(HedgeLayer::new()),
        ),
    ];
    println!(
        "| client | phase | reads | failed | wrong | p50 ms | p99 ms | longest ms | over 250 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut bulks = Vec::new();
    let wanted = env::args().nth(2).unwrap_or_default();
    let variants = variants
        .into_iter()
        .filter(|(name, _)| name.contains(&*wanted));
    for (number, (name, builder)) in variants.enumerate() {
        bar.set_message(name);
        let client = builder.build()?;
        let index = format!("moves-{number}");
        let (results, bulk) = measure(&client, &index, documents).await?;
        bar.suspend(|| print(name, &results));
        bulks.push(format!("{name}: {bulk}"));
    }
    bar.finish_and_clear();
    println!(
        "\nBulk of {documents} documents with IDs:\n{}",
        bulks.join("\n")
    );
    Ok(())
}

fn print(name: &str, results: &Results) {
    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
    for (phase, reads) in results.iter_mut() {
        reads.times.sort_unstable();
        let quantile = |q: f64| {
            let at = (q * reads.times.len() as f64) as usize;
            let time = reads.times.get(at).or(reads.times.last());
            time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        println!(
            "| {name} | {} | {} | {} | {} | {:.1} | {:.1} | {:.0} | {} |",
            phase.name(),
            reads.times.len(),
            reads.failed,
            reads.wrong,
            quantile(0.5),
            quantile(0.99),
            quantile(1.0),
            reads.times.iter().filter(|time| **time > SLOW).count(),
        );
    }
}

async fn measure(
    client: &Elasticsearch,
    index: &str,
    documents: u32,
) -> Result<(Results, String), BoxError> {
    let settings = json!({"settings": {"number_of_shards": 3, "number_of_replicas": 1}});
    let indices = client.indices();
    indices.create(index).body(&settings).await?;
    is_green(client, NODES).await?;
    let read = (0..READ).map(|n| Operation::index(json!({"n": n})).id(format!("r{n}")));
    let report = client.helpers().bulk(index, read).await?;
    if !report.is_complete() {
        return Err(report.to_string().into());
    }
    indices.refresh(index).await?;
    // The shards are known from now on.
    sleep(Duration::from_millis(500)).await;

    let written = (0..documents).map(|n| Operation::index(json!({"n": n})).id(n.to_string()));
    let bulk = client.helpers().bulk(index, written);
    let bulk = bulk.max_operations_per_second(f64::from(documents) / TOTAL);
    let bulk = tokio::spawn(bulk.into_future());

    let results = Results::default();
    let mut reads = JoinSet::new();
    let mut number = 0;
    for phase in [Phase::Healthy, Phase::Move, Phase::Kill, Phase::Freeze] {
        let fault = inflict(client, index, phase);
        let mut fault = std::pin::pin!(fault);
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                done = &mut fault => break done?,
                _ = ticks.tick() => {
                    let (client, index) = (client.clone(), index.to_owned());
                    reads.spawn(read_one(client, index, number, phase, Arc::clone(&results)));
                    number += 1;
                }
            }
        }
    }
    reads.join_all().await;
    let report = bulk.await??;
    is_green(client, NODES).await?;
    indices.refresh(index).await?;
    let found = client.count(index).await?.count.unwrap_or_default();
    indices.delete(index).await?;
    let written = u64::from(READ) + report.succeeded;
    Ok((results, format!("{report}; {found} of {written} are there")))
}

/// A search of a document by its ID one time in ten, else a get.
async fn read_one(
    client: Elasticsearch,
    index: String,
    number: u32,
    phase: Phase,
    results: Results,
) {
    let n = number * 37 % READ;
    let id = format!("r{n}");
    let begun = Instant::now();
    let read = if number.is_multiple_of(10) {
        let query = json!({"query": {"ids": {"values": [id]}}});
        let search = client.search::<Value>(&*index).routing(&*id).body(&query);
        let found = search.await;
        found.map(|page| {
            page.hits()
                .first()
                .and_then(|hit| hit.source().ok()?.cloned())
        })
    } else {
        let found = client.get::<Value>(&*index, &*id).await;
        found.map(|found| found.source().ok().flatten().cloned())
    };
    let took = begun.elapsed();
    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
    let reads = results.entry(phase).or_default();
    reads.times.push(took);
    match read {
        Ok(Some(source)) if source["n"] == n => {}
        Ok(_) => reads.wrong += 1,
        Err(_) => reads.failed += 1,
    }
}

async fn inflict(client: &Elasticsearch, index: &str, phase: Phase) -> Result<(), BoxError> {
    match phase {
        Phase::Healthy => sleep(Duration::from_secs(8)).await,
        Phase::Move => {
            move_shard(client, index).await?;
            is_green(client, NODES).await?;
            sleep(Duration::from_secs(6)).await;
        }
        Phase::Kill => {
            node(1, "kill").await?;
            sleep(Duration::from_secs(5)).await;
            node(1, "start").await?;
            is_green(client, NODES).await?;
            // By then, the client knows the copies that have come back.
            sleep(Duration::from_secs(6)).await;
        }
        Phase::Freeze => {
            node(2, "pause").await?;
            sleep(Duration::from_secs(20)).await;
            node(2, "resume").await?;
            is_green(client, NODES).await?;
        }
    }
    Ok(())
}

/// Moves a copy of the first shard to the node that has none.
async fn move_shard(client: &Elasticsearch, index: &str) -> Result<(), BoxError> {
    let path = format!("/_cluster/state/nodes,routing_table/{index}");
    let state = client.options().request(Method::GET, &path, ()).await?;
    let state = state.json::<Value>()?;
    let copies = state["routing_table"]["indices"][index]["shards"]["0"].as_array();
    let holders: Vec<_> = copies
        .into_iter()
        .flatten()
        .map(|copy| &copy["node"])
        .collect();
    let nodes = state["nodes"].as_object().ok_or("no nodes")?;
    let free = nodes
        .keys()
        .find(|id| holders.iter().all(|holder| *holder != *id));
    let command = json!({"commands": [{"move": {
        "index": index, "shard": 0, "from_node": holders.first(), "to_node": free
    }}]});
    let reroute = client.cluster().reroute().body(&command);
    reroute.await?;
    Ok(())
}

async fn node(number: usize, action: &str) -> Result<(), BoxError> {
    command(&env::var("ES_NODE_COMMAND")?, number, action).await
}
