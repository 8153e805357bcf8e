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
    /// `*` excepts all nodes. The matcher means host names by it, not addresses.
    excepts_all: bool,
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
        Ok(Self::build(url, ""))
    }

    /// Nodes that are reached without the proxy, comma-separated: host names
    /// (their subdomains included), IP addresses, networks (`10.0.0.0/8`), `*`.
    ///
    /// # Errors
    /// A config error if the proxy comes from the environment, which has its
    /// own `NO_PROXY`.
    pub fn no_proxy(self, hosts: &str) -> Result<Self> {
        match self.url {
            Some(url) => Ok(Self::build(&url, hosts)),
            None => Err(Error::config(SETTING, "a proxy from the environment obeys `NO_PROXY`")),
        }
    }

    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or in lower
    /// case) say now. `HTTP_PROXY` holds for http nodes, `HTTPS_PROXY` for https
    /// nodes.
    pub fn from_env() -> Self {
        let no_proxy =
            ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok());
        let excepts_all = excepts_all(&no_proxy.unwrap_or_default());
        Self { matcher: Matcher::from_env().into(), url: None, excepts_all }
    }

    fn build(url: &str, no_proxy: &str) -> Self {
        let matcher = Matcher::builder().all(url.to_owned()).no(no_proxy.to_owned()).build();
        let excepts_all = excepts_all(no_proxy);
        Self { matcher: matcher.into(), url: Some(url.into()), excepts_all }
    }

    pub(super) fn for_target(&self, target: &Uri) -> Option<Intercept> {
        if self.excepts_all { None } else { self.matcher.intercept(target) }
    }
}

fn excepts_all(no_proxy: &str) -> bool {
    no_proxy.split(',').any(|entry| entry.trim() == "*")
}

impl fmt::Debug for Proxy {
    /// Shows where the proxy is, without its credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.matcher).finish()
    }
}
