//! A command line tool without async: searches, and imports with a progress bar.
//!
//!     cargo run --example blocking_cli                      # against an embedded cluster
//!     cargo run --example blocking_cli -- --url http://localhost:9200 search shoes

use clap::{Parser, Subcommand};
use es_client::{Elasticsearch, SearchResponse, blocking, dsl::Query};
use examples::{Product, Result};
use indicatif::{ProgressBar, ProgressIterator};

#[derive(Parser)]
struct Arguments {
    /// URL of a node. By default, an embedded cluster is started.
    #[arg(long)]
    url: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Subcommand)]
enum Command {
    /// Imports sample products.
    Import { count: u32 },
    /// Searches the titles of products.
    Search { words: String },
}

fn main() -> Result {
    let arguments = Arguments::parse();
    // The embedded cluster needs a runtime; the client brings its own thread.
    let runtime = tokio::runtime::Runtime::new()?;
    let (_cluster, client) = match &arguments.url {
        Some(url) => (None, Elasticsearch::builder().node(url).build()?),
        None => {
            let (cluster, client) = runtime.block_on(examples::cluster())?;
            (Some(cluster), client)
        }
    };
    let client = blocking::Elasticsearch::new(client)?;
    let story = vec![
        Command::Import { count: 200 },
        Command::Search {
            words: "rain jacket".to_owned(),
        },
    ];
    for command in arguments.command.map_or(story, |command| vec![command]) {
        run(&client, command)?;
    }
    Ok(())
}

fn run(client: &blocking::Elasticsearch, command: Command) -> Result {
    match command {
        Command::Import { count } => {
            let bar = ProgressBar::new(count.into());
            let products = (0..count).map(Product::numbered).progress_with(bar);
            let bulk = client.helpers().bulk("products", products).refresh(true);
            println!("{}", client.wait(bulk)?);
        }
        Command::Search { words } => {
            let search = client
                .search("products")
                .query(Query::match_("title", &*words));
            let page: SearchResponse<Product> = client.wait(search)?;
            for product in page.documents() {
                let product = product?;
                println!("{:<16} {:>6.2} €", product.title, product.price);
            }
        }
    }
    Ok(())
}
