//! The documentation of generated items: what the facts say, in words of our own.

use serde_json::Value;

use crate::{
    facts::{Endpoint, Notes},
    tables::{Dsl, Examples, Words},
};

/// The documentation of an endpoint's builder: methods and paths, then its facts.
pub(crate) fn builder(endpoint: &Endpoint) -> Vec<String> {
    let mut ways: Vec<(String, Vec<String>)> = Vec::new();
    for path in endpoint.paths.iter().filter(|path| !path.duplicate) {
        let method = path.method.replace('/', "` or `");
        let path = format!("`{}`", path.template);
        match ways.iter_mut().find(|(known, _)| *known == method) {
            Some((_, paths)) => paths.push(path),
            None => ways.push((method, vec![path])),
        }
    }
    let ways: Vec<_> = ways
        .iter()
        .map(|(method, paths)| format!("`{method}` {}", paths.join(", ")))
        .collect();
    let mut facts = Vec::new();
    facts.extend(
        endpoint
            .since
            .as_ref()
            .map(|version| format!("Since {version}.")),
    );
    facts.extend(
        endpoint
            .deprecated
            .as_ref()
            .map(|v| format!("Deprecated since {v}.")),
    );
    facts.extend(stability(&endpoint.stability));
    match &*endpoint.on {
        [only] if only == "serverless" => facts.push("Serverless only.".to_owned()),
        [only] if only == "stack" => facts.push("Not available on serverless.".to_owned()),
        _ => {}
    }
    facts.extend(privileges("cluster", &endpoint.privileges.cluster));
    facts.extend(privileges("index", &endpoint.privileges.index));
    let page = page(&endpoint.name, &endpoint.on);
    facts.push(format!("[Elasticsearch's documentation]({page})."));
    let lines = [ways.join(", "), facts.join(" ")];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// The address of the endpoint's page in Elastic's documentation. An endpoint that exists only on
/// serverless has its page there.
fn page(endpoint: &str, on: &[String]) -> String {
    let product = match on {
        [only] if only == "serverless" => "elasticsearch-serverless",
        _ => "elasticsearch",
    };
    let operation = endpoint.replace(['.', '_'], "-");
    format!("https://www.elastic.co/docs/api/doc/{product}/operation/operation-{operation}")
}

fn stability(level: &str) -> Option<String> {
    match level {
        "beta" => Some("Beta: may change in later versions.".to_owned()),
        "experimental" => Some("Experimental: may change or be removed.".to_owned()),
        _ => None,
    }
}

fn privileges(of: &str, names: &[String]) -> Option<String> {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match &*quoted {
        [] => None,
        [one] => Some(format!("Requires the {of} privilege {one}.")),
        several => Some(format!(
            "Requires the {of} privileges {}.",
            several.join(", ")
        )),
    }
}

/// The documentation of a method of a namespace.
pub(crate) fn method(endpoint: &str, builder: &str, words: &Words) -> String {
    match words.endpoints.get(endpoint) {
        Some(summary) => summary.clone(),
        None => format!("`{endpoint}`; see [`{builder}`](type@{builder})."),
    }
}

/// Starts an embedded cluster with five products.
const EMBEDDED: &str = r##"# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), Box<dyn std::error::Error>> {
# let cluster = es_testkit::Cluster::builder().start().await?;
# let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
# for n in 0..5 {
#     let product = serde_json::json!({"title": format!("Trail shoes {n}"), "price": 20 + n});
#     client.index("products").id(n.to_string()).document(product).await?;
# }
"##;

/// A function that no test calls.
const COMPILED: &str =
    "# async fn example(client: es_client::Elasticsearch) -> es_client::Result<()> {\n";

/// The code block of an endpoint's example, with the lines that rustdoc hides.
pub(crate) fn example(endpoint: &str, examples: &Examples) -> Option<String> {
    let run = examples.run.get(endpoint);
    let code = run.or_else(|| examples.compile.get(endpoint))?;
    let uses = [
        ("Query::", "es_client::dsl::Query"),
        ("Sort::", "es_client::dsl::Sort"),
        ("Value>", "serde_json::Value"),
        ("json!", "serde_json::json"),
    ];
    let mut text = "```\n".to_owned();
    for (_, path) in uses.iter().filter(|(part, _)| code.contains(part)) {
        text += &format!("# use {path};\n");
    }
    text += if run.is_some() { EMBEDDED } else { COMPILED };
    text += code.trim_end();
    text += "\n# Ok(())\n# }\n```";
    Some(text)
}

/// The documentation of the setter of a query parameter or path part.
pub(crate) fn parameter(endpoint: &str, name: &str, notes: &Notes, words: &Words) -> String {
    let what = described(endpoint, name, words).unwrap_or_else(|| format!("Parameter `{name}`."));
    with_notes(what, notes)
}

/// The documentation of the setter of a body's property; a name without `?` is required.
pub(crate) fn property(endpoint: &str, name: &str, notes: &Notes, words: &Words) -> String {
    let plain = name.trim_end_matches('?');
    let mut text =
        described(endpoint, plain, words).unwrap_or_else(|| format!("Property `{plain}`."));
    if plain == name {
        text += " Required.";
    }
    with_notes(text, notes)
}

/// The documentation of the setter of an option of the query DSL; `path` is `Kind/option`.
pub(crate) fn option(path: &str, name: &str, notes: &Notes, dsl: &Dsl) -> String {
    let words = dsl.options.get(path).or_else(|| dsl.options.get(name));
    with_notes(words.cloned().unwrap_or_default(), notes)
}

fn described(endpoint: &str, name: &str, words: &Words) -> Option<String> {
    let (space, _) = endpoint.split_once('.').unwrap_or_default();
    [
        format!("{endpoint}/{name}"),
        format!("{space}.*/{name}"),
        name.to_owned(),
    ]
    .iter()
    .find_map(|key| words.parameters.get(key))
    .cloned()
}

fn with_notes(mut text: String, notes: &Notes) -> String {
    // The description may know better: some published defaults depend on the index.
    let unknown = !text.contains("Default:");
    let default = notes
        .default
        .as_ref()
        .filter(|_| unknown)
        .map(|value| match value {
            Value::String(text) => format!("Default: `{text}`."),
            other => format!("Default: `{other}`."),
        });
    let only = notes.only.as_deref().and_then(|only| match only {
        "serverless" => Some("Serverless only.".to_owned()),
        "stack" => Some("Not available on serverless.".to_owned()),
        _ => None,
    });
    let notes = [
        default,
        notes
            .since
            .as_ref()
            .map(|version| format!("Since {version}.")),
        notes
            .deprecated
            .as_ref()
            .map(|version| format!("Deprecated since {version}.")),
        notes.stability.as_deref().and_then(stability),
        only,
    ];
    for note in notes.into_iter().flatten() {
        text.push(' ');
        text.push_str(&note);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_are_those_of_the_official_clients() {
        let both = ["stack".to_owned(), "serverless".to_owned()];
        let serverless = ["serverless".to_owned()];
        for (endpoint, on, address) in [
            (
                "search",
                &both[..],
                "elasticsearch/operation/operation-search",
            ),
            (
                "indices.put_data_lifecycle",
                &both,
                "elasticsearch/operation/operation-indices-put-data-lifecycle",
            ),
            (
                "project.tags",
                &serverless,
                "elasticsearch-serverless/operation/operation-project-tags",
            ),
        ] {
            let expected = format!("https://www.elastic.co/docs/api/doc/{address}");
            assert_eq!(page(endpoint, on), expected);
        }
    }
}
