//! A Cloud ID leads to a host by HTTPS and nowhere else, or is an error that
//! names the setting and shows nothing of it.
#![no_main]

use es_fuzz::{SECRET, lines};
use es_transport::{Error, Node, cloud_id};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    check(cloud_id::node(text));
    // What is within, and with a secret in each place.
    let [host, label] = lines(text);
    for decoded in [
        text.to_owned(),
        format!("{host}${label}"),
        format!("{host}{SECRET}@${label}"),
        format!("{host}${label}/{SECRET}"),
        format!("{host}:{SECRET}${label}"),
    ] {
        let encoded = base64(decoded.as_bytes());
        check(cloud_id::node(&format!("name:{encoded}")));
    }
});

fn check(read: Result<Node, Error>) {
    match read {
        Ok(node) => {
            assert!(node.is_https() && node.path_prefix().is_empty() && node.port() > 0);
            assert!(node.credentials().is_none());
            let is_of_hosts = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            assert!(node.host().bytes().all(is_of_hosts), "{}", node.host());
            assert_eq!(node.url().parse::<Node>().unwrap().url(), node.url());
        }
        Err(error) => {
            assert_eq!(error.setting(), Some("cloud_id"));
            assert!(!format!("{error} {error:?}").contains(SECRET));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(group >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}
