//! Asks a node for its information and prints it.

use es_client::Elasticsearch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Elasticsearch::builder()
        .node("https://localhost:9200")
        .basic_auth("elastic", "changeme")
        .build()?;
    println!("{}", client.info().await?.version.number);
    Ok(())
}
