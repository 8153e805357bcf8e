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
        if rest.contains(['?', '#']) {
            return Err(wrong("a URL cannot have a query or a fragment"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
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
    if path_prefix.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(wrong("the path of a URL cannot contain `.` or `..` as a part"));
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

pub(super) fn absolute(node: &Node, target: PathAndQuery) -> Result<Uri> {
    let mut parts = Parts::default();
    parts.scheme = Some(node.scheme.clone());
    parts.authority = Some(node.authority.clone());
    parts.path_and_query = Some(if node.path_prefix.is_empty() {
        target
    } else {
        let joined = [&node.path_prefix, target.as_str()].concat();
        PathAndQuery::from_maybe_shared(bytes::Bytes::from(joined))
            .map_err(|_| Error::request("the path is too long"))?
    });
    Uri::from_parts(parts).map_err(|_| Error::request("the path is not valid"))
}

fn authority(host: &str, port: u16) -> Result<Authority> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let text = if let Ok(ip) = Ipv6Addr::from_str(bare) {
        format!("[{ip}]:{port}")
    } else {
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
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
    std::str::from_utf8(&bytes).map(|text| text.to_owned().into()).map_err(|_| broken())
}

fn wrong(message: &str) -> Error {
    Error::config(SETTING, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> String {
        Node::from_str(text).unwrap().url().to_owned()
    }

    fn header(user_info: &str) -> String {
        let node = Node::from_str(&format!("https://{user_info}@localhost")).unwrap();
        node.credentials().unwrap().header().to_str().unwrap().to_owned()
    }

    #[test]
    fn ports_are_those_of_the_scheme() {
        assert_eq!(url("https://localhost"), "https://localhost:443");
        assert_eq!(url("http://localhost"), "http://localhost:80");
        assert_eq!(url("HTTPS://LocalHost:9200/"), "https://localhost:9200");
        let node = Node::from_str("http://a:65535").unwrap();
        assert_eq!((node.port(), node.host_header().to_str().unwrap()), (65_535, "a:65535"));
    }

    #[test]
    fn an_ipv6_address_has_one_form() {
        for same in ["https://[::1]", "https://[0:0:0:0:0:0:0:1]:443/", "https://[0::1]:443"] {
            assert_eq!(url(same), "https://[::1]:443");
        }
        assert_eq!(url("http://[2001:DB8::1]:9200"), "http://[2001:db8::1]:9200");
        let node = Node::from_str("https://h/in").unwrap();
        assert_eq!(node.at("::1", 1).unwrap().url(), "https://[::1]:1/in");
        assert_eq!(node.at("[::1]", 1).unwrap().url(), "https://[::1]:1/in");
    }

    #[test]
    fn the_prefix_is_put_before_every_path() {
        let target = || PathAndQuery::from_static("/x/_doc/%2F?q=a%20b");
        for (text, wanted) in [
            ("http://a", "http://a:80/x/_doc/%2F?q=a%20b"),
            ("http://a/", "http://a:80/x/_doc/%2F?q=a%20b"),
            ("http://a/in/here/", "http://a:80/in/here/x/_doc/%2F?q=a%20b"),
        ] {
            let uri = Node::from_str(text).unwrap().uri(target()).unwrap();
            assert_eq!(uri, wanted);
        }
    }

    #[test]
    fn user_info_is_decoded_and_becomes_the_nodes_credentials() {
        assert_eq!(header("elastic:changeme"), "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==");
        // u:p@:/ä
        assert_eq!(header("u:p%40%3A%2F%C3%A4"), "Basic dTpwQDovw6Q=");
        assert_eq!(header("user"), "Basic dXNlcjo=");
        assert_eq!(header("u:p@p"), header("u:p%40p"));
        let node = Node::from_str("https://elastic:changeme@localhost/x").unwrap();
        assert_eq!(node.url(), "https://localhost:443/x");
        assert!(!format!("{node} {node:?} {:?}", node.authority()).contains("changeme"));
    }

    #[test]
    fn what_is_no_url_of_a_node_is_an_error_that_names_the_setting_and_shows_no_secret() {
        for bad in [
            "",
            "localhost",
            "localhost:9200",
            "//u:secret@h",
            "://u:secret@h",
            "u:secret@h:9200",
            "ftp://u:secret@h",
            "httpss://u:secret@h",
            "https:/u:secret@h",
            "https://",
            "https://u:secret@",
            "https://u:secret@:9200",
            "https://u:secret@h?q",
            "https://u:secret@h/x?q=1",
            "https://u:secret@h#f",
            "https://u:secret@h:",
            "https://u:secret@h:0",
            "https://u:secret@h:65536",
            "https://u:secret@h:9x",
            "https://u:secret@h:-1",
            "https://u:secret@h:+1",
            "https://u:secret@h:1:2",
            "https://u:secret@[::1",
            "https://u:secret@::1",
            "https://u:secret@[::1]x",
            "https://u:secret@[fe80::1%25eth0]",
            "https://u:secret@[h]",
            "https://u:secret@h/a/../b",
            "https://u:secret@h/./",
            "https://u:secret@h/..",
            "https://u:secret@h\\x",
            "https://u:secret@h/a b",
            "https://u:secret@h/\r\n",
            "https://u:secret\0@h",
            "https://u:secret%@h",
            "https://u:secret%2@h",
            "https://u:secret%zz@h",
            "https://u:secret%ff@h",
            "https://u:secret%0d%0a@h",
            "https://secret%3Au:p@h",
            "https://u:secret@bücher.example",
            "https://u:secret@h,h",
            "https://u:secret@h<",
        ] {
            let error = Node::from_str(bad).expect_err(bad);
            assert!(matches!(error.setting(), Some("nodes" | "basic_auth")), "{bad}: {error}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused_where_a_node_is_derived() {
        let node = Node::from_str("https://u:p@seed/in").unwrap();
        for bad in ["", "a/b", "a@b", "a:1", "a?b", "a#b", "[::1", "::g", "a b", "a\r\nb", "ä"] {
            assert!(node.at(bad, 1).is_err(), "{bad}");
        }
        let other = node.at("other", 9200).unwrap();
        assert_eq!(other.url(), "https://other:9200/in");
        assert_eq!(other.credentials(), node.credentials());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,60}", tail in "[ -~]{0,40}") {
            let _ = Node::from_str(&text);
            let _ = Node::from_str(&format!("https://{tail}"));
        }

        #[test]
        fn a_url_that_was_made_is_read_as_the_same(
            scheme in "https?", host in "[a-z0-9][a-z0-9.-]{0,20}", port in 1..=u16::MAX,
            prefix in "(/[a-z0-9_-]{1,8}){0,3}", user in "[a-z]{1,8}", password in "[ -~]{0,12}",
        ) {
            let encoded: String = password.bytes().map(|b| format!("%{b:02X}")).collect();
            let text = format!("{scheme}://{user}:{encoded}@{host}:{port}{prefix}");
            let node = Node::from_str(&text).unwrap();
            prop_assert_eq!(node.url(), format!("{scheme}://{host}:{port}{prefix}"));
            prop_assert_eq!(node.credentials(), Some(&Credentials::basic(user, password).unwrap()));
            let again = Node::from_str(node.url()).unwrap();
            prop_assert_eq!(again.url(), node.url());
            prop_assert!(again.credentials().is_none());
        }

        #[test]
        fn no_path_leaves_the_host_or_the_prefix(path in "/[ -~]{0,40}") {
            let node = Node::from_str("https://seed/in").unwrap();
            if let Ok(target) = PathAndQuery::from_str(&path) && let Ok(uri) = node.uri(target) {
                prop_assert_eq!(uri.authority().map(Authority::as_str), Some("seed:443"));
                prop_assert!(uri.path().starts_with("/in/"));
            }
        }
    }
}
