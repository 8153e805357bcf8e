//! Runs an embedded cluster for clients of any language, until it is stopped.
//!
//! `es-testkit --help` explains its options. It prints how to connect as lines of
//! `NAME=value`, then serves.

use std::io::Write as _;
use std::process::ExitCode;

use es_testkit::{Cluster, ClusterBuilder};

const HELP: &str = "\
usage: es-testkit [options]

Runs an embedded cluster until it is stopped, and prints how to connect to it:
ES_URL (separated by commas), ES_USER, ES_PASSWORD, ES_API_KEY, and ES_FINGERPRINT
(SHA-256 of the CA certificate; empty without --tls).

  --nodes N              number of nodes (1)
  --tls                  serve https, with security
  --version V            version of Elasticsearch to respond as (9.2.0)
  --user NAME:PASSWORD   credentials to accept, with security
  --ca FILE              write the CA certificate to this file (PEM)
  --refresh-on-request   searches see writes only after a refresh
  --exit-on-eof          stop when standard input closes, for programs that start it
  --help                 print this text
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "es-testkit: {error}; see es-testkit --help"
            );
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    if options.help {
        return Ok(std::io::stdout().write_all(HELP.as_bytes())?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let cluster = options.builder.start().await?;
        let connection = cluster.connection();
        if let Some(file) = options.ca_file {
            std::fs::write(file, &connection.ca_pem)?;
        }
        let mut out = std::io::stdout();
        writeln!(out, "ES_URL={}", connection.urls.join(","))?;
        writeln!(out, "ES_USER={}", connection.username)?;
        writeln!(out, "ES_PASSWORD={}", connection.password)?;
        writeln!(out, "ES_API_KEY={}", connection.api_key)?;
        writeln!(out, "ES_FINGERPRINT={}", connection.ca_fingerprint)?;
        out.flush()?;
        if options.exit_on_eof {
            end_of_input().await;
        } else {
            std::future::pending::<()>().await;
        }
        Ok(())
    })
}

/// Waits for the end of standard input, on another thread than the one that serves.
async fn end_of_input() {
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(ended);
    });
    let _ = end.await;
}

struct Options {
    builder: ClusterBuilder,
    ca_file: Option<String>,
    exit_on_eof: bool,
    help: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            // It may run for days.
            builder: Cluster::builder().recording(false),
            ca_file: None,
            exit_on_eof: false,
            help: false,
        };
        while let Some(argument) = arguments.next() {
            let builder = options.builder.clone();
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--nodes" => {
                    let number = value()?;
                    let nodes = number
                        .parse()
                        .map_err(|_| format!("--nodes {number} is not a number"))?;
                    options.builder = builder.nodes(nodes);
                }
                "--tls" => options.builder = builder.tls(true),
                "--version" => options.builder = builder.version(value()?),
                "--user" => {
                    let pair = value()?;
                    let (name, password) = pair
                        .split_once(':')
                        .ok_or("--user needs NAME:PASSWORD".to_owned())?;
                    options.builder = builder.user(name, password);
                }
                "--ca" => options.ca_file = Some(value()?),
                "--refresh-on-request" => options.builder = builder.refresh_on_request(true),
                "--exit-on-eof" => options.exit_on_eof = true,
                "--help" | "-h" => options.help = true,
                other => return Err(format!("unknown option {other}")),
            }
        }
        Ok(options)
    }
}
