//! The product and version that the cluster claims to be: fixed when it starts.

use crate::api::version::Version;

/// The product that a cluster claims to be.
///
/// ```
/// use es_testkit::{Cluster, Flavor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let cluster = Cluster::builder().flavor(Flavor::OpenSearch).version("3.8.0").start().await?;
/// assert_eq!(cluster.connection().flavor, Flavor::OpenSearch);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flavor {
    /// Elasticsearch, with its product header (8.0 and later, and 7.17).
    #[default]
    Elasticsearch,
    /// OpenSearch: no product header, `version.distribution: "opensearch"` in `GET /`,
    /// compatibility media types refused with 406, one plain `WWW-Authenticate` line.
    OpenSearch,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub cluster_name: String,
    pub cluster_uuid: String,
    pub version: Version,
    pub flavor: Flavor,
    pub product_header: bool,
    pub max_content_length: usize,
    pub compression: bool,
    pub security: bool,
}

impl Settings {
    pub fn is_opensearch(&self) -> bool {
        self.flavor == Flavor::OpenSearch
    }

    /// 7.x of Elasticsearch: older headers, older error texts, documents with `_type`.
    pub fn is_legacy(&self) -> bool {
        !self.is_opensearch() && self.version.major < 8
    }
}
