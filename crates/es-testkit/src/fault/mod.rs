//! Faults: what a node does wrong, how often, and for which requests.

mod pending;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Request, Response, StatusCode};

pub(crate) use pending::Pending;

/// Something a node does wrong, for the next requests that fit.
///
/// Without [`times`](Self::times) it lasts until
/// [`clear_faults`](crate::NodeHandle::clear_faults). Without [`on_path`](Self::on_path) or
/// [`when`](Self::when) it meets every request. Several faults of one node are tried in the order
/// in which they were injected; the first that fits is used up, delays aside: those add up and the
/// request goes on.
///
/// The request is recorded in any case. Faults that need the genuine response
/// ([`reset_in_body`](Self::reset_in_body), [`cut_body`](Self::cut_body),
/// [`broken_gzip`](Self::broken_gzip), [`close_after_response`](Self::close_after_response)) carry the
/// request out; all others do not, unless [`after_processing`](Self::after_processing) asks for it.
///
/// ```
/// use es_testkit::Fault;
///
/// let overloaded = Fault::status(429).retry_after(1).times(2).on_path("/_bulk");
/// let lost_response = Fault::reset().after_processing().once();
/// ```
#[derive(Clone)]
pub struct Fault {
    pub(crate) kind: Kind,
    remaining: Option<usize>,
    processed: bool,
    path: Option<String>,
    when: Option<Predicate>,
}

type Predicate = Arc<dyn Fn(&Request<Bytes>) -> bool + Send + Sync>;

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Delay(Duration),
    Hang,
    Reset,
    Close,
    ResetInBody,
    CutBody,
    Raw(Bytes),
    Response(Box<Response<Bytes>>),
    EndlessBody,
    EndlessHeaders,
    BrokenGzip,
    GzipBomb(u64),
    CloseAfterResponse,
}

impl Fault {
    fn new(kind: Kind) -> Self {
        let processed = matches!(
            kind,
            Kind::ResetInBody | Kind::CutBody | Kind::BrokenGzip | Kind::CloseAfterResponse
        );
        Self {
            kind,
            remaining: None,
            processed,
            path: None,
            when: None,
        }
    }

