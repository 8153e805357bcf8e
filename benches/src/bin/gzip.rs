//! `gzip`: the speed of the layer that compresses requests, as a share of the
//! bare compressor's. The two take turns, and the best run of each counts.

use std::time::{Duration, Instant};

use es_benches::gzipping::{bare, bulk, layer};
use es_benches::operation::BoxError;

const ROUNDS: u32 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let pieces = bulk()?;
    let size: usize = pieces.iter().map(|piece| piece.len()).sum();
    let (mut bare_best, mut layer_best) = (Duration::MAX, Duration::MAX);
    let (mut bare_size, mut layer_size) = (0, 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bare_size = bare(&pieces)?;
        bare_best = bare_best.min(began.elapsed());
        let began = Instant::now();
        layer_size = layer(&pieces).await?;
        layer_best = layer_best.min(began.elapsed());
    }
    let speed = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
    println!(
        "| {size} bytes in {} pieces | MB/s | bytes out |\n|---|---|---|",
        pieces.len()
    );
    println!(
        "| bare compressor | {:.1} | {bare_size} |",
        speed(bare_best)
    );
    println!("| the layer | {:.1} | {layer_size} |", speed(layer_best));
    println!(
        "\nThe layer has {:.3} of its speed.",
        speed(layer_best) / speed(bare_best)
    );
    Ok(())
}
