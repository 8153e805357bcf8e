//! Settings of some calls: what `options()` yields.

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

use crate::{client::Elasticsearch, endpoint::Repeat, error::Result};

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
    in_parts: OnceLock<Arc<RequestOptions>>,
}

impl Shared {
    fn of(&self, repeat: Repeat) -> &OnceLock<Arc<RequestOptions>> {
        match repeat {
            Repeat::ByMethod => &self.by_method,
            Repeat::Yes => &self.repeatable,
            Repeat::No => &self.unrepeatable,
            Repeat::InParts => &self.in_parts,
        }
    }
}

/// A clone is made to be changed, so it shares nothing.
impl Clone for Shared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Settings {
    /// The options of a call of a client without settings; none where there is
    /// nothing to say.
    pub(crate) fn attach_default(request: &mut Request<Body>, repeat: Repeat, stream: bool) {
        static DEFAULT: LazyLock<Settings> = LazyLock::new(Settings::default);
        if stream || repeat != Repeat::ByMethod {
            DEFAULT.attach_valid(request, repeat, stream);
        }
    }

    pub(crate) fn attach(
        &self,
        request: &mut Request<Body>,
        repeat: Repeat,
        stream: bool,
    ) -> Result<()> {
        if let Some(error) = self.invalid.as_ref().and_then(|error| error.clone_config()) {
            return Err(error.into());
        }
        self.attach_valid(request, repeat, stream);
        Ok(())
    }

    fn attach_valid(&self, request: &mut Request<Body>, repeat: Repeat, stream: bool) {
        if stream {
            Arc::new(self.options(repeat, true)).attach(request);
        } else {
            let shared = self.shared.of(repeat);
            shared.get_or_init(|| Arc::new(self.options(repeat, false))).attach(request);
        }
    }

    fn options(&self, repeat: Repeat, stream: bool) -> RequestOptions {
        let mut options = self.request.clone().stream(stream);
        options.idempotent = options.idempotent.or(repeat.idempotent());
        if repeat == Repeat::InParts && options.idempotent == Some(false) {
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

    /// Sets the time limit of one attempt, its response included. `None` is not set;
    /// `Setting::Off` is no limit.
    #[must_use]
    pub fn request_timeout(self, timeout: impl Into<Setting<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.request_timeout = timeout)
    }

    /// Sets the time limit of a call with all its attempts. `None` is not set;
    /// `Setting::Off` is no limit.
    #[must_use]
    pub fn total_timeout(self, timeout: impl Into<Setting<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|o| o.total_timeout = timeout)
    }

    /// How often a call may be sent again. What waits out a cluster that is wholly
    /// down: [`TransportBuilder::max_retries`](es_transport::TransportBuilder::max_retries).
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

    /// Sets the maximum size of the decompressed response in bytes. `None` is not set;
    /// `Setting::Off` is no limit.
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