    /// Delays the response by this time, measured by tokio's clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::delay(Duration::from_millis(50)).times(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn delay(time: Duration) -> Self {
        Self::new(Kind::Delay(time))
    }

    /// Reads the request and never responds; the connection stays open.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::hang());
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let response = cluster.service().oneshot(request);
    /// assert!(tokio::time::timeout(Duration::from_secs(30), response).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// Reads the request, then resets the connection (RST) without a response.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::reset().after_processing().on_path("/_bulk").once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// Reads the request, then closes the connection (FIN) without a response.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::close().once());
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let error = cluster.service().oneshot(request).await.unwrap_err();
    /// assert_eq!(error.io_kind(), Some(std::io::ErrorKind::UnexpectedEof));
    /// # Ok(())
    /// # }
    /// ```
    pub fn close() -> Self {
        Self::new(Kind::Close)
    }

    /// Sends the head and half of the body, then resets the connection (RST).
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // A search fails half-way, after the status.
    /// cluster.node(0).inject(Fault::reset_in_body().on_path("/_search").once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset_in_body() -> Self {
        Self::new(Kind::ResetInBody)
    }

    /// Sends the head and half of the body that `content-length` announces, then closes the
    /// connection (FIN).
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::cut_body().on_path("/_search").once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn cut_body() -> Self {
        Self::new(Kind::CutBody)
    }

    /// Sends bytes that are not HTTP, then closes the connection.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).start().await?;
    /// // Something else listens where a node was.
    /// cluster.node(1).inject(Fault::garbage());
    /// # Ok(())
    /// # }
    /// ```
    pub fn garbage() -> Self {
        Self::raw(&b"\x00\x01\x02 this is not HTTP \xff\xfe\r\n\r\n"[..])
    }

    /// Sends exactly these bytes, then closes the connection.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::new(Kind::Raw(bytes.into()))
    }

    /// Responds with this status and an error in the form of Elasticsearch, with the product
    /// header except for 401, 403 and 413. A number that is not a status becomes 500.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::status(429).retry_after(2).times(2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = match status.as_u16() {
            429 => "circuit_breaking_exception",
            503 => "no_shard_available_action_exception",
            _ => "es_testkit_fault",
        };
        let reason = "a fault of es-testkit";
        let body = serde_json::json!({
            "error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason},
            "status": status.as_u16(),
        });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !matches!(status.as_u16(), 401 | 403 | 413) {
            let product = HeaderValue::from_static("Elasticsearch");
            response.headers_mut().insert("x-elastic-product", product);
        }
        Self::response(response)
    }

    /// Responds with exactly this response; `content-length` is added if it is missing.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Bytes::from("<html>504 Gateway Time-out</html>");
    /// let gateway = http::Response::builder().status(504).header("server", "nginx").body(page)?;
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::response(gateway));
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// assert_eq!(response.status(), 504);
    /// assert_eq!(response.headers()["server"], "nginx");
    /// # Ok(())
    /// # }
    /// ```
    pub fn response(mut response: Response<Bytes>) -> Self {
        let length = response.body().len();
        response
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| length.into());
        Self::new(Kind::Response(Box::new(response)))
    }

    /// Responds with 307 and this `Location`.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::redirect("https://es.example/"));
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// assert_eq!(response.headers()["location"], "https://es.example/");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// The location cannot be the value of a header.
    #[allow(clippy::expect_used, reason = "a location written in a test")]
    pub fn redirect(location: &str) -> Self {
        let location = HeaderValue::from_str(location).expect("the location is no header value");
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
        Self::response(response)
    }

    /// Responds with 200 and a header of this many bytes.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // More than most clients accept.
    /// cluster.node(0).inject(Fault::large_headers(1 << 20).once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn large_headers(bytes: usize) -> Self {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        let filler =
            HeaderValue::from_bytes(&vec![b'x'; bytes]).unwrap_or(HeaderValue::from_static("x"));
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-filler"), filler);
        Self::response(response)
    }

    /// Sends headers without end.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    /// use tokio::net::TcpStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::endless_headers());
    /// let mut node = TcpStream::connect(cluster.url(0).trim_start_matches("http://")).await?;
    /// node.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    /// // More than any client should accept, and no body yet.
    /// let mut headers = vec![0; 100_000];
    /// node.read_exact(&mut headers).await?;
    /// assert!(!headers.windows(4).any(|end| end == b"\r\n\r\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endless_headers() -> Self {
        Self::new(Kind::EndlessHeaders)
    }

    /// Sends a chunked JSON body without end.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // Does the client limit the size of a response?
    /// cluster.node(0).inject(Fault::endless_body().on_path("/_search"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endless_body() -> Self {
        Self::new(Kind::EndlessBody)
    }

    /// Marks the response as gzip, with bytes that are not gzip.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::broken_gzip().times(2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn broken_gzip() -> Self {
        Self::new(Kind::BrokenGzip)
    }

    /// Responds with a gzip body of spaces that has this many bytes after decompression.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // 1 GiB after decompression.
    /// cluster.node(0).inject(Fault::gzip_bomb(1 << 30).once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn gzip_bomb(decompressed: u64) -> Self {
        Self::new(Kind::GzipBomb(decompressed))
    }

    /// Responds, then closes the connection without `Connection: close`.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// // Pooled connections are closed when the client wants to use them again.
    /// cluster.node(0).inject(Fault::close_after_response());
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_after_response() -> Self {
        Self::new(Kind::CloseAfterResponse)
    }

    /// Adds `Retry-After` in seconds to the response of [`status`](Self::status) or
    /// [`response`](Self::response).
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::status(429).retry_after(2));
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// assert_eq!(response.headers()["retry-after"], "2");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a header to the response of [`status`](Self::status) or
    /// [`response`](Self::response).
    ///
    /// ```
    /// use es_testkit::Fault;
    /// use http::header::{HeaderValue, SERVER};
    ///
    /// let proxy = Fault::status(502).header(SERVER, HeaderValue::from_static("nginx"));
    /// ```
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Kind::Response(response) = &mut self.kind {
            response.headers_mut().append(name, value);
        }
        self
    }

    /// Replaces the body of [`status`](Self::status) or [`response`](Self::response).
    ///
    /// ```
    /// use es_testkit::Fault;
    ///
    /// let page = Fault::status(502).body("<html>Bad Gateway</html>");
    /// let empty = Fault::status(503).body("");
    /// ```
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Kind::Response(response) = &mut self.kind {
            *response.body_mut() = body.into();
            let length = response.body().len();
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        self
    }

    /// Limits the fault to the next `n` requests that match.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::status(503).times(1));
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let service = cluster.service();
    /// assert_eq!(service.clone().oneshot(request.clone()).await?.status(), 503);
    /// assert_eq!(service.oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn times(mut self, n: usize) -> Self {
        self.remaining = Some(n);
        self
    }

    /// Limits the fault to the next request that matches.
    ///
    /// ```
    /// use es_testkit::Fault;
    ///
    /// let first_search = Fault::status(503).on_path("/_search").once();
    /// ```
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Limits the fault to requests whose path contains this text.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::status(503).on_path("/_search"));
    /// let request = http::Request::get(format!("{}/_cluster/health", cluster.node(0).url())).body(String::new())?;
    /// let response = cluster.service().oneshot(request).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_path(mut self, text: impl Into<String>) -> Self {
        self.path = Some(text.into());
        self
    }

    /// Limits the fault to requests for which this function returns `true`. It sees the body as
    /// it was received.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).inject(Fault::status(503).when(|request| request.method() == "DELETE"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn when(mut self, fits: impl Fn(&Request<Bytes>) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(Arc::new(fits));
        self
    }

    /// Processes the request first: a document is written although the response is lost.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::reset().after_processing().once());
    /// let request = http::Request::put(format!("{}/books/_doc/1", cluster.node(0).url()))
    ///     .header("content-type", "application/json")
    ///     .body(String::from(r#"{"title": "Dune"}"#))?;
    /// let service = cluster.service();
    /// // The response is lost, the document is written.
    /// assert!(service.clone().oneshot(request).await.is_err());
    /// let request = http::Request::get(format!("{}/books/_doc/1", cluster.node(0).url()));
    /// assert_eq!(service.oneshot(request.body(String::new())?).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after_processing(mut self) -> Self {
        self.processed = true;
        self
    }

    pub(crate) fn is_processed(&self) -> bool {
        self.processed
    }

    fn fits(&self, request: &Request<Bytes>) -> bool {
        let path = self
            .path
            .as_ref()
            .is_none_or(|text| request.uri().path().contains(text.as_str()));
        self.remaining != Some(0) && path && self.when.as_ref().is_none_or(|when| when(request))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("kind", &self.kind)
            .field("remaining", &self.remaining)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
