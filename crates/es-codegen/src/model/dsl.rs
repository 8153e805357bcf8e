//! The kinds of queries, aggregations and the like, with their options.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Result, docs,
    facts::{Facts, Notes, Type},
    names, params,
    tables::Tables,
};

/// A container of kinds: its name in the facts, in Rust, and what one of its kinds is called.
const CONTAINERS: [(&str, &str, &str); 10] = [
    ("QueryContainer", "Query", "query"),
    ("SpanQuery", "SpanQuery", "query"),
    ("AggregationContainer", "Aggregation", "aggregation"),
    (
        "CompositeAggregationSource",
        "CompositeSource",
        "source of a composite aggregation",
    ),
    ("RetrieverContainer", "Retriever", "retriever"),
    ("FieldSuggester", "Suggester", "suggester"),
    ("Rescore", "Rescore", "rescorer"),
    ("FunctionScoreContainer", "ScoreFunction", "score function"),
    ("IntervalsContainer", "Intervals", "rule"),
    ("SortOptions", "Sort", "sort"),
];

/// Types that are not one of several kinds.
const SINGLE: [(&str, &str); 6] = [
    ("FieldCollapse", "Field collapsing of a search."),
    ("Highlight", "Highlighting of the hits of a search."),
    ("HighlightField", "Highlighting of one field."),
    (
        "InnerHits",
        "The inner hits of nested objects, children or collapsed hits.",
    ),
    ("KnnSearch", "The `knn` section of a search."),
    ("Script", "A script, inline or stored."),
];

/// A kind, such as the `match` query.
pub(crate) struct Kind {
    pub name: String,
    pub docs: String,
    /// The containers that it is one of several kinds of.
    pub containers: Vec<&'static str>,
    /// Further items that the macro `kind!` gives it.
    pub with: Option<&'static str>,
    pub options: Vec<Choice>,
}

/// An option of a kind.
pub(crate) struct Choice {
    pub method: String,
    pub key: String,
    /// How the macro `kind!` sets it.
    pub mode: &'static str,
    /// The kind of `Param` that it takes; empty for an object.
    pub takes: String,
    pub docs: String,
}

/// Returns the kinds of all containers, by name.
pub(crate) fn build(facts: &Facts, tables: &Tables) -> Result<Vec<Kind>> {
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for (container, rust, called) in CONTAINERS {
        let known = facts
            .types
            .get(container)
            .ok_or("dsl.json lacks a container")?;
        let field = known.field_kind.iter().map(|kind| ("field", kind));
        let variants = known.properties.iter().map(|(name, kind)| (&**name, kind));
        for (variant, expression) in variants.chain(field) {
            let name = type_of(expression);
            let Some(fact) = facts.types.get(name) else {
                continue;
            };
            // An aggregation by a query has a type of its own.
            if name == "QueryContainer" {
                continue;
            }
            let variant = variant.trim_end_matches('?');
            let kind = kinds.entry(name.to_owned()).or_insert_with(|| Kind {
                name: names::camel(name),
                docs: format!("The `{variant}` {called}."),
                containers: Vec::new(),
                with: match rust {
                    "Aggregation" if tables.dsl.buckets.contains(variant) => Some("buckets"),
                    "Aggregation" => Some("meta"),
                    _ => None,
                },
                options: Vec::new(),
            });
            if !kind.containers.contains(&rust) {
                kind.containers.push(rust);
            }
            if kind.options.is_empty() {
                kind.options = options(name, fact, facts, tables);
                kind.options.extend(beside(container, known, facts, tables));
            }
        }
    }
    for (name, docs) in SINGLE {
        let fact = facts.types.get(name).ok_or("dsl.json lacks a type")?;
        let options = options(name, fact, facts, tables);
        let (name, docs) = (name.to_owned(), docs.to_owned());
        let containers = Vec::new();
        kinds.insert(
            name.clone(),
            Kind {
                name,
                docs,
                containers,
                with: None,
                options,
            },
        );
    }
    check(kinds.values(), tables)?;
    Ok(kinds.into_values().collect())
}

