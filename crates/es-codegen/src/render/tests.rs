//! The calls of the golden test: every builder with every setter, and every
//! method that makes one. (The paths of less parts are tested by name.)
//!
//! The expected requests are not known here: `tests/client/golden/requests.py` of
//! `es-client` works it out from the facts by itself. Both use the samples that
//! its documentation lists.

use super::joined;
use crate::{
    model::{Argument, Endpoint, Enumeration, Model, Namespace, Route, Section, Setter, Target},
    names, params,
};

fn file(namespace: &str) -> &str {
    if namespace.is_empty() {
        "core"
    } else {
        namespace
    }
}

/// `builders/mod.rs`.
pub(super) fn root(model: &Model) -> String {
    let mut text = "//! Every builder, called with samples.\n\n".to_owned();
    for name in model.namespaces.keys() {
        text += &format!("mod {};\n", file(name));
    }
    text +=
        "\nuse super::Calls;\n\n/// Makes every call.\npub(super) fn all(calls: &mut Calls) {\n";
    for name in model.namespaces.keys() {
        text += &format!("    {}::all(calls);\n", file(name));
    }
    text + "}\n"
}

/// The calls of a namespace.
pub(super) fn namespace(name: &str, namespace: &Namespace, enums: &[Enumeration]) -> String {
    let handle = if name.is_empty() {
        "calls.client.clone()".to_owned()
    } else {
        format!("calls.client.{}()", names::method(name))
    };
    let calls: String = namespace
        .endpoints
        .iter()
        .map(|endpoint| Samples { endpoint, enums }.calls())
        .collect();
    format!(
        "use super::super::prelude::*;\n\npub(super) fn all(calls: &mut Calls) {{\n    \
         let it = {handle};\n    calls! {{ calls\n{calls}    }}\n}}\n"
    )
}

struct Samples<'a> {
    endpoint: &'a Endpoint,
    enums: &'a [Enumeration],
}

