//! The parameters of every endpoint.

use super::{IntoParam, Param};

/// The query parameters that every call takes, as methods of all builders.
///
/// ```no_run
/// use es_client::params::CommonParams;
///
/// # async fn names(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let indices = client.indices().get("*").filter_path("*.aliases").await?;
/// # Ok(())
/// # }
/// ```
pub trait CommonParams: Sized {
    /// Sets a query parameter.
    #[doc(hidden)]
    fn set(self, name: &'static str, value: impl IntoParam) -> Self;

    /// The paths of the answer that are given, such as `hits.hits._id`; all
    /// others are left out.
    fn filter_path(self, paths: impl Param<[String]>) -> Self {
        self.set("filter_path", paths)
    }

    /// Whether the answer is indented, for people. Default: `false`.
    fn pretty(self, pretty: bool) -> Self {
        self.set("pretty", pretty)
    }

    /// Whether times and sizes of the answer are texts for people. Default: `false`.
    fn human(self, human: bool) -> Self {
        self.set("human", human)
    }

    /// Whether errors carry the server's stack trace. Default: `false`.
    fn error_trace(self, trace: bool) -> Self {
        self.set("error_trace", trace)
    }
}
