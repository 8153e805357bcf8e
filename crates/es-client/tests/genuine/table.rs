//! The lines of the compatibility table (`docs/compatibility.md`): `scripts/cluster/check` puts
//! those of all servers side by side.

use std::fmt::Display;

use crate::server::var;

/// The rows of the table, in order. `check` adds its own.
const ROWS: [&str; 18] = [
    "plain HTTP, no security",
    "Cloud ID (through a proxy to this server)",
    "CA file; fingerprint of CA or leaf",
    "basic, bearer, API key; `options()`",
    "nodes in turn, own selector",
    "sniffing: start, before requests, failure",
    "compatibility mode",
    "product check",
    "endpoints with typed responses, by builder and by name",
    "other endpoints that read, by name",
    "bulk, msearch",
    "read all by scroll and by point in time, sliced; reindex",
    "wait for a task",
    "ES\\|QL rows",
    "blocking client, client in global scope",
    "forward proxy with a password (tinyproxy)",
    "`http2(true)`",
    "shards: reads, writes, split calls",
];

/// Prints what a row says of this server. Called when it has been shown.
pub(crate) fn says(row: &str, cell: impl Display) {
    let at = ROWS.iter().position(|known| *known == row);
    let at = at.unwrap_or_else(|| panic!("the table has no row `{row}`"));
    println!(
        "\ntable\t{at:02}\t{row}\t{} {}\t{cell}",
        var("ES_KIND"),
        var("ES_VERSION")
    );
}
