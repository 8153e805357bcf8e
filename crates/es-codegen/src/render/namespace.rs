//! The files of namespaces: modules, handles, and the table of all endpoints.

use super::docs;
use crate::{
    model::{Model, Namespace},
    names,
};

/// `api/mod.rs`: the endpoints of the root, and the namespaces.
pub(super) fn root(model: &Model) -> String {
    let mut text = "\
//! Request builders: one for each endpoint, created by a method of the client or of a
//! namespace.
//!
//! A builder owns its data, so it can be moved into a task. Awaiting it sends the request and
//! decodes the response. Alternatively, `send` returns the response as it arrived, with its
//! status, headers and node; `json` decodes it into a type of your choice; and `stream` returns
//! its body piece by piece.
//!
//! Required values are the arguments of the method; everything else has a setter. The names
//! are those of the API, with these exceptions:
//!
//! - `.` and `-` become `_`, and leading underscores are dropped: `_source` becomes `source`.
//! - The name of a Rust keyword, or of a method that every builder has, gets a trailing
//!   underscore: `type` becomes `type_`.
//! - If several values of an endpoint have the same name, the property of the body keeps it,
//!   an optional path part gets the suffix `_part`, and a query parameter `_param`.
//! - If the index is an argument although the API does not require it, a second method that
//!   ends in `_all` omits it: [`search_all`](crate::Elasticsearch::search_all).
//!
//! A body is set property by property, each of which accepts any value that implements
//! [`serde::Serialize`], or as a whole with `body`. The values of query parameters are
//! described in [`params`](crate::params).

"
    .to_owned();
    let named = |name: &&String| !name.is_empty();
    let mut modules: Vec<_> = model
        .namespaces
        .keys()
        .filter(named)
        .map(|name| format!("pub mod {};\n", names::method(name)))
        .collect();
    let endpoints = model
        .namespaces
        .get("")
        .map_or(&[][..], |root| &root.endpoints);
    modules.extend(endpoints.iter().map(|it| format!("mod {};\n", it.method)));
    modules.push("pub(crate) mod table;\n".to_owned());
    text += &modules.concat();
    text.push('\n');
    for it in endpoints {
        text += &format!("pub use {}::{};\n", it.method, it.builder);
    }
    text
}

/// The `mod.rs` of a namespace.
pub(super) fn one(name: &str, namespace: &Namespace) -> String {
    let handle = names::camel(name);
    let words = namespace
        .words
        .clone()
        .unwrap_or_else(|| format!("The namespace `{name}`."));
    let mut text = format!(
        "//! {words}\n//!\n\
         //! Request builders, created by the methods of [`{handle}`], which is returned by\n\
         //! [`Elasticsearch::{0}`].\n\n",
        names::method(name)
    );
    for it in &namespace.endpoints {
        if it.method == name {
            text += "#[expect(clippy::module_inception, reason = \"the API has such a name\")]\n";
        }
        text += &format!("pub(super) mod {};\n", it.method);
    }
    text.push('\n');
    for it in &namespace.endpoints {
        text += &format!("pub use {}::{};\n", it.method, it.builder);
    }
    text += "\nuse crate::client::Elasticsearch;\n\n";
    text += &docs("", [&*words]);
    text += &format!(
        "#[derive(Clone, Debug)]\npub struct {handle} {{\n    client: Elasticsearch,\n}}\n\n\
         impl Elasticsearch {{\n"
    );
    text += &docs("    ", [&*words]);
    text + &format!(
        "    pub fn {0}(&self) -> {handle} {{\n        {handle} {{ client: self.clone() }}\n    \
         }}\n}}\n",
        names::method(name)
    )
}

/// All tables, by which a call finds its endpoint at run time.
pub(super) fn table(model: &Model) -> String {
    let mut all: Vec<_> = model
        .namespaces
        .iter()
        .flat_map(|(name, space)| space.endpoints.iter().map(move |it| (name, it)))
        .collect();
    all.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let mut text = "//! The tables of all endpoints.\n\nuse crate::endpoint::Endpoint;\n\n\
                    /// Sorted by name.\n\
                    pub(crate) static ENDPOINTS: &[&Endpoint] = &[\n"
        .to_owned();
    for (namespace, it) in all {
        let path = match &**namespace {
            "" => it.method.clone(),
            name => format!("{}::{}", names::method(name), it.method),
        };
        text += &format!("    &super::{path}::ENDPOINT,\n");
    }
    text + "];\n"
}
