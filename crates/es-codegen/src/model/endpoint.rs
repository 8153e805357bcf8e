//! One endpoint, decided.

use super::setters::{self, Section, Setter};
use crate::{
    Result, docs,
    facts::{self, Facts, Param},
    names, params,
    tables::Tables,
};

/// An endpoint as it is rendered.
pub(crate) struct Endpoint {
    pub name: String,
    /// The method of the namespace, and the name of the file.
    pub method: String,
    pub builder: String,
    pub routes: Vec<Route>,
    pub parts: Vec<Param>,
    pub arguments: Vec<Argument>,
    /// The last argument is an optional part: there is a method without it.
    pub with_all: bool,
    pub setters: Vec<Setter>,
    /// As the macro `call!` names it.
    pub body: &'static str,
    pub body_required: bool,
    pub response: Response,
    /// The member of `Idempotency`, where it is not `ByMethod`.
    pub idempotency: Option<&'static str>,
    pub docs: Vec<String>,
    pub summary: String,
    /// A code block, with the lines that rustdoc hides.
    pub example: Option<String>,
}

pub(crate) struct Route {
    /// The constructor of the table's route.
    pub constructor: &'static str,
    pub text: Vec<String>,
    pub parts: Vec<usize>,
}

/// The required parameters.
pub(crate) struct Argument {
    pub name: String,
    /// The kind of `Param` that it takes.
    pub takes: String,
    /// The type in the facts.
    pub kind: String,
    pub target: Target,
}

pub(crate) enum Target {
    Part(usize),
    Query(String),
}

pub(crate) struct Response {
    pub rust_type: String,
    /// How `AcceptedResponse` decodes it.
    pub decode: &'static str,
    pub accept: Option<&'static str>,
    /// Error statuses that carry ordinary responses.
    pub statuses: Vec<u16>,
}

impl Endpoint {
    /// The methods of its namespace.
    pub fn methods(&self) -> Vec<String> {
        let all = self.with_all.then(|| format!("{}_all", self.method));
        std::iter::once(self.method.clone()).chain(all).collect()
    }

    /// Whether the response has documents of the caller's type.
    pub fn is_generic(&self) -> bool {
        self.response.rust_type.contains("<T>")
    }

    pub fn setters_of(&self, section: Section) -> impl Iterator<Item = &Setter> {
        self.setters
            .iter()
            .filter(move |setter| setter.section == section)
    }

    /// The names on the wire of everything that can be given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let parts = self.parts.iter().map(|part| &*part.name);
        let setters = self
            .setters
            .iter()
            .filter(|setter| setter.section != Section::Part);
        parts
            .chain(self.required_query())
            .chain(setters.map(|setter| &*setter.key))
    }

    pub fn required_query(&self) -> impl Iterator<Item = &str> {
        self.arguments
            .iter()
            .filter_map(|argument| match &argument.target {
                Target::Query(name) => Some(&**name),
                Target::Part(_) => None,
            })
    }
}

/// Decides on an endpoint.
pub(crate) fn build_endpoint(
    endpoint: &facts::Endpoint,
    facts: &Facts,
    tables: &Tables,
) -> Result<Endpoint> {
    let (namespace, method) = endpoint
        .name
        .split_once('.')
        .unwrap_or(("", &endpoint.name));
    let builder = names::builder(namespace, method);
    let argument = tables.arguments.get(&endpoint.name).map(String::as_str);
    let paths = endpoint.paths.iter().filter(|path| !path.duplicate);
    let setters = setters::build(endpoint, facts, argument, &tables.words)?;
    Ok(Endpoint {
        name: endpoint.name.clone(),
        method: names::method(method),
        routes: paths
            .map(|path| route(path, &endpoint.parts))
            .collect::<Result<_>>()?,
        parts: endpoint.parts.clone(),
        arguments: arguments(endpoint, facts, argument)?,
        with_all: argument.is_some(),
        body_required: endpoint.body.as_ref().is_some_and(|body| body.required),
        body: body(endpoint, &setters),
        setters,
        response: response(endpoint, tables)?,
        idempotency: idempotency(endpoint, tables)?,
        docs: docs::builder(endpoint),
        summary: docs::method(&endpoint.name, &builder, &tables.words),
        example: docs::example(&endpoint.name, &tables.examples),
        builder,
    })
}

