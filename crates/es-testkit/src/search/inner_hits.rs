//! Hits within hits: the matching objects of nested fields, and the hits of groups.

use serde_json::{Map, Value, json};

use super::execute::{Prepared, Row, arrange};
use super::fetch::{Fetch, add_field, add_sort, score};
use super::query::{self, InnerHits};
use super::shard::View;
use super::sort::{self, SortKey};
use crate::api::error::ApiError;
use crate::json::{Json, object};
use crate::store::shortest;
use crate::strict::{Fields, Reader};

/// The matching objects of a nested field.
pub(super) fn show<'a>(
    shard: &Prepared<'a>,
    row: &Row<'a>,
    inner: &InnerHits<'a>,
) -> Result<Json, ApiError> {
    query::check(&inner.settings)?;
    let settings = InnerSettings::parse(Reader::Section, &inner.settings, 3)?;
    let mut rows = objects(shard, row, inner, &settings)?;
    let total = rows.len();
    let best = rows.iter().map(|row| row.score).max_by(f32::total_cmp);
    arrange(&mut rows, &settings.sort);
    let shown = rows.iter().skip(settings.from).take(settings.size);
    let hits = shown
        .map(|row| object_hit(shard, row, &inner.path, &settings))
        .collect::<Result<_, _>>()?;
    Ok(hits_of(total, best.filter(|_| settings.shows_best()), hits))
}

fn objects<'a>(
    shard: &Prepared<'a>,
    row: &Row<'a>,
    inner: &InnerHits<'a>,
    settings: &InnerSettings,
) -> Result<Vec<Row<'a>>, ApiError> {
    let mut compiler = shard.compiler.clone();
    compiler.nested = Some(inner.path.clone());
    let bound = settings
        .sort
        .iter()
        .map(|key| key.bind(&compiler, compiler.shard))
        .collect::<Result<Vec<_>, _>>()?;
    let objects = row.view.entry.nested_at(&inner.path).into_iter();
    let matching = objects.enumerate().filter_map(|(place, entry)| {
        let view = View { entry, ..row.view };
        let score = (inner.scorer)(view)?;
        let position = place as i64;
        let keys = bound.iter();
        Some(Row {
            shard: row.shard,
            view,
            score,
            sort: keys
                .map(|key| key.value_of_object(view, score, position))
                .collect(),
            position,
            place,
        })
    });
    Ok(matching.collect())
}

fn object_hit<'a>(
    shard: &Prepared<'a>,
    row: &Row<'a>,
    path: &str,
    settings: &InnerSettings,
) -> Result<Json, ApiError> {
    let index = shard.compiler.shard.index;
    let entry = row.view.entry;
    let fetch = &settings.fetch;
    let mut hit = object! {
        "_index": &*index.name,
        "_id": row.view.document.id.as_str(),
        "_nested": json!({"field": path, "offset": entry.offset}),
        "_score": score(row, settings.is_scored()),
    };
    if let Some(source) = fetch.source.apply_nested(path, &entry.source) {
        hit.insert("_source", source);
    }
    for (name, values) in fetch.values.of_object(&index.mapping, entry, path)? {
        add_field(&mut hit, &name, values);
    }
    fetch.add_highlight(&mut hit, shard, row)?;
    add_sort(&mut hit, &settings.sort, row);
    Ok(hit)
}

/// The hits of a group that are shown, and their parts.
pub(crate) struct InnerSettings {
    track_scores: bool,
    pub from: usize,
    pub size: usize,
    pub sort: Vec<SortKey>,
    pub fetch: Fetch,
}

impl InnerSettings {
    /// Reads the settings of inner hits and of `top_hits`.
    pub fn parse(
        reader: Reader,
        settings: &Map<String, Value>,
        size: usize,
    ) -> Result<Self, ApiError> {
        let fields = Fields::new(reader, "inner_hits", settings);
        fields.unsupported(&["explain", "script_fields", "stored_fields", "collapse"])?;
        fields.raw("name");
        fields.raw("ignore_unmapped");
        let parsed = Self {
            track_scores: fields.flag("track_scores")?.unwrap_or(false),
            from: fields.count("from")?.unwrap_or(0),
            size: fields.count("size")?.unwrap_or(size),
            sort: fields
                .get("sort")?
                .map(sort::parse)
                .transpose()?
                .unwrap_or_default(),
            fetch: Fetch::take(&fields, false)?,
        };
        fields.finish()?;
        Ok(parsed)
    }

    fn is_scored(&self) -> bool {
        self.shows_best() || self.sort.iter().any(SortKey::is_score)
    }

    /// Whether the best score is shown.
    fn shows_best(&self) -> bool {
        self.sort.is_empty() || self.track_scores
    }
}

/// The hits of a group, as inner hits and `top_hits` show them.
pub(crate) fn show_group<'a>(
    settings: &InnerSettings,
    group: &[Row<'a>],
    prepared: &[Prepared<'a>],
) -> Result<Json, ApiError> {
    let mut rows = Vec::new();
    for row in group {
        let Some(shard) = prepared.get(row.shard) else {
            continue;
        };
        let mut keys = Vec::new();
        for key in &settings.sort {
            keys.push(key.bind(&shard.compiler, shard.compiler.shard)?.value(
                row.view,
                row.score,
                row.position,
            ));
        }
        rows.push(Row {
            sort: keys,
            ..row.clone()
        });
    }
    let best = rows.iter().map(|row| row.score).max_by(f32::total_cmp);
    arrange(&mut rows, &settings.sort);
    let scored = settings.is_scored();
    let mut hits = Vec::new();
    for row in rows.iter().skip(settings.from).take(settings.size) {
        if let Some(shard) = prepared.get(row.shard) {
            hits.push(settings.fetch.hit(shard, row, &settings.sort, scored)?);
        }
    }
    Ok(hits_of(
        group.len(),
        best.filter(|_| settings.shows_best()),
        hits,
    ))
}

fn hits_of(total: usize, best: Option<f32>, hits: Vec<Json>) -> Json {
    object! {
        "hits": object! {
            "total": json!({"value": total, "relation": "eq"}),
            "max_score": best.map_or(Value::Null, |score| shortest(score).into()),
            "hits": hits,
        },
    }
}