/// Returns the name of the type that an expression has one or several of.
fn type_of(expression: &str) -> &str {
    let item = expression.trim_matches(|c| "1{}[]*".contains(c));
    item.rsplit("=>").next().unwrap_or(item)
}

/// Returns the options that no constructor sets, by name.
fn options(name: &str, fact: &Type, facts: &Facts, tables: &Tables) -> Vec<Choice> {
    let choices: Vec<&Type> = match fact.form.as_str() {
        "untagged" | "tagged" => fact
            .choices()
            .iter()
            .filter_map(|name| facts.types.get(*name))
            .collect(),
        _ => vec![fact],
    };
    let mut options: BTreeMap<&str, Choice> = BTreeMap::new();
    for choice in choices {
        for (property, kind) in choice.properties.iter().chain(&choice.own) {
            let Some(key) = property.strip_suffix('?') else {
                continue;
            };
            let none = Notes::default();
            let notes = choice.notes.get(key).unwrap_or(&none);
            let path = format!("{name}/{key}");
            if notes.visibility.is_some() || tables.dsl.by_hand.contains_key(&path) {
                continue;
            }
            let takes = params::kind_of_property(kind, &facts.enums);
            let mode = match takes.as_deref() {
                Some("[dsl::Query]") => "push",
                Some(_) if kind.starts_with('[') => "list",
                Some(_) => "param",
                None => "object",
            };
            let option = Choice {
                method: method(key),
                key: key.to_owned(),
                mode,
                takes: takes
                    .unwrap_or_default()
                    .replace("[dsl::Query]", "dsl::Query"),
                docs: docs::option(&path, key, notes, &tables.dsl),
            };
            // Where the choices differ, anything is taken.
            match options.get_mut(key) {
                Some(known) if known.takes != option.takes => {
                    known.takes = String::new();
                    known.mode = "object";
                }
                Some(_) => {}
                None => {
                    options.insert(key, option);
                }
            }
        }
    }
    options.into_values().collect()
}

/// Returns the options that stand beside the kind.
fn beside(container: &str, known: &Type, facts: &Facts, tables: &Tables) -> Vec<Choice> {
    let mut options = Vec::new();
    for (property, kind) in &known.own {
        let key = property.trim_end_matches('?');
        let path = format!("{container}/{key}");
        if tables.dsl.by_hand.contains_key(&path) {
            continue;
        }
        let none = Notes::default();
        let notes = known.notes.get(key).unwrap_or(&none);
        options.push(Choice {
            method: method(key),
            key: key.to_owned(),
            mode: "beside",
            takes: params::kind_of_property(kind, &facts.enums).unwrap_or_default(),
            docs: docs::option(&path, key, notes, &tables.dsl),
        });
    }
    options
}

fn method(key: &str) -> String {
    match key {
        "_name" => "named".to_owned(),
        "with" | "clone" | "fmt" | "meta" | "aggregation" => format!("{key}_"),
        key => names::method(key),
    }
}

/// A misspelt name in the table would leave something without what the table says.
fn check<'a>(kinds: impl Iterator<Item = &'a Kind>, tables: &Tables) -> Result<()> {
    let mut unused: BTreeSet<&str> = tables.dsl.options.keys().map(String::as_str).collect();
    let mut missing = BTreeSet::new();
    for kind in kinds {
        for option in &kind.options {
            let path = format!("{}/{}", kind.name, option.key);
            let has_own = unused.remove(&*path) || tables.dsl.options.contains_key(&path);
            if !has_own && !tables.dsl.options.contains_key(&option.key) {
                missing.insert(option.key.clone());
            }
            unused.remove(&*option.key);
        }
    }
    if !missing.is_empty() {
        return Err(format!("dsl.toml has no words for {missing:?}").into());
    }
    if !unused.is_empty() {
        return Err(format!("dsl.toml has words for what does not exist: {unused:?}").into());
    }
    Ok(())
}
