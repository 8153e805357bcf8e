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
    text += &table(endpoint);
    text += &builder(endpoint);
    text += &format!("impl {owner} {{\n");
    text += &method(endpoint, namespace, false);
    if endpoint.with_all {
        text += &format!("\n{}", method(endpoint, namespace, true));
    }
    text + "}\n"
}

fn table(endpoint: &Endpoint) -> String {
    let mut text = "pub(in crate::api) static ENDPOINT: Endpoint = Endpoint {\n".to_owned();
    let mut field = |name: &str, value: String| text += &format!("    {name}: {value},\n");
    field("name", format!("{:?}", endpoint.name));
    field("routes", format!("&[{}]", joined(&endpoint.routes, route)));
    if !endpoint.parts.is_empty() {
        let part = |part: &crate::facts::Param| {
            let form = if params::is_list(&part.kind) { "list" } else { "one" };
            format!("Part::{form}({:?})", part.name)
        };
        field("parts", format!("&[{}]", joined(&endpoint.parts, part)));
    }
    field("query", "QUERY".to_owned());
    if endpoint.required_query().next().is_some() {
        field(
            "required",
            format!("&[{}]", joined(endpoint.required_query(), |n| format!("{n:?}"))),
        );
    }
    match endpoint.body {
        "none" => {}
        "lines" => field("body", "BodyForm::Ndjson".to_owned()),
        _ => field("body", "BodyForm::Json".to_owned()),
    }
    if let Some(repeat) = endpoint.repeat {
        field("repeat", format!("Repeat::{repeat}"));
    }
    if !endpoint.answer.statuses.is_empty() {
        field("answers", format!("&[{}]", joined(&endpoint.answer.statuses, u16::to_string)));
    }
    if let Some(accept) = endpoint.answer.accept {
        field("accept", format!("Some({accept:?})"));
    }
    text + "    ..Endpoint::NEW\n};\n\n"
}

fn route(route: &Route) -> String {
    let text = joined(&route.text, |text| format!("{text:?}"));
    let parts = joined(&route.parts, usize::to_string);
    format!("Route::{}(&[{text}], &[{parts}])", route.constructor)
}

/// rustfmt leaves the inside of a macro as it is.
fn builder(endpoint: &Endpoint) -> String {
    let Endpoint { builder, answer, .. } = endpoint;
    let generic = if endpoint.is_generic() { "<T>" } else { "" };
    let mut text = "builder! {\n".to_owned();
    text += &docs("    ", endpoint.docs.iter().map(String::as_str));
    text += &format!(
        "    {builder}{generic} of {builder}Endpoint -> {}, {};\n",
        answer.rust_type, endpoint.body
    );
    let sections = [
        (Section::Query, "query"),
        (Section::Part, "part"),
        (Section::Property, "property"),
        (Section::Duration, "duration"),
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
            text += &format!("        {}({key}): {};\n", setter.method, setter.rust_type);
        }
        text += "    }\n";
    }
    text + "}\n\n"
}

/// The method that makes the builder; `all` is the one without the optional part.
fn method(endpoint: &Endpoint, namespace: &str, all: bool) -> String {
    let (generic, bound) =
        if endpoint.is_generic() { ("<T>", "<T: DeserializeOwned>") } else { ("", "") };
    let is_optional = |argument: &Argument| match &argument.target {
        Target::Part(number) => endpoint.parts.get(*number).is_some_and(|part| !part.required),
        Target::Query(_) => false,
    };
    let arguments: Vec<_> =
        endpoint.arguments.iter().filter(|argument| !(all && is_optional(argument))).collect();
    let list: String = arguments.iter().map(|a| format!(", {}: {}", a.name, a.rust_type)).collect();
    let client = if namespace.is_empty() { "self" } else { "&self.client" };
    let mut call = format!("Call::new({client}, &ENDPOINT)");
    for argument in arguments {
        call += &match &argument.target {
            Target::Part(number) => format!(".with_part({number}, {})", argument.name),
            Target::Query(name) => format!(".with_query({name:?}, {})", argument.name),
        };
    }
    let Endpoint { builder, method, .. } = endpoint;
    let (suffix, summary) = if all {
        let parts = joined(endpoint.arguments.iter().filter(|a| is_optional(a)), |a| {
            format!("`{}`", a.name)
        });
        ("_all", format!("[`{method}`](Self::{method}) without {parts}: of all."))
    } else {
        ("", endpoint.summary.clone())
    };
    let example = endpoint.example.as_deref().filter(|_| !all);
    docs("    ", std::iter::once(&*summary).chain(example))
        + &format!(
            "    #[inline]\n    pub fn {method}{suffix}{bound}(&self{list}) -> {builder}{generic} {{\n        \
             Request::new({call}, Answer::{})\n    }}\n",
            endpoint.answer.decode
        )
}
