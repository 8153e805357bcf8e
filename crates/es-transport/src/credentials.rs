//! Credentials of requests.
//!
//! Values are marked as sensitive, are overwritten when the last copy is dropped, and
//! do not appear in `Debug` output, errors, logs or spans.
//!
//! These copies are not overwritten: values that the caller passed by reference, the password
//! of a [`Proxy`](crate::connect::Proxy) (kept by hyper-util), keys within rustls, header
//! values that the caller set on a request, and the buffers of hyper, rustls and the operating
//! system through which a request was sent.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Credentials of requests. Cloning them increments a reference count.
///
/// ```
/// use es_transport::Credentials;
///
/// let credentials = Credentials::basic("elastic", "changeme")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials(Basic)");
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    scheme: Scheme,
    header: HeaderValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Basic,
    Bearer,
    ApiKey,
    Raw,
}

impl Credentials {
    /// Creates credentials for HTTP Basic authentication
    /// ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)), in UTF-8.
    ///
    /// ```
    /// use es_transport::Credentials;
    ///
    /// let credentials = Credentials::basic("elastic", "changeme")?;
    /// assert_eq!(credentials.header(), "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==");
    /// // The colon separates user name and password.
    /// assert!(Credentials::basic("a:b", "changeme").is_err());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the user name contains a colon, or if either of them contains a
    /// control character.
    pub fn basic(username: impl AsRef<str>, password: impl AsRef<str>) -> Result<Self> {
        const SETTING: &str = "basic_auth";
        let (username, password) = (username.as_ref(), password.as_ref());
        if username.contains(':') {
            return Err(Error::config(SETTING, "a user name cannot contain a colon"));
        }
        no_control(SETTING, username)?;
        no_control(SETTING, password)?;
        let pair = Zeroizing::new([username, ":", password].concat());
        Self::new(SETTING, Scheme::Basic, "Basic ", &encode(pair.as_bytes()))
    }

    /// Creates credentials from a bearer token ([RFC
    /// 6750](https://www.rfc-editor.org/rfc/rfc6750)): a service account token or an OAuth2
    /// access token.
    ///
    /// # Errors
    /// Returns an error if the token is empty or contains characters other than visible
    /// ASCII.
    pub fn bearer(token: impl AsRef<str>) -> Result<Self> {
        let token = visible("bearer_auth", token.as_ref())?;
        Self::new("bearer_auth", Scheme::Bearer, "Bearer ", token)
    }

    /// Creates credentials from an API key as Elasticsearch returns it in `encoded`: base64 of
    /// `id:api_key`.
    ///
    /// # Errors
    /// Returns an error if the key is empty or contains characters other than visible
    /// ASCII.
    pub fn api_key(encoded: impl AsRef<str>) -> Result<Self> {
        let encoded = visible("api_key", encoded.as_ref())?;
        Self::new("api_key", Scheme::ApiKey, "ApiKey ", encoded)
    }

    /// Creates credentials from the two parts of an API key, `id` and `api_key`.
    ///
    /// ```
    /// use es_transport::Credentials;
    ///
    /// let pair = Credentials::api_key_pair("VuaCfGcBCdbkQm-e5aOx", "ui2lp2axTNmsyakw9tvNnw")?;
    /// let encoded = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==";
    /// assert!(pair == Credentials::api_key(encoded)?);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if a part is empty or contains characters other than visible
    /// ASCII, or if the ID contains a colon.
    pub fn api_key_pair(id: impl AsRef<str>, key: impl AsRef<str>) -> Result<Self> {
        const SETTING: &str = "api_key";
        let (id, key) = (
            visible(SETTING, id.as_ref())?,
            visible(SETTING, key.as_ref())?,
        );
        if id.contains(':') {
            return Err(Error::config(SETTING, "an id cannot contain a colon"));
        }
        let pair = Zeroizing::new([id, ":", key].concat());
        Self::new(SETTING, Scheme::ApiKey, "ApiKey ", &encode(pair.as_bytes()))
    }

    /// Creates credentials from the whole value of the `Authorization` header, of any scheme.
    ///
    /// ```
    /// use es_transport::Credentials;
    ///
    /// let credentials = Credentials::raw("Negotiate YIIFugYGKwYBBQUC")?;
    /// assert!(credentials.header().is_sensitive());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the value is empty or contains characters other than visible
    /// ASCII and spaces.
    pub fn raw(value: impl AsRef<str>) -> Result<Self> {
        let value = value.as_ref();
        if value.is_empty() || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(Error::config(
                "authorization",
                "the value must be visible ASCII characters and not empty",
            ));
        }
        Self::new("authorization", Scheme::Raw, "", value)
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    fn new(setting: &'static str, scheme: Scheme, prefix: &str, value: &str) -> Result<Self> {
        let header = joined([prefix, value])
            .ok_or_else(|| Error::config(setting, "it has a character that no header can carry"))?;
        Ok(Self { scheme, header })
    }
}

