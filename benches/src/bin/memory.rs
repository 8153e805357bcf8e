//! `memory`: what 1,000 known nodes keep of the heap, and the peak of resident
//! memory while a response of 1 GiB streams through.

use std::alloc::System;

use es_benches::operation::BoxError;
use es_benches::{
    process::{Server, peak_kibibytes},
    server::STREAM_LENGTH,
};
use es_client::Elasticsearch;
use es_transport::{Body, RequestOptions, Transport};
use http::Request;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const NODES: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let urls: Vec<_> = (0..NODES)
        .map(|number| format!("https://node-{number}.example.com:9200"))
        .collect();
    let before = held();
    let client = Elasticsearch::builder().nodes(&urls).build()?;
    println!("{NODES} nodes: {:.2} MiB", mebibytes(held() - before));
    drop(client);

    let server = Server::start("server", &["1"])?;
    let transport = Transport::builder().node(server.line()).build()?;
    let before = peak_kibibytes()? << 10;
    let read = stream(&transport).await?;
    let after = peak_kibibytes()? << 10;
    println!(
        "a response of {:.0} MiB as a stream: peak of {:.1} MiB resident, {:.1} MiB before it",
        mebibytes(read),
        mebibytes(after),
        mebibytes(before)
    );
    Ok(())
}

async fn stream(transport: &Transport) -> Result<u64, BoxError> {
    let options = RequestOptions::new().stream(true);
    let mut request = Request::get("/_stream").body(Body::empty())?;
    std::sync::Arc::new(options).attach(&mut request);
    let mut body = transport.send(request).await?.into_body();
    let mut read = 0;
    while let Some(piece) = body.chunk().await? {
        read += piece.len() as u64;
    }
    if read == STREAM_LENGTH {
        Ok(read)
    } else {
        Err(format!("{read} bytes came").into())
    }
}

fn held() -> u64 {
    let stats = HEAP.stats();
    // What grew or shrank is in these two as well.
    (stats.bytes_allocated - stats.bytes_deallocated) as u64
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
