//! Indexes a file of JSON lines, without holding it in memory.
//!
//!     cargo run --example bulk_file [FILE]

use std::{
    fs::File,
    io::{BufRead, BufReader},
};

use es_client::helpers::bulk::Operation;
use examples::{Endpoint, Result, cluster};

#[tokio::main]
async fn main() -> Result {
    let file = std::env::args().nth(1).unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/data/endpoints.ndjson").to_owned()
    });
    let (_cluster, client) = cluster().await?;

    // An iterator may block: it runs on a thread of its own. The first error ends the input.
    let lines = BufReader::new(File::open(&file)?).lines();
    let operations = lines.map(|line| -> std::io::Result<_> {
        let endpoint: Endpoint = serde_json::from_str(&line?)?;
        let id = endpoint.name.clone();
        Ok(Operation::index(endpoint).id(id))
    });

    let report = client
        .helpers()
        .bulk("endpoints", operations)
        .flush_operations(100)
        .max_in_flight(2)
        .on_progress(|report| println!("    {} of {} done", report.succeeded, report.operations))
        .refresh(true)
        .await?;

    println!("{report}");
    for failure in &report.failures {
        println!("line {}: {:?}", failure.number + 1, failure.result);
    }
    Ok(())
}