/// Creates a header value that is marked as sensitive and overwritten when its last
/// copy is dropped. Returns `None` if it is not a valid header value.
pub fn secret_value(value: &str) -> Option<HeaderValue> {
    joined(["", value])
}

fn joined(parts: [&str; 2]) -> Option<HeaderValue> {
    // Room for both from the start: a buffer that grows leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        parts.iter().map(|part| part.len()).sum(),
    ));
    parts
        .iter()
        .for_each(|part| bytes.extend_from_slice(part.as_bytes()));
    let mut header = HeaderValue::from_maybe_shared(wiped(bytes)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Bytes that are overwritten when the last of those who share them is gone.
pub(crate) fn wiped(bytes: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(Wiped(bytes))
}

/// A value for `api_key`: the encoded key, or its two parts.
pub trait IntoApiKey {
    /// Converts the value into credentials.
    ///
    /// # Errors
    /// Returns the errors of [`Credentials::api_key`] and [`Credentials::api_key_pair`].
    fn into_credentials(self) -> Result<Credentials>;
}

impl IntoApiKey for &str {
    fn into_credentials(self) -> Result<Credentials> {
        Credentials::api_key(self)
    }
}

impl IntoApiKey for String {
    fn into_credentials(self) -> Result<Credentials> {
        Credentials::api_key(Zeroizing::new(self).as_str())
    }
}

impl IntoApiKey for &String {
    fn into_credentials(self) -> Result<Credentials> {
        Credentials::api_key(self)
    }
}

impl<I: AsRef<str>, K: AsRef<str>> IntoApiKey for (I, K) {
    fn into_credentials(self) -> Result<Credentials> {
        Credentials::api_key_pair(self.0, self.1)
    }
}

struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn encode(plain: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(plain))
}

fn no_control(setting: &'static str, value: &str) -> Result<()> {
    if value.chars().any(char::is_control) {
        return Err(Error::config(setting, "it contains a control character"));
    }
    Ok(())
}

fn visible<'a>(setting: &'static str, value: &'a str) -> Result<&'a str> {
    if value.is_empty() {
        return Err(Error::config(setting, "it is empty"));
    }
    if !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::config(
            setting,
            "it contains a character other than visible ASCII",
        ));
    }
    Ok(value)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?})", self.scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(credentials: Result<Credentials>) -> String {
        credentials.unwrap().header().to_str().unwrap().to_owned()
    }

    #[test]
    fn every_kind_becomes_its_header() {
        assert_eq!(
            header(Credentials::basic("username", "password")),
            "Basic dXNlcm5hbWU6cGFzc3dvcmQ="
        );
        assert_eq!(
            header(Credentials::basic("u", "pä:ss")),
            "Basic dTpww6Q6c3M="
        );
        assert_eq!(
            header(Credentials::bearer("token-value")),
            "Bearer token-value"
        );
        assert_eq!(header(Credentials::api_key("aWQ6a2V5")), "ApiKey aWQ6a2V5");
        assert_eq!(
            header(Credentials::api_key_pair("id", "key")),
            "ApiKey aWQ6a2V5"
        );
        assert_eq!(header(Credentials::raw("Negotiate abc")), "Negotiate abc");
    }

    #[test]
    fn what_no_header_can_carry_is_an_error_that_shows_no_secret() {
        for bad in ["se\r\ncret", "se\0cret", "se\ncret", ""] {
            let errors = [
                Credentials::bearer(bad).unwrap_err(),
                Credentials::api_key(bad).unwrap_err(),
                Credentials::api_key_pair("id", bad).unwrap_err(),
                Credentials::raw(bad).unwrap_err(),
            ];
            for error in errors {
                assert!(error.is_config());
                assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
            }
        }
        assert!(Credentials::basic("us\ner", "x").is_err());
        assert!(Credentials::basic("us:er", "x").is_err());
        assert!(Credentials::basic("user", "pass\r\nX-Evil: 1").is_err());
        assert!(Credentials::bearer("gehärtet").is_err());
    }

    #[test]
    fn the_header_is_sensitive_and_debug_is_silent() {
        let credentials = Credentials::basic("elastic", "secret").unwrap();
        assert!(credentials.header().is_sensitive());
        assert!(!format!("{credentials:?} {:?}", credentials.header()).contains("c2Vjcm"));
    }
}
