//! `bulk ours|hyper URL COUNT FLUSH_BYTES CONCURRENCY`, the documents on standard
//! input: writes them with our bulk helper, or with a loop of its own over hyper.
//! Prints how many were written, the seconds it took and its peak memory in KiB.
//!
//! `bulk documents COUNT` prints documents for it.

use std::{io::BufRead, time::Instant};

use es_benches::process::peak_kibibytes;
use es_benches::{
    bulk_loop::{self, Load},
    operation::{BoxError, INDEX, PASSWORD, USER},
    product::Product,
};
use es_client::{Elasticsearch, helpers::bulk::Operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["documents", count] => print_documents(count.parse()?),
        [
            client @ ("ours" | "hyper"),
            url,
            count,
            flush_bytes,
            concurrency,
        ] => {
            let load = Load {
                url: url.to_owned(),
                products: read_documents()?,
                count: count.parse()?,
                flush_bytes: flush_bytes.parse()?,
                concurrency: concurrency.parse()?,
            };
            let began = Instant::now();
            let written = if client == "ours" {
                ours(load).await
            } else {
                bulk_loop::write(load).await
            };
            println!(
                "{} {:?} {}",
                written?,
                began.elapsed().as_secs_f64(),
                peak_kibibytes()?
            );
            Ok(())
        }
        _ => {
            Err("bulk ours|hyper URL COUNT FLUSH_BYTES CONCURRENCY, or bulk documents COUNT".into())
        }
    }
}

fn print_documents(count: usize) -> Result<(), BoxError> {
    for product in Product::many(count) {
        println!("{}", serde_json::to_string(&product)?);
    }
    Ok(())
}

fn read_documents() -> Result<Vec<Product>, BoxError> {
    let lines = std::io::stdin().lock().lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// With everything that is on by default. The bytes alone decide when a request goes.
async fn ours(load: Load) -> Result<usize, BoxError> {
    let client = Elasticsearch::builder()
        .node(load.url)
        .basic_auth(USER, PASSWORD)
        .build()?;
    let products: &'static [Product] = load.products.leak();
    let products = products.iter().cycle().take(load.count).enumerate();
    let operations = products.map(|(id, product)| Operation::index(product).id(id.to_string()));
    let report = client
        .helpers()
        .bulk(INDEX, operations)
        .flush_bytes(load.flush_bytes)
        .flush_operations(usize::MAX)
        .max_in_flight(load.concurrency)
        .await?;
    Ok(report.succeeded as usize)
}
