//! The setters of a builder: which there are, and their names.

use std::collections::BTreeSet;

use crate::{
    Result, docs,
    facts::{Endpoint, Facts, Notes, Param},
    names, params,
    tables::Words,
};

/// The target of a setter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Query,
    /// An optional path part.
    Part,
    /// A property of the body, of a certain kind.
    Property,
    /// A property of the body that is a list, also of one value.
    List,
    /// A property of the body that takes whatever serialises.
    Object,
    /// Adds to a property of the body that is an object.
    Entry,
}

/// A method of a builder.
pub(crate) struct Setter {
    pub section: Section,
    pub method: String,
    /// The name on the wire, or the number of the path part.
    pub key: String,
    /// The kind of `Param` that it takes; empty for an object.
    pub takes: String,
    /// The type in the facts.
    pub kind: String,
    pub docs: String,
}

/// Parameters that no release accepts, or that are not for users.
pub(crate) fn is_hidden(notes: &Notes) -> bool {
    notes.visibility.is_some()
}

/// The setters of an endpoint in the order in which they are rendered, and
/// `argument` is the optional part that has none.
pub(super) fn build(
    endpoint: &Endpoint,
    facts: &Facts,
    argument: Option<&str>,
    words: &Words,
) -> Result<Vec<Setter>> {
    let mut setters = query(endpoint, facts, words)?;
    setters.extend(parts(endpoint, facts, argument, words)?);
    setters.extend(properties(endpoint, facts, words));
    resolve(&mut setters)?;
    Ok(setters)
}

fn query(endpoint: &Endpoint, facts: &Facts, words: &Words) -> Result<Vec<Setter>> {
    let manifest = &facts.manifest;
    let shared: &[Param] = if endpoint.set.as_deref() == Some("cat") {
        &manifest.cat
    } else {
        &[]
    };
    let is_common = |param: &Param| manifest.common.iter().any(|c| c.name == param.name);
    let mut offered: Vec<_> = endpoint.query.iter().chain(shared).collect();
    offered.retain(|p| !p.part && !p.required && !is_hidden(&p.notes) && !is_common(p));
    offered.sort_by(|a, b| a.name.cmp(&b.name));
    offered.dedup_by(|a, b| a.name == b.name);
    let setter = |param: &&Param| {
        Ok(Setter {
            section: Section::Query,
            method: names::setter(&param.name),
            key: param.name.clone(),
            takes: params::kind_of_parameter(&param.kind, &facts.enums)?,
            kind: param.kind.clone(),
            docs: docs::parameter(&endpoint.name, &param.name, &param.notes, words),
        })
    };
    offered.iter().map(setter).collect()
}

fn parts(
    endpoint: &Endpoint,
    facts: &Facts,
    argument: Option<&str>,
    words: &Words,
) -> Result<Vec<Setter>> {
    let optional = |(_, part): &(usize, &Param)| !part.required && Some(&*part.name) != argument;
    let setter = |(number, part): (usize, &Param)| {
        Ok(Setter {
            section: Section::Part,
            method: names::setter(&part.name),
            key: number.to_string(),
            takes: params::kind_of_parameter(&part.kind, &facts.enums)?,
            kind: part.kind.clone(),
            docs: docs::parameter(&endpoint.name, &part.name, &part.notes, words),
        })
    };
    endpoint
        .parts
        .iter()
        .enumerate()
        .filter(optional)
        .map(setter)
        .collect()
}

fn properties(endpoint: &Endpoint, facts: &Facts, words: &Words) -> Vec<Setter> {
    let Some(body) = &endpoint.body else {
        return Vec::new();
    };
    let known = facts.types.get(&body.name);
    let none = Notes::default();
    let mut setters = Vec::new();
    for name in body.properties.keys() {
        let plain = name.trim_end_matches('?');
        let notes = known
            .and_then(|known| known.notes.get(plain))
            .unwrap_or(&none);
        if is_hidden(notes) {
            continue;
        }
        let kind = known
            .and_then(|known| known.properties.get(name))
            .map_or("any", |kind| kind);
        let takes = params::kind_of_property(kind, &facts.enums);
        let section = match &takes {
            None => Section::Object,
            Some(_) if kind.starts_with('[') => Section::List,
            Some(_) => Section::Property,
        };
        setters.push(Setter {
            section,
            method: names::setter(plain),
            key: plain.to_owned(),
            takes: takes.unwrap_or_default(),
            kind: kind.to_owned(),
            docs: docs::property(&endpoint.name, name, notes, words),
        });
    }
    setters.sort_by(|a, b| a.key.cmp(&b.key));
    setters.extend(aggregations(&setters));
    setters
}

/// The methods by which aggregations are also set.
fn aggregations(setters: &[Setter]) -> Vec<Setter> {
    let is_aggregations = |setter: &&Setter| setter.takes == "dsl::Aggregations";
    let Some(Setter {
        key,
        takes,
        kind,
        docs,
        method,
        ..
    }) = setters.iter().find(is_aggregations)
    else {
        return Vec::new();
    };
    let entry = Setter {
        section: Section::Entry,
        method: "aggregation".to_owned(),
        key: key.clone(),
        takes: "dsl::Aggregation".to_owned(),
        kind: kind.clone(),
        docs: "Adds an aggregation by its name.".to_owned(),
    };
    let short = Setter {
        section: Section::Property,
        method: "aggs".to_owned(),
        key: key.clone(),
        takes: takes.clone(),
        kind: kind.clone(),
        docs: docs.clone(),
    };
    if method == "aggs" {
        vec![entry]
    } else {
        vec![short, entry]
    }
}

/// The third rule of [`names`].
fn resolve(setters: &mut [Setter]) -> Result<()> {
    let mut taken = BTreeSet::new();
    let ranks = [
        (
            &[
                Section::Property,
                Section::List,
                Section::Object,
                Section::Entry,
            ][..],
            "_property",
        ),
        (&[Section::Part], "_part"),
        (&[Section::Query], "_param"),
    ];
    for (sections, suffix) in ranks {
        for setter in setters
            .iter_mut()
            .filter(|setter| sections.contains(&setter.section))
        {
            if !taken.insert(setter.method.clone()) {
                setter.method = setter.method.trim_end_matches('_').to_owned() + suffix;
                if !taken.insert(setter.method.clone()) {
                    return Err(format!("two setters would be `{}`", setter.method).into());
                }
            }
        }
    }
    Ok(())
}
