use super::object::{object, response};

response! {
    /// The response of `GET /`.
    #[derive(Clone, Debug)]
    pub struct Info {
        /// The name of the node that responded.
        pub name: String,
        /// The name of the cluster.
        pub cluster_name: String,
        /// The ID of the cluster.
        pub cluster_uuid: String,
        /// The version of the server.
        pub version: Version,
        /// "You Know, for Search".
        pub tagline: String,
    }
}

object! {
    /// The version of a server.
    #[derive(Clone, Debug)]
    pub struct Version {
        /// The version number, such as `9.2.0`.
        pub number: String,
        /// `default`, `oss` or `serverless`.
        pub build_flavor: Option<String>,
        /// The version of Lucene.
        pub lucene_version: Option<String>,
        /// `opensearch` if it is OpenSearch.
        pub distribution: Option<String>,
    }
}
