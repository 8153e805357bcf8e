//! The setters of a builder: which there are, and their names.

use std::collections::BTreeSet;

use crate::{
    Result, docs,
    facts::{Endpoint, Facts, Notes, Param},
    names, params,
    tables::Words,
};

/// What a setter sets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Query,
    /// An optional path part.
    Part,
    /// A property of the body.
    Property,
    /// A property of the body that is a time.
    Duration,
}

/// A method of a builder.
pub(crate) struct Setter {
    pub(crate) section: Section,
    pub(crate) method: String,
    /// The name on the wire, or the number of the path part.
    pub(crate) key: String,
    pub(crate) rust_type: String,
    /// The type in the facts.
    pub(crate) kind: String,
    pub(crate) docs: String,
}

/// What no release takes, or what is not for users.
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
    let shared: &[Param] = if endpoint.set.as_deref() == Some("cat") { &manifest.cat } else { &[] };
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
            rust_type: params::rust_type(&param.kind, &manifest.enums)?,
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
            rust_type: params::rust_type(&part.kind, &facts.manifest.enums)?,
            kind: part.kind.clone(),
            docs: docs::parameter(&endpoint.name, &part.name, &part.notes, words),
        })
    };
    endpoint.parts.iter().enumerate().filter(optional).map(setter).collect()
}

fn properties(endpoint: &Endpoint, facts: &Facts, words: &Words) -> Vec<Setter> {
    let Some(body) = &endpoint.body else { return Vec::new() };
    let known = facts.types.get(&body.name);
    let none = Notes::default();
    let setter = |(name, kind): (&String, &String)| {
        let plain = name.trim_end_matches('?');
        let notes = known.and_then(|t| t.notes.get(plain)).unwrap_or(&none);
        let is_time =
            known.is_some_and(|t| t.properties.get(name).is_some_and(|t| t == "duration"));
        let (section, rust_type) = if is_time {
            (Section::Duration, "Duration")
        } else {
            (Section::Property, "impl Serialize")
        };
        let setter = Setter {
            section,
            method: names::setter(plain),
            key: plain.to_owned(),
            rust_type: rust_type.to_owned(),
            kind: kind.clone(),
            docs: docs::property(&endpoint.name, name, kind, notes, words),
        };
        (!is_hidden(notes)).then_some(setter)
    };
    let mut setters: Vec<_> = body.properties.iter().filter_map(setter).collect();
    setters.sort_by_key(|setter| (setter.section == Section::Duration, setter.key.clone()));
    setters
}

/// The third rule of [`names`].
fn resolve(setters: &mut [Setter]) -> Result<()> {
    let mut taken = BTreeSet::new();
    let ranks = [
        (&[Section::Property, Section::Duration][..], "_property"),
        (&[Section::Part], "_part"),
        (&[Section::Query], "_param"),
    ];
    for (sections, suffix) in ranks {
        for setter in setters.iter_mut().filter(|setter| sections.contains(&setter.section)) {
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
