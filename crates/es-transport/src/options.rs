//! Per-request settings.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::{credentials::Credentials, error::Error};

/// A per-request setting: inherited from the transport, disabled, or set to a value.
///
/// Values and `Option`s convert into it. `None` converts to [`Setting::Inherit`], so
/// that an optional value can be passed directly; only [`Setting::Off`] disables a
/// default.
///
/// ```
/// use std::time::Duration;
/// use es_transport::{RequestOptions, Setting};
///
/// let configured: Option<Duration> = None;
/// let options = RequestOptions::new().request_timeout(configured);
/// assert_eq!(options.request_timeout, Setting::Inherit);
///
/// let options = options.request_timeout(Setting::Off);
/// assert_eq!(options.request_timeout.or(Some(Duration::from_secs(30))), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Setting<T> {
    /// The setting of the transport.
    #[default]
    Inherit,
    /// Disabled for this request.
    Off,
    /// This value.
    Set(T),
}

impl<T> Setting<T> {
    /// Returns the effective value, given the `default` of the transport.
    pub fn or(self, default: Option<T>) -> Option<T> {
        match self {
            Self::Inherit => default,
            Self::Off => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Returns the value that was set for this request, if any.
    pub fn value(self) -> Option<T> {
        self.or(None)
    }

    /// Whether the setting of the transport is used.
    pub fn is_inherited(&self) -> bool {
        matches!(self, Self::Inherit)
    }
}

impl<T> From<T> for Setting<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T> From<Option<T>> for Setting<T> {
    /// `None` is "not set".
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Inherit, Self::Set)
    }
}

/// Per-request settings, which the layers read from the extensions of the request.
///
/// Each field has a setter of the same name. Options for several requests are shared by
/// reference counting.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use es_transport::{RequestOptions, Setting};
///
/// let options = Arc::new(RequestOptions::new().request_timeout(Duration::from_secs(2)));
/// let mut request = http::Request::get("/").body(()).unwrap();
/// options.attach(&mut request);
///
/// let found = RequestOptions::of(&request).unwrap();
/// assert_eq!(found.request_timeout, Setting::Set(Duration::from_secs(2)));
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RequestOptions {
    /// Credentials of the request, which replace those of the transport.
    pub auth: Option<RequestAuth>,
    /// Headers that replace the transport's headers of the same name.
    pub headers: HeaderMap,
    /// `X-Opaque-Id`, which Elasticsearch includes in its logs and tasks.
    pub opaque_id: Option<HeaderValue>,
    /// Time limit of one attempt.
    pub request_timeout: Setting<Duration>,
    /// Time limit of the request with all its attempts.
    pub total_timeout: Setting<Duration>,
    /// Maximum number of retries. Failovers to another live node after a failed connect
    /// do not count; 0 disables them as well.
    pub max_retries: Option<u32>,
    /// Statuses that are retried.
    pub retry_on_status: Option<Arc<[StatusCode]>>,
    /// Whether an attempt that timed out is retried.
    pub retry_on_timeout: Option<bool>,
    /// Whether sending the request twice has the same effect as sending it once. By
    /// default, this depends on the method: GET, HEAD, PUT, DELETE and OPTIONS are
    /// idempotent, POST is not.
    pub idempotent: Option<bool>,
    /// A hint for the node selector
    /// ([`RequestContext::hint`](crate::node::RequestContext::hint)), such as a session ID.
    pub selector_hint: Option<Arc<str>>,
    /// Whether the request is batch work, which leaves a share of each window to live
    /// traffic ([`layer::window`](crate::layer::window)).
    pub batch: bool,
    /// Media type of the request body and the response, which replaces that of the
    /// compatibility mode.
    pub media_type: Option<HeaderValue>,
    /// Whether the response is returned as a stream instead of being buffered.
    /// Responses with a status of 400 or above are buffered in any case.
    pub stream: bool,
    /// Maximum size of the decompressed response in bytes. A streamed response has no
    /// limit unless it is set here.
    pub max_response_size: Setting<usize>,
}

/// The credentials of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestAuth {
    /// No credentials, not even those in a node's URL.
    None,
    /// These credentials.
    Credentials(Credentials),
}

