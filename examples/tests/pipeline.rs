//! The example `pipeline` is killed, interrupted and fed with lines that cannot be
//! written, and each line is indexed or refused once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

#[path = "../pipeline.rs"]
mod pipeline;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use es_client::{Elasticsearch, helpers::bulk::DeadLetter};
use es_testkit::{Cluster, Fault};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;

const LINES: u64 = 16_000;
const KILLS: usize = 10;
/// The requests that a process sends before it is killed or interrupted.
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
    assert_eq!(report.unknown, 0, "{report}");
}

/// A cluster, a file, and processes that write one to the other.
struct Setup {
    cluster: Cluster,
    client: Elasticsearch,
    directory: tempfile::TempDir,
}

impl Setup {
    async fn new(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let cluster = Cluster::builder().start().await.unwrap();
        let client = Elasticsearch::builder().nodes(cluster.urls()).build();
        let directory = tempfile::tempdir().unwrap();
        let mut text = Vec::new();
        for line in lines {
            text.extend_from_slice(line.as_ref());
            text.push(b'\n');
        }
        // The last line has no end.
        text.pop();
        fs::write(directory.path().join("lines.ndjson"), text).unwrap();
        let setup = Self {
            cluster,
            client: client.unwrap(),
            directory,
        };
        setup.slow_down();
        setup
    }

