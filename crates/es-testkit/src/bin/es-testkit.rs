//! Runs an embedded cluster for clients of any language, until it is ended or its input closes.
//!
//! `es-testkit [--nodes N] [--tls] [--version V] [--user NAME:PASSWORD] [--ca FILE]
//! [--refresh-on-request]` prints how to connect as lines of `NAME=value`, then serves.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use es_testkit::{Cluster, ClusterBuilder};

const USAGE: &str = "usage: es-testkit [--nodes N] [--tls] [--version V] [--user NAME:PASSWORD] [--ca FILE] [--refresh-on-request]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "es-testkit: {error}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (builder, ca_file) = options(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let cluster = builder.start().await?;
        let connection = cluster.connection();
        if let Some(file) = ca_file {
            std::fs::write(file, &connection.ca_pem)?;
        }
        let mut out = std::io::stdout();
        writeln!(out, "ES_URL={}", connection.urls.join(","))?;
        writeln!(out, "ES_USER={}", connection.username)?;
        writeln!(out, "ES_PASSWORD={}", connection.password)?;
        writeln!(out, "ES_API_KEY={}", connection.api_key)?;
        writeln!(out, "ES_FINGERPRINT={}", connection.ca_fingerprint)?;
        out.flush()?;
        // The nodes are served while another thread waits for the end of the input.
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _ = std::io::stdin().read_to_end(&mut rest);
            drop(ended);
        });
        let _ = end.await;
        Ok(())
    })
}

type Options = (ClusterBuilder, Option<String>);

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut builder = Cluster::builder();
    let mut ca_file = None;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        builder = match argument.as_str() {
            "--nodes" => {
                let number = value()?;
                let nodes = number
                    .parse()
                    .map_err(|_| format!("--nodes {number} is no number"))?;
                builder.nodes(nodes)
            }
            "--tls" => builder.tls(true),
            "--version" => builder.version(value()?),
            "--user" => {
                let pair = value()?;
                let (name, password) = pair
                    .split_once(':')
                    .ok_or("--user needs NAME:PASSWORD".to_owned())?;
                builder.user(name, password)
            }
            "--ca" => {
                ca_file = Some(value()?);
                builder
            }
            "--refresh-on-request" => builder.refresh_on_request(true),
            other => return Err(format!("unknown option {other}")),
        };
    }
    Ok((builder, ca_file))
}
