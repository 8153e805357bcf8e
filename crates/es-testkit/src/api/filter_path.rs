//! `filter_path`: which parts of a response are sent.

use crate::json::Json;
use crate::store::matches_wildcard;

/// The patterns of one `filter_path` parameter.
#[derive(Debug)]
pub(crate) struct FilterPath {
    includes: Vec<Vec<String>>,
    excludes: Vec<Vec<String>>,
}

impl FilterPath {
    pub fn parse(text: &str) -> Self {
        let mut filter = Self {
            includes: Vec::new(),
            excludes: Vec::new(),
        };
        for pattern in text
            .split(',')
            .map(str::trim)
            .filter(|pattern| !pattern.is_empty())
        {
            let (list, pattern) = match pattern.strip_prefix('-') {
                Some(excluded) => (&mut filter.excludes, excluded),
                None => (&mut filter.includes, pattern),
            };
            list.push(segments(pattern));
        }
        filter
    }

    /// Returns what is left of a response; `{}` where nothing is.
    pub fn apply(&self, body: Json) -> Json {
        let opened = body.opened();
        let included = if self.includes.is_empty() {
            Some(opened)
        } else {
            let patterns: Vec<&[String]> = self.includes.iter().map(Vec::as_slice).collect();
            include(opened, &patterns)
        };
        let excluded: Vec<&[String]> = self.excludes.iter().map(Vec::as_slice).collect();
        let kept = included.and_then(|body| {
            if excluded.is_empty() {
                Some(body)
            } else {
                exclude(body, &excluded)
            }
        });
        kept.unwrap_or_else(|| Json::Object(Vec::new()))
    }
}

/// Splits at dots; an escaped dot belongs to a name.
fn segments(pattern: &str) -> Vec<String> {
    let hidden = pattern.replace("\\.", "\u{0}");
    hidden
        .split('.')
        .map(|segment| segment.replace('\u{0}', "."))
        .collect()
}

/// The patterns as they continue below a member; an empty one means that it is reached.
fn below<'p>(patterns: &[&'p [String]], name: &str) -> Vec<&'p [String]> {
    let mut next = Vec::new();
    for pattern in patterns {
        let Some((first, rest)) = pattern.split_first() else {
            continue;
        };
        if first == "**" {
            next.push(*pattern);
            if let Some((second, after)) = rest.split_first() {
                if matches_wildcard(second, name) {
                    next.push(after);
                }
            } else {
                next.push(rest);
            }
        } else if matches_wildcard(first, name) {
            next.push(rest);
        }
    }
    next
}

fn include(body: Json, patterns: &[&[String]]) -> Option<Json> {
    if patterns.iter().any(|pattern| pattern.is_empty()) {
        return Some(body);
    }
    match body {
        Json::Object(fields) => {
            let kept: Vec<_> = fields
                .into_iter()
                .filter_map(|(name, value)| {
                    let next = below(patterns, &name);
                    let kept = if next.is_empty() {
                        None
                    } else {
                        include(value, &next)
                    };
                    Some((name, kept?))
                })
                .collect();
            (!kept.is_empty()).then_some(Json::Object(kept))
        }
        Json::Array(items) => {
            let kept: Vec<_> = items
                .into_iter()
                .filter_map(|item| include(item, patterns))
                .collect();
            (!kept.is_empty()).then_some(Json::Array(kept))
        }
        _ => None,
    }
}

fn exclude(body: Json, patterns: &[&[String]]) -> Option<Json> {
    if patterns.iter().any(|pattern| pattern.is_empty()) {
        return None;
    }
    Some(match body {
        Json::Object(fields) => Json::Object(
            fields
                .into_iter()
                .filter_map(|(name, value)| {
                    let next = below(patterns, &name);
                    let kept = if next.is_empty() {
                        Some(value)
                    } else {
                        exclude(value, &next)
                    };
                    Some((name, kept?))
                })
                .collect(),
        ),
        Json::Array(items) => Json::Array(
            items
                .into_iter()
                .filter_map(|item| exclude(item, patterns))
                .collect(),
        ),
        value => value,
    })
}

#[cfg(test)]
mod tests {
    use super::FilterPath;
    use serde_json::{Value, json};

    fn filtered(pattern: &str) -> Value {
        let body = json!({"took": 1, "hits": {"total": 2, "hits": [{"_id": "1", "_source": {"a.b": 1}}, {"_id": "2"}]}});
        FilterPath::parse(pattern).apply(body.into()).to_value()
    }

    #[test]
    fn names_wildcards_and_exclusions() {
        assert_eq!(filtered("took"), json!({"took": 1}));
        assert_eq!(
            filtered("hits.hits._id"),
            json!({"hits": {"hits": [{"_id": "1"}, {"_id": "2"}]}})
        );
        assert_eq!(filtered("h*.t*"), json!({"hits": {"total": 2}}));
        assert_eq!(
            filtered("**._source"),
            json!({"hits": {"hits": [{"_source": {"a.b": 1}}]}})
        );
        assert_eq!(
            filtered("hits.hits._source.a\\.b"),
            json!({"hits": {"hits": [{"_source": {"a.b": 1}}]}})
        );
        assert_eq!(filtered("-hits"), json!({"took": 1}));
        assert_eq!(filtered("nothing"), json!({}));
    }
}
