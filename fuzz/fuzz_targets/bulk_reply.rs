//! With any response to a bulk request, the helper ends, and every operation
//! has exactly one outcome.
#![no_main]

use bytes::Bytes;
use es_client::{
    Elasticsearch,
    helpers::bulk::{BulkReport, Operation},
};
use es_fuzz::{responding, run};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const STATUSES: [u16; 6] = [200, 200, 400, 413, 429, 503];

fuzz_target!(|input: &[u8]| {
    let [first, body @ ..] = input else { return };
    let status = StatusCode::from_u16(STATUSES[usize::from(first % 6)]).unwrap();
    let body = Bytes::copy_from_slice(body);
    let client = Elasticsearch::from_service(responding(status, HeaderMap::new(), vec![body]));
    // A stream, which is read on this thread: the paused clock would not wait for another.
    let bulk = || {
        let operations = stream::iter(operations());
        client.helpers().bulk("index", operations).max_retries(2)
    };

    let report = match run(async { bulk().await }) {
        Ok(report) => report,
        Err(stopped) => *stopped.report,
    };
    accounts(&report);
    for failure in &report.failures {
        assert!(failure.result.is_err());
    }

    run(async {
        let mut stream = bulk().stream();
        let mut seen = [false; 4];
        let mut succeeded = 0;
        while let Some(outcome) = stream.next().await {
            let Ok(outcome) = outcome else { continue };
            let seen = &mut seen[usize::try_from(outcome.number).unwrap()];
            assert!(!*seen, "a second outcome of {}", outcome.number);
            *seen = true;
            match &outcome.result {
                Ok(_) => succeeded += 1,
                Err(error) => {
                    let line = error.operation().split(|b| *b == b'\n').next().unwrap();
                    let _: Value = serde_json::from_slice(line).expect("the line that was sent");
                }
            }
        }
        assert_eq!(seen, [true; 4], "an operation without an outcome");
        accounts(&stream.report());
        assert_eq!(stream.report().succeeded, succeeded);
    });
});

fn operations() -> Vec<Operation<Value>> {
    vec![
        Operation::index(json!({"n": 0})).id("a"),
        Operation::create(json!({"n": 1})),
        Operation::update("c", json!({"n": 2})),
        Operation::delete("d"),
    ]
}

fn accounts(report: &BulkReport) {
    assert_eq!(report.operations, 4, "{report:?}");
    let ended = report.succeeded + report.failed + report.unknown;
    assert_eq!(ended, report.operations, "{report:?}");
}
