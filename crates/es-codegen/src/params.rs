//! Which kind of `Param` a parameter or property of the facts takes.

use std::collections::BTreeMap;

use crate::{Result, facts::Enumeration};

type Enums = BTreeMap<String, Enumeration>;

/// Returns the kind of a parameter, as seen from a generated file.
pub(crate) fn kind_of_parameter(kind: &str, enums: &Enums) -> Result<String> {
    Ok(match kind {
        "bool|string*" => "(bool, [String])".to_owned(),
        "bool|i32" => "(bool, i64)".to_owned(),
        "string|i32" => "String".to_owned(),
        other => match scalar(other) {
            Some(kind) => kind,
            None => of_enum(other, enums)?,
        },
    })
}

/// Returns the kind of a property; `None` for an object of whatever form.
pub(crate) fn kind_of_property(expression: &str, enums: &Enums) -> Option<String> {
    let dsl = match expression {
        "QueryContainer" => "dsl::Query",
        "QueryContainer*" => "[dsl::Query]",
        "{AggregationContainer}" => "dsl::Aggregations",
        "SortCombinations*" => "[dsl::Sort]",
        "KnnSearch*" => "[dsl::KnnSearch]",
        "Rescore*" => "[dsl::Rescore]",
        "RetrieverContainer" => "dsl::Retriever",
        "FieldCollapse" => "dsl::FieldCollapse",
        "Highlight" => "dsl::Highlight",
        "InnerHits" => "dsl::InnerHits",
        "Script" => "dsl::Script",
        "SpanQuery" => "dsl::SpanQuery",
        "Suggester" => "dsl::Suggesters",
        "SourceConfig" => "dsl::SourceFilter",
        "TypeMapping" => "dsl::Mapping",
        "{Property}" => "dsl::Properties",
        "TrackHits" => "(bool, i64)",
        "Fuzziness" | "MinimumShouldMatch" => "String",
        _ => "",
    };
    if !dsl.is_empty() {
        return Some(dsl.to_owned());
    }
    let expression = expression.strip_suffix("|null").unwrap_or(expression);
    let list = expression
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let list = list.map_or_else(|| expression.to_owned(), |item| format!("{item}*"));
    scalar(&list).or_else(|| of_enum(&list, enums).ok())
}

fn scalar(kind: &str) -> Option<String> {
    let (item, is_list) = kind
        .strip_suffix('*')
        .map_or((kind, false), |item| (item, true));
    let scalar = match item {
        "bool" => "bool",
        "duration" => "Duration",
        "string" | "datetime" | "bytesize" => "String",
        "i64" if is_list => "String",
        "i8" | "i16" | "i32" | "i64" | "u32" | "u64" => "i64",
        "f32" | "f64" => "f64",
        _ => return None,
    };
    Some(if is_list {
        format!("[{scalar}]")
    } else {
        scalar.to_owned()
    })
}

fn of_enum(kind: &str, enums: &Enums) -> Result<String> {
    let (before, kind) = kind
        .split_once('|')
        .map_or(("", kind), |(first, rest)| (first, rest));
    let (name, list) = kind
        .strip_suffix('*')
        .map_or((kind, false), |name| (name, true));
    let known = enums
        .get(name)
        .ok_or_else(|| format!("the parameter type `{kind}` is unknown"))?;
    let flag = known.values.iter().any(|value| value == "true");
    Ok(match (before, list) {
        ("", true) if is_text(name, known) => "[String]".to_owned(),
        ("", false) if is_text(name, known) => "String".to_owned(),
        ("", true) => format!("[params::{name}]"),
        ("", false) if flag => format!("(bool, params::{name})"),
        ("", false) => format!("params::{name}"),
        ("i32", false) => format!("(i64, params::{name})"),
        _ => return Err(format!("the parameter type `{kind}` is unknown").into()),
    })
}

/// Whether values of an enum are passed as texts: those that are open, and the
/// columns of cat calls, which also have short names and patterns.
fn is_text(name: &str, known: &Enumeration) -> bool {
    known.open || (name.starts_with("Cat") && name.ends_with("Column"))
}

/// Returns the enum that a kind names, if it names one.
pub(crate) fn enum_of(kind: &str) -> Option<&str> {
    let (_, name) = kind.split_once("params::")?;
    Some(name.trim_end_matches([']', ')']))
}

/// Whether a path part may name several things.
pub(crate) fn is_list(kind: &str) -> bool {
    kind.ends_with('*')
}
