//! From facts and tables to what is rendered: every decision is taken here.

mod dsl;
mod endpoint;
mod setters;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use dsl::{Choice, Kind};
pub(crate) use endpoint::{Argument, Endpoint, Route, Target, build_endpoint};
pub(crate) use setters::{Section, Setter};

use crate::{
    Result,
    facts::{self, Facts},
    names, params,
    tables::Tables,
};

/// The input of rendering.
pub(crate) struct Model {
    /// The endpoints of each namespace; those of the root under the empty name.
    pub namespaces: BTreeMap<String, Namespace>,
    pub enums: Vec<Enumeration>,
    pub rows: Vec<Rows>,
    pub kinds: Vec<Kind>,
}

/// The rows of a cat endpoint, and their columns: method, name on the wire.
pub(crate) struct Rows {
    pub endpoint: String,
    pub columns: Vec<(String, String)>,
}

pub(crate) struct Namespace {
    pub words: Option<String>,
    pub endpoints: Vec<Endpoint>,
}

/// An enum and its members: name in Rust, value on the wire.
pub(crate) struct Enumeration {
    pub name: String,
    pub members: Vec<(String, String)>,
}

/// Enums that are used by code that is written by hand.
const BY_HAND: [&str; 6] = [
    "CalendarInterval",
    "DynamicMapping",
    "GeoShapeRelation",
    "NormalizeMethod",
    "ScriptSortType",
    "SortOrder",
];

/// Methods of the client that no endpoint or namespace may have.
const CLIENT: &[&str] = &[
    "builder",
    "call",
    "from_service",
    "helpers",
    "options",
    "request",
    "transport",
];

/// Takes every public endpoint; what tables say of anything else is an error.
pub(crate) fn build(facts: &Facts, tables: &Tables) -> Result<Model> {
    let mut namespaces: BTreeMap<String, Namespace> = BTreeMap::new();
    let mut enums = BTreeSet::new();
    for endpoint in facts
        .manifest
        .endpoints
        .iter()
        .filter(|e| e.visibility == "public")
    {
        let (namespace, _) = endpoint
            .name
            .split_once('.')
            .unwrap_or(("", &endpoint.name));
        let built = build_endpoint(endpoint, facts, tables)
            .map_err(|error| format!("{}: {error}", endpoint.name))?;
        enums.extend(used_enums(&built));
        let words = || tables.words.namespaces.get(namespace).cloned();
        let known = namespaces.entry(namespace.to_owned());
        let known = known.or_insert_with(|| Namespace {
            words: words(),
            endpoints: Vec::new(),
        });
        known.endpoints.push(built);
    }
    check_tables(&namespaces, tables)?;
    check_names(&namespaces)?;
    let kinds = dsl::build(facts, tables)?;
    let options = kinds.iter().flat_map(|kind| &kind.options);
    enums.extend(options.filter_map(|option| params::enum_of(&option.takes).map(str::to_owned)));
    enums.extend(BY_HAND.map(str::to_owned));
    let enums = enums.iter().map(|name| enumeration(name, facts)).collect();
    let rows = facts
        .manifest
        .endpoints
        .iter()
        .filter(|e| e.response.kind == "cat");
    let rows = rows
        .map(|endpoint| rows_of(endpoint, facts))
        .collect::<Result<_>>()?;
    Ok(Model {
        namespaces,
        enums,
        rows,
        kinds,
    })
}

fn rows_of(endpoint: &facts::Endpoint, facts: &Facts) -> Result<Rows> {
    let record = endpoint.response.name.trim_matches(['[', ']']);
    let record = facts.types.get(record);
    let record = record.ok_or_else(|| format!("{}: its rows have no type", endpoint.name))?;
    let column = |name: &String| {
        let name = name.trim_end_matches('?');
        (names::column(name), name.to_owned())
    };
    let columns: Vec<_> = record.properties.keys().map(column).collect();
    let different: BTreeSet<_> = columns.iter().map(|(method, _)| method).collect();
    if different.len() < columns.len() {
        return Err(format!("{}: two columns would have one name", endpoint.name).into());
    }
    Ok(Rows {
        endpoint: endpoint.name.clone(),
        columns,
    })
}

/// The enums that a setter or an argument takes.
fn used_enums(endpoint: &Endpoint) -> Vec<String> {
    let setters = endpoint.setters.iter().map(|setter| &*setter.takes);
    let arguments = endpoint.arguments.iter().map(|argument| &*argument.takes);
    let used = setters.chain(arguments).filter_map(params::enum_of);
    used.map(str::to_owned).collect()
}

fn enumeration(name: &str, facts: &Facts) -> Enumeration {
    let members = facts.enums.get(name).map(|known| {
        let named = |value: &String| known.names.get(value).unwrap_or(value).clone();
        known
            .values
            .iter()
            .map(|v| (names::camel(&named(v)), v.clone()))
            .collect()
    });
    Enumeration {
        name: name.to_owned(),
        members: members.unwrap_or_default(),
    }
}

