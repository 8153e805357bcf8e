//! The thread pool of a node that serves a request.

use http::{Method, Request};

/// The thread pool of a node that serves a request, according to its method and path.
///
/// A node has a separate thread pool with its own queue for each kind of request, so
/// that queued searches do not delay gets or writes.
///
/// | pool | requests |
/// |---|---|
/// | [`Search`](Self::Search) | `_search`, `_msearch`, `_count`, `_async_search`, `_knn_search`, `_terms_enum`, `_validate`, `_rank_eval`, `_eql`, `_esql`, `_query`, `_sql`, `_pit` and their parts |
/// | [`Get`](Self::Get) | documents and sources by id, `_mget`, `_explain`, `_termvectors`, `_mtermvectors` |
/// | [`Write`](Self::Write) | `_bulk`, and writes to `_doc`, `_create` and `_update` |
/// | [`Other`](Self::Other) | everything else |
///
/// If it is attached to a request as an extension, it takes precedence over the path.
///
/// ```
/// use es_transport::ThreadPool;
/// use http::Request;
///
/// let request = Request::post("/products/_search").body(()).unwrap();
/// assert_eq!(ThreadPool::of(&request), ThreadPool::Search);
/// let request = Request::post("/_plugins/_rank").extension(ThreadPool::Search).body(()).unwrap();
/// assert_eq!(ThreadPool::of(&request), ThreadPool::Search);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThreadPool {
    /// Searches and counts.
    Search,
    /// Documents by their ids.
    Get,
    /// Writes of documents.
    Write,
    /// Everything else.
    Other,
}

impl ThreadPool {
    /// Number of pools.
    pub(crate) const COUNT: usize = 4;

    /// Returns the pool of a request.
    pub fn of<B>(request: &Request<B>) -> Self {
        if let Some(pool) = request.extensions().get() {
            return *pool;
        }
        Self::of_path(request.method(), request.uri().path())
    }

    /// Returns the pool of a request with this method and path.
    pub fn of_path(method: &Method, path: &str) -> Self {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        // The first part that no index can have as its name.
        let mut parts = path.split('/').filter(|part| !part.is_empty()).take(2);
        match parts.find(|part| part.starts_with('_')) {
            Some(
                "_search" | "_msearch" | "_count" | "_async_search" | "_knn_search" | "_terms_enum"
                | "_validate" | "_rank_eval" | "_eql" | "_esql" | "_query" | "_sql" | "_pit",
            ) => Self::Search,
            Some("_doc" | "_source") if is_read => Self::Get,
            Some("_mget" | "_explain" | "_termvectors" | "_mtermvectors") => Self::Get,
            Some("_bulk") => Self::Write,
            Some("_doc" | "_create" | "_update") if !is_read => Self::Write,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_which_pool_serves() {
        let of = |method: Method, path| ThreadPool::of_path(&method, path);
        for path in [
            "/_search",
            "/a,b/_search/template",
            "/a/_count",
            "/_msearch",
            "/_sql",
        ] {
            assert_eq!(of(Method::POST, path), ThreadPool::Search, "{path}");
        }
        for path in ["/a/_doc/1", "/a/_source/1", "/_mget", "/a/_termvectors/1"] {
            assert_eq!(of(Method::GET, path), ThreadPool::Get, "{path}");
        }
        for path in [
            "/_bulk",
            "/a/_bulk",
            "/a/_doc",
            "/a/_create/1",
            "/a/_update/1",
        ] {
            assert_eq!(of(Method::POST, path), ThreadPool::Write, "{path}");
        }
        assert_eq!(of(Method::DELETE, "/a/_doc/1"), ThreadPool::Write);
        for path in [
            "/",
            "/a",
            "/a/_mapping",
            "/_cluster/health",
            "/_update_by_query",
            "//",
        ] {
            assert_eq!(of(Method::GET, path), ThreadPool::Other, "{path}");
        }
    }
}
