//! From index expressions (names, lists, wildcards, aliases) to indices.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Index, Store};
use crate::api::error::ApiError;

/// How an expression treats what it does not find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Names that do not exist are passed over.
    pub(crate) ignore_unavailable: bool,
    /// An expression of wildcards that finds nothing is an error.
    pub(crate) require_some: bool,
    /// Aliases are refused, as deleting an index does.
    pub(crate) refuse_aliases: bool,
}

impl Store {
    /// The concrete names behind an expression such as `logs-*,-logs-old,alias`, in order.
    ///
    /// # Errors
    /// 404 `index_not_found_exception` for a name that does not exist.
    pub(crate) fn resolve(
        &self,
        expression: &str,
        options: Options,
    ) -> Result<Vec<String>, ApiError> {
        let mut found = BTreeSet::new();
        let everything = if expression.is_empty() { "_all" } else { expression };
        for part in everything.split(',') {
            if let Some(excluded) = part.strip_prefix('-') {
                found.retain(|name: &String| !matches_wildcard(excluded, name));
            } else if part == "_all" || part.contains('*') {
                let pattern = if part == "_all" { "*" } else { part };
                found.extend(self.matching(pattern, options.refuse_aliases));
            } else {
                let names = self.named(part);
                let alias_only = options.refuse_aliases && !self.indices.contains_key(part);
                if alias_only && !names.is_empty() {
                    return Err(ApiError::illegal_argument(format!(
                        "The provided expression [{part}] matches an alias, specify the corresponding concrete indices instead."
                    )));
                }
                if names.is_empty() && !options.ignore_unavailable {
                    return Err(ApiError::no_such_index(part));
                }
                found.extend(names);
            }
        }
        if found.is_empty() && options.require_some {
            return Err(ApiError::no_such_index(expression));
        }
        Ok(found.into_iter().collect())
    }

    /// The index that a read of one document goes to.
    ///
    /// # Errors
    /// 400 for an alias of several indices.
    pub(crate) fn read_target(&self, name: &str) -> Result<Option<String>, ApiError> {
        let names = self.named(name);
        match names.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            many => Err(ApiError::illegal_argument(format!(
                "alias [{name}] has more than one index associated with it [{}], can't execute a single index op",
                many.join(", ")
            ))),
        }
    }

    /// The index that a write to `name` goes to, through an alias of one index, if there is one.
    pub(crate) fn write_target(&self, name: &str) -> Result<Option<String>, ApiError> {
        let names = self.named(name);
        match names.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            many => {
                let is_write = |index: &&String| {
                    let alias = self.indices.get(*index).and_then(|index| index.aliases.get(name));
                    alias.and_then(|alias| alias.get("is_write_index")).and_then(Value::as_bool)
                        == Some(true)
                };
                match many.iter().find(is_write) {
                    Some(index) => Ok(Some(index.clone())),
                    None => Err(ApiError::illegal_argument(format!(
                        "no write index is defined for alias [{name}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index"
                    ))),
                }
            }
        }
    }

    /// The indices behind an expression for a search, each with the filters of the aliases through
    /// which it was named; an index that was named otherwise too has none.
    ///
    /// # Errors
    /// As for [`resolve`](Self::resolve).
    pub(crate) fn searched<'s>(
        &'s self,
        expression: &str,
        options: Options,
    ) -> Result<Vec<(&'s Index, Vec<Value>)>, ApiError> {
        let everything = if expression.is_empty() { "_all" } else { expression };
        let parts: Vec<&str> =
            everything.split(',').map(|part| if part == "_all" { "*" } else { part }).collect();
        let names = self.resolve(expression, options)?;
        let found = names.iter().filter_map(|name| self.indices.get(name)).map(|index| {
            let direct = parts.iter().any(|part| matches_wildcard(part, &index.name));
            let aliases = index
                .aliases
                .iter()
                .filter(|(alias, _)| parts.iter().any(|part| matches_wildcard(part, alias)));
            let filters: Vec<Option<&Value>> =
                aliases.map(|(_, settings)| settings.get("filter")).collect();
            let free = direct || filters.iter().any(Option::is_none);
            let filters =
                if free { Vec::new() } else { filters.into_iter().flatten().cloned().collect() };
            (index, filters)
        });
        Ok(found.collect())
    }

    fn named(&self, name: &str) -> Vec<String> {
        if self.indices.contains_key(name) {
            return vec![name.to_owned()];
        }
        let has = |index: &&Index| index.aliases.contains_key(name);
        self.indices.values().filter(has).map(|index| index.name.to_string()).collect()
    }

    fn matching(&self, pattern: &str, names_only: bool) -> Vec<String> {
        let hit = |index: &&Index| {
            let hidden = index.name.starts_with('.') && !pattern.starts_with('.');
            let by_alias = || index.aliases.keys().any(|alias| matches_wildcard(pattern, alias));
            !hidden && (matches_wildcard(pattern, &index.name) || (!names_only && by_alias()))
        };
        self.indices.values().filter(hit).map(|index| index.name.to_string()).collect()
    }
}

/// Whether `text` fits a pattern in which `*` stands for any run of characters.
pub(crate) fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = text.get(at + piece.len()..).unwrap_or(""),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches_wildcard;

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("logs-*", "logs-1", true),
            ("logs-*", "log", false),
            ("*-a-*", "x-a-y", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "abb", false),
            ("a*a", "a", false),
            ("plain", "plain", true),
        ] {
            assert_eq!(matches_wildcard(pattern, text), fits, "{pattern} {text}");
        }
    }
}
