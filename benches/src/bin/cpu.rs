//! `cpu [operation]`: CPU time per request while 16 and while 64 requests are in flight at
//! one node, of hyper-util's client and of ours in turns, in one run.

use es_benches::{
    clients::{Clients, Own},
    operation::{BoxError, Operation},
    process::{Server, thread_time},
};

const CLIENTS: [&str; 2] = ["hyper-util", "ours"];
const IN_FLIGHT: [u64; 2] = [16, 64];
/// Requests of a run, all tasks together.
const REQUESTS: u64 = 64_000;
/// Runs of each client; the best one counts.
const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let operation = std::env::args()
        .nth(1)
        .map_or(Ok(Operation::Head), |name| name.parse())?;
    let server = Server::start("server", &["1"])?;
    let urls = [server.line().to_owned()];

    println!("CPU µs per request ({operation}), best of {ROUNDS} runs of {REQUESTS} requests.\n");
    println!("| in flight | {} | ratio |", CLIENTS.join(" | "));
    println!("|---|---|---|---|");
    for in_flight in IN_FLIGHT {
        let [hyper_util, ours] = measure(operation, in_flight, &urls).await?;
        println!(
            "| {in_flight} | {hyper_util:.2} | {ours:.2} | {:.2} |",
            ours / hyper_util
        );
    }
    Ok(())
}

/// Returns the time of each client in microseconds.
async fn measure(
    operation: Operation,
    in_flight: u64,
    urls: &[String],
) -> Result<[f64; 2], BoxError> {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (name, best) in CLIENTS.iter().zip(&mut best) {
            let client = Own::new(name, urls).await?;
            // Opens the connections.
            run(&client, operation, in_flight, in_flight * 4).await?;

            let before = thread_time()?;
            run(&client, operation, in_flight, REQUESTS).await?;
            let time = thread_time()? - before;
            *best = best.min(time.as_secs_f64() * 1e6 / REQUESTS as f64);
        }
    }
    Ok(best)
}

async fn run(
    client: &Own,
    operation: Operation,
    in_flight: u64,
    requests: u64,
) -> Result<(), BoxError> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let mut client = client.share().ok_or("the client has one connection")?;
        tasks.spawn(async move { client.run(operation, requests / in_flight).await });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}
