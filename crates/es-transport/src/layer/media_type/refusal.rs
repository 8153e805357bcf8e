//! Refusals of media types, and the versions that they offer.

use serde::Deserialize;

use super::mode::CompatibilityMode;

/// Whether the body of a 400 is the refusal of a media type.
pub(super) fn is_refusal(body: &[u8]) -> bool {
    const TYPE: &[u8] = b"media_type_header_exception";
    body.windows(TYPE.len()).any(|window| window == TYPE)
}

/// The newest version that a refusal offers: 8 in `Accept version must be
/// either version 8 or 7, but found 9`.
pub(super) fn offered(body: &[u8]) -> Option<u8> {
    let text = String::from_utf8_lossy(body);
    let (_, offer) = text.split_once("either version ")?;
    let offer = offer.split_once(',').map_or(offer, |(offer, _)| offer);
    offer
        .split(" or ")
        .filter_map(|version| version.trim().parse().ok())
        .max()
}

/// The product and version of a server, by its response to `GET /`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// It takes this major version.
    Major(u8),
    /// It knows no compatibility mode.
    Other,
}

pub(super) fn server(info: &[u8]) -> Option<Server> {
    #[derive(Deserialize)]
    struct Info {
        version: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        number: String,
        distribution: Option<String>,
    }
    let version = serde_json::from_slice::<Info>(info).ok()?.version;
    // Only forks name a distribution.
    if version.distribution.is_some() {
        return Some(Server::Other);
    }
    let major: u8 = version.number.split('.').next()?.parse().ok()?;
    Some(match major {
        0..7 => Server::Other,
        // A server takes its own major and the one before.
        _ if major - 1 == CompatibilityMode::MAJOR => Server::Major(CompatibilityMode::MAJOR),
        _ => Server::Major(major),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_refusal_offers_its_newest_version() {
        let body = br#"{"error":{"root_cause":[],"type":"media_type_header_exception","reason":"Invalid media-type value on headers [Accept]","caused_by":{"type":"status_exception","reason":"Accept version must be either version 8 or 7, but found 9. Accept=application/vnd.elasticsearch+json;compatible-with=9"}},"status":400}"#;
        assert!(is_refusal(body));
        assert_eq!(offered(body), Some(8));
        assert!(!is_refusal(
            br#"{"error":{"type":"parsing_exception"},"status":400}"#
        ));
        assert_eq!(offered(b"Content-Type header is not supported"), None);
    }

    #[test]
    fn info_tells_the_server() {
        let info = |number: &str| format!(r#"{{"version":{{"number":"{number}","x":1}}}}"#);
        assert_eq!(server(info("7.17.9").as_bytes()), Some(Server::Major(7)));
        assert_eq!(server(info("8.19.0").as_bytes()), Some(Server::Major(8)));
        assert_eq!(server(info("10.0.0").as_bytes()), Some(Server::Major(9)));
        assert_eq!(server(info("11.2.0").as_bytes()), Some(Server::Major(11)));
        assert_eq!(server(info("6.8.23").as_bytes()), Some(Server::Other));
        let fork = br#"{"version":{"distribution":"opensearch","number":"3.8.0"}}"#;
        assert_eq!(server(fork), Some(Server::Other));
        assert_eq!(server(b"<html>"), None);
    }

    proptest! {
        #[test]
        fn no_response_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..200), tail in ".*") {
            let text = [b"either version ", tail.as_bytes()].concat();
            let _ = (is_refusal(&body), offered(&body), offered(&text), server(&body));
        }
    }
}
