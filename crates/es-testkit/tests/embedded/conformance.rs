//! Requests with the responses of a genuine Elasticsearch, and that the test kit gives the same.
//!
//! `tests/conformance/cases` has one file per topic. A case is a request and the summary of its
//! response; a request without one prepares the next ones and must succeed:
//!
//! ```text
//! # what the case shows
//! POST /c-topic/_search {"query": {"match_all": {}}}
//! --> 200 {"hits": …}
//! ```
//!
//! The body may follow in lines of its own, up to an empty line. `{today}` is the date in the names
//! of backing indices, `{scroll}` and `{pit}` are the scroll and the point in time opened last. The
//! mark before a response says which server gave it:
//!
//! - `-->` Elasticsearch 9.2.0.
//! - `==>` OpenSearch 3.8.0, where the minimal distribution of 9.2.0 lacks what the case needs.
//! - `~~>` neither. An `os>` line below it has what OpenSearch gives instead.
//!
//! To add a case, write the request and an empty `-->`, boot a server with
//! `scripts/cluster/es-cluster`, and run this test with `ES_CONFORMANCE_URL` (as
//! `http://127.0.0.1:9200`) and `ES_CONFORMANCE_RECORD=1`. Recording with OpenSearch changes only
//! cases that 9.2.0 did not give. With the URL alone the cases are compared with that server's
//! responses. `tests/conformance/differences` has a file for each other server: the cases to which
//! it responds otherwise, such as those whose feature it lacks. A case that is not listed there must
//! not differ; `ES_CONFORMANCE_LIST=1` writes the file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use es_testkit::Cluster;
use serde_json::{Map, Value, json};

use crate::support::Client;

/// One request of a file, and what is expected of it.
#[derive(Debug)]
struct Step {
    /// The lines of the file up to the expectation, as they stand.
    lines: Vec<String>,
    method: String,
    target: String,
    body: String,
    expected: Option<Expected>,
}

#[derive(Clone, Debug, PartialEq)]
struct Expected {
    seen: Seen,
    summary: Option<(u16, Value)>,
    /// The response of OpenSearch, if it is another one.
    opensearch: Option<(u16, Value)>,
}

/// The server that gave a response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Elasticsearch,
    OpenSearch,
    Nowhere,
}

impl Seen {
    const MARKS: [(Self, &str); 3] = [
        (Self::Elasticsearch, "-->"),
        (Self::OpenSearch, "==>"),
        (Self::Nowhere, "~~>"),
    ];

    fn mark(self) -> &'static str {
        Self::MARKS
            .iter()
            .find(|(seen, _)| *seen == self)
            .unwrap()
            .1
    }
}

/// The server that the cases run against.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    TestKit,
    Elasticsearch,
    OpenSearch,
}

impl Server {
    /// Returns the server, and its name with the version.
    async fn of(client: &mut Client) -> (Self, String) {
        let version = &client.send("GET", "/", &[], "").await.json()["version"];
        let number = version["number"].as_str().unwrap();
        match version["distribution"] == "opensearch" {
            true => (Self::OpenSearch, format!("opensearch-{number}")),
            false => (Self::Elasticsearch, format!("elasticsearch-{number}")),
        }
    }
}

/// A case to which a server does not respond as expected.
struct Difference {
    /// The case and the response in one line, as in the list of known ones.
    line: String,
    expected: String,
    found: String,
}

impl Difference {
    fn new(
        file: &Path,
        step: &Step,
        expected: String,
        (status, summary): &(u16, Value),
        body: &Value,
    ) -> Self {
        let file = file.file_stem().unwrap().to_string_lossy();
        let request = format!("{} {} {}", step.method, step.target, step.body);
        let request: String = request.replace('\n', " ").chars().take(160).collect();
        let result = match summary {
            Value::String(error) => error,
            _ => "another result",
        };
        let reason = &body["error"]["reason"];
        Self {
            line: format!("{file}: {} -> {status} {result}", request.trim()),
            expected,
            found: format!("{status} {summary} {reason}"),
        }
    }
}

/// The file with the cases to which a server responds otherwise.
fn known_differences(server: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/differences");
    directory.join(format!("{server}.txt"))
}

