//! The files of the kinds of queries, aggregations and the like.

use std::collections::BTreeMap;

use super::docs;
use crate::model::{Choice, Kind};

/// The files of `dsl/kinds`, by name.
pub(super) fn files(kinds: &[Kind]) -> BTreeMap<&'static str, String> {
    let mut files: BTreeMap<&'static str, String> = BTreeMap::new();
    for kind in kinds {
        let file = match &*kind.containers {
            ["Query", ..] => "queries",
            ["Aggregation", ..] | ["CompositeSource"] => "aggregations",
            _ => "searches",
        };
        let text = files.entry(file).or_default();
        *text += &render(kind);
    }
    for text in files.values_mut() {
        let duration = if text.contains(" Duration;") {
            "use std::time::Duration;\n\n"
        } else {
            ""
        };
        *text = format!("{duration}use crate::{{dsl, params}};\n{text}");
    }
    let mut root = "//! The kinds, with their options.\n\n".to_owned();
    for name in files.keys() {
        root += &format!("mod {name};\n");
    }
    for name in files.keys() {
        root += &format!("\npub use {name}::*;");
    }
    files.insert("mod", root + "\n");
    files
}

fn render(kind: &Kind) -> String {
    let mut text = "\nkind! {\n".to_owned();
    text += &docs("    ", [&*kind.docs]);
    let with = kind
        .with
        .map(|with| format!(" with {with}"))
        .unwrap_or_default();
    let containers = match &*kind.containers {
        [] => "alone".to_owned(),
        containers => format!("in [{}]", containers.join(", ")),
    };
    text += &format!("    {} {containers}{with};\n", kind.name);
    for Choice {
        method,
        key,
        mode,
        takes,
        docs: words,
    } in &kind.options
    {
        text += &docs("    ", [&**words]);
        let takes = if takes.is_empty() {
            String::new()
        } else {
            format!(" {takes}")
        };
        text += &format!("    {method}({key:?}) {mode}{takes};\n");
    }
    text + "}\n"
}
