//! What a single request wants otherwise than the transport was built for.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::credentials::Credentials;

/// Settings of one request, read by the layers as an extension of the request.
///
/// A request without options carries none, which costs nothing. Options that
/// are kept and used for many requests are shared by reference count.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use es_transport::RequestOptions;
///
/// let options = Arc::new(RequestOptions {
///     request_timeout: Some(Some(Duration::from_secs(2))),
///     ..RequestOptions::default()
/// });
/// let mut request = http::Request::get("/").body(()).unwrap();
/// options.attach(&mut request);
/// let found = RequestOptions::of(&request).and_then(|options| options.request_timeout);
/// assert_eq!(found, Some(Some(Duration::from_secs(2))));
/// ```
#[derive(Clone, Default)]
pub struct RequestOptions {
    /// Who the request is sent as, instead of the transport's credentials.
    pub auth: Option<RequestAuth>,
    /// Headers that replace the transport's headers of the same name.
    pub headers: HeaderMap,
    /// `X-Opaque-Id`: shows up in Elasticsearch's logs and tasks.
    pub opaque_id: Option<HeaderValue>,
    /// The time for one attempt; `Some(None)` switches it off.
    pub request_timeout: Option<Option<Duration>>,
    /// The time for the request with all its attempts; `Some(None)` switches it off.
    pub total_timeout: Option<Option<Duration>>,
    /// How often the request may be sent again; to go on to another live node
    /// when one could not be reached is not to send again, but for 0.
    pub max_retries: Option<u32>,
    /// The statuses after which it is sent again.
    pub retry_on_status: Option<Arc<[StatusCode]>>,
    /// Whether it is sent again after the time of an attempt was over.
    pub retry_on_timeout: Option<bool>,
    /// Whether doing it twice is the same as doing it once. By default the
    /// method says so: GET, HEAD, PUT, DELETE and OPTIONS are repeatable, POST is not.
    pub idempotent: Option<bool>,
    /// Words for the node selector (`RequestContext::hint`), such as a session's name.
    pub selector_hint: Option<Arc<str>>,
    /// The media type of body and answer, instead of the compatibility mode's.
    pub media_type: Option<HeaderValue>,
    /// Hand out the answer as a stream, instead of collecting it within the attempt.
    /// An error (status 400 and above) is collected all the same.
    pub stream: bool,
    /// The most bytes that an answer may have, inflated; `Some(None)` switches the limit off.
    /// An answer that is streamed has no limit but one that is set here.
    pub max_response_size: Option<Option<usize>>,
}

/// What a request does, in the words of Elasticsearch's API, such as `search`:
/// an extension of the request, for spans and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationName(pub &'static str);

impl OperationName {
    /// Names the operation of a request.
    pub fn attach<B>(self, request: &mut Request<B>) {
        request.extensions_mut().insert(self);
    }
}

/// Who a request is sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestAuth {
    /// Without credentials, not even those of a node's URL.
    None,
    /// With these.
    Credentials(Credentials),
}

impl RequestOptions {
    /// The options of a request, if it carries any.
    pub fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        Self::find(request.extensions())
    }

    /// The options among extensions.
    pub fn find(extensions: &http::Extensions) -> Option<&Self> {
        // Most requests have no extension at all, which is cheaper to ask.
        if extensions.is_empty() {
            return None;
        }
        extensions.get::<Arc<Self>>().map(|options| &**options)
    }

    /// Gives a request these options, in place of those that it carries.
    pub fn attach<B>(self: &Arc<Self>, request: &mut http::Request<B>) {
        request.extensions_mut().insert(Arc::clone(self));
    }
}

impl fmt::Debug for RequestOptions {
    /// Names the headers, but shows no value: anybody may put a secret there.
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
            .field("media_type", &self.media_type)
            .field("stream", &self.stream)
            .field("max_response_size", &self.max_response_size)
            .finish()
    }
}
