//! `genuine_shards [ROUNDS [WORK]]`: what `shard_aware` saves on the cluster of `ES_URLS`: bytes between
//! the nodes, CPU time of all nodes, and latencies, beside round robin in turns.
//!
//! `scripts/cluster/README.md` says how to start the cluster.

use std::{
    env,
    time::{Duration, Instant},
};

use es_benches::{operation::BoxError, product::Product};
use es_client::{Elasticsearch, helpers::bulk::Operation, http::Method};
use indicatif::ProgressBar;
use serde_json::{Value, json};

const DOCUMENTS: u32 = 20_000;
/// Calls of each work in a round.
const CALLS: u32 = 500;

/// An index, and the calls of it.
struct Work {
    name: &'static str,
    shards: u8,
    replicas: u8,
    calls: Calls,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Calls {
    Bulk { ids: bool },
    Index,
    Get,
    Mget { documents: u32 },
    Msearch { searches: u32 },
    Search { routing: bool },
}

#[rustfmt::skip]
const WORKS: [Work; 19] = [
    Work { name: "bulk with IDs", shards: 3, replicas: 0, calls: Calls::Bulk { ids: true } },
    Work { name: "bulk with IDs", shards: 3, replicas: 1, calls: Calls::Bulk { ids: true } },
    Work { name: "bulk without IDs", shards: 1, replicas: 0, calls: Calls::Bulk { ids: false } },
    Work { name: "index", shards: 3, replicas: 0, calls: Calls::Index },
    Work { name: "get", shards: 3, replicas: 0, calls: Calls::Get },
    Work { name: "get", shards: 3, replicas: 1, calls: Calls::Get },
    Work { name: "mget of 100", shards: 1, replicas: 0, calls: Calls::Mget { documents: 100 } },
    Work { name: "mget of 100", shards: 1, replicas: 1, calls: Calls::Mget { documents: 100 } },
    Work { name: "mget of 6", shards: 3, replicas: 0, calls: Calls::Mget { documents: 6 } },
    Work { name: "mget of 30", shards: 3, replicas: 0, calls: Calls::Mget { documents: 30 } },
    Work { name: "mget of 100", shards: 3, replicas: 0, calls: Calls::Mget { documents: 100 } },
    Work { name: "mget of 100", shards: 3, replicas: 1, calls: Calls::Mget { documents: 100 } },
    Work { name: "msearch of 30 with routing", shards: 3, replicas: 0, calls: Calls::Msearch { searches: 30 } },
    Work { name: "search", shards: 1, replicas: 0, calls: Calls::Search { routing: false } },
    Work { name: "search", shards: 1, replicas: 1, calls: Calls::Search { routing: false } },
    Work { name: "search with routing", shards: 3, replicas: 0, calls: Calls::Search { routing: true } },
    Work { name: "search of all shards", shards: 2, replicas: 0, calls: Calls::Search { routing: false } },
    Work { name: "search of all shards", shards: 3, replicas: 0, calls: Calls::Search { routing: false } },
    Work { name: "search of all shards", shards: 3, replicas: 1, calls: Calls::Search { routing: false } },
];

/// The cost of some calls.
#[derive(Default)]
struct Cost {
    bytes: u64,
    cpu: Duration,
    times: Vec<Duration>,
    /// Documents of bulk requests, else calls.
    units: u32,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.cpu += other.cpu;
        self.times.extend(other.times);
        self.units += other.units;
    }