impl RequestOptions {
    /// Creates options that inherit all settings of the transport.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the credentials, or disables authentication. Default: the transport's
    /// credentials.
    ///
    /// ```
    /// use es_transport::{Credentials, RequestAuth, RequestOptions};
    ///
    /// let tenant = Credentials::api_key_pair("tenant-7", "ui2lp2axTNmsyakw9tvNnw")?;
    /// let options = RequestOptions::new().auth(RequestAuth::Credentials(tenant));
    /// let anonymous = RequestOptions::new().auth(RequestAuth::None);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn auth(mut self, auth: impl Into<Option<RequestAuth>>) -> Self {
        self.auth = auth.into();
        self
    }

    /// Sets a header, which replaces the transport's header of the same name.
    ///
    /// ```
    /// use es_transport::RequestOptions;
    /// use http::{HeaderValue, header::ACCEPT_LANGUAGE};
    ///
    /// let options = RequestOptions::new().header(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
    /// assert_eq!(options.headers[ACCEPT_LANGUAGE], "de");
    /// ```
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets headers, which replace the transport's headers of the same names.
    ///
    /// ```
    /// use es_transport::RequestOptions;
    /// use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
    ///
    /// let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static("de"))]);
    /// let options = RequestOptions::new().headers(headers);
    /// assert_eq!(options.headers[ACCEPT_LANGUAGE], "de");
    /// // `Debug` shows no value, which may be a secret.
    /// assert!(format!("{options:?}").contains(r#"headers: ["accept-language"]"#));
    /// ```
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets `X-Opaque-Id`, which Elasticsearch includes in its logs and tasks.
    ///
    /// ```
    /// use es_transport::RequestOptions;
    /// use http::HeaderValue;
    ///
    /// let options = RequestOptions::new().opaque_id(HeaderValue::from_static("report-12"));
    /// ```
    #[must_use]
    pub fn opaque_id(mut self, id: impl Into<Option<HeaderValue>>) -> Self {
        self.opaque_id = id.into();
        self
    }

    /// Sets the time limit of one attempt, including its response. Default: the
    /// transport's.
    ///
    /// ```
    /// use std::{future::pending, sync::Arc, time::Duration};
    /// use es_transport::{RequestOptions, Result, layer::AttemptTimeoutLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let hangs = service_fn(|_: Request<()>| pending::<Result<Response<String>>>());
    /// let service = AttemptTimeoutLayer::new(Duration::from_secs(30)).layer(hangs);
    ///
    /// let mut request = Request::new(());
    /// let options = RequestOptions::new().request_timeout(Duration::from_secs(2));
    /// Arc::new(options).attach(&mut request);
    /// let error = service.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.timeout_after(), Some(Duration::from_secs(2)));
    /// # }
    /// ```
    #[must_use]
    pub fn request_timeout(mut self, timeout: impl Into<Setting<Duration>>) -> Self {
        self.request_timeout = timeout.into();
        self
    }

    /// Sets the time limit of the request with all its attempts and waits. Default: the
    /// transport's.
    #[must_use]
    pub fn total_timeout(mut self, timeout: impl Into<Setting<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// Sets the maximum number of retries; 0 disables retries and failovers. Default: the
    /// transport's.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.max_retries = retries.into();
        self
    }

    /// Sets the statuses that are retried; an empty list disables retries of statuses.
    /// Default: the transport's.
    ///
    /// ```
    /// use es_transport::RequestOptions;
    /// use http::StatusCode;
    ///
    /// let options = RequestOptions::new()
    ///     .retry_on_status([StatusCode::TOO_MANY_REQUESTS])
    ///     .max_retries(10);
    /// ```
    #[must_use]
    pub fn retry_on_status(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.retry_on_status = Some(statuses.into_iter().collect());
        self
    }

    /// Sets whether an attempt that timed out is retried. Default: the transport's setting.
    #[must_use]
    pub fn retry_on_timeout(mut self, retry: impl Into<Option<bool>>) -> Self {
        self.retry_on_timeout = retry.into();
        self
    }

    /// Sets whether sending the request twice has the same effect as sending it once.
    /// Default: according to the method.
    ///
    /// ```
    /// use es_transport::RequestOptions;
    ///
    /// // A search by POST changes nothing: it may be retried after the connection broke.
    /// let options = RequestOptions::new().idempotent(true);
    /// ```
    #[must_use]
    pub fn idempotent(mut self, idempotent: impl Into<Option<bool>>) -> Self {
        self.idempotent = idempotent.into();
        self
    }

    /// Sets a hint for the node selector, such as a session ID. Default: none.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use es_transport::{Node, NodePool, RequestOptions, layer::SelectNodeLayer, node::Sticky};
    /// # use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
    /// let service = SelectNodeLayer::new(pool, Sticky::default()).layer(service_fn(
    ///     async |sent: Request<()>| Ok::<_, http::Error>(Response::new(sent.uri().to_string())),
    /// ));
    /// let mut request = Request::new(());
    /// Arc::new(RequestOptions::new().selector_hint("session-17")).attach(&mut request);
    /// let first = service.clone().oneshot(request.clone()).await?.into_body().bytes().await?;
    /// assert_eq!(service.oneshot(request).await?.into_body().bytes().await?, first);
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn selector_hint(mut self, hint: impl Into<Arc<str>>) -> Self {
        self.selector_hint = Some(hint.into());
        self
    }

    /// Sets whether the request is batch work, which yields to live traffic if the
    /// transport has [windows](crate::layer::window). Default: `false`.
    #[must_use]
    pub fn batch(mut self, batch: bool) -> Self {
        self.batch = batch;
        self
    }

    /// Sets the media type of the request body and the response. Default: that of the
    /// compatibility mode.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<Option<HeaderValue>>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// Sets whether the response is returned as a stream. Default: `false`.
    ///
    /// ```
    /// use std::{convert::Infallible, sync::Arc};
    /// use es_transport::{RequestOptions, layer::CollectLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let rows = service_fn(async |_: Request<()>| {
    ///     Ok::<_, Infallible>(Response::new("1\n2\n".to_owned()))
    /// });
    /// let mut request = Request::new(());
    /// Arc::new(RequestOptions::new().stream(true)).attach(&mut request);
    ///
    /// let mut body = CollectLayer::new().layer(rows).oneshot(request).await?.into_body();
    /// assert!(body.collected().is_none());
    /// assert_eq!(body.chunk().await?.as_deref(), Some(&b"1\n2\n"[..]));
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn stream(mut self, stream: bool) -> Self {
        self.stream = stream;
        self
    }

    /// Sets the maximum size of the decompressed response in bytes. Default: the
    /// transport's; no limit for a stream.
    #[must_use]
    pub fn max_response_size(mut self, bytes: impl Into<Setting<usize>>) -> Self {
        self.max_response_size = bytes.into();
        self
    }

    /// Returns the options that are attached to a request.
    pub fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        Self::find(request.extensions())
    }

    /// Returns the options in the extensions of a request.
    pub fn find(extensions: &http::Extensions) -> Option<&Self> {
        // Most requests have no extension at all, which is cheaper to ask.
        if extensions.is_empty() {
            return None;
        }
        extensions.get::<Arc<Self>>().map(|options| &**options)
    }

    /// Attaches these options to a request, and replaces options that are already attached.
    pub fn attach<B>(self: &Arc<Self>, request: &mut Request<B>) {
        request.extensions_mut().insert(Arc::clone(self));
    }
}

