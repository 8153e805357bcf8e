//! The cluster of the environment, as `scripts/cluster/es-cluster env` prints it, behind
//! relays.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use es_client::{Elasticsearch, http::Method};
use es_transport::{TransportBuilder, rng::Rng};
use serde_json::Value;
use tokio::{process::Command, time::sleep};

use super::{
    relay::Relay,
    schedule::{Fault, Schedule},
};
use crate::operation::BoxError;

/// No cluster takes longer to be green again.
const GREEN: Duration = Duration::from_secs(240);

/// The domain of the names that the certificates of the nodes are valid for.
const DOMAIN: &str = "cloud.test";

/// The nodes of a cluster, each behind a relay.
pub struct Cluster {
    relays: Vec<Arc<Relay>>,
    /// A client of the nodes themselves.
    operator: Elasticsearch,
    command: String,
    moves: u8,
}

impl Cluster {
    /// Starts a relay for each node of the environment's cluster.
    ///
    /// # Errors
    /// If the environment describes no cluster.
    pub fn from_env() -> Result<Self, BoxError> {
        let urls = env::var("ES_URLS")?;
        let mut relays = Vec::new();
        for (node, url) in urls.split(',').enumerate() {
            let address: SocketAddr = url.trim_start_matches("https://").parse()?;
            let relay = Relay::start(address, loopback(node, 0))?;
            relays.push(Arc::new(relay));
        }
        let operator = secured(Elasticsearch::builder().nodes(urls.split(',')))?
            .request_timeout(Duration::from_secs(60))
            .retry_on_timeout(true)
            .build()?;
        Ok(Self {
            relays,
            operator,
            command: env::var("ES_NODE_COMMAND")?,
            moves: 0,
        })
    }

    /// Returns a client of the nodes themselves.
    pub fn operator(&self) -> &Elasticsearch {
        &self.operator
    }

    /// Returns the URLs of the relays.
    ///
    /// # Errors
    /// If the environment describes no cluster.
    pub fn urls(&self) -> Result<Vec<String>, BoxError> {
        let urls = env::var("ES_URLS")?;
        let ports = urls.split(',').filter_map(|url| url.rsplit(':').next());
        let url = |(node, port)| format!("https://node-{node}.{DOMAIN}:{port}");
        Ok(ports.enumerate().map(url).collect())
    }

    /// Returns the builder of a client that knows the nodes by their names.
    ///
    /// # Errors
    /// If the environment describes no cluster.
    pub fn client(&self) -> Result<TransportBuilder<Elasticsearch>, BoxError> {
        let relays = self.relays.clone();
        let resolve = move |name: String| {
            let addresses = relays
                .iter()
                .enumerate()
                .filter(|(node, _)| name == format!("node-{node}.{DOMAIN}"))
                .map(|(_, relay)| relay.address())
                .collect();
            std::future::ready(Ok(addresses))
        };
        let builder = Elasticsearch::builder().nodes(self.urls()?);
        Ok(secured(builder)?.resolver(resolve))
    }

    /// Gives one random node after the other a fault until told to stop, each time with
    /// all kinds before one comes again.
    ///
    /// # Errors
    /// If a node cannot be commanded, or the cluster does not recover.
    pub async fn break_nodes(
        &mut self,
        rng: &Rng,
        schedule: &Schedule,
        is_over: impl Fn() -> bool,
        tell: impl Fn(&str),
    ) -> Result<(), BoxError> {
        let mut deck: Vec<Fault> = Vec::new();
        let start = Instant::now();
        loop {
            pause(rng, 3..6).await;
            if is_over() {
                return Ok(());
            }
            if deck.is_empty() {
                deck.extend(Fault::ALL);
            }
            let fault = deck.swap_remove(rng.below(deck.len()));
            let node = rng.below(self.relays.len());
            let at = start.elapsed();
            schedule.begin(node, fault);
            self.inflict(node, fault, rng).await?;
            schedule.end();
            let ended = start.elapsed();
            self.is_green().await?;
            schedule.recovered();
            tell(&format!(
                "{:.1} s, node {node}: {fault}, for {:.1} s; green {:.1} s later",
                at.as_secs_f64(),
                (ended - at).as_secs_f64(),
                (start.elapsed() - ended).as_secs_f64()
            ));
        }
    }

