//! Every way to connect, one section after the other, in the order of
//! Elasticsearch's "Connecting" page. Each runs against an embedded cluster.
//!
//!     cargo run --example connecting

use std::io::Write;

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::{CompatibilityMode, connect::Pem, node::Random};
use examples::Result;
use serde_json::json;

#[tokio::main]
async fn main() -> Result {
    let secured = Cluster::builder().nodes(3).tls(true).start().await?;

    cloud()?;
    ca_certs(&secured).await?;
    fingerprint(&secured).await?;
    no_security().await?;
    several_nodes(&secured).await?;
    load_balancer(&secured).await?;
    authentication(&secured).await?;
    options(&secured).await?;
    compatibility_mode(&secured).await?;
    functions_as_a_service(&secured).await
}

/// A Cloud ID names the host; https and compression come with it.
fn cloud() -> Result {
    // In real life: copied from the deployment's page.
    let cloud_id = "deployment-name:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRjbHVzdGVyLWlkJGtpYmFuYS1pZA==";
    let client = Elasticsearch::builder()
        .cloud_id(cloud_id)
        .basic_auth("elastic", "password")
        .build()?;
    println!("cloud:              {:?}", client.transport().pool());
    Ok(())
}

/// The CA that Elasticsearch made at its first start: a file, or its bytes.
async fn ca_certs(cluster: &Cluster) -> Result {
    let mut http_ca = tempfile::NamedTempFile::new()?;
    http_ca.write_all(cluster.ca_pem().as_bytes())?;
    let client = Elasticsearch::builder()
        .node(cluster.url(0))
        .ca_certs(http_ca.path())
        .basic_auth("elastic", cluster.password())
        .build()?;
    println!("ca_certs:           {}", client.info().await?.name);
    Ok(())
}

/// The fingerprint that Elasticsearch printed at its first start. Colons and
/// upper or lower case do not matter; the CA's and the leaf's work alike.
async fn fingerprint(cluster: &Cluster) -> Result {
    for fingerprint in [cluster.ca_fingerprint(), cluster.leaf_fingerprint(0)] {
        let client = Elasticsearch::builder()
            .node(cluster.url(0))
            .ssl_assert_fingerprint(fingerprint.to_uppercase())
            .basic_auth("elastic", cluster.password())
            .build()?;
        println!("fingerprint:        {}", client.info().await?.name);
    }
    Ok(())
}

/// Plain http, where security is switched off. Not recommended.
async fn no_security() -> Result {
    let cluster = Cluster::builder()
        .nodes(1)
        .tls(false)
        .security(false)
        .start()
        .await?;
    let client = Elasticsearch::builder().node(cluster.url(0)).build()?;
    println!("no security:        {}", client.info().await?.name);
    Ok(())
}

/// Round robin over all nodes by default; any other selector by a setting.
async fn several_nodes(cluster: &Cluster) -> Result {
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .basic_auth("elastic", cluster.password())
        .build()?;
    for _ in 0..3 {
        println!("several nodes:      {}", client.info().await?.name);
    }

    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .basic_auth("elastic", cluster.password())
        .node_selector(Random)
        .build()?;
    println!("random node:        {}", client.info().await?.name);
    Ok(())
}

/// Behind a load balancer there is one node: its host and port.
async fn load_balancer(cluster: &Cluster) -> Result {
    let client = Elasticsearch::builder()
        .node(cluster.url(2))
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .basic_auth("elastic", cluster.password())
        .build()?;
    println!("load balancer:      {}", client.info().await?.name);
    Ok(())
}

/// The three kinds of credentials.
async fn authentication(cluster: &Cluster) -> Result {
    let builder = || {
        Elasticsearch::builder()
            .nodes(cluster.urls())
            .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
    };
    let (id, key) = cluster.api_key();
    let clients = [
        (
            "basic_auth",
            builder().basic_auth("elastic", cluster.password()),
        ),
        ("bearer_auth", builder().bearer_auth(cluster.bearer_token())),
        (
            "api_key, encoded",
            builder().api_key(cluster.api_key_encoded()),
        ),
        ("api_key, two parts", builder().api_key((id, key))),
    ];
    for (name, builder) in clients {
        println!("{name:<19} {}", builder.build()?.info().await?.name);
    }
    Ok(())
}

/// The same credentials for some requests, or kept for many.
async fn options(cluster: &Cluster) -> Result {
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .build()?;

    let indices = client
        .options()
        .basic_auth("elastic", cluster.password())
        .indices()
        .get("*")
        .await?;
    println!("options, once:      {} indices", indices.len());

    let auth_client = client.options().api_key(cluster.api_key_encoded());
    for number in 0..10 {
        auth_client
            .index("example-index")
            .document(json!({"field": number}))
            .await?;
    }
    auth_client.indices().refresh("example-index").await?;
    let found = auth_client
        .search::<serde_json::Value>("example-index")
        .await?;
    println!(
        "options, kept:      {} documents",
        found.total().unwrap_or(0)
    );

    if let Err(refused) = client.info().await {
        println!("without them:       {refused}");
    }
    Ok(())
}

/// On by default. `ELASTIC_CLIENT_APIVERSIONING=false` switches it off, and a
/// client that negotiates takes what the server speaks: 7.17, 8, 9, OpenSearch.
async fn compatibility_mode(cluster: &Cluster) -> Result {
    for mode in [
        CompatibilityMode::Fixed(8),
        CompatibilityMode::Off,
        CompatibilityMode::Negotiated,
    ] {
        let client = Elasticsearch::builder()
            .nodes(cluster.urls())
            .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
            .basic_auth("elastic", cluster.password())
            .compatibility_mode(mode)
            .build()?;
        let response = client.info().send().await?;
        let media_type = response.meta().headers().get(http::header::CONTENT_TYPE);
        println!("compatibility mode: {media_type:?}");
    }
    Ok(())
}

/// In a function, the client lives outside of the handler: building it does no
/// I/O, and the calls that follow use its connections again.
async fn functions_as_a_service(cluster: &Cluster) -> Result {
    use std::sync::OnceLock;
    static CLIENT: OnceLock<Elasticsearch> = OnceLock::new();

    async fn handler() -> es_client::Result<usize> {
        let Some(client) = CLIENT.get() else {
            return Ok(0);
        };
        let query = json!({"match_all": {}});
        let found = client
            .search::<serde_json::Value>("example-index")
            .query(&query)
            .await?;
        Ok(found.hits().len())
    }

    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .api_key(cluster.api_key_encoded())
        .build()?;
    CLIENT.get_or_init(|| client);
    for _ in 0..2 {
        println!("function:           {} hits", handler().await?);
    }
    Ok(())
}
