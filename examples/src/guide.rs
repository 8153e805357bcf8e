//! The snippets of the guide and of the READMEs, compiled as documentation tests.

macro_rules! pages {
    ($($name:ident: $path:literal;)*) => {
        $(#[doc = include_str!($path)] mod $name {})*
    };
}

pages! {
    readme: "../../README.md";
    client: "../../crates/es-client/README.md";
    routing: "../../docs/routing.md";
    architecture: "../../docs/guide/architecture.md";
    authentication: "../../docs/guide/authentication.md";
    bulk: "../../docs/guide/bulk.md";
    connecting: "../../docs/guide/connecting.md";
    functions: "../../docs/guide/functions.md";
    layers: "../../docs/guide/layers.md";
    migration: "../../docs/guide/migration.md";
    nodes: "../../docs/guide/nodes.md";
    observability: "../../docs/guide/observability.md";
    read_all: "../../docs/guide/read-all.md";
    retries: "../../docs/guide/retries.md";
    search: "../../docs/guide/search.md";
    testing: "../../docs/guide/testing.md";
    tls: "../../docs/guide/tls.md";
}
