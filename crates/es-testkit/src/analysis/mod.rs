//! Analysis: from a text to the tokens that an index holds.

mod build;
mod build_filter;
mod filter;
mod porter;
mod tokenizer;

pub(crate) use build::{Analyzers, from_body};
pub(crate) use filter::Filter;
pub(crate) use tokenizer::Tokenizer;

/// One token of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub text: String,
    pub position: usize,
    /// Offsets in UTF-16 code units, as the server counts them.
    pub start: usize,
    pub end: usize,
    pub kind: &'static str,
}

/// A tokenizer and what happens to its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Analyzer {
    pub name: String,
    pub tokenizer: Tokenizer,
    pub filters: Vec<Filter>,
}

impl PartialEq for Analyzer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Analyzer {
    /// Returns the tokens of a text.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = self.tokenizer.split(text);
        for filter in &self.filters {
            tokens = filter.apply(tokens);
        }
        tokens
    }

    /// Returns a text as a normalizer leaves it.
    pub fn normalize(&self, text: &str) -> String {
        self.tokens(text)
            .into_iter()
            .next()
            .map(|token| token.text)
            .unwrap_or_default()
    }

    /// Applies those filters to a part of a token (a prefix, a wildcard) that work on letters.
    pub fn normalize_part(&self, text: &str) -> String {
        let whole = Self {
            tokenizer: Tokenizer::Keyword,
            filters: self.letter_filters(),
            ..self.clone()
        };
        whole.normalize(text)
    }

    fn letter_filters(&self) -> Vec<Filter> {
        let letters = |filter: &&Filter| {
            matches!(
                filter,
                Filter::Lowercase | Filter::Uppercase | Filter::AsciiFolding
            )
        };
        self.filters.iter().filter(letters).cloned().collect()
    }
}