    /// Has requests take some time, so that a process can be stopped between them.
    fn slow_down(&self) {
        let delay = Fault::delay(Duration::from_millis(20));
        self.cluster.node(0).inject(delay.on_path("_bulk"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn checkpoint(&self) -> u64 {
        let text = fs::read_to_string(self.path("lines.ndjson.checkpoint"));
        text.unwrap_or_else(|_| "0".to_owned()).parse().unwrap()
    }

    /// Returns the number of lines before the checkpoint.
    fn settled(&self) -> usize {
        let text = fs::read(self.path("lines.ndjson")).unwrap();
        let settled = &text[..usize::try_from(self.checkpoint()).unwrap()];
        settled.split_inclusive(|byte| *byte == b'\n').count()
    }

    fn spawn(&self) -> Child {
        self.cluster.node(0).clear_records();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_process", "--nocapture"])
            .env("PIPELINE_FILE", self.path("lines.ndjson"))
            .env("PIPELINE_URL", self.cluster.url(0))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Starts a process, and waits until it has sent some requests.
    async fn spawn_busy(&self) -> Child {
        let mut child = self.spawn();
        while self.bulk_requests() < REQUESTS {
            let status = child.try_wait().unwrap();
            assert!(status.is_none(), "it ended before it was stopped");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child
    }

    fn bulk_requests(&self) -> usize {
        let requests = self.cluster.node(0).requests();
        requests
            .iter()
            .filter(|request| request.path() == "/lines/_bulk")
            .count()
    }

    async fn count(&self) -> usize {
        let response = self.client.count("lines").await.unwrap();
        usize::try_from(response.count.unwrap()).unwrap()
    }

    /// Asserts that the documents are those of these numbers, each once.
    async fn assert_documents(&self, expected: impl Iterator<Item = u64>) {
        let mut hits = self.client.helpers().read_all::<Value>("lines").stream();
        let mut seen = BTreeSet::new();
        while let Some(hit) = hits.next().await {
            let document = hit.unwrap().into_source().unwrap().unwrap();
            let number = document["n"].as_u64().unwrap();
            assert!(seen.insert(number), "{number} is there twice");
        }
        assert_eq!(seen, expected.collect());
    }

    fn dead_letters(&self) -> Vec<DeadLetter> {
        let text = fs::read_to_string(self.path("lines.ndjson.failed")).unwrap();
        let letters = text.lines().map(|line| serde_json::from_str(line).unwrap());
        letters.collect()
    }
}

fn lines() -> impl Iterator<Item = String> {
    (0..LINES).map(|n| json!({ "n": n }).to_string())
}

/// Sends what ctrl-C sends.
fn interrupt(child: &Child) {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-INT", &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
}

/// Waits for the end of a process, which is killed after ten seconds.
async fn end(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_each_line_is_indexed_once() {
    let setup = Setup::new(lines()).await;
    let mut position = 0;
    for _ in 0..KILLS {
        let mut child = setup.spawn_busy().await;
        child.kill().unwrap();
        child.wait().unwrap();

        // Everything before the checkpoint is in the index.
        assert!(setup.checkpoint() >= position);
        position = setup.checkpoint();
        if position > 0 {
            assert!(setup.count().await >= setup.settled());
        }
    }
    let length = fs::metadata(setup.path("lines.ndjson")).unwrap().len();
    assert!(position > 0 && position < length);

    assert!(setup.spawn().wait().unwrap().success());
    setup.assert_documents(0..LINES).await;
    assert_eq!(setup.dead_letters(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_it_writes_what_it_read() {
    let setup = Setup::new(lines()).await;
    let mut child = setup.spawn_busy().await;
    interrupt(&child);
    assert!(end(&mut child).await.success());
    let first = setup.count().await;
    assert_eq!(first, setup.settled());
    assert!(first >= 100 && (first as u64) < LINES, "{first}");

    // Nothing is sent a second time.
    assert!(setup.spawn().wait().unwrap().success());
    let requests = setup.cluster.node(0).requests();
    let sent = requests
        .iter()
        .filter(|request| request.path() == "/lines/_bulk")
        .map(|request| request.body.iter().filter(|byte| **byte == b'\n').count() / 2);
    assert_eq!(first + sent.sum::<usize>(), usize::try_from(LINES).unwrap());
    setup.assert_documents(0..LINES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_interrupt_ends_it_at_once() {
    let setup = Setup::new(lines()).await;
    let mut child = setup.spawn_busy().await;
    // What is in flight has no response, so that it waits.
    setup.cluster.node(0).clear_faults();
    let hang = Fault::hang().on_path("_bulk");
    setup.cluster.node(0).inject(hang);
    tokio::time::sleep(Duration::from_millis(100)).await;
    interrupt(&child);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    interrupt(&child);
    assert_eq!(end(&mut child).await.code(), Some(130));

    setup.cluster.node(0).clear_faults();
    setup.slow_down();
    assert!(setup.spawn().wait().unwrap().success());
    setup.assert_documents(0..LINES).await;
}

/// Of every thousand lines, four cannot be written.
fn line(n: u64) -> Vec<u8> {
    match n % 1_000 {
        200 => b"no JSON".to_vec(),
        400 => b"[\"no object\"]".to_vec(),
        600 => b"{\"n\": \"no UTF-8: \xff\"}".to_vec(),
        // The server refuses it.
        800 => b"{\"n\": \"no number\"}".to_vec(),
        _ => json!({ "n": n }).to_string().into(),
    }
}

fn is_good(n: &u64) -> bool {
    ![200, 400, 600, 800].contains(&(n % 1_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_cannot_be_written_are_dead_letters() {
    let setup = Setup::new((0..LINES).map(line)).await;
    let mut child = setup.spawn_busy().await;
    interrupt(&child);
    assert!(end(&mut child).await.success());
    assert!(!setup.dead_letters().is_empty());
    assert!(setup.spawn().wait().unwrap().success());
    setup.assert_documents((0..LINES).filter(is_good)).await;

    // Each has the position of its line, the reason, and the line.
    let file = fs::read(setup.path("lines.ndjson")).unwrap();
    let mut positions = BTreeSet::new();
    for letter in setup.dead_letters() {
        let position = letter.id.as_deref().unwrap().parse::<usize>().unwrap();
        assert!(positions.insert(position), "{letter:?} is there twice");
        let rest = &file[position..];
        let line = rest.split(|byte| *byte == b'\n').next().unwrap();
        let line = String::from_utf8_lossy(line);
        if line.contains("no number") {
            assert_eq!(letter.status, Some(400));
            assert_eq!(letter.operation.lines().nth(1), Some(&*line));
        } else {
            let reason = format!("not a JSON object: {line}");
            assert!(letter.reason.ends_with(&reason), "{letter:?}");
        }
    }
    assert_eq!(positions.len() as u64, LINES / 1_000 * 4);

    // All are behind the checkpoint.
    let file = setup.path("lines.ndjson");
    let report = pipeline::run(&setup.client, &file, "lines").await.unwrap();
    assert_eq!(report.operations, 0);
}
