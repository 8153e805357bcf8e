use serde::Deserialize;

/// The answer to `GET /`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Info {
    /// The name of the node that answered.
    #[serde(default)]
    pub name: String,
    /// The name of the cluster.
    #[serde(default)]
    pub cluster_name: String,
    /// The cluster's id.
    #[serde(default)]
    pub cluster_uuid: String,
    /// The server's version.
    pub version: Version,
    /// "You Know, for Search".
    #[serde(default)]
    pub tagline: String,
}

/// The version of a server.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// Such as `9.2.0`.
    pub number: String,
    /// Such as `default`, `oss` or `serverless`.
    #[serde(default)]
    pub build_flavor: Option<String>,
    /// The version of Lucene below.
    #[serde(default)]
    pub lucene_version: Option<String>,
    /// `opensearch`, where it is that.
    #[serde(default)]
    pub distribution: Option<String>,
}
