//! The grammar of `x-elastic-client-meta`.

/// The version of this crate, which is the transport.
pub(super) const TRANSPORT: &str = env!("CARGO_PKG_VERSION");
const RUSTC: &str = env!("ES_TRANSPORT_RUSTC_VERSION");
/// The HTTP client below is hyper 1; Cargo tells no more of a dependency's version.
const HYPER: &str = "1";

/// `es=<client>,rs=<rustc>,t=<transport>,hc=<HTTP client>`, as all Elastic
/// clients write it: `^[a-z]{1,}=[a-z0-9.\-]{1,}(?:,[a-z]{1,}=[a-z0-9.\-]+)*$`.
pub(super) fn value(client: &str) -> String {
    format!(
        "es={},rs={},t={},hc={HYPER}",
        short(client),
        short(RUSTC),
        short(TRANSPORT)
    )
}

/// Numbers and dots; any pre-release (`-alpha.1`, `-nightly`) becomes a `p`.
fn short(version: &str) -> String {
    let end = version
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let numbers = if numbers.is_empty() { "0" } else { numbers };
    // Build metadata (`+abc`) makes no pre-release.
    let suffix = if rest.starts_with('-') { "p" } else { "" };
    format!("{numbers}{suffix}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits_the_grammar(value: &str) -> bool {
        value.split(',').all(|part| {
            part.split_once('=').is_some_and(|(key, value)| {
                !key.is_empty()
                    && key.bytes().all(|b| b.is_ascii_lowercase())
                    && !value.is_empty()
                    && value.bytes().all(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-'
                    })
            })
        })
    }

    #[test]
    fn names_client_language_transport_and_http_client() {
        let value = value("9.2.0");
        assert!(value.starts_with("es=9.2.0,rs=1."), "{value}");
        assert!(value.ends_with(&format!(",t={TRANSPORT},hc=1")), "{value}");
    }

    #[test]
    fn a_pre_release_is_marked_and_build_metadata_dropped() {
        assert_eq!(short("9.1.0-alpha.1"), "9.1.0p");
        assert_eq!(short("1.90.0-nightly"), "1.90.0p");
        assert_eq!(short("1.2.3+build5"), "1.2.3");
    }

    proptest! {
        #[test]
        fn any_version_gives_the_grammar(version in ".*") {
            prop_assert!(fits_the_grammar(&value(&version)));
        }
    }
}