impl Samples<'_> {
    fn calls(&self) -> String {
        let mut text = String::new();
        let mut routes = self.endpoint.routes.iter().enumerate();
        if let Some((_, route)) = routes.next() {
            text += &self.call("full", route, self.everything());
        }
        if let Some((number, route)) = routes.next_back().filter(|_| self.endpoint.with_all) {
            text += &self.call(&number.to_string(), route, Vec::new());
        }
        text
    }

    fn call(&self, case: &str, route: &Route, setters: Vec<String>) -> String {
        let Endpoint {
            name,
            method,
            arguments,
            ..
        } = self.endpoint;
        let on_route = |argument: &&Argument| match &argument.target {
            Target::Part(number) => route.parts.contains(number),
            Target::Query(_) => true,
        };
        let given: Vec<_> = arguments.iter().filter(on_route).collect();
        let all = if given.len() < arguments.len() {
            "_all"
        } else {
            ""
        };
        let values = joined(given, |argument| {
            let name = match &argument.target {
                Target::Part(number) => self.endpoint.parts.get(*number).map(|part| &part.name),
                Target::Query(name) => Some(name),
            };
            self.value(name.unwrap_or(&argument.name), &argument.kind)
        });
        let generic = if self.endpoint.is_generic() {
            "::<Value>"
        } else {
            ""
        };
        let on_route = |part: &&Setter| route.parts.iter().any(|n| n.to_string() == part.key);
        let parts = self.endpoint.setters_of(Section::Part).filter(on_route);
        let part = |setter: &Setter| {
            let part = setter
                .key
                .parse()
                .ok()
                .and_then(|n: usize| self.endpoint.parts.get(n));
            let name = part.map_or(&*setter.key, |part| &*part.name);
            format!(".{}({})", setter.method, self.value(name, &setter.kind))
        };
        let mut line = format!("        {name:?} {case:?} it.{method}{all}{generic}({values})");
        let mut text = String::new();
        for link in parts.map(part).chain(setters) {
            if line.len() + link.len() >= WIDTH {
                text += &(line + "\n");
                line = " ".repeat(12);
            }
            line += &link;
        }
        text + &line + ";\n"
    }

    /// Every setter of a query parameter or property, or the whole body.
    fn everything(&self) -> Vec<String> {
        let mut links = Vec::new();
        for setter in self.endpoint.setters_of(Section::Query) {
            links.push(format!(
                ".{}({})",
                setter.method,
                self.value(&setter.key, &setter.kind)
            ));
        }
        let sections = [Section::Property, Section::List, Section::Object];
        let is_property = |setter: &&Setter| sections.contains(&setter.section);
        let mut properties: Vec<_> = self.endpoint.setters.iter().filter(is_property).collect();
        properties.sort_by(|a, b| a.key.cmp(&b.key));
        properties.dedup_by(|a, b| a.key == b.key);
        for setter in &properties {
            links.push(format!(".{}({})", setter.method, self.property(setter)));
        }
        let has_properties = !properties.is_empty();
        let body = match self.endpoint.body {
            "document" => ".document(json!({\"a\": 1}))",
            "lines" => ".operations([json!({\"a\": 1}), json!({\"b\": 2})])",
            "json" if !has_properties => ".body(json!({\"a\": 1}))",
            _ => "",
        };
        links.extend((!body.is_empty()).then(|| body.to_owned()));
        links
    }

    /// The sample of a property.
    fn property(&self, setter: &Setter) -> String {
        match &*setter.takes {
            "bool" => "true".to_owned(),
            "i64" | "(bool, i64)" => "7".to_owned(),
            "f64" => "0.5".to_owned(),
            "[f64]" => "[0.5]".to_owned(),
            "Duration" => TIME.to_owned(),
            "String" => format!("{:?}", setter.key),
            "[String]" => format!("[{:?}, \"b*\"]", setter.key),
            takes if takes.is_empty() || takes.contains("dsl::") => "json!({\"a\": 1})".to_owned(),
            takes if takes.starts_with('[') => self.enum_value(
                &setter.key,
                &format!("{}*", params::enum_of(takes).unwrap_or("")),
            ),
            takes => self.enum_value(&setter.key, params::enum_of(takes).unwrap_or_default()),
        }
    }

    /// The sample of a parameter.
    fn value(&self, name: &str, kind: &str) -> String {
        match kind {
            "bool" => "true".to_owned(),
            "duration" => TIME.to_owned(),
            "i32" | "i64" | "u32" | "bool|i32" => "7".to_owned(),
            "f32" | "f64" => "0.5".to_owned(),
            "string" | "datetime" | "bytesize" | "string|i32" => format!("{:?}", text(name)),
            "string*" | "i64*" | "bool|string*" => format!("[{:?}, \"b*\"]", text(name)),
            other => self.enum_value(name, other),
        }
    }

    fn enum_value(&self, name: &str, kind: &str) -> String {
        let last = kind.rsplit('|').next().unwrap_or(kind);
        let plain = last.trim_end_matches('*');
        let known = self.enums.iter().find(|known| known.name == plain);
        let member = |known: &Enumeration, at: usize| {
            known
                .members
                .get(at)
                .map(|(member, _)| format!("params::{plain}::{member}"))
        };
        match (known, last.ends_with('*')) {
            (None, true) => format!("[{:?}, \"b*\"]", text(name)),
            (None, false) => format!("{:?}", text(name)),
            (Some(known), false) => member(known, 0).unwrap_or_default(),
            (Some(known), true) => {
                let two = [member(known, 0), member(known, 1)];
                format!("[{}]", joined(two.into_iter().flatten(), |member| member))
            }
        }
    }
}

/// rustfmt leaves the inside of a macro as it is.
const WIDTH: usize = 100;
const TIME: &str = "Duration::from_millis(1500)";

fn text(name: &str) -> String {
    format!("{name} /é")
}