    async fn inflict(&mut self, node: usize, fault: Fault, rng: &Rng) -> Result<(), BoxError> {
        let relay = Arc::clone(self.relays.get(node).ok_or("no such node")?);
        match fault {
            Fault::Stopped | Fault::Killed => {
                let action = if fault == Fault::Stopped {
                    "stop"
                } else {
                    "kill"
                };
                self.command(node, action).await?;
                relay.refuse().await;
                pause(rng, 1..6).await;
                relay.open()?;
                self.command(node, "start").await?;
            }
            Fault::Frozen => {
                self.command(node, "pause").await?;
                pause(rng, 5..20).await;
                self.command(node, "resume").await?;
            }
            // Open connections keep the certificate that they began with.
            Fault::Renewed => {
                self.command(node, "certificate renewed").await?;
                relay.cut();
            }
            Fault::Expired => {
                self.command(node, "certificate expired").await?;
                relay.cut();
                sleep(Duration::from_secs(60)).await;
                self.command(node, "certificate renewed").await?;
            }
            Fault::Foreign => {
                self.command(node, "certificate foreign").await?;
                relay.cut();
                pause(rng, 5..20).await;
                self.command(node, "certificate renewed").await?;
            }
            Fault::Moved => {
                relay.refuse().await;
                relay.cut();
                pause(rng, 0..6).await;
                self.moves = self.moves.wrapping_add(1) % 250;
                relay.move_to(loopback(node, self.moves))?;
            }
            Fault::Silent => {
                relay.silence_new(true);
                relay.silence();
                pause(rng, 0..10).await;
                relay.silence_new(false);
                relay.none_is_silent().await;
            }
        }
        Ok(())
    }

    async fn command(&self, node: usize, action: &str) -> Result<(), BoxError> {
        command(&self.command, node, action).await
    }

    /// Waits until all nodes are there with all copies of all shards.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn is_green(&self) -> Result<(), BoxError> {
        is_green(&self.operator, self.relays.len()).await
    }
}

/// Runs a command of `es-cluster` for a node, such as `kill`.
///
/// # Errors
/// If it fails.
pub async fn command(command: &str, node: usize, action: &str) -> Result<(), BoxError> {
    let command = format!("{command} {node} {action}");
    let done = Command::new("sh").arg("-c").arg(&command).output().await?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{command}: {}", String::from_utf8_lossy(&done.stderr)).into())
}

/// Waits until so many nodes are there with all copies of all shards, and none moves.
///
/// # Errors
/// If that takes too long.
pub async fn is_green(client: &Elasticsearch, nodes: usize) -> Result<(), BoxError> {
    let target = format!(
        "/_cluster/health?wait_for_status=green&wait_for_nodes={nodes}\
         &wait_for_no_relocating_shards=true&timeout=2s"
    );
    // A node that does not respond is soon left for another.
    let client = client.options().request_timeout(Duration::from_secs(4));
    let start = Instant::now();
    while start.elapsed() < GREEN {
        let health = client.request(Method::GET, &target, ()).await;
        if let Ok(health) = health
            && health.json::<Value>()?["timed_out"] == false
        {
            return Ok(());
        }
        sleep(Duration::from_millis(250)).await;
    }
    Err(format!("the cluster is not green after {GREEN:?}").into())
}

/// Returns an address of a node, each time another one.
fn loopback(node: usize, moves: u8) -> Ipv4Addr {
    let node = u8::try_from(node).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, node.saturating_add(1), moves.saturating_add(1))
}

async fn pause(rng: &Rng, seconds: std::ops::Range<u64>) {
    let millis = (seconds.end - seconds.start) * 1_000;
    let more = rng.below(usize::try_from(millis).unwrap_or(usize::MAX)) as u64;
    sleep(Duration::from_millis(seconds.start * 1_000 + more)).await;
}

fn secured(
    builder: TransportBuilder<Elasticsearch>,
) -> Result<TransportBuilder<Elasticsearch>, BoxError> {
    Ok(builder
        .ca_certs(env::var("ES_CA")?)
        .basic_auth(env::var("ES_USER")?, env::var("ES_PASSWORD")?))
}
