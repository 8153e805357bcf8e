//! A pipeline from a file of JSON lines to an index. Stopped by Ctrl-C or killed at any
//! time, it continues from its checkpoint when it is run again; each line is indexed
//! once.
//!
//!     cargo run --example pipeline -- documents.ndjson http://localhost:9200 documents
//!
//! Beside the file it keeps `documents.ndjson.checkpoint`, the position up to
//! which everything is settled, and `documents.ndjson.failed`, the lines that
//! are not JSON objects or were refused, with the reason.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use es_client::{
    Elasticsearch,
    helpers::bulk::{BulkReport, Operation},
};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

/// The result of the pipeline.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
#[allow(dead_code, reason = "the test runs the pipeline itself")]
async fn main() -> Result {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [file, url, index] = arguments.as_slice() else {
        println!("usage: pipeline <file of JSON lines> <url of a node> <index>");
        return Ok(());
    };
    let client = Elasticsearch::builder().node(url.as_str()).build()?;
    let report = run(&client, Path::new(file), index).await?;
    println!("{report}");
    Ok(())
}

/// Indexes the lines after the checkpoint.
pub(crate) async fn run(client: &Elasticsearch, file: &Path, index: &str) -> Result<BulkReport> {
    let checkpoint = Checkpoint::of(file);
    let stop = Arc::new(AtomicBool::new(false));
    let lines = Lines::open(file, checkpoint.read()?, Arc::clone(&stop))?;
    let ends = Arc::clone(&lines.ends);
    let dead_letters = File::options()
        .append(true)
        .create(true)
        .open(beside(file, "failed"))?;

    let bulk = client
        .helpers()
        .bulk(index, lines)
        .flush_operations(100)
        .dead_letters(dead_letters)
        .on_progress(|report| eprintln!("{report}"))
        .on_durable(move |settled| {
            let Some(position) = take_position(&ends, settled) else {
                return;
            };
            if let Err(error) = checkpoint.write(position) {
                eprintln!("cannot write the checkpoint: {error}");
            }
        });

    // The first ctrl-C ends the input; what was read is written all the same. The
    // second one ends the process.
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    Ok(bulk.await?)
}

/// The lines of a file from a position on, as operations.
struct Lines {
    file: BufReader<File>,
    position: u64,
    /// Where each line that is not settled yet ends, with its number from 1.
    ends: Arc<Mutex<VecDeque<(u64, u64)>>>,
    count: u64,
    stop: Arc<AtomicBool>,
}

impl Lines {
    fn open(file: &Path, position: u64, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let mut file = File::open(file)?;
        file.seek(SeekFrom::Start(position))?;
        Ok(Self {
            file: BufReader::new(file),
            position,
            ends: Arc::default(),
            count: 0,
            stop,
        })
    }

    fn read(&mut self) -> io::Result<Option<Operation<Line>>> {
        let mut line = Vec::new();
        let length = self.file.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(None);
        }
        // The position is the ID: a line that is written twice replaces itself.
        let id = format!("{:012}", self.position);
        self.position += length as u64;
        self.count += 1;
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.push_back((self.count, self.position));
        Ok(Some(Operation::index(Line(line)).id(id)))
    }
}

impl Iterator for Lines {
    type Item = io::Result<Operation<Line>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        self.read().transpose()
    }
}

/// A line, which is sent as it is. One that is no JSON object fails alone, and its
/// reason has the line.
struct Line(Vec<u8>);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match serde_json::from_slice::<&RawValue>(&self.0) {
            Ok(json) if json.get().starts_with('{') => json.serialize(serializer),
            _ => {
                let line = String::from_utf8_lossy(self.0.trim_ascii_end());
                Err(S::Error::custom(format!("not a JSON object: {line}")))
            }
        }
    }
}

/// Returns the position after the first lines, and forgets these.
fn take_position(ends: &Mutex<VecDeque<(u64, u64)>>, settled: u64) -> Option<u64> {
    let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
    let mut position = None;
    while let Some((_, end)) = ends.front().filter(|(number, _)| *number <= settled) {
        position = Some(*end);
        ends.pop_front();
    }
    position
}

/// The file with the position up to which everything is settled.
struct Checkpoint(PathBuf);

impl Checkpoint {
    fn of(file: &Path) -> Self {
        Self(beside(file, "checkpoint"))
    }

    fn read(&self) -> Result<u64> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(text.trim().parse()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the file in one step: a crash leaves the old one or the new one.
    fn write(&self, position: u64) -> io::Result<()> {
        let new = self.0.with_extension("checkpoint.new");
        fs::write(&new, position.to_string())?;
        fs::rename(new, &self.0)
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