/// Reads the status and summary of an expectation.
fn read_summary(text: &str) -> Option<(u16, Value)> {
    let (status, summary) = text.trim().split_once(' ')?;
    let summary: Value = serde_json::from_str(summary).unwrap();
    Some((status.parse().unwrap(), tidy(&summary, true)))
}

fn write_summary(mark: &str, summary: Option<&(u16, Value)>) -> String {
    match summary {
        Some((status, summary)) => format!("{mark} {status} {summary}\n"),
        None => format!("{mark}\n"),
    }
}

fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let mut lines = Vec::new();
        let mut expected = None;
        let mut body: Vec<&str> = Vec::new();
        let mut head = None;
        for line in block.lines().filter(|line| !line.is_empty()) {
            let marked = Seen::MARKS
                .iter()
                .find_map(|(seen, mark)| Some((*seen, line.strip_prefix(mark)?)));
            if let Some((seen, rest)) = marked {
                expected = Some(Expected {
                    seen,
                    summary: read_summary(rest),
                    opensearch: None,
                });
                continue;
            }
            if let Some(rest) = line.strip_prefix("os>") {
                expected.as_mut().unwrap().opensearch = read_summary(rest);
                continue;
            }
            lines.push(line.to_owned());
            if line.starts_with('#') {
                continue;
            }
            if head.is_none() {
                let mut words = line.splitn(3, ' ');
                head = Some((
                    words.next().unwrap().to_owned(),
                    words.next().unwrap().to_owned(),
                ));
                body.extend(words.next());
            } else {
                body.push(line);
            }
        }
        let Some((method, target)) = head else {
            continue;
        };
        let mut body = body.join("\n");
        if !body.is_empty() {
            body.push('\n');
        }
        steps.push(Step {
            lines,
            method,
            target,
            body,
            expected,
        });
    }
    steps
}

/// Members that differ from run to run, or that 7.x has everywhere.
const VOLATILE: [&str; 21] = [
    "_type",
    "terminated_early",
    "took",
    "timed_out",
    "_shards",
    "_scroll_id",
    "pit_id",
    "uuid",
    "creation_date",
    "created_date_millis",
    "modified_date_millis",
    "index_uuid",
    "ingest_took",
    "timestamp",
    "provided_name",
    "version",
    "task",
    "node",
    "_primary_term",
    "start_time_in_millis",
    "requests_per_second",
];

/// The parts of a response that must be the same everywhere.
fn summary(status: u16, body: &Value, request: &str) -> Value {
    if let Some(error) = body.get("error").filter(|_| status >= 400) {
        let kind = |error: &Value| error["type"].as_str().unwrap_or("none").to_owned();
        let root = error["root_cause"].get(0).map(kind);
        return match root {
            Some(root) => json!(format!("{}: {root}", kind(error))),
            None => json!("no type"),
        };
    }
    let keep_source = request.contains("_source") || request.contains("/_doc/");
    tidy(body, keep_source)
}

fn tidy(value: &Value, keep_source: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            let is_hit = fields.contains_key("_id") && fields.contains_key("_score");
            for (name, value) in fields {
                let hidden = VOLATILE.contains(&name.as_str())
                    || (is_hit && name == "_index")
                    || (is_hit && name == "_source" && !keep_source);
                if name == "error" && value.get("reason").is_some() {
                    // Reasons are in own words.
                    kept.insert(name.clone(), value["type"].clone());
                } else if !hidden {
                    kept.insert(name.clone(), tidy(value, keep_source));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| tidy(item, keep_source)).collect(),
        // Single-precision sums differ in their last digits.
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap();
            let rounded: f64 = format!("{number:.4e}").parse().unwrap();
            if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
                json!(rounded as i64)
            } else {
                json!(rounded)
            }
        }
        value => value.clone(),
    }
}

struct Outcome {
    status: u16,
    body: Value,
}

/// The texts that placeholders of the cases stand for.
struct Placeholders(BTreeMap<&'static str, String>);

impl Placeholders {
    fn new() -> Self {
        let today = jiff::Timestamp::now().strftime("%Y.%m.%d").to_string();
        Self(BTreeMap::from([("{today}", today)]))
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    fn restore(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(value, name)
        })
    }

    /// Remembers the scroll or point in time that a response opens.
    fn note(&mut self, step: &Step, body: &Value) {
        let opens_pit = step.method == "POST" && step.target.contains("/_pit");
        for (name, member) in [("{scroll}", "_scroll_id"), ("{pit}", "id")] {
            if let Some(id) = body[member]
                .as_str()
                .filter(|_| member != "id" || opens_pit)
            {
                self.0.insert(name, id.to_owned());
            }
        }
    }
}

