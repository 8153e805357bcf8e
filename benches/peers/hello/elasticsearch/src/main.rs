//! Asks a node for its information and prints it.

use elasticsearch::{
    Elasticsearch,
    auth::Credentials,
    http::{
        Url,
        transport::{SingleNodeConnectionPool, TransportBuilder},
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let nodes = SingleNodeConnectionPool::new(Url::parse("https://localhost:9200")?);
    let transport = TransportBuilder::new(nodes)
        .auth(Credentials::Basic("elastic".into(), "changeme".into()))
        .build()?;
    let response = Elasticsearch::new(transport)
        .info()
        .send()
        .await?
        .error_for_status_code()?;
    println!("{}", response.text().await?);
    Ok(())
}
