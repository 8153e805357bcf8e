//! The snippets of the guide and of the READMEs, compiled as documentation tests.

macro_rules! pages {
    ($($name:ident: $path:literal;)*) => {
        $(#[doc = include_str!($path)] mod $name {})*
    };
}

pages! {
    readme: "../../README.md";
}
