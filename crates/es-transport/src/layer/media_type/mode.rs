use std::ffi::OsStr;

use crate::error::{Error, Result};

/// The environment variable that overrides the default mode, as in Elastic's clients:
/// `true` or `false`.
pub const API_VERSIONING: &str = "ELASTIC_CLIENT_APIVERSIONING";

/// The version of the API whose formats a transport uses.
///
/// ```
/// use std::convert::Infallible;
/// use es_transport::{Body, CompatibilityMode, layer::MediaTypeLayer};
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # tokio_test::block_on(async {
/// let mode = CompatibilityMode::Serverless;
/// let service = MediaTypeLayer::new(mode).layer(service_fn(async |request: Request<Body>| {
///     assert_eq!(request.headers()["elastic-api-version"], "2023-10-31");
///     assert_eq!(request.headers()["accept"], "application/json");
///     Ok::<_, Infallible>(Response::new(Body::empty()))
/// }));
/// assert!(service.oneshot(Request::new(Body::empty())).await.is_ok());
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompatibilityMode {
    /// The formats of this major version. The default is `Fixed(9)`.
    Fixed(u8),
    /// Plain `application/json`: the server's own formats.
    Off,
    /// Starts with version 9, and changes to one that the server accepts after the
    /// server rejected a request or returned its version in response to `GET /`. Works
    /// with 7.17, 8, 9 and OpenSearch. Until the server's version is known, a copy of
    /// every request is kept for a retry, which costs about a microsecond.
    Negotiated,
    /// For Elastic Cloud Serverless: plain media types and
    /// `elastic-api-version: 2023-10-31`.
    Serverless,
}

impl CompatibilityMode {
    /// The major version of the default mode.
    pub const MAJOR: u8 = 9;

    /// Reads the mode from the environment variable [`API_VERSIONING`].
    ///
    /// # Errors
    /// Returns the errors of [`from_env_value`](Self::from_env_value), and an error if the
    /// value is not Unicode.
    pub fn from_env() -> Result<Self> {
        let value = std::env::var_os(API_VERSIONING);
        match value.as_deref().map(OsStr::to_str) {
            Some(None) => Err(not_boolean()),
            Some(value) => Self::from_env_value(value),
            None => Self::from_env_value(None),
        }
    }

    /// Returns the mode for a value of [`API_VERSIONING`]: `true` is `Fixed(9)`,
    /// `false` is `Off`, and a missing or empty value is the default.
    ///
    /// It accepts the spellings of Go's `ParseBool`, which Elastic's Go client uses:
    /// `1`, `t`, `T`, `true`, `True`, `TRUE`, and likewise for false.
    ///
    /// # Errors
    /// Returns an error for any other value.
    ///
    /// ```
    /// use es_transport::layer::media_type::CompatibilityMode;
    ///
    /// assert_eq!(CompatibilityMode::from_env_value(Some("false"))?, CompatibilityMode::Off);
    /// assert!(CompatibilityMode::from_env_value(Some("maybe")).is_err());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn from_env_value(value: Option<&str>) -> Result<Self> {
        match value.unwrap_or_default() {
            "" => Ok(Self::default()),
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(Self::Fixed(Self::MAJOR)),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(Self::Off),
            _ => Err(not_boolean()),
        }
    }
}

impl Default for CompatibilityMode {
    fn default() -> Self {
        Self::Fixed(Self::MAJOR)
    }
}

fn not_boolean() -> Error {
    Error::config(API_VERSIONING, "the value must be `true` or `false`")
}
