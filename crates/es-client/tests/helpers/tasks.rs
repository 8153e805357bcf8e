//! Tasks whose node is away for a moment, and results that are not complete.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::helpers::responding;

fn running() -> (u16, Value) {
    (
        200,
        json!({"completed": false, "task": {"action": "reindex"}}),
    )
}

/// As Elasticsearch responds while the node of the task is not in the cluster.
fn no_node() -> (u16, Value) {
    let reason = "task [n:1] belongs to the node [n] which isn't part of the cluster and there \
                  is no record of the task";
    let error = json!({"type": "resource_not_found_exception", "reason": reason});
    (404, json!({"error": error, "status": 404}))
}

fn done() -> (u16, Value) {
    let response = json!({"created": 1, "failures": []});
    (
        200,
        json!({"completed": true, "task": {}, "response": response}),
    )
}

#[tokio::test(start_paused = true)]
async fn task_whose_node_comes_back_is_waited_for() {
    let (client, seen) = responding([running(), no_node(), no_node(), running(), done()]);
    let task = client.helpers().wait_for_task("n:1").await.unwrap();
    assert_eq!(task.response::<Value>().unwrap()["created"], 1);
    assert_eq!(seen.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn task_whose_node_stays_away_is_not_found() {
    let (client, seen) = responding([running(), no_node(), no_node(), no_node()]);
    let task = client.helpers().wait_for_task("n:1").max_retries(2);
    let error = task.await.unwrap_err();
    assert!(error.is_not_found());
    assert!(
        error.to_string().contains("isn't part of the cluster"),
        "{error}"
    );
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn interval_of_zero_grows() {
    let responses = std::iter::repeat_with(running).take(200);
    let (client, _) = responding(responses.chain([done()]));
    let began = Instant::now();
    let task = client.helpers().wait_for_task("n:1");
    let longest = Duration::from_secs(1);
    task.poll_interval(Duration::ZERO, longest).await.unwrap();
    assert!(
        began.elapsed() > Duration::from_secs(150),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn unacknowledged_task_is_not_complete() {
    let task = json!({"completed": true, "task": {}, "response": {"acknowledged": false}});
    let (client, _) = responding([(200, task)]);
    let error = client.helpers().wait_for_task("n:1").await.unwrap_err();
    assert!(
        error.is_task() && error.to_string().contains("acknowledged"),
        "{error}"
    );
}
