//! The example `pipeline` is killed ten times, and each line is indexed once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

#[path = "../pipeline.rs"]
mod pipeline;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use es_client::Elasticsearch;
use es_testkit::{Cluster, Fault};
use futures_util::StreamExt;
use serde_json::{Value, json};

const LINES: u64 = 16_000;
const KILLS: usize = 10;
/// The requests that a process sends before it is killed.
const REQUESTS: usize = 9;

/// Not a test of its own: the process that is killed.
#[tokio::test]
async fn child_process() {
    let Ok(file) = std::env::var("PIPELINE_FILE") else {
        return;
    };
    let client = Elasticsearch::builder()
        .node(std::env::var("PIPELINE_URL").unwrap())
        .build();
    let report = pipeline::run(&client.unwrap(), Path::new(&file), "lines")
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
}

fn spawn(file: &Path, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--nocapture"])
        .env("PIPELINE_FILE", file)
        .env("PIPELINE_URL", url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn bulk_requests(cluster: &Cluster) -> usize {
    let requests = cluster.node(0).requests();
    requests
        .iter()
        .filter(|request| request.path() == "/lines/_bulk")
        .count()
}

async fn count(client: &Elasticsearch) -> u64 {
    let response = client
        .request(http::Method::GET, "/lines/_count", ())
        .await
        .unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_each_line_is_indexed_once() {
    let cluster = Cluster::builder().start().await.unwrap();
    cluster
        .node(0)
        .inject(Fault::delay(Duration::from_millis(20)).on_path("_bulk"));
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lines.ndjson");
    let lines: Vec<_> = (0..LINES).map(|n| json!({ "n": n }).to_string()).collect();
    fs::write(&file, lines.join("\n")).unwrap();

    let mut position = 0;
    for _ in 0..KILLS {
        cluster.node(0).clear_records();
        let mut child = spawn(&file, &cluster.url(0));
        while bulk_requests(&cluster) < REQUESTS {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it was killed"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();

        // Everything before the checkpoint is in the index.
        let checkpoint = fs::read_to_string(directory.path().join("lines.ndjson.checkpoint"));
        let checkpoint: u64 = checkpoint
            .unwrap_or_else(|_| "0".to_owned())
            .parse()
            .unwrap();
        assert!(checkpoint >= position);
        position = checkpoint;
        let before = fs::read_to_string(&file).unwrap()[..checkpoint as usize]
            .lines()
            .count();
        if before > 0 {
            assert!(count(&client).await >= before as u64);
        }
    }
    assert!(position > 0 && position < fs::metadata(&file).unwrap().len());

    let mut child = spawn(&file, &cluster.url(0));
    assert!(child.wait().unwrap().success());
    assert_eq!(count(&client).await, LINES);
    let mut hits = client.helpers().read_all::<Value>("lines").stream();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(hit) = hits.next().await {
        seen.insert(
            hit.unwrap().into_source().unwrap().unwrap()["n"]
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(seen.len() as u64, LINES);
    assert_eq!(
        fs::read_to_string(directory.path().join("lines.ndjson.failed")).unwrap(),
        ""
    );
}
