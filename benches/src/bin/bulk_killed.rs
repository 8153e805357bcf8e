//! `bulk_killed INDEX COUNT ids|made|none FLUSH_BYTES CONCURRENCY` writes numbered
//! documents with our bulk helper to the cluster of the environment: with ids, with ids
//! that the helper makes, or without. Prints `written N`, `failed N` or `unknown N` for
//! each, and its peak memory in KiB in the end.

use std::{
    env,
    io::{BufWriter, Write},
};

use es_benches::{operation::BoxError, process::peak_kibibytes};
use es_client::{
    Elasticsearch,
    helpers::bulk::{Operation, Outcome},
};
use futures_util::StreamExt;
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    number: u64,
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [index, count, ids, flush_bytes, concurrency] = arguments.as_slice() else {
        return Err("bulk_killed INDEX COUNT ids|made|none FLUSH_BYTES CONCURRENCY".into());
    };
    let client = Elasticsearch::builder()
        .nodes(env::var("ES_URLS")?.split(','))
        .ca_certs(env::var("ES_CA")?)
        .basic_auth(env::var("ES_USER")?, env::var("ES_PASSWORD")?)
        .build()?;

    let with_ids = ids == "ids";
    let operations = (0..count.parse()?).map(move |number: u64| {
        let text = format!("trail shoes {} ", number % 97).repeat(20);
        let operation = Operation::index(Document { number, text });
        if with_ids {
            operation.id(number.to_string())
        } else {
            operation
        }
    });
    let bulk = client
        .helpers()
        .bulk(index, operations)
        .make_ids(ids == "made");
    let mut outcomes = bulk
        .flush_bytes(flush_bytes.parse()?)
        .flush_operations(usize::MAX)
        .max_in_flight(concurrency.parse()?)
        .stream();

    let mut to = BufWriter::new(std::io::stdout().lock());
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => writeln!(to, "{} {}", name(&outcome), outcome.number)?,
            Err(error) => eprintln!("the helper ended: {error}"),
        }
    }
    writeln!(to, "peak {}", peak_kibibytes()?)?;
    Ok(to.flush()?)
}

fn name(outcome: &Outcome) -> &'static str {
    match &outcome.result {
        Ok(_) => "written",
        Err(error) if error.is_unknown() => "unknown",
        Err(_) => "failed",
    }
}
