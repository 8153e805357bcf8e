//! Writes `docs/simulation.md` and its plots from what simulated clusters do.
//!
//! ```text
//! cargo run --release -p es-simulation-report              # writes
//! cargo run --release -p es-simulation-report -- --check   # fails if what is committed differs
//! ```
//!
//! The same code gives the same report, byte for byte: clocks are paused and random numbers seeded.

mod files;
mod parallel;
mod plot;
mod sections;
mod table;

use std::{error::Error, path::Path, process::ExitCode};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// A part of the report.
struct Section {
    text: String,
    plots: Vec<Plot>,
}

/// A picture beside the text.
struct Plot {
    /// The name of its file.
    name: &'static str,
    svg: String,
}

/// The report is not written if what it states does not hold.
fn require(holds: bool, otherwise: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(otherwise.into())
}

fn main() -> ExitCode {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => {
            eprintln!("unknown argument `{other}`; there is only `--check`");
            return ExitCode::FAILURE;
        }
    };
    match run(check) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut text = include_str!("head.md").to_owned();
    let mut files = Vec::new();
    for section in parallel::map(&sections::ALL, |make| make()) {
        let section = section?;
        text.push('\n');
        text.push_str(&section.text);
        for plot in section.plots {
            files.push((docs.join("simulation").join(plot.name), plot.svg));
        }
    }
    files.push((docs.join("simulation.md"), text));
    if check {
        files::check(&files)
    } else {
        files::write(&files)
    }
}
