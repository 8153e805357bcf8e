//! A fingerprint is the 64 digits that the text has, or an error.
#![no_main]

use es_transport::connect::Fingerprint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    match Fingerprint::parse(text) {
        Ok(fingerprint) => {
            assert_eq!(fingerprint.to_string(), digits.to_lowercase());
            assert_eq!(
                Fingerprint::parse(&fingerprint.to_string()).unwrap(),
                fingerprint
            );
        }
        Err(error) => {
            assert_eq!(error.setting(), Some("ssl_assert_fingerprint"));
            let others = text.chars().any(|c| !c.is_ascii_hexdigit());
            assert!(others || digits.len() != 64, "{error}");
        }
    }
});