/// How a response is read, by the options of its request and a layer's limit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// To its end, up to so many bytes.
    Collect(usize),
    /// As a stream of at most so many bytes; an error is collected up to the second limit.
    Stream(usize, usize),
}

impl Reading {
    pub fn of(options: Option<&RequestOptions>, limit: Option<usize>) -> Self {
        let Some(options) = options else {
            return Self::Collect(limit.unwrap_or(usize::MAX));
        };
        let own = options.max_response_size;
        let limit = own.or(limit).unwrap_or(usize::MAX);
        match options.stream {
            false => Self::Collect(limit),
            // A stream is never held as a whole.
            true => Self::Stream(own.value().unwrap_or(usize::MAX), limit),
        }
    }

    /// Returns whether a response with this status becomes a stream, and its limit.
    pub fn resolve(self, status: StatusCode) -> (bool, usize) {
        let is_error = status.is_client_error() || status.is_server_error();
        match self {
            Self::Collect(limit) => (false, limit),
            Self::Stream(_, limit) if is_error => (false, limit),
            Self::Stream(limit, _) => (true, limit),
        }
    }
}

pub(crate) fn too_large(limit: usize) -> Error {
    Error::body(format!(
        "it has more than {limit} bytes (`max_response_size`)"
    ))
}

impl fmt::Debug for RequestOptions {
    /// Names the headers, but shows no value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("auth", &self.auth)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("opaque_id", &self.opaque_id)
            .field("request_timeout", &self.request_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("max_retries", &self.max_retries)
            .field("retry_on_status", &self.retry_on_status)
            .field("retry_on_timeout", &self.retry_on_timeout)
            .field("idempotent", &self.idempotent)
            .field("selector_hint", &self.selector_hint)
            .field("batch", &self.batch)
            .field("media_type", &self.media_type)
            .field("stream", &self.stream)
            .field("max_response_size", &self.max_response_size)
            .finish()
    }
}
