//! Clients for the embedded cluster of `es-testkit`.

use es_testkit::{Cluster, Flavor};
use es_transport::TransportBuilder;
use es_transport::layer::response_check::ProductCheck;

use crate::Elasticsearch;

/// Adds [`client`](Self::client) to the embedded cluster.
pub trait ClusterExt {
    /// Returns a builder with the URLs of all nodes, and the password and CA fingerprint of the
    /// cluster, if it has them.
    ///
    /// ```
    /// use es_client::testkit::ClusterExt;
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().nodes(3).tls(true).start().await?;
    /// let client = cluster.client().max_retries(1).build()?;
    /// assert_eq!(client.info().await?.version.number, "9.2.0");
    /// # Ok(())
    /// # }
    /// ```
    fn client(&self) -> TransportBuilder<Elasticsearch>;
}

impl ClusterExt for Cluster {
    fn client(&self) -> TransportBuilder<Elasticsearch> {
        let connection = self.connection();
        let mut builder = Elasticsearch::builder().nodes(&connection.urls);
        if connection.security {
            builder = builder.basic_auth(&connection.username, &connection.password);
        }
        if !connection.ca_fingerprint.is_empty() {
            builder = builder.ssl_assert_fingerprint(&connection.ca_fingerprint);
        }
        match connection.flavor {
            Flavor::OpenSearch => builder.product_check(ProductCheck::Off),
            _ => builder,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

    use super::*;

    #[tokio::test]
    async fn a_plain_cluster_gets_no_credentials() {
        let cluster = Cluster::builder().nodes(2).start().await.unwrap();
        let client = cluster.client().build().unwrap();
        client.info().await.unwrap();
        let requests = cluster.requests();
        assert!(
            !requests[0]
                .headers
                .contains_key(http::header::AUTHORIZATION)
        );
    }

    #[tokio::test]
    async fn an_opensearch_cluster_is_accepted() {
        let builder = Cluster::builder()
            .flavor(Flavor::OpenSearch)
            .user("admin", "changeme");
        let cluster = builder.start().await.unwrap();
        let client = cluster.client().build().unwrap();
        client.info().await.unwrap();
    }
}
