//! The file of one endpoint: its table, its builder, its method.

use super::{docs, joined};
use crate::{
    model::{Argument, Endpoint, Route, Section, Target},
    names, params,
};

/// `namespace` is empty for the root.
pub(super) fn render(endpoint: &Endpoint, namespace: &str) -> String {
    let owner = if namespace.is_empty() {
        "Elasticsearch".to_owned()
    } else {
        format!("super::{}", names::camel(namespace))
    };
    let mut text = "use crate::call::prelude::*;\n\n".to_owned();
    text += &builder(endpoint);
    text += &format!("impl {owner} {{\n");
    text += &method(endpoint, namespace, false);
    if endpoint.with_all {
        text += &format!("\n{}", method(endpoint, namespace, true));
    }
    text + "}\n"
}

/// The endpoint's facts, except its query parameters, which the macro knows.
fn table(endpoint: &Endpoint) -> String {
    let mut fields = vec![
        format!("name: {:?}", endpoint.name),
        format!("routes: &[{}]", joined(&endpoint.routes, route)),
    ];
    if !endpoint.parts.is_empty() {
        let part = |part: &crate::facts::Param| {
            let form = if params::is_list(&part.kind) {
                "list"
            } else {
                "one"
            };
            format!("Part::{form}({:?})", part.name)
        };
        fields.push(format!("parts: &[{}]", joined(&endpoint.parts, part)));
    }
    if endpoint.required_query().next().is_some() {
        let names = joined(endpoint.required_query(), |name| format!("{name:?}"));
        fields.push(format!("required: &[{names}]"));
    }
    match endpoint.body {
        "none" => {}
        "lines" => fields.push("body: BodyForm::Ndjson".to_owned()),
        _ => fields.push("body: BodyForm::Json".to_owned()),
    }
    if endpoint.body_required {
        fields.push("body_required: true".to_owned());
    }
    if let Some(idempotency) = endpoint.idempotency {
        fields.push(format!("idempotency: Idempotency::{idempotency}"));
    }
    let response = &endpoint.response;
    if !response.statuses.is_empty() {
        fields.push(format!(
            "statuses: &[{}]",
            joined(&response.statuses, u16::to_string)
        ));
    }
    if let Some(accept) = response.accept {
        fields.push(format!("accept: Some({accept:?})"));
    }
    wrapped("    table {", &fields, " }")
}

/// Fields between commas, on as few lines as hold them.
fn wrapped(start: &str, fields: &[String], end: &str) -> String {
    let mut text = String::new();
    let mut line = start.to_owned();
    for (at, field) in fields.iter().enumerate() {
        let comma = if at + 1 < fields.len() { "," } else { end };
        if line.len() + field.len() + comma.len() >= 100 && line.trim() != start.trim() {
            text += &(line + "\n");
            line = " ".repeat(7);
        }
        line += &format!(" {field}{comma}");
    }
    text + &line + "\n"
}

fn route(route: &Route) -> String {
    let text = joined(&route.text, |text| format!("{text:?}"));
    let parts = joined(&route.parts, usize::to_string);
    format!("Route::{}(&[{text}], &[{parts}])", route.constructor)
}

/// rustfmt leaves the inside of a macro as it is.
fn builder(endpoint: &Endpoint) -> String {
    let Endpoint {
        builder, response, ..
    } = endpoint;
    let generic = if endpoint.is_generic() { "<T>" } else { "" };
    let mut text = "call! {\n".to_owned();
    text += &docs("    ", endpoint.docs.iter().map(String::as_str));
    text += &format!(
        "    {builder}{generic} -> {} {}, {};\n",
        response.decode, response.rust_type, endpoint.body
    );
    text += &table(endpoint);
    let sections = [
        (Section::Query, "query"),
        (Section::Part, "part"),
        (Section::Property, "property"),
        (Section::List, "list"),
        (Section::Object, "object"),
        (Section::Entry, "entry"),
    ];
    for (section, name) in sections {
        let mut setters = endpoint.setters_of(section).peekable();
        if setters.peek().is_none() {
            if section == Section::Query {
                text += "    query {}\n";
            }
            continue;
        }
        text += &format!("    {name} {{\n");
        for setter in setters {
            text += &docs("        ", [&*setter.docs]);
            let key = match section {
                Section::Part => setter.key.clone(),
                _ => format!("{:?}", setter.key),
            };
            let takes = match section {
                Section::Object => String::new(),
                _ => format!(": {}", setter.takes),
            };
            text += &format!("        {}({key}){takes};\n", setter.method);
        }
        text += "    }\n";
    }
    text + "}\n\n"
}

/// The method that makes the builder; `all` is the one without the optional part.
fn method(endpoint: &Endpoint, namespace: &str, all: bool) -> String {
    let (generic, bound) = if endpoint.is_generic() {
        ("<T>", "<T: DeserializeOwned>")
    } else {
        ("", "")
    };
    let is_optional = |argument: &Argument| match &argument.target {
        Target::Part(number) => endpoint
            .parts
            .get(*number)
            .is_some_and(|part| !part.required),
        Target::Query(_) => false,
    };
    let arguments: Vec<_> = endpoint
        .arguments
        .iter()
        .filter(|argument| !(all && is_optional(argument)))
        .collect();
    let list: String = arguments
        .iter()
        .map(|a| format!(", {}: impl Param<{}>", a.name, a.takes))
        .collect();
    let client = if namespace.is_empty() {
        "self"
    } else {
        "&self.client"
    };
    // A generic method is compiled where it is called; so is one that is marked.
    let inline = if list.is_empty() && generic.is_empty() {
        "    #[inline]\n"
    } else {
        ""
    };
    let mut call = format!("Request::new({client}, &ENDPOINT)");
    for argument in arguments {
        call += &match &argument.target {
            Target::Part(number) => format!(".path({number}, {})", argument.name),
            Target::Query(name) => format!(".param({name:?}, {})", argument.name),
        };
    }
    let Endpoint {
        builder, method, ..
    } = endpoint;
    let (suffix, summary) = if all {
        (
            "_all",
            format!("Calls [`{method}`](Self::{method}) for all indices."),
        )
    } else {
        ("", endpoint.summary.clone())
    };
    let example = endpoint.example.as_deref().filter(|_| !all);
    docs("    ", std::iter::once(&*summary).chain(example))
        + &format!(
            "{inline}    pub fn {method}{suffix}{bound}(&self{list}) -> {builder}{generic} {{\n        \
             {builder}({call})\n    }}\n",
        )
}
