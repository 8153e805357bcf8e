//! Cloud ID → node.
//!
//! A Cloud ID has the form `name:base64(host[:port]$es[$kibana…])`. The URL of the
//! cluster is `https://es.host:port`. A port in the `es` part takes precedence over
//! that of the host; if there is none, the port is 443.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    node::Node,
};

const SETTING: &str = "cloud_id";
/// Some Cloud IDs are handed around without their padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the node that a Cloud ID names.
///
/// A Cloud ID must decode to host names with optional ports, as described in the
/// [module](self). User info, a path or a query is an error, so that a crafted Cloud ID
/// cannot redirect requests.
///
/// ```
/// let node = es_transport::cloud_id::node(
///     "cluster-1:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyQ0ZmE4ODIxZTc1NjM0MDMyYmVkMWNmMjIxMTBlMmY5NyQ=",
/// )?;
/// assert_eq!(
///     node.url(),
///     "https://4fa8821e75634032bed1cf22110e2f97.us-east-1.aws.found.io:443"
/// );
/// # Ok::<(), es_transport::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the Cloud ID does not have this form. The error shows neither
/// the Cloud ID nor its decoded content.
pub fn node(cloud_id: &str) -> Result<Node> {
    let (_name, encoded) = cloud_id
        .trim()
        .split_once(':')
        .ok_or_else(|| wrong("it has no colon between the name and the encoded part"))?;
    let decoded = BASE64
        .decode(encoded)
        .map_err(|_| wrong("its encoded part is not base64"))?;
    let decoded = Zeroizing::new(decoded);
    let text = std::str::from_utf8(&decoded).map_err(|_| wrong("its encoded part is not text"))?;
    let mut parts = text.split('$');
    let (domain, port) = split_port(parts.next().unwrap_or_default())?;
    let (label, own_port) = split_port(parts.next().unwrap_or_default())?;
    if !is_name(domain) {
        return Err(wrong(
            "it names no host, or the host has a character that no host has",
        ));
    }
    if !is_name(label) {
        return Err(wrong(
            "it names no cluster, or with a character that no host has",
        ));
    }
    let port = own_port.or(port).unwrap_or(443);
    let url = Zeroizing::new(format!("https://{label}.{domain}:{port}"));
    url.parse()
        .map_err(|_: Error| wrong("it does not name a host"))
}

fn split_port(part: &str) -> Result<(&str, Option<u16>)> {
    let Some((host, port)) = part.split_once(':') else {
        return Ok((part, None));
    };
    let number = port
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| port.parse::<u16>().ok());
    match number.flatten() {
        Some(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(wrong("its port is not a number between 1 and 65535")),
    }
}

/// Labels of letters, digits, hyphens and underscores, with dots between them.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.split('.').all(is_label)
}

fn wrong(message: &str) -> Error {
    Error::config(SETTING, message)
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn id(decoded: &str) -> String {
        format!("name:{}", BASE64_STANDARD.encode(decoded))
    }

    fn url(decoded: &str) -> String {
        node(&id(decoded)).unwrap().url().to_owned()
    }

    #[test]
    fn host_port_and_cluster_become_the_url() {
        assert_eq!(url("example.org$abc$def"), "https://abc.example.org:443");
        assert_eq!(url("example.org:9243$abc$"), "https://abc.example.org:9243");
        assert_eq!(
            url("example.org:9243$abc:9244$kb:1"),
            "https://abc.example.org:9244"
        );
        assert_eq!(url("localhost$abc"), "https://abc.localhost:443");
    }

    #[test]
    fn the_name_may_be_empty_and_the_padding_missing() {
        let whole = id("example.org$a$b");
        let encoded = whole.strip_prefix("name:").unwrap();
        assert!(node(&format!(":{encoded}")).is_ok());
        assert!(node(&format!(" a name:{}\n", encoded.trim_end_matches('='))).is_ok());
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_setting_and_shows_nothing() {
        let malformed = [
            "",
            "name",
            "name:",
            ":",
            "secret$host",
            "name:secret!",
            "a:secret:b",
        ];
        let encoded = [
            "",
            "$",
            "$secret",
            "secret",
            "secret$",
            "secret.org:port$es",
            "secret.org:0$es",
            "secret.org:65536$es",
            "secret.org:$es",
            "secret.org:1:2$es",
            "user@secret$es",
            "secret/x$es",
            "secret#$es",
            "secret?$es",
            "secret$e/s",
            "secret$u:p@e",
            "secret.$es",
            "secret$.es",
            "se cret$es",
            "secret\r\n$es",
            "sécret$es",
            "[::1]$es",
            "secret$es:+1",
        ];
        let all = malformed
            .map(str::to_owned)
            .into_iter()
            .chain(encoded.map(id));
        for bad in all {
            let error = node(&bad).expect_err(&bad);
            assert_eq!(error.setting(), Some("cloud_id"), "{bad}");
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("cret") && std::error::Error::source(&error).is_none(),
                "{shown}"
            );
        }
        assert!(node(&format!("x:{}", BASE64_STANDARD.encode([0xff, 0xfe]))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,80}", decoded in ".{0,80}") {
            let _ = node(&text);
            let _ = node(&id(&decoded));
        }

        #[test]
        fn the_host_is_the_decoded_one(host in "[ -~]{1,20}", label in "[ -~]{1,20}") {
            if let Ok(node) = node(&id(&format!("{host}${label}"))) {
                let name = |text: &str| text.split_once(':').map_or(text, |(n, _)| n).to_lowercase();
                let label = label.split('$').next().unwrap();
                let (host, label) = match host.split_once('$') {
                    Some((host, label)) => (host, label.split('$').next().unwrap()),
                    None => (host.as_str(), label),
                };
                prop_assert_eq!(node.host(), format!("{}.{}", name(label), name(host)));
                prop_assert!(node.is_https() && node.path_prefix().is_empty());
                prop_assert!(node.credentials().is_none());
            }
        }
    }
}
