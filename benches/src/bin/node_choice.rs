//! `node_choice`: nanoseconds per choice of a node, and what a second thread adds.
//! `node_choice <nodes> <times>` chooses and says nothing, for callgrind.

use es_benches::{
    callgrind::instructions,
    fixtures::pool,
    operation::BoxError,
    selecting::{choose, nanoseconds, two_threads},
};
use es_transport::node::RoundRobin;

const TIMES: u64 = 10_000;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [nodes, times] = arguments.as_slice() {
        choose(
            &*pool(nodes.parse()?)?,
            &RoundRobin::default(),
            times.parse()?,
        );
        return Ok(());
    }
    println!("| nodes | ns, one thread | instructions |\n|---|---|---|");
    for nodes in [3, 1_000] {
        println!(
            "| {nodes} | {:.1} | {} |",
            nanoseconds(nodes)?,
            counted(nodes)?
        );
    }
    println!(
        "\nTwo threads do {:.2} times the work of one.",
        two_threads()?
    );
    Ok(())
}

fn counted(nodes: usize) -> Result<u64, BoxError> {
    let program = std::env::current_exe()?;
    let run = |times: u64| instructions(&program, &[&nodes.to_string(), &times.to_string()]);
    Ok((run(2 * TIMES)? - run(TIMES)?) / TIMES)
}