    /// Bytes and µs of CPU for each, p50 and p99 in ms; of bulk requests, those of a whole run.
    fn row(&mut self) -> [f64; 4] {
        self.times.sort_unstable();
        let quantile = |q: f64| {
            let at = (q * self.times.len() as f64) as usize;
            let time = self.times.get(at.min(self.times.len().saturating_sub(1)));
            time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let units = f64::from(self.units.max(1));
        [
            self.bytes as f64 / units,
            self.cpu.as_secs_f64() * 1e6 / units,
            quantile(0.5),
            quantile(0.99),
        ]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let rounds: u32 = env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let wanted = env::args().nth(2).unwrap_or_default();
    let urls = env::var("ES_URLS")?;
    let client = |is_aware| {
        let builder = Elasticsearch::builder().nodes(urls.split(','));
        builder.shard_aware(is_aware).build()
    };
    let clients = [client(false)?, client(true)?];
    println!("| work | shards + replicas | bytes | CPU µs | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|");
    let works = WORKS.iter().filter(|work| work.name.contains(&*wanted));
    let bar = ProgressBar::new(u64::from(rounds) * works.clone().count() as u64);
    for (number, work) in works.enumerate() {
        let mut costs = [Cost::default(), Cost::default()];
        for round in 0..rounds {
            // Each has its own index, so that none finds what the other left; and each is the
            // first one in turn.
            for at in [round % 2, (round + 1) % 2] {
                let (client, cost) = (&clients[at as usize], &mut costs[at as usize]);
                let index = format!("shards-{number}-{round}-{at}");
                cost.add(measure(client, work, &index).await?);
            }
            bar.inc(1);
        }
        let [plain, aware] = costs.each_mut().map(Cost::row);
        let columns = plain
            .iter()
            .zip(aware)
            .map(|(plain, aware)| format!("{plain:.2} → {aware:.2} ({:.2})", aware / plain));
        let columns: Vec<_> = columns.collect();
        bar.suspend(|| {
            println!(
                "| {} | {} + {} | {} |",
                work.name,
                work.shards,
                work.replicas,
                columns.join(" | ")
            );
        });
    }
    bar.finish_and_clear();
    Ok(())
}

async fn measure(client: &Elasticsearch, work: &Work, index: &str) -> Result<Cost, BoxError> {
    let settings = json!({"settings": {
        "number_of_shards": work.shards,
        "number_of_replicas": work.replicas,
        "refresh_interval": "-1",
    }});
    client
        .indices()
        .create(index)
        .body(&settings)
        .send()
        .await?;
    let health = format!("/_cluster/health/{index}?wait_for_status=green");
    client.options().request(Method::GET, &health, ()).await?;
    let is_read = !matches!(work.calls, Calls::Bulk { .. } | Calls::Index);
    if is_read {
        write(client, index, true).await?;
        client.indices().refresh(index).send().await?;
    }
    // The shards of an index are fetched when it is first used.
    for number in 0..10 {
        call(client, work.calls, index, number).await?;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;

    let (bytes, cpu) = used(client).await?;
    let mut cost = Cost::default();
    if let Calls::Bulk { ids } = work.calls {
        let start = Instant::now();
        write(client, index, ids).await?;
        cost.times.push(start.elapsed());
        cost.units = DOCUMENTS;
    } else {
        for number in 0..CALLS {
            let start = Instant::now();
            call(client, work.calls, index, number).await?;
            cost.times.push(start.elapsed());
        }
        cost.units = CALLS;
    }
    let (bytes_after, cpu_after) = used(client).await?;
    cost.bytes = bytes_after.saturating_sub(bytes);
    cost.cpu = cpu_after.saturating_sub(cpu);
    client.indices().delete(index).send().await?;
    Ok(cost)
}

async fn write(client: &Elasticsearch, index: &str, ids: bool) -> Result<(), BoxError> {
    let operations = (0..DOCUMENTS).map(move |number| {
        let operation = Operation::index(Product::to_write(number as usize));
        if ids {
            operation.id(number.to_string())
        } else {
            operation
        }
    });
    let report = client
        .helpers()
        .bulk(index, operations)
        .flush_operations(1_000)
        .await?;
    if report.succeeded == u64::from(DOCUMENTS) {
        Ok(())
    } else {
        Err(report.to_string().into())
    }
}

async fn call(
    client: &Elasticsearch,
    calls: Calls,
    index: &str,
    number: u32,
) -> Result<(), BoxError> {
    let id = (number * 37 % DOCUMENTS).to_string();
    match calls {
        Calls::Bulk { .. } | Calls::Index => {
            let document = Product::to_write(number as usize);
            client
                .index(index)
                .id(&id)
                .document(document)
                .send()
                .await?;
        }
        Calls::Get => {
            client.get::<Value>(index, &id).send().await?;
        }
        Calls::Mget { documents } => {
            let ids: Vec<_> = (0..documents)
                .map(|n| ((number + n) % DOCUMENTS).to_string())
                .collect();
            client.mget::<Value>().index(index).ids(ids).send().await?;
        }
        Calls::Msearch { searches } => {
            let lines = (0..searches).flat_map(|n| {
                let routing = ((number + n) % DOCUMENTS).to_string();
                let query = json!({"match": {"description": "thick socks"}});
                [
                    json!({"routing": routing}),
                    json!({"query": query, "size": 1}),
                ]
            });
            let search = client.msearch::<Value>().index(index);
            search.operations(lines).send().await?;
        }
        Calls::Search { routing } => {
            let query = json!({"query": {"match": {"description": "thick socks"}}});
            let search = client.search::<Value>(index).body(&query);
            let search = if routing { search.routing(id) } else { search };
            search.send().await?;
        }
    }
    Ok(())
}

/// The bytes that all nodes have sent each other, and their CPU time.
async fn used(client: &Elasticsearch) -> Result<(u64, Duration), BoxError> {
    // The nodes look at their CPU time once a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let path = "/_nodes/stats/transport,process?filter_path=\
                nodes.*.transport.tx_size_in_bytes,nodes.*.process.cpu.total_in_millis";
    let stats = client
        .options()
        .request(Method::GET, path, ())
        .await?
        .json::<Value>()?;
    let nodes = stats["nodes"].as_object().ok_or("no nodes")?;
    let sum = |pointer| {
        nodes
            .values()
            .filter_map(|node| node.pointer(pointer)?.as_u64())
            .sum()
    };
    let millis = sum("/process/cpu/total_in_millis");
    Ok((
        sum("/transport/tx_size_in_bytes"),
        Duration::from_millis(millis),
    ))
}
