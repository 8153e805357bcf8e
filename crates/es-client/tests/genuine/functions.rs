//! The blocking client, and a client in global scope, as functions have it.

use std::{sync::LazyLock, thread};

use es_client::{blocking, helpers::bulk::Operation};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    server::{builder, client, var},
    table,
};

/// Made when the first event comes, and used for all.
static CLIENT: LazyLock<blocking::Elasticsearch> =
    LazyLock::new(|| blocking::Elasticsearch::new(client()).unwrap());

/// A function's handler, which knows nothing of async.
fn handler(event: &Value) -> Value {
    let id = event["id"].as_str().unwrap();
    let written = CLIENT
        .wait(CLIENT.index("genuine-functions").id(id).document(event))
        .unwrap();
    json!({"result": written.result})
}

#[test]
#[ignore = "needs a cluster"]
fn a_client_in_global_scope_serves_every_invocation() {
    let name = "genuine-functions";
    let missing = CLIENT.options().ignore_status([StatusCode::NOT_FOUND]);
    CLIENT.wait(missing.indices().delete(name).send()).unwrap();
    let invocations: Vec<_> = (0..8)
        .map(|number: u32| thread::spawn(move || handler(&json!({"id": number.to_string()}))))
        .collect();
    for invocation in invocations {
        assert_eq!(invocation.join().unwrap(), json!({"result": "created"}));
    }
    CLIENT.wait(CLIENT.indices().refresh(name)).unwrap();
    assert_eq!(CLIENT.wait(CLIENT.count(name)).unwrap().count, Some(8));
    CLIENT.wait(CLIENT.indices().delete(name)).unwrap();
}

#[test]
#[ignore = "needs a cluster"]
fn the_blocking_client_writes_and_reads_all() {
    let name = "genuine-blocking";
    let client = blocking::Elasticsearch::new(builder().build().unwrap()).unwrap();
    assert_eq!(
        client.wait(client.info()).unwrap().version.number,
        var("ES_VERSION")
    );
    let missing = client.options().ignore_status([StatusCode::NOT_FOUND]);
    client.wait(missing.indices().delete(name).send()).unwrap();
    let documents = (0..500).map(|n: u32| Operation::index(json!({"n": n})).id(n.to_string()));
    let report = client
        .wait(client.helpers().bulk(name, documents).refresh(true))
        .unwrap();
    assert!(report.is_complete() && report.succeeded == 500);
    let hits = client
        .helpers()
        .read_all::<Value>(name)
        .by_scroll(true)
        .stream();
    let numbers: u64 = client
        .iter(hits)
        .map(|hit| {
            hit.unwrap().into_source().unwrap().unwrap()["n"]
                .as_u64()
                .unwrap()
        })
        .sum();
    assert_eq!(numbers, 499 * 500 / 2);
    client.wait(client.indices().delete(name)).unwrap();
    table::says("blocking client, client in global scope", "yes");
}
