//! Options of some calls, set by [`Elasticsearch::options`].

use std::{
    ops::Deref,
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use es_transport::{
    Body, Credentials, Error as TransportError, IntoApiKey, RequestAuth, RequestOptions, Setting,
    credentials::secret_value,
};
use http::{HeaderName, HeaderValue, Request, StatusCode};

use crate::{client::Elasticsearch, endpoint::Idempotency, error::Result};

/// A client with different settings.
///
/// It dereferences to a client, and shares nodes and connections with the client that
/// it was created from. An invalid value is reported when a request is sent.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    client: Elasticsearch,
}

/// Options of a client's calls that differ from the transport's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    request: RequestOptions,
    pub ignore_status: Option<Arc<[StatusCode]>>,
    pub trace_query_text: bool,
    /// The first setting that cannot be used; every call reports it.
    invalid: Option<Arc<TransportError>>,
    shared: Shared,
}

/// The options that requests share, made when the first call needs them.
#[derive(Debug, Default)]
struct Shared {
    by_method: OnceLock<Arc<RequestOptions>>,
    idempotent: OnceLock<Arc<RequestOptions>>,
    not_idempotent: OnceLock<Arc<RequestOptions>>,
    partial: OnceLock<Arc<RequestOptions>>,
}

impl Shared {
    fn of(&self, idempotency: Idempotency) -> &OnceLock<Arc<RequestOptions>> {
        match idempotency {
            Idempotency::ByMethod => &self.by_method,
            Idempotency::Yes => &self.idempotent,
            Idempotency::No => &self.not_idempotent,
            Idempotency::Partial => &self.partial,
        }
    }
}

/// A clone is made to be changed, so it starts empty.
impl Clone for Shared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Settings {
    /// Attaches the options of a call of a client without settings, if there are any.
    pub fn attach_default(request: &mut Request<Body>, idempotency: Idempotency, stream: bool) {
        static DEFAULT: LazyLock<Settings> = LazyLock::new(Settings::default);
        if stream || idempotency != Idempotency::ByMethod {
            DEFAULT.attach_valid(request, idempotency, stream);
        }
    }

    pub fn attach(
        &self,
        request: &mut Request<Body>,
        idempotency: Idempotency,
        stream: bool,
    ) -> Result<()> {
        if let Some(error) = self.invalid.as_ref().and_then(|error| error.clone_config()) {
            return Err(error.into());
        }
        self.attach_valid(request, idempotency, stream);
        Ok(())
    }

    fn attach_valid(&self, request: &mut Request<Body>, idempotency: Idempotency, stream: bool) {
        if stream {
            Arc::new(self.options(idempotency, true)).attach(request);
        } else {
            let shared = self.shared.of(idempotency);
            shared
                .get_or_init(|| Arc::new(self.options(idempotency, false)))
                .attach(request);
        }
    }

    fn options(&self, idempotency: Idempotency, stream: bool) -> RequestOptions {
        let mut options = self.request.clone().stream(stream);
        options.idempotent = options.idempotent.or(idempotency.option());
        if idempotency == Idempotency::Partial && options.idempotent == Some(false) {
            options.retry_on_status = Some(Arc::new([]));
        }
        options
    }
}

impl ClientOptions {
    pub(crate) fn new(client: Elasticsearch) -> Self {
        Self { client }
    }

    /// Returns a client for the calls of a helper. A busy cluster's refusal (429)
    /// is returned at once: the helper slows down on its own.
    pub(crate) fn for_helper(mut self, idempotent: bool) -> Elasticsearch {
        let options = &mut self.client.settings_mut().request;
        let own = options.retry_on_status.as_deref();
        options.retry_on_status = Some(crate::helpers::node_statuses(own));
        // The caller's setting is about calls in general.
        options.idempotent = Some(idempotent);
        self.client
    }

    /// Returns the client.
    pub fn into_client(self) -> Elasticsearch {
        self.client
    }

    fn set(mut self, change: impl FnOnce(&mut RequestOptions)) -> Self {
        let settings = self.client.settings_mut();
        settings.shared = Shared::default();
        change(&mut settings.request);
        self
    }

