//! Which Rust type takes a parameter of the facts.

use std::collections::BTreeMap;

use crate::{Result, facts::Enumeration};

type Enums = BTreeMap<String, Enumeration>;

/// The type of a setter or argument, as seen from a generated file.
pub(crate) fn rust_type(kind: &str, enums: &Enums) -> Result<String> {
    Ok(match kind {
        "bool" => "bool".to_owned(),
        "duration" => "Duration".to_owned(),
        "string" | "datetime" | "bytesize" | "string|i32" => "impl Param<String>".to_owned(),
        "string*" | "i64*" => "impl Param<[String]>".to_owned(),
        "i32" | "i64" | "u32" => "impl Param<i64>".to_owned(),
        "f32" | "f64" => "impl Param<f64>".to_owned(),
        "bool|string*" => "impl Param<(bool, [String])>".to_owned(),
        "bool|i32" => "impl Param<(bool, i64)>".to_owned(),
        other => of_enum(other, enums)?,
    })
}

fn of_enum(kind: &str, enums: &Enums) -> Result<String> {
    let (before, kind) = kind.split_once('|').map_or(("", kind), |(first, rest)| (first, rest));
    let (name, list) = kind.strip_suffix('*').map_or((kind, false), |name| (name, true));
    let known = enums.get(name).ok_or_else(|| format!("the parameter type `{kind}` is unknown"))?;
    let flag = known.values.iter().any(|value| value == "true");
    Ok(match (before, list) {
        ("", true) if is_text(name, known) => "impl Param<[String]>".to_owned(),
        ("", false) if is_text(name, known) => "impl Param<String>".to_owned(),
        ("", true) => format!("impl Param<[params::{name}]>"),
        ("", false) if flag => format!("impl Param<(bool, params::{name})>"),
        ("", false) => format!("params::{name}"),
        ("i32", false) => format!("impl Param<(i64, params::{name})>"),
        _ => return Err(format!("the parameter type `{kind}` is unknown").into()),
    })
}

/// Whether values of an enum are passed as texts: those that are open, and the
/// columns of cat calls, which have short names, too, and patterns.
pub(crate) fn is_text(name: &str, known: &Enumeration) -> bool {
    known.open || (name.starts_with("Cat") && name.ends_with("Column"))
}

/// The enum that a type names, if its values are a Rust enum.
pub(crate) fn enum_of<'a>(kind: &'a str, enums: &Enums) -> Option<&'a str> {
    let name = kind.rsplit('|').next()?.trim_end_matches('*');
    enums.get(name).is_some_and(|known| !is_text(name, known)).then_some(name)
}

/// Whether a path part may name several things.
pub(crate) fn is_list(kind: &str) -> bool {
    kind.ends_with('*')
}
