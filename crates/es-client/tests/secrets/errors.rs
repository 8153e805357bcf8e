//! Errors of every kind.

use std::{error::Error as StdError, time::Duration};

use es_client::{Error, blocking};
use es_testkit::{Cluster, Fault};
use serde_json::{Value, json};

use crate::{SECRET, builders, nothing_leaked, responding, transcript::Transcript};

/// Everything that an error shows in any form, with all its sources.
fn add(transcript: &Transcript, error: &(dyn StdError + 'static)) {
    transcript.add(&format!("{error}\n{error:?}\n{error:#?}\n"));
    if let Some(source) = error.source() {
        add(transcript, source);
    }
}

#[tokio::test]
async fn without_a_response_and_with_bad_ones() {
    let transcript = Transcript::of_this_process();
    let cluster = Cluster::builder().nodes(1).start().await.unwrap();
    let mut faults: Vec<_> = [400, 401, 403, 404, 409, 413, 429, 500, 503]
        .into_iter()
        .map(|status| Fault::status(status).retry_after(0))
        .collect();
    faults.extend([
        Fault::garbage(),
        Fault::close(),
        Fault::reset_in_body(),
        Fault::hang(),
        Fault::broken_gzip(),
        Fault::redirect("https://login.example/?next=x"),
        Fault::response(http::Response::new("not JSON".into())),
    ]);
    for builder in builders(&cluster.url(0)) {
        let short = Duration::from_millis(50);
        let client = builder
            .request_timeout(short)
            .max_retries(1)
            .build()
            .unwrap();
        for fault in &faults {
            cluster.node(0).clear_faults();
            cluster.node(0).inject(fault.clone());
            add(&transcript, &client.info().await.unwrap_err());
            if let Err(stopped) = client
                .helpers()
                .bulk("i", [json!({"a": 1})])
                .max_retries(0)
                .await
            {
                transcript.debug(&stopped.report);
                add(&transcript, &stopped);
            }
        }
        cluster.node(0).clear_faults();
    }
    assert!(cluster.node(0).has_received(SECRET), "they were in use");
    for builder in builders("http://127.0.0.1:1") {
        let client = builder.max_retries(0).build().unwrap();
        add(&transcript, &client.info().await.unwrap_err());
    }
    nothing_leaked(&transcript);
}

/// Whether an error is of a kind.
type Question = fn(&Error) -> bool;

/// One error of each kind that this crate makes itself.
#[tokio::test]
async fn of_this_crates_own_kinds() {
    let transcript = Transcript::of_this_process();
    let mut kinds: Vec<(&str, Question, Error)> = Vec::new();

    // A response with a secret that is not of the form expected.
    let odd = json!({"api_key": SECRET, "encoded": SECRET, "expiration": {}}).to_string();
    let client = responding(200, odd.clone());
    let decoded = client.security().create_api_key().await.unwrap_err();
    assert_eq!(decoded.body().map(|body| &body[..]), Some(odd.as_bytes()));
    kinds.push(("decode", Error::is_decode, decoded));
    let raw = client.security().create_api_key().send().await.unwrap();
    kinds.push((
        "decode",
        Error::is_decode,
        raw.json::<Vec<u8>>().unwrap_err(),
    ));

    // A refusal that repeats what was sent.
    let refusal = json!({"error": {"type": "x", "reason": "y"}, "request": SECRET}).to_string();
    let client = responding(400, refusal);
    let refused = client
        .security()
        .put_user("u")
        .password(SECRET)
        .await
        .unwrap_err();
    kinds.push(("api", Error::is_bad_request, refused));

    let client = responding(200, "{}".to_owned());
    let invalid = client
        .options()
        .header("x-token", &format!("{SECRET}\r\n"))
        .into_client();
    let setting = |error: &Error| error.as_transport().is_some_and(|error| error.is_config());
    kinds.push(("setting", setting, invalid.info().await.unwrap_err()));
    let part = client.get::<Value>("", SECRET).await.unwrap_err();
    kinds.push(("invalid", Error::is_invalid, part));
    let unwritable = std::collections::HashMap::from([((1, 2), SECRET)]);
    let unwritten = client.index("i").document(&unwritable).await.unwrap_err();
    kinds.push(("encode", Error::is_encode, unwritten));

    let failed = json!({"completed": true, "error": {"type": "t", "reason": "r"}}).to_string();
    let task = responding(200, failed)
        .helpers()
        .wait_for_task("n:1")
        .await
        .unwrap_err();
    kinds.push(("task", Error::is_task, task));

    for (name, is, error) in &kinds {
        assert!(is(error), "{name}: {error:?}");
        add(&transcript, error);
    }
    nothing_leaked(&transcript);
}

#[test]
fn of_the_blocking_client() {
    let transcript = Transcript::of_this_process();
    for builder in builders("http://127.0.0.1:1") {
        let client = builder.max_retries(0).build().unwrap();
        let client = blocking::Elasticsearch::new(client).unwrap();
        add(&transcript, &client.wait(client.info()).unwrap_err());
        let outcomes = client
            .helpers()
            .bulk("i", [json!({"a": 1})])
            .max_retries(0)
            .stream();
        for outcome in client.iter(outcomes) {
            match outcome {
                Ok(outcome) => transcript.debug(&outcome),
                Err(error) => add(&transcript, &error),
            }
        }
    }
    nothing_leaked(&transcript);
}
