//! A URL becomes a node that keeps to its host and shows no password, or an
//! error that shows none.
#![no_main]

use std::str::FromStr;

use es_fuzz::{SECRET, lines};
use es_transport::Node;
use http::uri::{Authority, PathAndQuery};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // The fuzzer learns what is compared; in a host or path it is no secret.
    if text.contains(SECRET) {
        return;
    }
    let [url, user, host, target] = lines(text);
    check(url, target);
    check(&format!("https://{host}"), target);
    // With a slash before the @, that is a path by the rules of URLs, and no password.
    if !user.contains('/') {
        check(&format!("https://{user}:{SECRET}@{host}"), target);
        check(&format!("http://{SECRET}{user}@{host}"), target);
    }
});

fn check(url: &str, target: &str) {
    let node = match Node::from_str(url) {
        Ok(node) => node,
        Err(error) => {
            assert!(
                matches!(error.setting(), Some("nodes" | "basic_auth")),
                "{error}"
            );
            return assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        }
    };
    let shown = format!("{node} {node:?} {} {:?}", node.url(), node.credentials());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(node.port() > 0 && !node.host().is_empty());
    let again = Node::from_str(node.url()).unwrap();
    assert_eq!(again.url(), node.url());
    assert!(again.credentials().is_none());

    let Ok(path) = PathAndQuery::from_str(target) else {
        return;
    };
    let asterisk = path.as_str() == "*";
    if let Ok(uri) = node.uri(path)
        && !asterisk
    {
        assert_eq!(
            uri.authority().map(Authority::as_str),
            Some(node.authority().as_str())
        );
        assert!(uri.path().starts_with(node.path_prefix()), "{uri}");
    }
    // A sniffed host leaves neither the scheme nor the prefix.
    if let Ok(sniffed) = node.at(target, 1) {
        assert_eq!(sniffed.is_https(), node.is_https());
        assert_eq!(sniffed.path_prefix(), node.path_prefix());
        assert_eq!(sniffed.credentials(), node.credentials());
        assert_eq!(sniffed.port(), 1);
    }
}
