//! The main job, with nothing to set up: a three-node cluster with TLS in this
//! process, and a client that does what the "Connecting" page does.
//!
//!     cargo run --example quickstart
//!
//! Against a cluster of your own: set `ES_URL` (several, separated by commas),
//! `ES_CA` (a file) or `ES_FINGERPRINT`, and `ES_USER` with `ES_PASSWORD` or
//! `ES_API_KEY`; for OpenSearch also `ES_PRODUCT_CHECK=off`.

#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value gives null for what it does not have"
)]

use std::{env, time::Duration};

use es_client::{Elasticsearch, SearchResponse};
use es_testkit::Cluster;
use es_transport::{CompatibilityMode, layer::response_check::ProductCheck};
use examples::{Endpoint, Result, Tally, endpoints};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// The index that this example makes and deletes.
const INDEX: &str = "quickstart-endpoints";

#[tokio::main]
async fn main() -> Result {
    let embedded = match env::var("ES_URL") {
        Ok(_) => None,
        Err(_) => Some(Cluster::builder().nodes(3).tls(true).start().await?),
    };
    let client = match &embedded {
        Some(cluster) => connect_to_embedded(cluster)?,
        None => connect_to_named()?,
    };

    let info = client.info().await?;
    println!(
        "\nConnected: {} {} ({})",
        info.cluster_name, info.version.number, info.name
    );

    write(&client).await?;
    read(&client).await?;
    keep_a_client_with_an_api_key(&client).await?;
    match &embedded {
        Some(cluster) => lose_a_node(&client, cluster).await?,
        None => println!("\n(Losing a node is shown on the embedded cluster only.)"),
    }

    client.indices().delete(INDEX).await?;
    Ok(())
}

/// A client needs nothing except what Elasticsearch prints at its first start.
fn connect_to_embedded(cluster: &Cluster) -> Result<Elasticsearch> {
    println!(
        "An embedded cluster of {} nodes has started.",
        cluster.urls().len()
    );
    println!(
        "  Password for the elastic user:           {}",
        cluster.password()
    );
    println!(
        "  HTTP CA certificate SHA-256 fingerprint: {}",
        cluster.ca_fingerprint()
    );
    Ok(Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .basic_auth("elastic", cluster.password())
        .build()?)
}

fn connect_to_named() -> Result<Elasticsearch> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let urls = set("ES_URL").unwrap_or_default();
    let mut builder = Elasticsearch::builder()
        .nodes(urls.split(',').map(str::trim))
        // Elasticsearch 7.17, 8 or 9: the first response tells.
        .compatibility_mode(CompatibilityMode::Negotiated);
    if let Some(ca) = set("ES_CA") {
        builder = builder.ca_certs(ca);
    } else if let Some(fingerprint) = set("ES_FINGERPRINT") {
        builder = builder.ssl_assert_fingerprint(fingerprint);
    }
    if let Some(key) = set("ES_API_KEY") {
        builder = builder.api_key(key);
    } else if let (Some(user), Some(password)) = (set("ES_USER"), set("ES_PASSWORD")) {
        builder = builder.basic_auth(user, password);
    }
    if set("ES_PRODUCT_CHECK").is_some_and(|check| check == "off") {
        builder = builder.product_check(ProductCheck::Off);
    }
    Ok(builder.build()?)
}

/// Indexes Elasticsearch's own endpoints, document by document, over all nodes.
async fn write(client: &Elasticsearch) -> Result {
    client
        .options()
        .ignore_status([http::StatusCode::NOT_FOUND])
        .indices()
        .delete(INDEX)
        .send()
        .await?;
    let documents = endpoints()?;
    let mut tally = Tally::default();
    let bar = ProgressBar::new(documents.len() as u64);
    bar.set_style(ProgressStyle::with_template(
        "  indexing {bar:40} {pos}/{len}",
    )?);
    for document in &documents {
        let written = client
            .index(INDEX)
            .id(&document.name)
            .document(document)
            .send()
            .await?;
        tally.count(written.meta());
        bar.inc(1);
    }
    bar.finish_and_clear();
    client.indices().refresh(INDEX).await?;
    println!(
        "\nIndexed {} documents, spread over the nodes:\n{tally}",
        documents.len()
    );
    Ok(())
}

async fn read(client: &Elasticsearch) -> Result {
    let found: SearchResponse<Endpoint> = client
        .search(INDEX)
        .query(json!({"bool": {"filter": [
            {"term": {"namespace.keyword": "indices"}},
            {"range": {"parameters": {"gte": 8}}},
        ]}}))
        .sort(json!([{"parameters": "desc"}, {"name.keyword": "asc"}]))
        .size(3)
        .await?;
    println!(
        "{} index endpoints take 8 parameters or more, led by:",
        found.total().unwrap_or(0)
    );
    for endpoint in found.documents() {
        let endpoint = endpoint?;
        println!("    {:<28} {}", endpoint.name, endpoint.paths.join("  "));
    }

    println!("\nIndices:");
    for (name, index) in client.indices().get("*").await? {
        let fields = index.mappings["properties"]
            .as_object()
            .map_or(0, |fields| fields.len());
        println!("    {name}, {fields} fields");
    }
    Ok(())
}

/// `options()` gives a client that shares everything and can be kept.
async fn keep_a_client_with_an_api_key(client: &Elasticsearch) -> Result {
    let named = env::var("ES_URL").is_ok();
    let with_key = match env::var("ES_API_KEY") {
        // What a key makes is a key without privileges.
        Ok(key) if named => client.options().api_key(key),
        _ if named && env::var("ES_USER").is_err() => {
            println!("\n(API keys need a cluster with security, and a user.)");
            return Ok(());
        }
        _ => {
            let key = client
                .security()
                .create_api_key()
                .name("quickstart")
                .await?;
            client.options().api_key((key.id, key.api_key))
        }
    };
    let me = with_key.security().authenticate().await?;
    println!(
        "\nThe kept client authenticates by: {}",
        me.authentication_type
    );
    Ok(())
}

/// Stops a node while calls are running: they go to the other nodes.
async fn lose_a_node(client: &Elasticsearch, cluster: &Cluster) -> Result {
    let mut tally = Tally::default();
    for number in 0..300 {
        match number {
            100 => cluster.node(1).kill().await,
            200 => cluster.node(1).revive().await?,
            _ => {}
        }
        let found = client.search::<Endpoint>(INDEX).size(1).send().await?;
        tally.count(found.meta());
        if number >= 200 {
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
    println!("\n300 searches, none failed; the second node was away from the 101st to the 200th:");
    println!("{tally}");
    Ok(())
}
