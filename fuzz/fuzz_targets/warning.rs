//! Warnings: nothing is lost without a trace, nothing is invented, and a text
//! that was written by the RFC's rules comes back.
#![no_main]

use es_fuzz::lines;
use es_transport::warning;
use http::{HeaderMap, HeaderValue, header::WARNING};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for value in input.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            continue;
        };
        let texts = read([value.clone()]);
        let text = String::from_utf8_lossy(value.as_bytes());
        assert_eq!(texts.is_empty(), text.trim().is_empty(), "{texts:?}");
        assert!(texts.iter().map(String::len).sum::<usize>() <= text.len());
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let texts: [&str; 2] = lines(text);
    let written = texts.map(|text| {
        let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
        format!("299 Elasticsearch-9.2.0 \"{escaped}\"")
    });
    if let Ok(value) = HeaderValue::from_str(&written.join(", ")) {
        assert_eq!(read([value]), texts);
    }
    let apart: Result<Vec<_>, _> = written
        .iter()
        .map(|text| HeaderValue::from_str(text))
        .collect();
    if let Ok(values) = apart {
        assert_eq!(read(values), texts);
    }
});

fn read(values: impl IntoIterator<Item = HeaderValue>) -> Vec<String> {
    let headers: HeaderMap = values.into_iter().map(|value| (WARNING, value)).collect();
    warning::texts(&headers)
        .map(|text| text.into_owned())
        .collect()
}
