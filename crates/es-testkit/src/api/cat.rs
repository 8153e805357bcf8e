//! `_cat`: text for people, JSON on request.

use http::StatusCode;
use serde_json::{Map, Value};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::state::holders_of;
use crate::dates::now_millis;
use crate::store::Index;
use crate::sync::lock;

/// The cells of a line; `None` for a value that is not known.
type Row = Vec<Option<String>>;

/// The side of its column at which a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

pub(crate) fn indices(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let found = names.iter().filter_map(|name| store.indices.get(name));
    let rows: Vec<Row> = found.map(|index| row_of(call, index)).collect();
    present(call, &INDICES, &rows)
}

const INDICES: [(&str, Align); 11] = [
    ("health", Align::Left),
    ("status", Align::Left),
    ("index", Align::Left),
    ("uuid", Align::Left),
    ("pri", Align::Right),
    ("rep", Align::Right),
    ("docs.count", Align::Right),
    ("docs.deleted", Align::Right),
    ("store.size", Align::Right),
    ("pri.store.size", Align::Right),
    ("dataset.size", Align::Right),
];

fn row_of(call: &Call<'_>, index: &Index) -> Row {
    let copies = usize::try_from(index.replicas).unwrap_or(0) + 1;
    let green =
        (0..index.shards).all(|shard| holders_of(call.shared, index, shard).len() >= copies);
    // As in Lucene, an object of a nested field counts as a document.
    let documents: usize = index
        .searchable()
        .iter()
        .map(|document| document.entry.nested_count() + 1)
        .sum();
    vec![
        Some(if green { "green" } else { "yellow" }.to_owned()),
        Some("open".to_owned()),
        Some(index.name.to_string()),
        Some(index.uuid.clone()),
        Some(index.shards.to_string()),
        Some(index.replicas.to_string()),
        Some(documents.to_string()),
        Some("0".to_owned()),
        // Nothing is stored on disk.
        None,
        None,
        None,
    ]
}

pub(crate) fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let total: usize = names
        .iter()
        .filter_map(|name| store.indices.get(name))
        .map(|index| index.searchable().len())
        .sum();
    let seconds = now_millis() / 1000;
    let day = seconds.rem_euclid(86_400);
    let clock = format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60);
    let row = vec![
        Some(seconds.to_string()),
        Some(clock),
        Some(total.to_string()),
    ];
    present(call, &COUNT, &[row])
}

const COUNT: [(&str, Align); 3] = [
    ("epoch", Align::Left),
    ("timestamp", Align::Left),
    ("count", Align::Left),
];

pub(crate) fn nodes(call: &Call<'_>) -> Result<Reply, ApiError> {
    let listed = call.shared.listed_nodes();
    let master = listed.first().map(|node| node.id.clone());
    let rows = listed.iter().map(|node| {
        let facts = lock(&node.changing);
        let ip = facts
            .publish_address
            .rsplit_once(':')
            .map(|(ip, _)| ip.to_owned());
        let is_master = master.as_ref() == Some(&node.id);
        let mut row = vec![ip];
        // Nobody measures memory, processor and load.
        row.extend([const { None }; 6]);
        row.push(Some(letters(&facts.roles)));
        row.push(Some(if is_master { "*" } else { "-" }.to_owned()));
        row.push(Some(node.name.clone()));
        row
    });
    let rows: Vec<Row> = rows.collect();
    present(call, &NODES, &rows)
}

const NODES: [(&str, Align); 10] = [
    ("ip", Align::Left),
    ("heap.percent", Align::Right),
    ("ram.percent", Align::Right),
    ("cpu", Align::Right),
    ("load_1m", Align::Right),
    ("load_5m", Align::Right),
    ("load_15m", Align::Right),
    ("node.role", Align::Left),
    ("master", Align::Left),
    ("name", Align::Left),
];

/// Returns the letters of roles, in their order; `-` for none.
fn letters(roles: &[String]) -> String {
    let mut letters: Vec<char> = roles
        .iter()
        .filter_map(|role| match role.as_str() {
            "data_cold" => Some('c'),
            "data_frozen" => Some('f'),
            "data_hot" => Some('h'),
            "data_content" => Some('s'),
            "data_warm" => Some('w'),
            "transform" => Some('t'),
            "voting_only" => Some('v'),
            role => role.chars().next(),
        })
        .collect();
    letters.sort_unstable();
    if letters.is_empty() {
        return "-".to_owned();
    }
    letters.into_iter().collect()
}

/// Presents rows as JSON, or as a table whose columns are padded.
fn present(call: &Call<'_>, columns: &[(&str, Align)], rows: &[Row]) -> Result<Reply, ApiError> {
    if call.versioned || call.params.get("format") == Some("json") {
        let objects = rows.iter().map(|row| {
            let fields = columns
                .iter()
                .zip(row)
                .map(|((name, _), value)| ((*name).to_owned(), Value::from(value.as_deref())));
            Value::Object(fields.collect::<Map<_, _>>())
        });
        return Ok(Reply::ok(objects.collect::<Value>()));
    }
    let with_names = call.params.flag("v")?.unwrap_or(false);
    let names: Row = columns
        .iter()
        .map(|(name, _)| Some((*name).to_owned()))
        .collect();
    let lines: Vec<&Row> = with_names
        .then_some(&names)
        .into_iter()
        .chain(rows)
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut cells = Vec::new();
        for (at, (_, align)) in columns.iter().enumerate() {
            let width = |row: &Row| {
                let cell = row.get(at).and_then(Option::as_deref);
                cell.map_or(0, |text| text.chars().count())
            };
            let width = lines.iter().map(|row| width(row)).max().unwrap_or(0);
            let cell = line.get(at).and_then(Option::as_deref).unwrap_or("");
            cells.push(match align {
                _ if at + 1 == columns.len() && *align == Align::Left => cell.to_owned(),
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
        }
        text.push_str(&cells.join(" "));
        text.push('\n');
    }
    Ok(Reply::text(StatusCode::OK, text))
}
