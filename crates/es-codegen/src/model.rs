//! From facts and tables to what is rendered: every decision is taken here.

mod endpoint;
mod setters;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use endpoint::{Argument, Endpoint, Route, Target, build_endpoint};
pub(crate) use setters::{Section, Setter};

use crate::{
    Result,
    facts::{self, Facts},
    names, params,
    tables::Tables,
};

/// What is rendered.
pub(crate) struct Model {
    /// The endpoints of each namespace; those of the root under the empty name.
    pub(crate) namespaces: BTreeMap<String, Namespace>,
    pub(crate) enums: Vec<Enumeration>,
}

pub(crate) struct Namespace {
    pub(crate) words: Option<String>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// An enum and its members: name in Rust, value on the wire.
pub(crate) struct Enumeration {
    pub(crate) name: String,
    pub(crate) members: Vec<(String, String)>,
}

/// Methods of the client that no endpoint or namespace may have.
const CLIENT: &[&str] =
    &["builder", "call", "from_service", "helpers", "options", "request", "transport"];

/// Takes every public endpoint; what tables say of others is an error.
pub(crate) fn build(facts: &Facts, tables: &Tables) -> Result<Model> {
    let mut namespaces: BTreeMap<String, Namespace> = BTreeMap::new();
    let mut unknown = tables.names();
    let mut enums = BTreeSet::new();
    for endpoint in facts.manifest.endpoints.iter().filter(|e| e.visibility == "public") {
        unknown.remove(&*endpoint.name);
        let (namespace, _) = endpoint.name.split_once('.').unwrap_or(("", &endpoint.name));
        let built = build_endpoint(endpoint, facts, tables)
            .map_err(|error| format!("{}: {error}", endpoint.name))?;
        enums.extend(used_enums(endpoint, facts));
        let words = || tables.words.namespaces.get(namespace).cloned();
        let known = namespaces.entry(namespace.to_owned());
        let known = known.or_insert_with(|| Namespace { words: words(), endpoints: Vec::new() });
        known.endpoints.push(built);
    }
    if !unknown.is_empty() {
        return Err(format!("tables name endpoints that are not public: {unknown:?}").into());
    }
    check_names(&namespaces)?;
    let enums = enums.into_iter().map(|name| enumeration(name, facts)).collect();
    Ok(Model { namespaces, enums })
}

fn used_enums<'a>(endpoint: &'a facts::Endpoint, facts: &'a Facts) -> Vec<&'a str> {
    let shared = if endpoint.set.as_deref() == Some("cat") { &*facts.manifest.cat } else { &[] };
    let params = endpoint.parts.iter().chain(&endpoint.query).chain(shared);
    params
        .filter(|param| !setters::is_hidden(&param.notes))
        .filter_map(|param| params::enum_of(&param.kind, &facts.manifest.enums))
        .collect()
}

fn enumeration(name: &str, facts: &Facts) -> Enumeration {
    let members = facts.manifest.enums.get(name).map(|known| {
        let named = |value: &String| known.names.get(value).unwrap_or(value).clone();
        known.values.iter().map(|v| (names::camel(&named(v)), v.clone())).collect()
    });
    Enumeration { name: name.to_owned(), members: members.unwrap_or_default() }
}

/// Two things of one name would not compile, but the compiler would not say why.
fn check_names(namespaces: &BTreeMap<String, Namespace>) -> Result<()> {
    let root = namespaces.get("").map_or(&[][..], |root| &root.endpoints);
    let methods = root.iter().flat_map(Endpoint::methods);
    let spaces = namespaces.keys().filter(|name| !name.is_empty()).map(|name| names::method(name));
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