/// A misspelt name in a table would leave something without what the table says.
fn check_tables(namespaces: &BTreeMap<String, Namespace>, tables: &Tables) -> Result<()> {
    let endpoints = || namespaces.values().flat_map(|space| &space.endpoints);
    let mut names = tables.names();
    for endpoint in endpoints() {
        names.remove(&*endpoint.name);
    }
    let mut spaces: BTreeSet<_> = tables.words.namespaces.keys().collect();
    spaces.retain(|name| !namespaces.contains_key(*name));
    let mut params: BTreeSet<&str> = tables.words.parameters.keys().map(String::as_str).collect();
    for (endpoint, name) in endpoints().flat_map(|it| it.names().map(move |name| (it, name))) {
        params.remove(name);
        params.remove(&*format!("{}/{name}", endpoint.name));
        if let Some((space, _)) = endpoint.name.split_once('.') {
            params.remove(&*format!("{space}.*/{name}"));
        }
    }
    let strays = |what: &str, names: Vec<&str>| match &*names {
        [] => Ok(()),
        names => Err(format!(
            "the tables name {what} that nobody has: {}",
            names.join(", ")
        )),
    };
    strays("endpoints", names.into_iter().collect())?;
    strays(
        "namespaces",
        spaces.into_iter().map(String::as_str).collect(),
    )?;
    Ok(strays("parameters", params.into_iter().collect())?)
}

/// Two things of one name would not compile, but the compiler would not say why.
fn check_names(namespaces: &BTreeMap<String, Namespace>) -> Result<()> {
    let root = namespaces.get("").map_or(&[][..], |root| &root.endpoints);
    let methods = root.iter().flat_map(Endpoint::methods);
    let spaces = namespaces
        .keys()
        .filter(|name| !name.is_empty())
        .map(|name| names::method(name));
    let mut seen: BTreeSet<_> = CLIENT.iter().map(|&name| name.to_owned()).collect();
    for name in methods.chain(spaces) {
        if !seen.insert(name.clone()) {
            return Err(format!("the client would have two methods `{name}`").into());
        }
    }
    for (namespace, Namespace { endpoints, .. }) in namespaces {
        let mut seen = BTreeSet::new();
        for name in endpoints.iter().flat_map(Endpoint::methods) {
            if !seen.insert(name.clone()) {
                return Err(format!("`{namespace}` would have two methods `{name}`").into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn committed() -> (Facts, Tables) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let facts = facts::read(&here.join("facts")).unwrap();
        (facts, crate::tables::read(&here.join("tables")).unwrap())
    }

    /// Messages of the generator about tables with one mistake.
    fn refusal(slip: impl FnOnce(&mut Tables)) -> String {
        let (facts, mut tables) = committed();
        slip(&mut tables);
        build(&facts, &tables)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_name_in_a_table_that_matches_nothing_is_an_error() {
        let word = || "Some words.".to_owned();
        let slips = [
            refusal(|t| {
                drop(
                    t.responses
                        .insert("indices.creat".to_owned(), "Info".to_owned()),
                )
            }),
            refusal(|t| drop(t.idempotency.idempotent.insert("serch".to_owned(), word()))),
            refusal(|t| drop(t.arguments.insert("cuont".to_owned(), "index".to_owned()))),
            refusal(|t| drop(t.words.endpoints.insert("_internal.x".to_owned(), word()))),
            refusal(|t| drop(t.words.namespaces.insert("indice".to_owned(), word()))),
            refusal(|t| drop(t.words.parameters.insert("refesh".to_owned(), word()))),
            refusal(|t| drop(t.words.parameters.insert("index/refesh".to_owned(), word()))),
            refusal(|t| drop(t.words.parameters.insert("indx/refresh".to_owned(), word()))),
            refusal(|t| drop(t.words.parameters.insert("ml.*/refesh".to_owned(), word()))),
        ];
        let names =
            "indices.creat serch cuont _internal.x indice refesh index/refesh indx ml.*/refesh";
        for (error, name) in slips.iter().zip(names.split(' ')) {
            assert!(
                error.ends_with(&format!("that nobody has: {name}")),
                "{name}: {error}"
            );
        }
        let part = refusal(|t| drop(t.arguments.insert("count".to_owned(), "indx".to_owned())));
        assert!(
            part.contains("`indx`, which is not an optional part"),
            "{part}"
        );
    }

    #[test]
    fn everything_public_has_words() {
        let (facts, tables) = committed();
        for (name, space) in build(&facts, &tables).unwrap().namespaces {
            assert!(name.is_empty() || space.words.is_some(), "{name}");
            for endpoint in space.endpoints {
                assert!(
                    tables.words.endpoints.contains_key(&endpoint.name),
                    "{}",
                    endpoint.name
                );
            }
        }
    }
}
