//! Settings of some calls: what `options()` yields.

use std::{
    ops::Deref,
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use es_transport::{
    Body, Credentials, Error as TransportError, IntoApiKey, RequestAuth, RequestOptions,
    credentials::secret_value,
};
use http::{HeaderName, HeaderValue, Request, StatusCode};

use crate::{client::Elasticsearch, error::Result};

/// A client with settings of its own. It is used as the client that it is
/// (by [`Deref`]), and shares everything with the client it came from.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    client: Elasticsearch,
}

/// What a client's calls want otherwise than the transport was built for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    request: RequestOptions,
    pub(crate) ignore_status: Option<Arc<[StatusCode]>>,
    /// The first setting that cannot be used; every call reports it.
    invalid: Option<Arc<TransportError>>,
    shared: Shared,
}

/// The options as requests share them, made when the first call needs them.
#[derive(Debug, Default)]
struct Shared {
    by_method: OnceLock<Arc<RequestOptions>>,
    repeatable: OnceLock<Arc<RequestOptions>>,
    unrepeatable: OnceLock<Arc<RequestOptions>>,
}

/// A clone is made to be changed, so it shares nothing.
impl Clone for Shared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Settings {
    /// The options of a call that says whether it may be repeated, and nothing else.
    pub(crate) fn default_of(idempotent: bool) -> Option<&'static Arc<RequestOptions>> {
        static OPTIONS: LazyLock<[Arc<RequestOptions>; 2]> = LazyLock::new(|| {
            [false, true].map(|idempotent| {
                let idempotent = Some(idempotent);
                Arc::new(RequestOptions { idempotent, ..RequestOptions::default() })
            })
        });
        OPTIONS.get(usize::from(idempotent))
    }

    pub(crate) fn attach(
        &self,
        request: &mut Request<Body>,
        idempotent: Option<bool>,
        stream: bool,
    ) -> Result<()> {
        if let Some(error) = self.invalid.as_ref().and_then(|error| error.clone_config()) {
            return Err(error.into());
        }
        let with = |stream| RequestOptions {
            idempotent: self.request.idempotent.or(idempotent),
            stream,
            ..self.request.clone()
        };
        if stream {
            Arc::new(with(true)).attach(request);
        } else {
            let shared = match idempotent {
                None => &self.shared.by_method,
                Some(true) => &self.shared.repeatable,
                Some(false) => &self.shared.unrepeatable,
            };
            shared.get_or_init(|| Arc::new(with(false))).attach(request);
        }
        Ok(())
    }
}

impl ClientOptions {
    pub(crate) fn new(client: Elasticsearch) -> Self {
        Self { client }
    }

    /// The client, to pass it on as one.
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
                self.client.settings_mut().invalid.get_or_insert(Arc::new(error));
                self
            }
        }
    }

    fn invalid(mut self, setting: &'static str, message: &str) -> Self {
        let error = TransportError::config(setting, message);
        self.client.settings_mut().invalid.get_or_insert(Arc::new(error));
        self
    }

    /// HTTP Basic authentication. What no header can carry is reported by the calls.
    #[must_use]
    pub fn basic_auth(self, username: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.auth(Credentials::basic(username, password))
    }

    /// A bearer token: of a service account, or an OAuth2 access token.
    #[must_use]
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.auth(Credentials::bearer(token))
    }

    /// An API key: encoded, or as `(id, key)`.
    #[must_use]
    pub fn api_key(self, key: impl IntoApiKey) -> Self {
        self.auth(key.into_credentials())
    }

    /// No credentials at all, not even those of a node's URL.
    #[must_use]
    pub fn no_auth(self) -> Self {
        self.set(|o| o.auth = Some(RequestAuth::None))
    }

    /// A header of every request. What no header can carry is reported by the
    /// calls. The value is taken for a secret and shown nowhere.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        let visible = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        match (HeaderName::try_from(name), secret_value(value)) {
            (Ok(name), Some(value)) if visible => self.set(|o| {
                o.headers.insert(name, value);
            }),
            (Err(_), _) => self.invalid("headers", "a name is not valid"),
            _ => self.invalid("headers", "a value has a character other than visible ASCII"),
        }
    }

    /// `X-Opaque-Id`: names the caller in Elasticsearch's logs and tasks.
    #[must_use]
    pub fn opaque_id(self, id: &str) -> Self {
        match HeaderValue::from_str(id) {
            Ok(id) if id.to_str().is_ok() => self.set(|o| o.opaque_id = Some(id)),
            _ => self.invalid("opaque_id", "it has a character other than visible ASCII"),
        }
    }

    /// The media type of body and answer, in place of the compatibility mode's.
    /// What no header can carry is reported by the calls.
    #[must_use]
    pub fn media_type(self, media_type: &str) -> Self {
        match HeaderValue::from_str(media_type) {
            Ok(value) if value.to_str().is_ok() => self.set(|o| o.media_type = Some(value)),
            _ => self.invalid("media_type", "it has a character other than visible ASCII"),
        }
    }

    /// The time for one attempt, its answer included; `None` switches it off.
    #[must_use]
    pub fn request_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.request_timeout = Some(timeout))
    }

    /// The time for a call with all its attempts; `None` switches it off.
    #[must_use]
    pub fn total_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.total_timeout = Some(timeout))
    }

    /// How often a call may be sent again.
    #[must_use]
    pub fn max_retries(self, retries: u32) -> Self {
        self.set(|o| o.max_retries = Some(retries))
    }

    /// The statuses after which a call is sent again, instead of 429, 502, 503 and 504.
    #[must_use]
    pub fn retry_on_status(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        let statuses = statuses.into_iter().collect();
        self.set(|o| o.retry_on_status = Some(statuses))
    }

    /// Whether a call is sent again after the time of an attempt was over.
    #[must_use]
    pub fn retry_on_timeout(self, retry: bool) -> Self {
        self.set(|o| o.retry_on_timeout = Some(retry))
    }

    /// States that doing the calls twice is the same as doing them once, or that it is not.
    #[must_use]
    pub fn idempotent(self, idempotent: bool) -> Self {
        self.set(|o| o.idempotent = Some(idempotent))
    }

    /// Statuses that are answers, not errors.
    #[must_use]
    pub fn ignore_status(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.client.settings_mut().ignore_status = Some(statuses.into_iter().collect());
        self
    }

    /// Words for the node selector, such as a session's name for a sticky one.
    #[must_use]
    pub fn selector_hint(self, hint: &str) -> Self {
        self.set(|o| o.selector_hint = Some(hint.into()))
    }

    /// The most bytes that an answer may have, inflated; `None` switches the limit off.
    #[must_use]
    pub fn max_response_size(self, bytes: impl Into<Option<usize>>) -> Self {
        let bytes = bytes.into();
        self.set(|o| o.max_response_size = Some(bytes))
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
