//! Turns the committed facts of the Elasticsearch API (`facts/`) and the tables
//! kept by hand (`tables/`) into the committed code of `es-client`.
//!
//! ```text
//! cargo run -p es-codegen              # writes
//! cargo run -p es-codegen -- --check   # fails if what is committed differs
//! ```

mod docs;
mod facts;
mod files;
mod model;
mod names;
mod params;
mod render;
mod tables;

use std::{error::Error, path::Path, process::ExitCode};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

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
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let facts = facts::read(&here.join("facts"))?;
    let tables = tables::read(&here.join("tables"))?;
    let model = model::build(&facts, &tables)?;
    let client = here.with_file_name("es-client");
    let rendered = files::format(&render::all(&model), &here.join("../../rustfmt.toml"))?;
    if check {
        files::check(&client, &rendered)
    } else {
        files::write(&client, &rendered)
    }
}
