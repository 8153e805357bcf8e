//! The client: a cheap handle over the transport and the options of its calls.

use std::sync::Arc;

use es_transport::{
    Body, BoxError, BuildTarget, Config, OperationName, ResponseBody, Transport, TransportBuilder,
};
use http::{Method, Request, Response, StatusCode};
use tokio::time::Instant;
use tower::Service;

use crate::{
    endpoint::Idempotency,
    error::{Error, Result},
    options::{ClientOptions, Settings},
};

/// A client for Elasticsearch.
///
/// It is cheap to clone; clones share nodes, their state, and connections. Create one
/// client per program and reuse it.
///
/// ```no_run
/// use es_client::Elasticsearch;
///
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Elasticsearch::builder()
///     .node("https://localhost:9200")
///     .ca_certs("/path/to/http_ca.crt")
///     .basic_auth("elastic", "changeme")
///     .build()?;
/// println!("{}", client.info().await?.version.number);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Elasticsearch {
    transport: Transport,
    settings: Option<Arc<Settings>>,
}

impl Elasticsearch {
    /// Returns a builder of a client. Building does no network I/O and needs no
    /// runtime.
    pub fn builder() -> TransportBuilder<Self> {
        TransportBuilder::new().client("es-client", env!("CARGO_PKG_VERSION"))
    }

    /// Creates a client from environment variables such as `ELASTICSEARCH_URL` and
    /// `ELASTICSEARCH_API_KEY`: see [`Config::from_env`]. To combine them with other
    /// settings, pass the [`Config`] to the builder.
    ///
    /// ```no_run
    /// use es_client::{Config, Elasticsearch};
    ///
    /// # fn connect() -> es_client::Result<()> {
    /// let client = Elasticsearch::from_env()?;
    ///
    /// let client = Elasticsearch::builder()
    ///     .config(Config::from_env())
    ///     .opaque_id("orders-service")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is neither a node nor a Cloud ID, or if a value is
    /// invalid. The error names the setting and its variable.
    pub fn from_env() -> Result<Self> {
        Self::builder().config(Config::from_env()).build()
    }

    /// Creates a client over a custom stack.
    ///
    /// ```
    /// use es_client::{Elasticsearch, es_transport::Body, http::{Request, Response}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// // A mock for tests.
    /// let client = Elasticsearch::from_service(tower::service_fn(async |request: Request<Body>| {
    ///     assert_eq!(request.uri(), "/products/_count");
    ///     Ok::<_, std::io::Error>(Response::new(Body::from(r#"{"count": 3}"#)))
    /// }));
    /// assert_eq!(client.count("products").await?.count, Some(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Transport::from_service(service).into()
    }

    /// Returns a client with different settings, such as credentials, headers, timeouts
    /// and retries. It shares nodes and connections with this one, and can be used for
    /// a single request or kept.
    ///
    /// ```no_run
    /// # async fn options(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let tenant = client.options().api_key(("id", "key")).request_timeout(Duration::from_secs(2));
    /// for number in 0..10 {
    ///     tenant.index("example-index").document(&serde_json::json!({"field": number})).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn options(&self) -> ClientOptions {
        ClientOptions::new(self.clone())
    }

    /// Returns the transport, for requests of any form.
    ///
    /// ```
    /// use es_client::Elasticsearch;
    ///
    /// let client = Elasticsearch::builder().nodes(["http://a:9200", "http://b:9200"]).build()?;
    /// let pool = client.transport().pool().unwrap();
    /// pool.remove("http://b:9200")?;
    /// assert_eq!(pool.len(), 1);
    /// # Ok::<(), es_client::Error>(())
    /// ```
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(self.settings.get_or_insert_default())
    }

    pub(crate) fn ignored_statuses(&self) -> Option<&Arc<[StatusCode]>> {
        self.settings.as_ref()?.ignore_status.as_ref()
    }

    pub(crate) fn traces_query_text(&self) -> bool {
        self.settings
            .as_ref()
            .is_some_and(|settings| settings.trace_query_text)
    }

    /// Names the operation where something may read the name.
    pub(crate) fn attach_name(&self, request: &mut Request<Body>, name: &'static str) {
        if self.transport.reads_operation_name() {
            OperationName(name).attach(request);
        }
    }

    /// Gives a request what differs from the transport's settings; nothing if nothing does.
    /// The caller's own word on repeating wins over `idempotency`.
    pub(crate) fn attach_options(
        &self,
        request: &mut Request<Body>,
        idempotency: Idempotency,
        stream: bool,
    ) -> Result<()> {
        let idempotency = idempotency.overridden_by(request.method());
        match &self.settings {
            None => Settings::attach_default(request, idempotency, stream),
            Some(settings) => settings.attach(request, idempotency, stream)?,
        }
        Ok(())
    }
}

impl BuildTarget for Elasticsearch {
    type Error = Error;
}

impl From<Transport> for Elasticsearch {
    fn from(transport: Transport) -> Self {
        Self {
            transport,
            settings: None,
        }
    }
}

/// Requests without a call of their own.
impl Elasticsearch {
    /// Sends any request, with a method, a path with optional query, and a JSON body.
    ///
    /// ```no_run
    /// # async fn raw(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use http::Method;
    ///
    /// let response = client.request(Method::GET, "/_cluster/health?level=indices", ()).await?;
    /// let health: serde_json::Value = response.json()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the path does not start with `/` or contains a host, if
    /// there is no response, or if the response has an error status.
    pub async fn request(
        &self,
        method: Method,
        target: &str,
        body: impl Into<Body>,
    ) -> Result<crate::Response> {
        if !target.starts_with('/') || target.starts_with("//") {
            return Err(Error::invalid("the path must start with a single `/`"));
        }
        let target = http::uri::PathAndQuery::try_from(target)
            .map_err(|_| Error::invalid("the path has a character that must be percent-encoded"))?;
        let mut request = Request::new(body.into());
        *request.method_mut() = method;
        *request.uri_mut() = target.into();
        self.attach_options(&mut request, Idempotency::ByMethod, false)?;
        let started = Instant::now();
        let (parts, body) = self.transport.send(request).await?.into_parts();
        let (status, node) = (parts.status, body.node().cloned());
        let body = ResponseBody::bytes(body).await?;
        let meta = crate::Meta::new(parts, node, started.elapsed());
        let ignored = self
            .ignored_statuses()
            .is_some_and(|ignored| ignored.contains(&status));
        if status.is_success() || ignored {
            Ok(crate::Response::from_parts(meta, body))
        } else {
            Err(Error::api(meta, body))
        }
    }
}