fn route(path: &facts::Route, parts: &[Param]) -> Result<Route> {
    let constructor = match &*path.method {
        "GET" => "get",
        "GET/POST" => "get_or_post",
        "POST" => "post",
        "PUT" => "put",
        "DELETE" => "delete",
        "HEAD" => "head",
        other => return Err(format!("the method `{other}` is unknown").into()),
    };
    let mut route = Route {
        constructor,
        text: Vec::new(),
        parts: Vec::new(),
    };
    let mut rest = &*path.template;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a part without an end")?;
        let number = parts.iter().position(|part| part.name == name);
        route
            .parts
            .push(number.ok_or_else(|| format!("the part `{name}` is unknown"))?);
        route.text.push(text.to_owned());
        rest = after;
    }
    if !rest.is_empty() {
        route.text.push(rest.to_owned());
    }
    Ok(route)
}

/// Required parts, the optional one that the table names, required parameters.
fn arguments(
    endpoint: &facts::Endpoint,
    facts: &Facts,
    optional: Option<&str>,
) -> Result<Vec<Argument>> {
    let is_optional = |part: &Param| !part.required && Some(&*part.name) == optional;
    if let Some(name) = optional {
        endpoint
            .parts
            .iter()
            .find(|part| is_optional(part))
            .ok_or_else(|| {
                format!("arguments.toml names `{name}`, which is not an optional part of it")
            })?;
    }
    let numbered = || endpoint.parts.iter().enumerate();
    let required = numbered().filter(|(_, part)| part.required);
    let parts = required.chain(numbered().filter(|(_, part)| is_optional(part)));
    let parts = parts.map(|(number, part)| (part, Target::Part(number)));
    let query = endpoint.query.iter().filter(|param| param.required);
    let query = query.map(|param| (param, Target::Query(param.name.clone())));
    let argument = |(param, target): (&Param, Target)| {
        Ok(Argument {
            name: names::method(&param.name),
            takes: params::kind_of_parameter(&param.kind, &facts.enums)?,
            kind: param.kind.clone(),
            target,
        })
    };
    parts.chain(query).map(argument).collect()
}

/// A body all of whose properties are hidden is none.
fn body(endpoint: &facts::Endpoint, setters: &[Setter]) -> &'static str {
    let is_property = |setter: &Setter| {
        matches!(
            setter.section,
            Section::Property | Section::List | Section::Object
        )
    };
    match &endpoint.body {
        None => "none",
        Some(body) if !body.properties.is_empty() && !setters.iter().any(is_property) => "none",
        Some(body)
            if body
                .media_types
                .first()
                .is_some_and(|media| media == "ndjson") =>
        {
            "lines"
        }
        Some(body) if body.name == "doc" => "document",
        Some(_) => "json",
    }
}

fn response(endpoint: &facts::Endpoint, tables: &Tables) -> Result<Response> {
    let typed = tables.responses.get(&endpoint.name);
    let (plain, decode, accept) = match &*endpoint.response.kind {
        "json" | "cat" | "format" => ("Value", "json", None),
        "bool" => ("bool", "exists", None),
        "empty" => ("()", "nothing", None),
        "text" => ("String", "text", Some("text/plain")),
        "event-stream" => ("Response", "raw", Some("text/event-stream")),
        "binary" => (
            "Response",
            "raw",
            Some("application/vnd.mapbox-vector-tile"),
        ),
        other => return Err(format!("the kind of response `{other}` is unknown").into()),
    };
    if typed.is_some() && decode != "json" {
        return Err("responses.toml gives a type to a response that is not JSON".into());
    }
    let mut statuses: Vec<_> = if decode == "exists" {
        vec![404]
    } else {
        Vec::new()
    };
    let others = endpoint
        .response
        .except
        .iter()
        .filter(|(_, body)| *body != "null");
    statuses.extend(others.map(|(status, _)| *status));
    let rust_type = typed.map_or_else(|| plain.to_owned(), |name| in_types(name));
    Ok(Response {
        rust_type,
        decode,
        accept,
        statuses,
    })
}

