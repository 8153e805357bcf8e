//! From index expressions (names, lists, wildcards, aliases) to indices.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{DataStream, Index, Store};
use crate::api::error::ApiError;

/// How an expression treats what it does not find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Names that do not exist are ignored.
    pub ignore_unavailable: bool,
    /// An expression of wildcards that finds nothing is an error.
    pub require_some: bool,
    /// Aliases are refused, as deleting an index does.
    pub refuse_aliases: bool,
    /// Wildcards find hidden indices too.
    pub hidden: bool,
    /// Wildcards are names like any other.
    pub literal: bool,
    /// Wildcards find no open indices, so none of this cluster.
    pub none_open: bool,
}

/// The part of an index that an expression makes visible.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restriction {
    /// The filters of the aliases; any of them is enough, none is no restriction.
    pub filters: Vec<Value>,
    /// The routing values of aliases and request; `None` for all shards.
    pub routing: Option<BTreeSet<String>>,
    /// The aliases, where the index was not named itself.
    pub aliases: Vec<String>,
}

impl Store {
    /// The concrete names behind an expression such as `logs-*,-logs-old,alias`, in order.
    ///
    /// # Errors
    /// 404 `index_not_found_exception` for a name that does not exist.
    pub fn resolve(&self, expression: &str, options: Options) -> Result<Vec<String>, ApiError> {
        let mut found = BTreeSet::new();
        let everything = if expression.is_empty() {
            "_all"
        } else {
            expression
        };
        let mut opened = false;
        for part in everything.split(',') {
            let excluded = part.strip_prefix('-').filter(|_| opened);
            opened |= part == "_all" || part.contains('*');
            if part.starts_with('_') && part != "_all" {
                return Err(ApiError::bad_request(
                    "invalid_index_name_exception",
                    format!("Invalid index name [{part}], must not start with '_'."),
                )
                .with("index", part)
                .with("index_uuid", "_na_"));
            }
            if part.starts_with('<') {
                return Err(ApiError::unsupported("date math in the names of indices"));
            }
            if let Some((remote, _)) = part.split_once(':') {
                return Err(ApiError::new(
                    http::StatusCode::NOT_FOUND,
                    "no_such_remote_cluster_exception",
                    format!("no such remote cluster: [{remote}]"),
                ));
            }
            if let Some(excluded) = excluded {
                found.retain(|name: &String| !matches_wildcard(excluded, name));
            } else if part == "_all" && options.literal {
                // Nothing stands for all indices then.
            } else if part == "_all" || part.contains('*') && !options.literal {
                let pattern = if part == "_all" { "*" } else { part };
                found.extend(self.matching(pattern, options));
            } else {
                let names = self.named(part);
                let alias_only = options.refuse_aliases && !self.indices.contains_key(part);
                if options.refuse_aliases && self.streams.contains_key(part) {
                    return Err(ApiError::no_such_index(part));
                }
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

    /// Returns the index that a read of one document goes to; a data stream has none.
    ///
    /// # Errors
    /// 400 for an alias of several indices.
    pub fn read_target(&self, name: &str) -> Result<Option<String>, ApiError> {
        let is_stream =
            |stream: &DataStream| *stream.name == *name || stream.aliases.contains_key(name);
        if self.streams.values().any(is_stream) {
            return Ok(None);
        }
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

    /// Returns the index that a write to `name` goes to, if there is one: itself, the last one of a
    /// data stream, or the one that an alias writes to.
    ///
    /// # Errors
    /// 400 for an alias without a write index.
    pub fn write_target(&self, name: &str) -> Result<Option<String>, ApiError> {
        if self.indices.contains_key(name) {
            return Ok(Some(name.to_owned()));
        }
        if let Some(stream) = self.streams.get(name) {
            return Ok(stream.indices.last().cloned());
        }
        let of_indices = self.indices.values().filter_map(|index| {
            let settings = index.aliases.get(name)?;
            Some((
                index.name.to_string(),
                settings.get("is_write_index"),
                false,
            ))
        });
        let of_streams = self.streams.values().filter_map(|stream| {
            let settings = stream.aliases.get(name)?;
            Some((
                stream.indices.last()?.clone(),
                settings.get("is_write_index"),
                true,
            ))
        });
        let targets: Vec<_> = of_indices.chain(of_streams).collect();
        if targets.is_empty() {
            return Ok(None);
        }
        let chosen = targets
            .iter()
            .find(|(_, flag, _)| *flag == Some(&Value::Bool(true)));
        let only = match targets.as_slice() {
            [only @ (_, None, false)] => Some(only),
            _ => None,
        };
        match chosen.or(only) {
            Some((index, _, _)) => Ok(Some(index.clone())),
            None => Err(ApiError::illegal_argument(format!(
                "no write index is defined for alias [{name}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index"
            ))),
        }
    }

    /// Returns the routing of an operation on one document: the caller's, or the alias's.
    ///
    /// # Errors
    /// 400 where both are given and differ.
    pub fn index_routing(
        &self,
        name: &str,
        target: &str,
        given: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let alias = self
            .indices
            .get(target)
            .and_then(|index| index.aliases.get(name));
        let own = alias
            .and_then(|alias| alias.get("index_routing"))
            .and_then(Value::as_str);
        match (own, given) {
            (Some(own), Some(given)) if own != given => Err(ApiError::illegal_argument(format!(
                "Alias [{name}] has index routing associated with it [{own}], and was provided with routing value [{given}], rejecting operation"
            ))),
            _ => Ok(own.or(given).map(str::to_owned)),
        }
    }

    /// Returns the indices behind an expression for a search, each with the restrictions of the
    /// aliases through which it was named.
    ///
    /// # Errors
    /// As for [`resolve`](Self::resolve).
    pub fn searched<'s>(
        &'s self,
        expression: &str,
        options: Options,
        routing: Option<&str>,
    ) -> Result<Vec<(&'s Index, Restriction)>, ApiError> {
        let everything = if expression.is_empty() {
            "_all"
        } else {
            expression
        };
        let parts: Vec<&str> = everything
            .split(',')
            .map(|part| if part == "_all" { "*" } else { part })
            .collect();
        let is_named = |name: &str| parts.iter().any(|part| matches_wildcard(part, name));
        let routing = routing.map(values);
        let names = self.resolve(expression, options)?;
        let found = names
            .iter()
            .filter_map(|name| self.indices.get(name))
            .map(|index| {
                let direct =
                    is_named(&index.name) || index.data_stream.as_deref().is_some_and(is_named);
                let of_stream = self.stream_of(&index.name).map(|stream| &stream.aliases);
                let aliases: Vec<(&String, &Value)> = index
                    .aliases
                    .iter()
                    .chain(of_stream.into_iter().flatten())
                    .filter(|(alias, _)| is_named(alias))
                    .collect();
                let settings: Vec<&Value> = aliases.iter().map(|(_, settings)| *settings).collect();
                let restriction = Restriction {
                    filters: filters(direct, &settings),
                    routing: routing_of(direct, &settings, routing.as_ref()),
                    aliases: if direct {
                        Vec::new()
                    } else {
                        aliases
                            .into_iter()
                            .map(|(alias, _)| alias.clone())
                            .collect()
                    },
                };
                (index, restriction)
            });
        Ok(found.collect())
    }

    fn named(&self, name: &str) -> Vec<String> {
        if self.indices.contains_key(name) {
            return vec![name.to_owned()];
        }
        if let Some(stream) = self.streams.get(name) {
            return stream.indices.clone();
        }
        let has = |index: &&Index| index.aliases.contains_key(name);
        let of_indices = self
            .indices
            .values()
            .filter(has)
            .map(|index| index.name.to_string());
        let with_alias = self
            .streams
            .values()
            .filter(|stream| stream.aliases.contains_key(name));
        of_indices
            .chain(with_alias.flat_map(|stream| stream.indices.clone()))
            .collect()
    }

    /// The indices that fit a pattern, those of data streams and aliases too unless only names of
    /// indices count.
    fn matching(&self, pattern: &str, options: Options) -> Vec<String> {
        let names_only = options.refuse_aliases;
        let by_alias = |aliases: &BTreeMap<String, Value>| {
            !names_only && aliases.keys().any(|alias| matches_wildcard(pattern, alias))
        };
        let hidden = !pattern.starts_with('.') && !options.hidden;
        let is_visible = |index: &Index| {
            let hides = index
                .settings
                .get("hidden")
                .is_some_and(|flag| flag == "true");
            let dotted = index.name.starts_with('.');
            options.hidden || (dotted && !hidden) || !(dotted || hides)
        };
        if options.none_open {
            return Vec::new();
        }
        let hit = |index: &&Index| {
            (is_visible(index) && matches_wildcard(pattern, &index.name))
                || (by_alias(&index.aliases) && !(hidden && index.name.starts_with('.')))
        };
        let of_streams = self
            .streams
            .values()
            .filter(|stream| {
                let named = !names_only && matches_wildcard(pattern, &stream.name);
                !(hidden && stream.hidden) && (named || by_alias(&stream.aliases))
            })
            .flat_map(|stream| stream.indices.clone());
        let of_indices = self
            .indices
            .values()
            .filter(hit)
            .map(|index| index.name.to_string());
        of_indices.chain(of_streams).collect()
    }
}

/// Returns the filters of which a document has to fit one; none where an index was named without.
fn filters(direct: bool, aliases: &[&Value]) -> Vec<Value> {
    let filters: Vec<Option<&Value>> = aliases.iter().map(|alias| alias.get("filter")).collect();
    if direct || filters.iter().any(Option::is_none) {
        return Vec::new();
    }
    filters.into_iter().flatten().cloned().collect()
}

/// Returns the routing values that a search of an index reads; `None` for all shards, which is so
/// too where the caller's values and those of the aliases have nothing in common.
fn routing_of(
    direct: bool,
    aliases: &[&Value],
    given: Option<&BTreeSet<String>>,
) -> Option<BTreeSet<String>> {
    let of_alias = |alias: &&Value| {
        alias
            .get("search_routing")
            .and_then(Value::as_str)
            .map(values)
    };
    let mut ways: Vec<Option<BTreeSet<String>>> = aliases.iter().map(of_alias).collect();
    if direct {
        ways.push(None);
    }
    let mut read = BTreeSet::new();
    for way in ways {
        match (way, given) {
            (None, None) => return None,
            (None, Some(given)) => read.extend(given.iter().cloned()),
            (Some(own), None) => read.extend(own),
            (Some(own), Some(given)) => read.extend(own.intersection(given).cloned()),
        }
    }
    (!read.is_empty()).then_some(read)
}

fn values(list: &str) -> BTreeSet<String> {
    list.split(',').map(str::to_owned).collect()
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
