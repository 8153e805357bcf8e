//! `cold_start`: from `main` to the first response over verified TLS, as whole
//! processes, and what making a client costs.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use es_benches::operation::BoxError;
use es_benches::{
    callgrind::{instructions, sibling},
    process::Server,
};

const ROUNDS: u32 = 100;

fn main() -> Result<(), BoxError> {
    let file = std::env::temp_dir().join(format!("es-benches-ca-{}.pem", std::process::id()));
    let ca = file
        .to_str()
        .ok_or("the directory for temporary files has a strange name")?;
    let server = Server::start("tls_server", &[ca])?;
    let (url, fingerprint) = server
        .line()
        .split_once(' ')
        .ok_or("the server said too little")?;
    let outcome = starts(url, ca, fingerprint).and_then(|()| makes(ca, fingerprint));
    std::fs::remove_file(&file)?;
    outcome
}

fn starts(url: &str, ca: &str, fingerprint: &str) -> Result<(), BoxError> {
    let (bare, ours) = (sibling("cold_bare")?, sibling("cold_ours")?);
    let runs: [(&str, &Path, &[&str]); 3] = [
        ("hyper over hyper-rustls, CA file", &bare, &[url, ca]),
        ("ours, CA file", &ours, &[url, "--ca", ca]),
        ("ours, pinned CA", &ours, &[url, "--pin", fingerprint]),
    ];
    let mut best = [Duration::MAX; 3];
    // In turns, so that whatever else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for ((_, program, arguments), best) in runs.iter().zip(&mut best) {
            *best = (*best).min(time(program, arguments)?);
        }
    }
    println!("| process to its first response | instructions | ms, best of {ROUNDS} |");
    println!("|---|---|---|");
    let mut floor = None;
    for ((name, program, arguments), best) in runs.iter().zip(best) {
        let count = instructions(program, arguments)?;
        let (base, fast) = *floor.get_or_insert((count, best));
        println!(
            "| {name} | {:.2} M ({:.2}) | {:.2} ({:.2}) |",
            millions(count),
            count as f64 / base as f64,
            best.as_secs_f64() * 1e3,
            best.as_secs_f64() / fast.as_secs_f64(),
        );
    }
    Ok(())
}

fn makes(ca: &str, fingerprint: &str) -> Result<(), BoxError> {
    let program = sibling("make")?;
    println!("\n| making a client | instructions |\n|---|---|");
    for client in [
        "ours-ca",
        "ours-pin",
        "ours-roots",
        "reqwest",
        "elasticsearch",
    ] {
        let run = |times| instructions(&program, &[client, times, ca, fingerprint]);
        println!(
            "| {client} | {:.2} M |",
            millions(run("1")?.saturating_sub(run("0")?))
        );
    }
    Ok(())
}

fn time(program: &Path, arguments: &[&str]) -> Result<Duration, BoxError> {
    let began = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let took = began.elapsed();
    if status.success() {
        Ok(took)
    } else {
        Err("a program failed".into())
    }
}

fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
