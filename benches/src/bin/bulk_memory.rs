//! `bulk_memory`: the peak of resident memory while the bulk helper writes 100,000
//! documents, and then 10 million, each made when the helper asks for it.

use es_benches::process::{Server, peak_kibibytes};
use es_benches::{
    operation::{BoxError, INDEX, PASSWORD, USER},
    product::Product,
};
use es_client::{Elasticsearch, helpers::bulk::Operation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let server = Server::start("server", &["1"])?;
    let client = Elasticsearch::builder()
        .node(server.line())
        .basic_auth(USER, PASSWORD)
        .build()?;
    write(&client, 1).await?;
    let idle = peak_kibibytes()?;
    println!("idle: {} resident", mebibytes(idle));
    for count in [100_000, 10_000_000] {
        let bytes = write(&client, count).await?;
        println!(
            "{count} documents, {} bytes each with their operations: peak of {} over idle",
            bytes / count as u64,
            mebibytes(peak_kibibytes()? - idle)
        );
    }
    Ok(())
}

/// With the helper's defaults; returns the bytes that were sent.
async fn write(client: &Elasticsearch, count: usize) -> Result<u64, BoxError> {
    let documents =
        (0..count).map(|number| Operation::index(Product::to_write(number)).id(number.to_string()));
    let report = client.helpers().bulk(INDEX, documents).await?;
    if report.succeeded != count as u64 {
        return Err(report.to_string().into());
    }
    Ok(report.bytes)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}
