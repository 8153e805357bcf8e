//! URL → node, and node → the URI of a request.

use std::{net::Ipv6Addr, str::FromStr};

use http::{
    HeaderValue, Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};

use super::{Node, NodeFacts};
use crate::{
    credentials::Credentials,
    error::{Error, Result},
};

const SETTING: &str = "nodes";

impl FromStr for Node {
    type Err = Error;

    /// Parses `scheme://[user:password@]host[:port][/prefix]`.
    ///
    /// # Errors
    /// A URL without a scheme or with another than `http` and `https`, without a
    /// host, with a query or fragment, or with a port that is none. The error
    /// shows neither user info nor the URL.
    fn from_str(url: &str) -> Result<Self> {
        if url.bytes().any(|b| b.is_ascii_control() || b == b' ') {
            return Err(wrong("a URL contains a space or a control character"));
        }
        let (scheme, rest) = url.split_once("://").ok_or_else(|| {
            wrong("a URL needs a scheme and a host, as in `https://localhost:9200`")
        })?;
        let scheme = if scheme.eq_ignore_ascii_case("https") {
            Scheme::HTTPS
        } else if scheme.eq_ignore_ascii_case("http") {
            Scheme::HTTP
        } else {
            return Err(wrong("the scheme of a URL must be `http` or `https`"));
        };
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest_of_url) = rest.split_at(authority_end);
        if rest_of_url.contains('@') {
            return Err(wrong(
                "a URL has an `@` after its host; percent-encode `/`, `?` and `#` in a password",
            ));
        }
        if rest.contains(['?', '#']) {
            return Err(wrong("a URL cannot have a query or a fragment"));
        }
        let path = rest_of_url;
        let (user_info, host_port) = match authority.rsplit_once('@') {
            Some((user_info, host_port)) => (Some(user_info), host_port),
            None => (None, authority),
        };
        let (host, port) = split_port(host_port)?;
        let port = port.unwrap_or(if scheme == Scheme::HTTPS { 443 } else { 80 });
        let credentials = user_info.map(credentials).transpose()?;
        node(scheme, host, port, path, credentials)
    }
}

/// Puts a node together from its parts, checking each.
pub(super) fn node(
    scheme: Scheme,
    host: &str,
    port: u16,
    path: &str,
    credentials: Option<Credentials>,
) -> Result<Node> {
    let authority = authority(host, port)?;
    let path_prefix = path.trim_end_matches('/');
    if path_prefix
        .split('/')
        .skip(1)
        .any(|part| part.is_empty() || is_dots(part))
    {
        return Err(wrong("a part of the path of a URL is empty, `.` or `..`"));
    }
    if !path_prefix.is_empty() && PathAndQuery::from_str(path_prefix).is_err() {
        return Err(wrong("the path of a URL is not valid"));
    }
    let host_header = HeaderValue::from_str(authority.as_str())
        .map_err(|_| wrong("the host of a URL is not valid"))?;
    Ok(Node {
        url: format!("{scheme}://{authority}{path_prefix}").into(),
        scheme,
        authority,
        host_header,
        port,
        path_prefix: path_prefix.into(),
        credentials,
        facts: NodeFacts::default(),
    })
}

/// Whether a part of a path is `.` or `..`, with dots as they are or encoded.
pub(crate) fn is_dots(part: &str) -> bool {
    let mut rest = part;
    let mut dots = 0;
    while !rest.is_empty() {
        let dot = ["%2e", "%2E", "."]
            .iter()
            .find_map(|dot| rest.strip_prefix(dot));
        let Some(after) = dot else { return false };
        (rest, dots) = (after, dots + 1);
    }
    (1..=2).contains(&dots)
}

pub(super) fn absolute(node: &Node, target: PathAndQuery) -> Result<Uri> {
    let mut parts = Parts::default();
    parts.scheme = Some(node.scheme().clone());
    parts.authority = Some(node.authority().clone());
    parts.path_and_query = Some(prefixed(node, &target)?.unwrap_or(target));
    Uri::from_parts(parts).map_err(|_| Error::request("the path is not valid"))
}

fn prefixed(node: &Node, target: &PathAndQuery) -> Result<Option<PathAndQuery>> {
    if node.path_prefix.is_empty() {
        return Ok(None);
    }
    let joined = [&node.path_prefix, target.as_str()].concat();
    PathAndQuery::from_maybe_shared(bytes::Bytes::from(joined))
        .map(Some)
        .map_err(|_| Error::request("the path is too long"))
}

fn authority(host: &str, port: u16) -> Result<Authority> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let text = if let Ok(ip) = Ipv6Addr::from_str(bare) {
        format!("[{ip}]:{port}")
    } else {
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !host.is_ascii() {
            return Err(wrong(
                "the host of a URL is not ASCII; write it as IDNA does: `xn--…`",
            ));
        }
        if host.is_empty() || !host.bytes().all(named) {
            return Err(wrong("the host of a URL is missing or not valid"));
        }
        format!("{}:{port}", host.to_ascii_lowercase())
    };
    Authority::from_maybe_shared(bytes::Bytes::from(text))
        .map_err(|_| wrong("the host of a URL is not valid"))
}

fn split_port(host_port: &str) -> Result<(&str, Option<u16>)> {
    let after_host = host_port.rfind(']').map_or(0, |end| end + 1);
    let (_, rest) = host_port.split_at(after_host);
    let Some(colon) = rest.find(':') else {
        return Ok((host_port, None));
    };
    let (host, port) = host_port.split_at(after_host + colon);
    let digits = &port[1..];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong("the port of a URL is not a number"));
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(wrong("the port of a URL must be between 1 and 65535")),
        Ok(port) => Ok((host, Some(port))),
    }
}

fn credentials(user_info: &str) -> Result<Credentials> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let (user, password) = (percent_decode(user)?, percent_decode(password)?);
    if user.is_empty() {
        return Err(wrong(
            "the user info of a URL has no user name; percent-encode what has an `@`",
        ));
    }
    Credentials::basic(user, password)
        .map_err(|_| wrong("the user info of a URL has a control character or a second colon"))
}

fn percent_decode(text: &str) -> Result<zeroize::Zeroizing<String>> {
    let broken = || wrong("the user info of a URL is not percent-encoded UTF-8");
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || {
                let digit = rest.next().and_then(|b| char::from(b).to_digit(16));
                digit.and_then(|d| u8::try_from(d).ok()).ok_or_else(broken)
            };
            digit()? << 4 | digit()?
        } else {
            byte
        });
    }
    std::str::from_utf8(&bytes)
        .map(|text| text.to_owned().into())
        .map_err(|_| broken())
}

fn wrong(message: &str) -> Error {
    Error::config(SETTING, message)
}

#[cfg(test)]
mod tests;
