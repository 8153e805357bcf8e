//! HTTP proxies.

use std::fmt;

use http::{Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error::{Error, Result};

/// A proxy that connections are opened through, by `CONNECT`, for http and
/// https nodes alike: what a proxy sees of TLS is its bytes.
///
/// ```
/// use es_transport::connect::Proxy;
///
/// let proxy = Proxy::new("http://user:secret@proxy.example:3128")?.no_proxy("localhost,10.0.0.0/8")?;
/// assert!(!format!("{proxy:?}").contains("secret"));
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    matcher: std::sync::Arc<Matcher>,
    /// What [`Proxy::no_proxy`] rebuilds; it may hold a password.
    url: Option<Box<str>>,
}

const SETTING: &str = "proxy";

impl Proxy {
    /// A proxy for all nodes: `http://[user:password@]host:port`.
    ///
    /// # Errors
    /// A config error for anything else.
    pub fn new(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().map_err(|_| Error::config(SETTING, "it is not a URL"))?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.host().is_none_or(str::is_empty) {
            return Err(Error::config(SETTING, "it must be http://[user:password@]host:port"));
        }
        Self::build(url, "")
    }

    /// Nodes that are reached without the proxy, comma-separated: host names
    /// (their subdomains included), IP addresses, networks (`10.0.0.0/8`), `*`.
    ///
    /// # Errors
    /// A config error if the proxy comes from the environment, which has its
    /// own `NO_PROXY`.
    pub fn no_proxy(self, hosts: &str) -> Result<Self> {
        match self.url {
            Some(url) => Self::build(&url, hosts),
            None => Err(Error::config(SETTING, "a proxy from the environment obeys `NO_PROXY`")),
        }
    }

    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or in lower
    /// case) say now. `HTTP_PROXY` holds for http nodes, `HTTPS_PROXY` for https
    /// nodes.
    pub fn from_env() -> Self {
        Self { matcher: Matcher::from_env().into(), url: None }
    }

    fn build(url: &str, no_proxy: &str) -> Result<Self> {
        let matcher = Matcher::builder().all(url.to_owned()).no(no_proxy.to_owned()).build();
        Ok(Self { matcher: matcher.into(), url: Some(url.into()) })
    }

    pub(super) fn for_target(&self, target: &Uri) -> Option<Intercept> {
        self.matcher.intercept(target)
    }
}

impl fmt::Debug for Proxy {
    /// Shows where the proxy is, without its credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.matcher).finish()
    }
}
