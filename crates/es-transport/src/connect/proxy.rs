//! HTTP proxies.

use std::{fmt, io};

use http::{HeaderValue, Request, Uri, header::PROXY_AUTHORIZATION, uri::Scheme};
use hyper_util::{
    client::proxy::matcher::{Intercept, Matcher},
    rt::TokioIo,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::pool::Io;
use crate::error::{BoxError, Error, Result};

/// An HTTP proxy between client and nodes. https nodes are reached through a tunnel
/// (`CONNECT`), so that the proxy sees only encrypted bytes. For http nodes, the proxy
/// receives requests with absolute URIs.
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
    /// Kept for [`Proxy::no_proxy`]; it may hold a password.
    url: Option<Box<str>>,
    /// `*` excepts all nodes. The matcher means host names by it, not addresses.
    excepts_all: bool,
}

const SETTING: &str = "proxy";

impl Proxy {
    /// Creates a proxy for all nodes: `http://[user:password@]host:port`.
    ///
    /// # Errors
    /// Returns an error if the URL does not have this form.
    pub fn new(url: &str) -> Result<Self> {
        check_user_info(url)?;
        let url = with_encoded_user_info(url);
        let uri: Uri = url
            .parse()
            .map_err(|_| Error::config(SETTING, "it is not a URL"))?;
        if uri.scheme() != Some(&Scheme::HTTP) || uri.host().is_none_or(str::is_empty) {
            return Err(Error::config(
                SETTING,
                "it must be http://[user:password@]host:port",
            ));
        }
        if !has_good_port(&uri) {
            return Err(Error::config(
                SETTING,
                "its port must be between 1 and 65535",
            ));
        }
        Ok(Self::build(&url, ""))
    }

    /// Sets the nodes that bypass the proxy, separated by commas: host names (including
    /// their subdomains), IP addresses, networks (`10.0.0.0/8`), or `*`.
    ///
    /// # Errors
    /// Returns an error if the proxy was read from the environment, which has its own
    /// `NO_PROXY`.
    pub fn no_proxy(self, hosts: &str) -> Result<Self> {
        match self.url {
            Some(url) => Ok(Self::build(&url, hosts)),
            None => Err(Error::config(
                SETTING,
                "a proxy from the environment obeys `NO_PROXY`",
            )),
        }
    }

    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or the same names in lower
    /// case). `HTTP_PROXY` is used for http nodes, `HTTPS_PROXY` for https nodes. In a CGI program
    /// nothing is read, because the sender of a request controls `HTTP_PROXY` there.
    pub fn from_env() -> Self {
        let is_cgi = std::env::var_os("REQUEST_METHOD").is_some();
        let variable = |names: [&str; 2]| {
            let value = names.into_iter().find_map(|name| std::env::var(name).ok());
            let value = value.filter(|_| !is_cgi).unwrap_or_default();
            if let Err(error) = check_user_info(&value) {
                tracing::warn!(variable = names[0], %error, "a proxy of the environment is ignored");
                return String::new();
            }
            value
        };
        let url = |names| with_encoded_user_info(&variable(names));
        let no_proxy = variable(["NO_PROXY", "no_proxy"]);
        let excepts_all = excepts_all(&no_proxy);
        let matcher = Matcher::builder()
            .all(url(["ALL_PROXY", "all_proxy"]))
            .http(url(["HTTP_PROXY", "http_proxy"]))
            .https(url(["HTTPS_PROXY", "https_proxy"]))
            .no(no_proxy)
            .build();
        Self {
            matcher: matcher.into(),
            url: None,
            excepts_all,
        }
    }

    fn build(url: &str, no_proxy: &str) -> Self {
        let matcher = Matcher::builder()
            .all(url.to_owned())
            .no(no_proxy.to_owned())
            .build();
        let excepts_all = excepts_all(no_proxy);
        Self {
            matcher: matcher.into(),
            url: Some(url.into()),
            excepts_all,
        }
    }

    /// Returns the proxy for a node, unless the node is reached directly.
    pub(super) fn for_target(&self, target: &Uri) -> Option<Intercept> {
        if self.excepts_all {
            None
        } else {
            self.matcher.intercept(target)
        }
    }
}

/// Refuses a password with a character that ends the authority of a URL: a part of
/// it would become the path, and the user the host.
fn check_user_info(url: &str) -> Result<()> {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if path.contains('@') {
        return Err(Error::config(
            SETTING,
            "it has an `@` after its host; percent-encode `/`, `?` and `#` in a password",
        ));
    }
    if !matches!(path, "" | "/") {
        return Err(Error::config(SETTING, "it must not have a path"));
    }
    match authority.rsplit_once('@') {
        Some((user_info, _)) if user_info.is_empty() || user_info.starts_with(':') => {
            Err(Error::config(SETTING, "its user info has no user name"))
        }
        _ => Ok(()),
    }
}

fn excepts_all(no_proxy: &str) -> bool {
    no_proxy.split(',').any(|entry| entry.trim() == "*")
}

/// The last `@` ends the user info, as in the URL of a node. The matcher takes
/// the first, and would show the rest of a password as a part of the host.
fn with_encoded_user_info(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let (scheme, rest) = url.split_at(start);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user_info, host)) => {
            format!("{scheme}{}@{host}{path}", user_info.replace('@', "%40"))
        }
        None => url.to_owned(),
    }
}

/// The parser of URLs takes any text for a port; what is no number would be 80.
fn has_good_port(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let (_, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    Some(host_port) == uri.host() || uri.port_u16().is_some_and(|port| port > 0)
}

impl fmt::Debug for Proxy {
    /// Shows where the proxy is, without its credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.matcher).finish()
    }
}

/// The credentials that a request to an http node carries for the proxy.
#[derive(Clone, Debug)]
pub(super) struct ForwardProxy {
    authorization: Option<HeaderValue>,
}

impl ForwardProxy {
    pub fn new(via: &Intercept) -> Self {
        Self {
            authorization: via.basic_auth().cloned(),
        }
    }

    pub fn authorize<B>(&self, request: &mut Request<B>) {
        if let Some(value) = &self.authorization {
            let mut value = value.clone();
            value.set_sensitive(true);
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
    }
}

/// The largest head of a proxy's response.
const MAX_HEAD: usize = 16 * 1024;

/// Asks the proxy at the other end of `io` for a tunnel to an https node.
pub(super) async fn tunnel(
    io: Box<dyn Io>,
    target: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<Box<dyn Io>, BoxError> {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or(443);
    let mut head =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(value) = authorization {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");

    let mut io = TokioIo::new(io);
    io.write_all(&head).await?;
    io.flush().await?;

    let mut response = Vec::new();
    loop {
        if io.read_buf(&mut response).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        // The node does not speak first: what follows the head is not its.
        if response.ends_with(b"\r\n\r\n") {
            break;
        }
        if response.len() > MAX_HEAD || response.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    match status(&response) {
        Some(200..=299) if response.ends_with(b"\r\n\r\n") => Ok(io.into_inner()),
        Some(200..=299) | None => Err("it does not respond as an HTTP proxy".into()),
        Some(status) => Err(refusal(status).into()),
    }
}

/// Reads the status of a response head.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Says that a proxy refuses, and what to do.
pub(super) fn refusal(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|s| s.canonical_reason());
    let reason = reason
        .map(|reason| format!(" {reason}"))
        .unwrap_or_default();
    match status {
        407 => format!("it refuses with status 407{reason}; put user and password into its URL"),
        _ => format!("it refuses with status {status}{reason}"),
    }
}