/// Types of `es_client::types` as a generated file names them.
fn in_types(expression: &str) -> String {
    const KNOWN: [&str; 7] = ["Box", "Option", "String", "T", "Value", "Vec", "bool"];
    const MAPS: [&str; 2] = ["BTreeMap", "HashMap"];
    let mut rust = String::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
        let (name, after) = from.split_at(end.unwrap_or(from.len()));
        rust.push_str(before);
        if MAPS.contains(&name) {
            rust.push_str("std::collections::");
        } else if !KNOWN.contains(&name) {
            rust.push_str("types::");
        }
        rust.push_str(name);
        rest = after;
    }
    rust + rest
}

fn idempotency(endpoint: &facts::Endpoint, tables: &Tables) -> Result<Option<&'static str>> {
    let table = &tables.idempotency;
    let [idempotent, not_idempotent, partial] =
        [&table.idempotent, &table.not_idempotent, &table.partial]
            .map(|table| table.contains_key(&endpoint.name));
    let by_post = endpoint
        .paths
        .iter()
        .any(|path| path.method.ends_with("POST"));
    let only_post = endpoint.paths.iter().all(|path| path.method == "POST");
    match (idempotent, not_idempotent, partial) {
        (true, false, false) if !by_post => {
            Err("idempotency.toml: its method says so already".into())
        }
        (false, true, false) if only_post => {
            Err("idempotency.toml: its method says so already".into())
        }
        (true, false, false) => Ok(Some("Yes")),
        (false, true, false) => Ok(Some("No")),
        (false, false, true) => Ok(Some("Partial")),
        (false, false, false) if endpoint.paths.iter().any(|path| path.method == "GET/POST") => {
            Err("idempotency.toml must say whether this read may be retried".into())
        }
        (false, false, false) => Ok(None),
        _ => Err("idempotency.toml says two things".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_responses_are_those_of_the_module() {
        assert_eq!(in_types("Info"), "types::Info");
        assert_eq!(in_types("SearchResponse<T>"), "types::SearchResponse<T>");
        assert_eq!(in_types("Vec<cat::Indices>"), "Vec<types::cat::Indices>");
        assert_eq!(
            in_types("BTreeMap<String, Option<IndexState>>"),
            "std::collections::BTreeMap<String, Option<types::IndexState>>"
        );
    }

    #[test]
    fn a_path_is_cut_at_its_parts() {
        let part = |name: &str| Param {
            name: name.to_owned(),
            kind: "string".to_owned(),
            required: true,
            part: false,
            notes: facts::Notes::default(),
        };
        let path = |template: &str, method: &str| facts::Route {
            template: template.to_owned(),
            method: method.to_owned(),
            duplicate: false,
        };
        let parts = [part("index"), part("id")];
        let cut = route(&path("/{index}/_doc/{id}", "PUT"), &parts).unwrap();
        assert_eq!(
            (&*cut.text, &*cut.parts),
            (&["/".into(), "/_doc/".into()][..], &[0, 1][..])
        );
        let cut = route(&path("/_search", "GET/POST"), &parts).unwrap();
        assert_eq!(
            (cut.constructor, &*cut.text),
            ("get_or_post", &["/_search".to_owned()][..])
        );
        assert!(route(&path("/{other}", "GET"), &parts).is_err());
        assert!(route(&path("/{index", "GET"), &parts).is_err());
        assert!(route(&path("/{index}", "PATCH"), &parts).is_err());
    }
}