    fn auth(mut self, credentials: es_transport::Result<Credentials>) -> Self {
        match credentials {
            Ok(credentials) => self.set(|o| o.auth = Some(RequestAuth::Credentials(credentials))),
            Err(error) => {
                self.client
                    .settings_mut()
                    .invalid
                    .get_or_insert(Arc::new(error));
                self
            }
        }
    }

    fn invalid(mut self, setting: &'static str, message: &str) -> Self {
        let error = TransportError::config(setting, message);
        self.client
            .settings_mut()
            .invalid
            .get_or_insert(Arc::new(error));
        self
    }

    /// Sets HTTP Basic authentication.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// # let client = es_client::Elasticsearch::builder().node("http://localhost:1").build()?;
    /// // A colon ends the user name. Nothing is sent.
    /// let client = client.options().basic_auth("a:b", "changeme");
    /// let error = client.count("products").await.unwrap_err();
    /// assert!(error.as_transport().unwrap().is_config());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn basic_auth(self, username: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.auth(Credentials::basic(username, password))
    }

    /// Sets a bearer token: of a service account, or an OAuth2 access token.
    #[must_use]
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.auth(Credentials::bearer(token))
    }

    /// Sets an API key: in the `encoded` form that Elasticsearch returns, or as
    /// `(id, api_key)`.
    ///
    /// ```
    /// # async fn search(client: es_client::Elasticsearch, key: &str) -> es_client::Result<()> {
    /// // Connections and the state of nodes are shared with `client`.
    /// let tenant = client.options().api_key(key).into_client();
    /// println!("{:?}", tenant.count("orders").await?.count);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn api_key(self, key: impl IntoApiKey) -> Self {
        self.auth(key.into_credentials())
    }

    /// Disables authentication, including credentials in a node's URL.
    #[must_use]
    pub fn no_auth(self) -> Self {
        self.set(|options| options.auth = Some(RequestAuth::None))
    }

    /// Sets a header of every request. The value is treated as a secret and never shown.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// client.options().header("x-tenant", "7").info().await?;
    /// assert_eq!(cluster.node(0).requests()[0].headers["x-tenant"], "7");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        let visible = value
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        match (HeaderName::try_from(name), secret_value(value)) {
            (Ok(name), Some(value)) if visible => self.set(|options| {
                options.headers.insert(name, value);
            }),
            (Err(_), _) => self.invalid("headers", "a name is not valid"),
            _ => self.invalid(
                "headers",
                "a value has a character other than visible ASCII",
            ),
        }
    }

    /// Sets `X-Opaque-Id`, which Elasticsearch includes in its logs and tasks.
    ///
    /// ```
    /// use es_client::{Elasticsearch, es_transport::Body, http::{Request, Response}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::builder()
    ///     .node("http://localhost:9200")
    ///     .http_service(tower::service_fn(async |request: Request<Body>| {
    ///         assert_eq!(request.headers()["x-opaque-id"], "report-12");
    ///         let response = Response::builder().header("x-elastic-product", "Elasticsearch");
    ///         response.body(Body::from(r#"{"count": 3}"#))
    ///     }))
    ///     .build()?;
    /// assert_eq!(client.options().opaque_id("report-12").count("sales").await?.count, Some(3));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn opaque_id(self, id: &str) -> Self {
        match HeaderValue::from_str(id) {
            Ok(id) if id.to_str().is_ok() => self.set(|options| options.opaque_id = Some(id)),
            _ => self.invalid("opaque_id", "it has a character other than visible ASCII"),
        }
    }

    /// Sets the media type of body and response. Default: that of the compatibility mode.
    #[must_use]
    pub fn media_type(self, media_type: &str) -> Self {
        match HeaderValue::from_str(media_type) {
            Ok(value) if value.to_str().is_ok() => {
                self.set(|options| options.media_type = Some(value))
            }
            _ => self.invalid("media_type", "it has a character other than visible ASCII"),
        }
    }

    /// Sets the time limit of one attempt, including its response. `None` inherits the
    /// transport's setting; `Setting::Off` is no limit.
    ///
    /// ```
    /// # async fn find(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let fast = client.options().request_timeout(Duration::from_millis(500)).into_client();
    /// let found = fast.exists("products", "1").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn request_timeout(self, timeout: impl Into<Setting<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.request_timeout = timeout)
    }

    /// Sets the time limit of a request with all its attempts and waits. `None`
    /// inherits the transport's setting; `Setting::Off` is no limit.
    #[must_use]
    pub fn total_timeout(self, timeout: impl Into<Setting<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.total_timeout = timeout)
    }

    /// Sets the maximum number of retries of a request. `None` changes nothing. To
    /// tolerate an outage of the whole cluster, see
    /// [`TransportBuilder::max_retries`](es_transport::TransportBuilder::max_retries).
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// cluster.node(0).inject(es_testkit::Fault::status(503));
    /// let once = client.options().max_retries(0).into_client();
    /// assert_eq!(once.info().await.unwrap_err().status().unwrap(), 503);
    /// assert_eq!(cluster.request_count(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn max_retries(self, retries: impl Into<Option<u32>>) -> Self {
        match retries.into() {
            Some(retries) => self.set(|options| options.max_retries = Some(retries)),
            None => self,
        }
    }

    /// Sets the statuses that are retried, instead of those of the transport (429, 502, 503
    /// and 504 by default).
    #[must_use]
    pub fn retry_on_status(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        let statuses = statuses.into_iter().collect();
        self.set(|options| options.retry_on_status = Some(statuses))
    }

    /// Sets whether an attempt that timed out is retried. `None` changes nothing.
    #[must_use]
    pub fn retry_on_timeout(self, retry: impl Into<Option<bool>>) -> Self {
        match retry.into() {
            Some(retry) => self.set(|options| options.retry_on_timeout = Some(retry)),
            None => self,
        }
    }

    /// Sets whether requests are batch work, which yields to live traffic if the
    /// transport has [windows](es_transport::layer::window). Default: `false`.
    ///
    /// The bulk, export and reindex helpers set it themselves.
    #[must_use]
    pub fn batch(self, batch: bool) -> Self {
        self.set(|options| options.batch = batch)
    }

    /// Sets whether sending a request twice has the same effect as sending it once, so
    /// that it may be retried. `None` changes nothing.
    #[must_use]
    pub fn idempotent(self, idempotent: impl Into<Option<bool>>) -> Self {
        match idempotent.into() {
            Some(idempotent) => self.set(|options| options.idempotent = Some(idempotent)),
            None => self,
        }
    }

    /// Sets error statuses that are returned as responses instead of errors.
    ///
    /// ```
    /// # async fn find(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use http::StatusCode;
    ///
    /// let client = client.options().ignore_status([StatusCode::NOT_FOUND]).into_client();
    /// let response = client.indices().get("no-such-index").send().await?;
    /// println!("{}", response.status());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn ignore_status(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.client.settings_mut().ignore_status = Some(statuses.into_iter().collect());
        self
    }

    /// Sets whether the spans of searches contain the query as `db.query.text`, with
    /// `?` instead of each value. Default: `false`.
    ///
    /// ```
    /// # fn options(client: es_client::Elasticsearch) {
    /// let traced = client.options().trace_query_text(true).into_client();
    /// # }
    /// ```
    #[must_use]
    pub fn trace_query_text(mut self, trace: bool) -> Self {
        self.client.settings_mut().trace_query_text = trace;
        self
    }

    /// Sets a hint for the node selector, such as a session ID for a sticky one.
    #[must_use]
    pub fn selector_hint(self, hint: &str) -> Self {
        self.set(|options| options.selector_hint = Some(hint.into()))
    }

    /// Sets the maximum size of the decompressed response in bytes. `None` inherits the
    /// transport's setting; `Setting::Off` is no limit.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// let small = client.options().max_response_size(100).into_client();
    /// let error = small.info().await.unwrap_err();
    /// assert!(error.as_transport().unwrap().is_body());
    /// assert!(client.info().await.is_ok());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn max_response_size(self, bytes: impl Into<Setting<usize>>) -> Self {
        let bytes = bytes.into();
        self.set(|o| o.max_response_size = bytes)
    }
}

impl Deref for ClientOptions {
    type Target = Elasticsearch;

    fn deref(&self) -> &Elasticsearch {
        &self.client
    }
}

impl From<ClientOptions> for Elasticsearch {
    fn from(options: ClientOptions) -> Self {
        options.client
    }
}
