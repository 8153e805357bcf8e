//! Names in Rust of what has a name in the API. This is the one place that
//! decides on them.
//!
//! 1. `.` and `-` become `_`; leading underscores go: `_source` is `source`.
//! 2. A keyword of Rust or a method of every builder gets a trailing
//!    underscore: `type` is `type_`.
//! 3. Where several things of one endpoint have one name, the property of the
//!    body has it plainly, an optional path part gets `_part` and a query
//!    parameter `_param`: `size` is the body's, `size_param` the query's.
//! 4. An optional part that is an argument (`arguments.toml`) makes a second
//!    method for calls without it, with `_all`: `search(index)`, `search_all()`.
//! 5. Types are the same words in camel case; enums keep the name of the facts. A
//!    builder that would be named as its namespace ends in `Call`.

/// Keywords of Rust (all editions) that occur or may occur as names.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Methods that every builder has.
const METHODS: &[&str] = &[
    "body",
    "clone",
    "curl",
    "document",
    "error_trace",
    "extension",
    "filter_path",
    "fmt",
    "header",
    "human",
    "into_future",
    "json",
    "max_retries",
    "new",
    "opaque_id",
    "operations",
    "options",
    "param",
    "pretty",
    "property",
    "request_timeout",
    "send",
    "stream",
];

/// The name of a module, method or argument.
pub(crate) fn method(name: &str) -> String {
    let name = words(name);
    if KEYWORDS.contains(&&*name) {
        name + "_"
    } else {
        name
    }
}

/// The name of a setter, before clashes are resolved.
pub(crate) fn setter(name: &str) -> String {
    let name = words(name);
    let taken = KEYWORDS.contains(&&*name) || METHODS.contains(&&*name);
    if taken { name + "_" } else { name }
}

/// Methods that every row of a cat endpoint has.
const ROW_METHODS: &[&str] = &["clone", "column", "fmt", "get", "iter"];

/// The name of the method of a column: `docs.count` is `docs_count`, and what is
/// written in camel case becomes the same words in lower case.
pub(crate) fn column(name: &str) -> String {
    let mut lower = String::new();
    for letter in words(name).chars() {
        if letter.is_ascii_uppercase() && !lower.is_empty() && !lower.ends_with('_') {
            lower.push('_');
        }
        lower.push(letter.to_ascii_lowercase());
    }
    let taken = KEYWORDS.contains(&&*lower) || ROW_METHODS.contains(&&*lower);
    if taken { lower + "_" } else { lower }
}

/// The name of an endpoint's builder.
pub(crate) fn builder(namespace: &str, endpoint: &str) -> String {
    let name = camel(endpoint);
    if namespace == endpoint {
        name + "Call"
    } else {
        name
    }
}

fn words(name: &str) -> String {
    name.trim_start_matches('_').replace(['.', '-'], "_")
}

/// The name of a type or of an enum's member.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split(['_', '.', '-']) {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        let shouted = word.chars().all(|c| !c.is_ascii_lowercase());
        camel.extend(letters.map(|c| if shouted { c.to_ascii_lowercase() } else { c }));
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        assert_eq!(method("put_mapping"), "put_mapping");
        assert_eq!(method("type"), "type_");
        assert_eq!(setter("_source"), "source");
        assert_eq!(
            setter("index.number_of_replicas"),
            "index_number_of_replicas"
        );
        assert_eq!(setter("security-tokens"), "security_tokens");
        assert_eq!(setter("stream"), "stream_");
        assert_eq!(camel("put_mapping"), "PutMapping");
        assert_eq!(camel("IN_PROGRESS"), "InProgress");
        assert_eq!(camel("logs.otel"), "LogsOtel");
        assert_eq!(camel("v1"), "V1");
        assert_eq!(column("docs.count"), "docs_count");
        assert_eq!(column("insertOrder"), "insert_order");
        assert_eq!(column("type"), "type_");
    }
}
