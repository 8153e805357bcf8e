//! Exports an index to a file of JSON lines, in bounded memory.
//!
//!     cargo run --example export_ndjson

use std::io::{BufWriter, Write};

use examples::{Result, shop};
use futures_util::TryStreamExt;
use serde_json::value::RawValue;

#[tokio::main]
async fn main() -> Result {
    let (_cluster, client) = shop().await?;
    let mut file = BufWriter::new(tempfile::NamedTempFile::new()?);

    // The source stays text: it is neither parsed nor serialized.
    let mut hits = client
        .helpers()
        .read_all::<Box<RawValue>>("products")
        .page_size(100)
        .slices(2)
        .stream();
    let mut documents = 0;
    while let Some(hit) = hits.try_next().await? {
        if let Some(source) = hit.source()? {
            writeln!(file, "{source}")?;
            documents += 1;
        }
    }
    file.flush()?;

    let file = file.into_inner().map_err(|error| error.into_error())?;
    let length = file.as_file().metadata()?.len();
    println!("Exported {documents} documents, {length} bytes.");
    Ok(())
}