async fn send(client: &mut Client, step: &Step, placeholders: &mut Placeholders) -> Outcome {
    let is_lines = ["_bulk", "_msearch"]
        .iter()
        .any(|name| step.target.split('?').next().unwrap().ends_with(name));
    let kind = if is_lines {
        "application/x-ndjson"
    } else {
        "application/json"
    };
    let response = client
        .send(
            &step.method,
            &placeholders.fill(&step.target),
            &[("content-type", kind)],
            placeholders.fill(&step.body),
        )
        .await;
    let text = String::from_utf8_lossy(&response.body);
    placeholders.note(step, &serde_json::from_str(&text).unwrap_or_default());
    let text = placeholders.restore(&text);
    let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text));
    Outcome {
        status: response.status.as_u16(),
        body,
    }
}

/// Removes the indices and data streams of the steps.
async fn clear(client: &mut Client, steps: &[Step]) {
    let mut names = BTreeSet::new();
    for step in steps {
        let path = step.target.split('?').next().unwrap();
        let first = path.trim_start_matches('/').split('/').next().unwrap();
        if !first.starts_with('_') && !first.contains(['*', ',']) && !first.is_empty() {
            names.insert(first.to_owned());
        }
    }
    for name in names {
        client
            .send("DELETE", &format!("/_data_stream/{name}"), &[], "")
            .await;
        client
            .send(
                "DELETE",
                &format!("/{name}?ignore_unavailable=true"),
                &[],
                "",
            )
            .await;
    }
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases");
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// Whether a server has no such thing, rather than refusing a request that it understands.
fn is_lacking(outcome: &Outcome) -> bool {
    let text = outcome.body.to_string();
    let lacks = [
        "no handler found for uri",
        "Unknown aggregation type",
        "failed to find global",
        "failed to find tokenizer",
        "failed to find filter",
        "unknown query [",
        "has not been configured in mappings",
        "does not exist. It might have been created",
        "Unknown tokenizer type",
        "Unknown filter type",
        "No processor type exists",
        "Incorrect HTTP method for uri",
        "not supported in this",
        "normalizer [",
        "Unknown char_filter",
    ];
    let named = text.contains("nothing") || text.contains("c-doc") || text.contains("what");
    outcome.status >= 400 && !named && lacks.iter().any(|lack| text.contains(lack))
}

/// The expectation of a case once a server gave its response.
fn recorded(expected: &Expected, server: Server, lacks: bool, found: (u16, Value)) -> Expected {
    let is_known = expected.summary.is_some();
    let mut new = expected.clone();
    match server {
        Server::TestKit if is_known => {}
        Server::TestKit => {
            new.seen = Seen::Nowhere;
            new.summary = Some(found);
        }
        Server::Elasticsearch if lacks => {}
        Server::Elasticsearch => {
            new = Expected {
                seen: Seen::Elasticsearch,
                summary: Some(found),
                opensearch: None,
            };
        }
        Server::OpenSearch if lacks || (is_known && expected.seen == Seen::Elasticsearch) => {}
        Server::OpenSearch if !is_known || expected.summary.as_ref() == Some(&found) => {
            new.summary = Some(found);
            new.seen = Seen::OpenSearch;
            new.opensearch = None;
        }
        Server::OpenSearch => {
            new.seen = Seen::Nowhere;
            new.opensearch = Some(found);
        }
    }
    new
}

/// Writes the responses of a server into the file.
async fn record(client: &mut Client, file: &Path, steps: &[Step], server: Server) {
    let mut text = String::new();
    let mut placeholders = Placeholders::new();
    for step in steps {
        let outcome = send(client, step, &mut placeholders).await;
        text.push_str(&step.lines.join("\n"));
        text.push('\n');
        if let Some(expected) = &step.expected {
            let request = format!("{} {}", step.target, step.body);
            let found = (
                outcome.status,
                summary(outcome.status, &outcome.body, &request),
            );
            let lacks = is_lacking(&outcome) && !step.body.contains("\"what\"");
            let new = recorded(expected, server, lacks, found);
            text.push_str(&write_summary(new.seen.mark(), new.summary.as_ref()));
            if new.opensearch.is_some() {
                text.push_str(&write_summary("os>", new.opensearch.as_ref()));
            }
        } else if outcome.status >= 300 {
            println!(
                "{}: {} {} -> {} {}",
                file.display(),
                step.method,
                step.target,
                outcome.status,
                outcome.body
            );
        }
        text.push('\n');
    }
    std::fs::write(file, text.trim_end().to_owned() + "\n").unwrap();
}

/// The response that a server has to give, if it was seen to give one.
fn wanted(expected: &Expected, server: Server) -> Option<(u16, Value)> {
    let known = match server {
        Server::TestKit => true,
        Server::Elasticsearch => expected.seen == Seen::Elasticsearch,
        Server::OpenSearch if expected.opensearch.is_some() => return expected.opensearch.clone(),
        Server::OpenSearch => expected.seen != Seen::Nowhere,
    };
    known.then(|| expected.summary.clone().unwrap_or_default())
}

/// Compares and returns how many cases there were, and what differs.
async fn compare(
    client: &mut Client,
    file: &Path,
    steps: &[Step],
    server: Server,
) -> (usize, Vec<Difference>) {
    let mut differences = Vec::new();
    let mut count = 0;
    let mut placeholders = Placeholders::new();
    for step in steps {
        let outcome = send(client, step, &mut placeholders).await;
        let request = format!("{} {} {}", step.method, step.target, step.body.trim());
        let found = (
            outcome.status,
            summary(outcome.status, &outcome.body, &request),
        );
        let mut differs = |expected| {
            let difference = Difference::new(file, step, expected, &found, &outcome.body);
            differences.push(difference);
        };
        let Some(expected) = &step.expected else {
            if outcome.status >= 300 && server == Server::TestKit {
                differs("success".to_owned());
            }
            continue;
        };
        let Some(wanted) = wanted(expected, server) else {
            continue;
        };
        count += 1;
        if wanted != found {
            differs(format!("{} {}", wanted.0, wanted.1));
        }
    }
    (count, differences)
}

#[tokio::test]
async fn responses_are_those_of_a_genuine_server() {
    let url = std::env::var("ES_CONFORMANCE_URL").ok();
    let recording = std::env::var("ES_CONFORMANCE_RECORD").is_ok();
    let listing = std::env::var("ES_CONFORMANCE_LIST").is_ok();
    let only = std::env::var("ES_CONFORMANCE_ONLY").unwrap_or_default();
    let (mut server, mut name) = (Server::TestKit, "es-testkit".to_owned());
    let mut total = 0;
    let mut all = Vec::new();
    for file in files()
        .into_iter()
        .filter(|file| file.to_string_lossy().contains(&only))
    {
        let cluster = Cluster::builder().start().await.unwrap();
        let target = url.clone().unwrap_or_else(|| cluster.url(0));
        let mut client = Client::connect(&target).await;
        if url.is_some() {
            (server, name) = Server::of(&mut client).await;
        }
        let steps = parse(&std::fs::read_to_string(&file).unwrap());
        clear(&mut client, &steps).await;
        if recording {
            record(&mut client, &file, &steps, server).await;
        } else {
            let (count, differences) = compare(&mut client, &file, &steps, server).await;
            total += count;
            all.extend(differences);
        }
        clear(&mut client, &steps).await;
    }
    println!("{total} cases, {} differences", all.len());
    let known = known_differences(&name);
    if listing {
        let lines = all.iter().map(|difference| difference.line.clone() + "\n");
        std::fs::write(&known, lines.collect::<String>()).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&known).unwrap_or_default();
    let known: BTreeSet<&str> = known.lines().collect();
    all.retain(|difference| !known.contains(&*difference.line));
    for difference in &all {
        println!(
            "{}\n  expected {}\n  found    {}",
            difference.line, difference.expected, difference.found
        );
    }
    assert!(all.is_empty(), "{} unknown differences", all.len());
    assert!(
        recording || !only.is_empty() || url.is_some() || total >= 400,
        "only {total} cases were found"
    );
}
