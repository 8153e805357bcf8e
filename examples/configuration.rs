//! Settings from a file and from the environment, the latter over the former.
//!
//!     SHOP_SEARCH_OPAQUE_ID=me cargo run --example configuration

use es_client::{Config, Elasticsearch};
use es_testkit::Cluster;
use examples::Result;
use serde::Deserialize;

/// The configuration of a service, with a part for Elasticsearch.
#[derive(Deserialize)]
struct Settings {
    page_size: u32,
    elasticsearch: Config,
}

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(2).tls(true).start().await?;
    // In a service: `std::fs::read_to_string("shop.toml")?`.
    let file = format!(
        r#"
        page_size = 20

        [elasticsearch]
        nodes = ["{}", "{}"]
        ssl_assert_fingerprint = "{}"
        basic_auth = ["elastic", "{}"]
        request_timeout = "10s"
        max_retries = 5
        node_selector = "peak_ewma"
        "#,
        cluster.url(0),
        cluster.url(1),
        cluster.ca_fingerprint(),
        cluster.password(),
    );
    let settings: Settings = toml::from_str(&file)?;

    // A variable such as SHOP_SEARCH_REQUEST_TIMEOUT replaces what the file says.
    let env = Config::from_env_with_prefix("SHOP_SEARCH");
    let config = settings.elasticsearch.overridden_by(env);
    println!("settings: {config:?}");
    let client = Elasticsearch::builder().config(config).build()?;
    println!(
        "{} hits a page from {}",
        settings.page_size,
        client.info().await?.cluster_name
    );

    // An error names the setting, never its value.
    let wrong: Config = toml::from_str("nodes = ['https://localhost:9200']\nmax_retries = 'many'")?;
    if let Err(error) = Elasticsearch::builder().config(wrong).build() {
        println!("error: {error}");
    }
    Ok(())
}
