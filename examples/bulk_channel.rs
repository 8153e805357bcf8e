//! Indexes documents that arrive on a channel, such as messages of a queue, and
//! acknowledges each one with its outcome.
//!
//!     cargo run --example bulk_channel

use std::time::Duration;

use es_client::helpers::bulk::Operation;
use examples::{Product, Result, cluster};
use futures_util::{TryStreamExt, stream};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result {
    let (_cluster, client) = cluster().await?;
    let (sender, receiver) = mpsc::channel::<(u64, Product)>(100);
    let producer = tokio::spawn(produce(sender));

    let operations = stream::unfold(receiver, async |mut receiver| {
        let (offset, product) = receiver.recv().await?;
        // The context comes back with the outcome.
        Some((
            Operation::index(product)
                .id(offset.to_string())
                .context(offset),
            receiver,
        ))
    });
    let mut outcomes = client
        .helpers()
        .bulk("products", operations)
        .flush_interval(Duration::from_millis(200))
        .stream();

    let mut acknowledged = 0;
    while let Some(outcome) = outcomes.try_next().await? {
        if let Err(error) = &outcome.result {
            println!("offset {}: {error}", outcome.context);
        }
        // Outcomes come in any order: all messages up to this one are settled.
        acknowledged = outcomes.durable_up_to();
    }
    producer.await?;
    println!(
        "Acknowledged {acknowledged} messages.\n{}",
        outcomes.report()
    );
    Ok(())
}

async fn produce(sender: mpsc::Sender<(u64, Product)>) {
    for offset in 0..500 {
        if sender
            .send((offset, Product::numbered(offset as u32)))
            .await
            .is_err()
        {
            return;
        }
    }
}
