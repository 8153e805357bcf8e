//! `counts [client…] [operation…]`: instructions and heap allocations per warm
//! request as a Markdown table; without arguments all of both.
//!
//! Instructions are counted by callgrind in the client's process alone, as the
//! difference between a shorter and a longer run, so that starting, connecting
//! and warming up cancel out.

use std::process::Command;

use es_benches::{
    callgrind::{instructions, sibling},
    clients::Name,
    process::Server,
};
use peers::operation::{BoxError, Operation};

/// The two lengths of a run, for small answers and for large ones.
const LENGTHS: (u64, u64) = (200, 1_200);
const LARGE_LENGTHS: (u64, u64) = (12, 42);

fn main() -> Result<(), BoxError> {
    let (names, operations) = chosen()?;
    let server = Server::start("server", &["3"])?;
    print_head(&names);
    for operation in operations {
        let mut floor = None;
        print!("| {operation} |");
        for &name in &names {
            match count(name, operation, server.line()) {
                Ok((instructions, allocations)) => {
                    let floor = *floor.get_or_insert(instructions);
                    let ratio = instructions as f64 / floor as f64;
                    print!(" {} / {allocations} ({ratio:.2}) |", grouped(instructions));
                }
                Err(error) => {
                    eprintln!("{} {operation}: {error}", name.text());
                    print!(" – |");
                }
            }
        }
        println!();
    }
    Ok(())
}

fn chosen() -> Result<(Vec<Name>, Vec<Operation>), BoxError> {
    let (mut names, mut operations) = (Vec::new(), Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(name) => names.push(name),
            Err(_) => operations.push(argument.parse::<Operation>()?),
        }
    }
    if names.is_empty() {
        names.extend(Name::ALL);
    }
    if operations.is_empty() {
        operations.extend(Operation::ALL);
    }
    Ok((names, operations))
}

fn print_head(names: &[Name]) {
    println!("Instructions / allocations per warm request (ratio to the first column).\n");
    print!("| |");
    for name in names {
        print!(" {} |", name.text());
    }
    print!("\n|---|");
    println!("{}", "---|".repeat(names.len()));
}

fn count(name: Name, operation: Operation, urls: &str) -> Result<(u64, String), BoxError> {
    let lengths = if operation.is_large() { LARGE_LENGTHS } else { LENGTHS };
    let client = sibling("client")?;
    let run = |times: u64| {
        let times = times.to_string();
        instructions(&client, &[name.text(), operation.name(), &times, urls])
    };
    let difference = run(lengths.1)?.saturating_sub(run(lengths.0)?);
    Ok((difference / (lengths.1 - lengths.0), allocations(name, operation, urls)?))
}

fn allocations(name: Name, operation: Operation, urls: &str) -> Result<String, BoxError> {
    let output = Command::new(sibling("allocations")?)
        .args([name.text(), operation.name(), urls])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().trim_end_matches(".0").to_owned())
}

/// With a comma between the thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
