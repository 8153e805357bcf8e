//! `_analyze` and `_terms_enum`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::search::shards;
use crate::analysis::{Analyzer, Analyzers, Token, from_body};
use crate::api::value::Term;
use crate::store::{Field, Kind};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn analyze(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Section, "analyze_request", &body);
    fields.unsupported(&["explain", "attributes", "char_filter"])?;
    let texts = fields.texts("text")?;
    let analyzer = fields.text("analyzer")?;
    let field = fields.text("field")?;
    let normalizer = fields.text("normalizer")?;
    let tokenizer = fields.get("tokenizer")?;
    let filters = match fields.get("filter")? {
        None => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(value) => vec![value.clone()],
    };
    fields.finish()?;
    let texts = texts.ok_or_else(|| {
        ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: text is missing;",
        )
    })?;
    if field.is_some() && call.part("index").is_empty() {
        return Err(ApiError::illegal_argument(
            "analysis based on a specific field requires an index",
        ));
    }
    let store = lock(&call.shared.store);
    let index = match call.part("index") {
        "" => None,
        name => store
            .read_target(name)?
            .map_or_else(|| Err(ApiError::no_such_index(name)), |name| Ok(Some(name)))?,
    };
    let index = index.and_then(|name| store.indices.get(&name));
    let none = Analyzers::default();
    let analyzers = index.map_or(&none, |index| &*index.mapping.analyzers);
    let missing = |error: ApiError| match error.is_unsupported() {
        true => error,
        false => ApiError::illegal_argument(format!(
            "failed to find global analyzer [{}]",
            analyzer.as_deref().unwrap_or("")
        )),
    };
    let chosen = if let Some(name) = &analyzer {
        analyzers.get(name).map_err(missing)?
    } else if let Some(name) = &normalizer {
        analyzers.normalizer(name)?
    } else if tokenizer.is_some() || !filters.is_empty() {
        from_body(tokenizer, &filters, analyzers)?.into()
    } else {
        let field = field.and_then(|path| index?.mapping.field(&path));
        analyzer_of(field.as_deref(), analyzers)?
    };
    let shown: Vec<Value> = tokens(&chosen, &texts)
        .into_iter()
        .map(|token| {
            json!({
                "token": token.text, "start_offset": token.start, "end_offset": token.end,
                "type": token.kind, "position": token.position,
            })
        })
        .collect();
    Ok(Reply::ok(json!({"tokens": shown})))
}

/// The analyzer of a field.
fn analyzer_of(field: Option<&Field>, analyzers: &Analyzers) -> Result<Arc<Analyzer>, ApiError> {
    match field.map(|field| &field.kind) {
        Some(Kind::Text { index, .. }) => Ok(index.clone()),
        Some(Kind::Keyword {
            normalizer: Some(normalizer),
            ..
        }) => Ok(normalizer.clone()),
        Some(Kind::Keyword { .. }) => analyzers.get("keyword"),
        Some(_) => Err(ApiError::illegal_argument(
            "Can't process this field, Analysis requests are only supported on tokenized fields",
        )),
        None => analyzers.default_analyzer(),
    }
}

/// The tokens of several texts, as of one field with these values.
fn tokens(analyzer: &Analyzer, texts: &[String]) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    let mut offset = 0;
    for text in texts {
        let gap = all.last().map_or(0, |last| last.position + 101);
        let shifted = analyzer.tokens(text).into_iter().map(|token| Token {
            position: token.position + gap,
            start: token.start + offset,
            end: token.end + offset,
            ..token
        });
        all.extend(shifted);
        offset += text.encode_utf16().count() + 1;
    }
    all
}

pub(crate) fn terms_enum(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Section, "terms_enum", &body);
    fields.unsupported(&["index_filter"])?;
    let path = fields.text("field")?.ok_or_else(|| {
        ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: field cannot be null;",
        )
    })?;
    let start = fields.text("string")?.unwrap_or_default();
    let size = fields.positive("size")?.unwrap_or(10);
    let folded = fields.flag("case_insensitive")?.unwrap_or(false);
    let after = fields.text("search_after")?;
    fields.text("timeout")?;
    fields.finish()?;
    let store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    let mut found = BTreeSet::new();
    for (index, _) in &source.indices {
        let Some(field) = index.mapping.field(&path) else {
            continue;
        };
        if !matches!(field.kind, Kind::Keyword { .. }) {
            return Err(ApiError::unsupported(format!(
                "[_terms_enum] of fields of the type [{}]",
                field.type_name
            )));
        }
        let terms = index
            .searchable()
            .into_iter()
            .flat_map(|document| document.entry.terms(&field.path));
        let fits = |text: &String| {
            if folded {
                text.to_lowercase().starts_with(&start.to_lowercase())
            } else {
                text.starts_with(&start)
            }
        };
        found.extend(terms.map(Term::text).filter(fits));
    }
    let terms: Vec<String> = found
        .into_iter()
        .filter(|term| after.as_ref().is_none_or(|after| term > after))
        .take(size)
        .collect();
    let count = super::search::shard_count(&source);
    let mut shown = shards(count);
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("skipped");
    }
    Ok(Reply::ok(
        json!({"_shards": shown, "terms": terms, "complete": true}),
    ))
}
