//! Command lines that measure a set of clients. Each set has binaries of these names.

use std::process::Command;

use crate::{
    callgrind::{instructions, sibling},
    clients::Clients,
    operation::{BoxError, Operation},
    process::Server,
    server,
};

/// Lengths of the two runs of an operation with small responses.
const LENGTHS: (u64, u64) = (200, 1_200);
/// Lengths of the two runs of an operation with large responses.
const LARGE_LENGTHS: (u64, u64) = (12, 42);

/// `server [nodes]`: the local server as a process of its own, so that only the
/// client's work is counted. Prints the URLs of the nodes in one line and serves
/// until it is stopped.
///
/// # Errors
/// If no port is available.
pub async fn server() -> Result<(), BoxError> {
    let nodes = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let addresses = server::start(nodes).await?;
    let urls: Vec<_> = addresses
        .iter()
        .map(|address| format!("http://{address}"))
        .collect();
    println!("{}", urls.join(","));
    std::future::pending().await
}

/// `client <name> <operation> <times> <urls>`: one client performs one operation
/// and prints nothing; callgrind counts its instructions.
///
/// # Errors
/// If the arguments are wrong or a request fails.
pub async fn client<C: Clients>() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, operation, times, urls] = arguments.as_slice() else {
        return Err("usage: client <name> <operation> <times> <urls>".into());
    };
    let mut client = C::new(name, &split(urls)).await?;
    client.run(operation.parse()?, times.parse()?).await
}

/// `allocations <name> <operation> <urls>`: prints the heap allocations per request,
/// as the difference between two runs of one client. `allocated` returns the
/// allocations of the process so far.
///
/// # Errors
/// If the arguments are wrong or a request fails.
pub async fn allocations<C: Clients>(allocated: fn() -> usize) -> Result<(), BoxError> {
    /// Enough requests to bring every connection, buffer and table to its size.
    const WARM: u64 = 64;
    const COUNTED: u64 = 256;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, operation, urls] = arguments.as_slice() else {
        return Err("usage: allocations <name> <operation> <urls>".into());
    };
    let operation = operation.parse()?;
    let mut client = C::new(name, &split(urls)).await?;
    client.run(operation, WARM).await?;

    let start = allocated();
    client.run(operation, COUNTED).await?;
    let middle = allocated();
    client.run(operation, 2 * COUNTED).await?;
    let end = allocated();

    let shorter = middle - start;
    let longer = end - middle;
    println!("{:.1}", (longer - shorter) as f64 / COUNTED as f64);
    Ok(())
}

/// `counts [client…] [operation…]`: prints instructions and heap allocations per
/// warm request as a Markdown table; without arguments, of all clients and operations.
///
/// Instructions are counted by callgrind in the client's process alone, as the
/// difference between a shorter and a longer run, so that starting, connecting
/// and warming up cancel out.
///
/// # Errors
/// If the arguments are wrong or the server does not start.
pub fn counts<C: Clients>() -> Result<(), BoxError> {
    let (names, operations) = chosen::<C>()?;
    let server = Server::start("server", &["3"])?;
    print_head(&names);
    for operation in operations {
        let mut floor = None;
        print!("| {operation} |");
        for name in &names {
            match count(name, operation, server.line()) {
                Ok((instructions, allocations)) => {
                    let floor = *floor.get_or_insert(instructions);
                    let ratio = instructions as f64 / floor as f64;
                    print!(" {} / {allocations} ({ratio:.2}) |", grouped(instructions));
                }
                Err(error) => {
                    eprintln!("{name} {operation}: {error}");
                    print!(" – |");
                }
            }
        }
        println!();
    }
    Ok(())
}

fn split(urls: &str) -> Vec<String> {
    urls.split(',').map(Into::into).collect()
}

fn chosen<C: Clients>() -> Result<(Vec<String>, Vec<Operation>), BoxError> {
    let (mut names, mut operations) = (Vec::new(), Vec::new());
    for argument in std::env::args().skip(1) {
        if C::NAMES.contains(&argument.as_str()) {
            names.push(argument);
        } else {
            operations.push(argument.parse::<Operation>()?);
        }
    }
    if names.is_empty() {
        names.extend(C::NAMES.iter().map(|&name| name.into()));
    }
    if operations.is_empty() {
        operations.extend(Operation::ALL);
    }
    Ok((names, operations))
}

fn print_head(names: &[String]) {
    println!("Instructions / allocations per warm request (ratio to the first column).\n");
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
}

fn count(name: &str, operation: Operation, urls: &str) -> Result<(u64, String), BoxError> {
    let lengths = if operation.is_large() {
        LARGE_LENGTHS
    } else {
        LENGTHS
    };
    let client = sibling("client")?;
    let run = |times: u64| {
        let times = times.to_string();
        instructions(&client, &[name, operation.name(), &times, urls])
    };
    let difference = run(lengths.1)?.saturating_sub(run(lengths.0)?);
    Ok((
        difference / (lengths.1 - lengths.0),
        allocations_of(name, operation, urls)?,
    ))
}

fn allocations_of(name: &str, operation: Operation, urls: &str) -> Result<String, BoxError> {
    let output = Command::new(sibling("allocations")?)
        .args([name, operation.name(), urls])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().trim_end_matches(".0").to_owned())
}

/// Formats a number with a comma between the thousands.
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
