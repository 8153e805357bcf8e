//! The cluster, as the environment describes it.

use std::env;

use es_client::Elasticsearch;
use es_transport::{CompatibilityMode, TransportBuilder, layer::response_check::ProductCheck};

pub(crate) fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: see scripts/cluster/README.md for how to start a cluster")
    })
}

pub(crate) fn urls() -> Vec<String> {
    var("ES_URLS").split(',').map(str::to_owned).collect()
}

pub(crate) fn is_opensearch() -> bool {
    var("ES_KIND") == "opensearch"
}

/// Whether the cluster asks for credentials and speaks TLS.
pub(crate) fn is_secure() -> bool {
    var("ES_SECURITY") == "tls"
}

/// The server's major version.
pub(crate) fn major() -> u8 {
    var("ES_VERSION")
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap()
}

/// Says why a test does nothing on this server, and whether it does.
pub(crate) fn lacks(is_lacking: bool, what: &str) -> bool {
    if is_lacking {
        say(what);
    }
    is_lacking
}

/// Says what is left out on this server.
pub(crate) fn say(what: &str) {
    println!(
        "left out on {} {}: {what}",
        var("ES_KIND"),
        var("ES_VERSION")
    );
}

/// All nodes and what trusts them, and no credentials. The server's version is
/// found out.
pub(crate) fn trusting() -> TransportBuilder<Elasticsearch> {
    trusting_nodes(&urls())
}

pub(crate) fn trusting_nodes(urls: &[String]) -> TransportBuilder<Elasticsearch> {
    let product = if is_opensearch() {
        ProductCheck::Off
    } else {
        ProductCheck::Enforce
    };
    let builder = Elasticsearch::builder()
        .nodes(urls)
        .compatibility_mode(CompatibilityMode::Negotiated)
        .product_check(product);
    if is_secure() {
        builder.ca_certs(var("ES_CA"))
    } else {
        builder
    }
}

pub(crate) fn as_administrator(
    builder: TransportBuilder<Elasticsearch>,
) -> TransportBuilder<Elasticsearch> {
    if is_secure() {
        builder.basic_auth(var("ES_USER"), var("ES_PASSWORD"))
    } else {
        builder
    }
}

/// As [`trusting`], with the administrator's password where one is needed.
pub(crate) fn builder() -> TransportBuilder<Elasticsearch> {
    as_administrator(trusting())
}

/// As [`builder`], with the first node alone.
pub(crate) fn first_node() -> TransportBuilder<Elasticsearch> {
    as_administrator(trusting_nodes(&urls()[..1]))
}

pub(crate) fn client() -> Elasticsearch {
    builder().build().unwrap()
}
