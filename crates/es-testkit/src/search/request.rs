//! A search as a request asks for it.

use serde_json::{Map, Value, json};

use super::aggs::{self, Agg};
use super::collapse::Collapse;
use super::fetch::Fetch;
use super::sort::{self, By, SortKey};
use crate::api::error::ApiError;
use crate::api::params::Params;
use crate::api::scroll::KeepAlive;
use crate::api::source_filter::SourceFilter;
use crate::dates::parse_time;
use crate::store::Index;
use crate::strict::{Fields, Reader};

/// The most hits `from` and `size` reach together, unless an index says otherwise.
const MAX_RESULT_WINDOW: usize = 10_000;

/// A parsed search request.
#[derive(Debug)]
pub(crate) struct Request {
    pub query: Option<Value>,
    /// The `q` of the URL.
    pub text: Option<String>,
    pub knn: Vec<Value>,
    pub post_filter: Option<Value>,
    pub from: usize,
    pub size: usize,
    pub sort: Vec<SortKey>,
    pub after: Option<Value>,
    /// Up to how many hits are counted exactly; `None`: not at all.
    pub track_total: Option<usize>,
    pub total_as_number: bool,
    pub track_scores: bool,
    pub aggs: Vec<Agg>,
    pub typed_keys: bool,
    pub min_score: Option<f64>,
    pub slice: Option<(u64, u64)>,
    pub collapse: Option<Collapse>,
    pub rescore: Vec<Rescore>,
    pub suggest: Option<Value>,
    pub fetch: Fetch,
    pub pit: Option<Pit>,
}

/// The point in time of a search.
#[derive(Clone, Debug)]
pub(crate) struct Pit {
    pub id: String,
    pub keep_alive: Option<KeepAlive>,
}

/// A second query for the best hits.
#[derive(Clone, Debug)]
pub(crate) struct Rescore {
    pub window: usize,
    pub query: Value,
    weight: f32,
    second_weight: f32,
    mode: RescoreMode,
}

impl Rescore {
    /// Returns the score of a hit by its first score and by that of the second query, if it matches.
    pub fn score(&self, first: f32, second: Option<f32>) -> f32 {
        let first = first * self.weight;
        let Some(second) = second.map(|second| second * self.second_weight) else {
            return first;
        };
        match self.mode {
            RescoreMode::Total => first + second,
            RescoreMode::Multiply => first * second,
            RescoreMode::Avg => f32::midpoint(first, second),
            RescoreMode::Max => first.max(second),
            RescoreMode::Min => first.min(second),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RescoreMode {
    Total,
    Multiply,
    Avg,
    Max,
    Min,
}

/// Members of a search that are not done here.
const UNSUPPORTED: &[&str] = &[
    "stored_fields",
    "script_fields",
    "runtime_mappings",
    "retriever",
    "rank",
    "sub_searches",
];

impl Request {
    /// Reads a body together with the parameters of its URL.
    ///
    /// # Errors
    /// 400 for what no search has, and for what is not done here.
    pub fn parse(
        body: &Map<String, Value>,
        params: &Params,
        typed: bool,
    ) -> Result<Self, ApiError> {
        let fields = Fields::new(Reader::Body, "search", body);
        fields.unsupported(UNSUPPORTED)?;
        read_diagnostics(&fields)?;
        let flag = |name: &str| Ok::<_, ApiError>(params.flag(name)?.unwrap_or(false));
        let query = fields.get("query")?.cloned();
        let pit = fields.get("pit")?.map(read_pit).transpose()?;
        let after = fields.get("search_after")?.cloned();
        let sort = read_sort(&fields, params, pit.is_some(), after.as_ref())?;
        let total_as_number = flag("rest_total_hits_as_int")?;
        let track_total = read_total(&fields, params, total_as_number)?;
        let fetch = read_fetch(&fields, params, typed)?;
        let number = |name: &str| Ok::<_, ApiError>(params.count(name)?.or(fields.count(name)?));
        let (from, size) = (number("from")?, number("size")?);
        let aggregations = match fields.get("aggs")? {
            Some(value) => Some(value),
            None => fields.get("aggregations")?,
        };
        let knn = one_or_more(fields.get("knn")?);
        if let Some(text) = fields.text("timeout")?.filter(|text| text != "-1") {
            parse_time(&text).ok_or_else(|| bad_time("timeout", &text))?;
        }
        let rescore = read_rescores(&fields, &sort)?;
        let track_scores = fields.flag("track_scores");
        let parsed = Self {
            query,
            text: params.get("q").map(str::to_owned),
            knn,
            post_filter: fields.get("post_filter")?.cloned(),
            from: from.unwrap_or(0),
            size: size.unwrap_or(10),
            after,
            sort,
            track_total,
            total_as_number,
            track_scores: match params.flag("track_scores")? {
                Some(flag) => flag,
                None => track_scores?.unwrap_or(false),
            },
            aggs: aggregations
                .map(aggs::parse)
                .transpose()?
                .unwrap_or_default(),
            typed_keys: flag("typed_keys")?,
            min_score: fields.float("min_score")?,
            slice: fields.get("slice")?.map(read_slice).transpose()?,
            collapse: fields.get("collapse")?.map(Collapse::parse).transpose()?,
            rescore,
            suggest: fields.get("suggest")?.cloned(),
            fetch,
            pit,
        };
        fields.finish()?;
        parsed.check_paging()?;
        Ok(parsed)
    }

    fn check_paging(&self) -> Result<(), ApiError> {
        if self.after.is_none() || self.from == 0 {
            return Ok(());
        }
        Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: [from] parameter must be set to 0 when [search_after] is used;",
        ))
    }

    /// Whether nothing but suggestions is asked for; then there are no hits.
    pub fn is_suggest_only(&self) -> bool {
        self.suggest.is_some()
            && self.query.is_none()
            && self.text.is_none()
            && self.knn.is_empty()
            && self.aggs.is_empty()
    }

    /// Whether hits have scores.
    pub fn has_scores(&self) -> bool {
        self.sort.is_empty() || self.track_scores || self.sort.iter().any(SortKey::is_score)
    }

    /// Whether documents are scored at all.
    pub fn is_scored(&self) -> bool {
        self.min_score.is_some() || (self.size > 0 && self.has_scores())
    }

    /// Refuses pages and rescores beyond the windows of an index.
    ///
    /// # Errors
    /// 400 as the shards say it.
    pub fn check_window(&self, index: &Index) -> Result<(), ApiError> {
        let limit = index
            .limit("max_result_window")
            .unwrap_or(MAX_RESULT_WINDOW);
        let window = index.limit("max_rescore_window").unwrap_or(limit);
        if let Some(wide) = self.rescore.iter().find(|one| one.window > window) {
            return Err(ApiError::illegal_argument(format!(
                "Rescore window [{}] is too large. It must be less than [{window}]. This prevents allocating massive heaps for storing the results to be rescored. This limit can be set by changing the [index.max_rescore_window] index level setting.",
                wide.window
            ))
            .in_search());
        }
        let reach = self.from.saturating_add(self.size);
        if reach <= limit {
            return Ok(());
        }
        Err(ApiError::illegal_argument(format!(
            "Result window is too large, from + size must be less than or equal to: [{limit}] but was [{reach}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting."
        ))
        .in_search())
    }
}

pub(crate) fn bad_time(name: &str, text: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
    ))
}

/// Reads which parts of hits are shown, where the parameters take precedence.
fn read_fetch(fields: &Fields<'_>, params: &Params, typed: bool) -> Result<Fetch, ApiError> {
    let mut fetch = Fetch::take(fields, typed)?;
    if let Some(filter) = SourceFilter::from_params(params)? {
        fetch.source = filter;
    }
    fetch.version |= params.flag("version")?.unwrap_or(false);
    fetch.seq_no |= params.flag("seq_no_primary_term")?.unwrap_or(false);
    Ok(fetch)
}

/// Reads members that change nothing where they are off.
fn read_diagnostics(fields: &Fields<'_>) -> Result<(), ApiError> {
    for name in ["explain", "profile"] {
        if fields.flag(name)? == Some(true) {
            return Err(ApiError::unsupported(format!("[{name}] in [search]")));
        }
    }
    if fields
        .count("terminate_after")?
        .is_some_and(|count| count > 0)
    {
        return Err(ApiError::unsupported("[terminate_after] in [search]"));
    }
    for name in ["ext", "indices_boost"] {
        let given = fields.get(name)?;
        if given.is_some_and(|given| *given != json!({}) && *given != json!([])) {
            return Err(ApiError::unsupported(format!("[{name}] in [search]")));
        }
    }
    fields.texts("stats").map(|_| ())
}

fn one_or_more(value: Option<&Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(value) => vec![value.clone()],
    }
}

/// Reads the sort keys. With a point in time the server adds a tie-breaker of its own, which
/// `search_after` may leave out.
fn read_sort(
    fields: &Fields<'_>,
    params: &Params,
    in_pit: bool,
    after: Option<&Value>,
) -> Result<Vec<SortKey>, ApiError> {
    let given = fields.get("sort")?;
    let mut keys = match (params.get("sort"), given) {
        (Some(list), _) => sort::parse_param(list)?,
        (None, Some(value)) => sort::parse(value)?,
        (None, None) => Vec::new(),
    };
    let is_complete = keys.is_empty()
        || keys.iter().any(|key| matches!(key.by, By::ShardDocument))
        || after.and_then(Value::as_array).map(Vec::len) == Some(keys.len());
    if in_pit && !is_complete {
        keys.extend(sort::parse(&"_shard_doc".into())?);
    }
    // Hits come in the order of their scores anyway.
    let is_plain = given.is_some_and(|sort| *sort == "_score" || *sort == json!(["_score"]));
    if is_plain && matches!(keys.as_slice(), [only] if only.is_score()) {
        keys.clear();
    }
    Ok(keys)
}

fn read_pit(value: &Value) -> Result<Pit, ApiError> {
    let fields = Fields::section("pit", value)?;
    let id = match fields.get("id")? {
        Some(Value::String(id)) => id.clone(),
        Some(value) => return Err(fields.wrong("id", value)),
        None => return Err(ApiError::illegal_argument("Required [id]")),
    };
    let keep_alive = fields.text("keep_alive")?;
    fields.finish()?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    if id.len() == 1 || !id.bytes().all(is_base64) {
        return Err(fields.invalid(format!("invalid id: [{id}]")));
    }
    let keep_alive = keep_alive
        .map(|text| KeepAlive::read("keep_alive", &text))
        .transpose()
        .map_err(|error| fields.invalid(error.reason))?;
    Ok(Pit { id, keep_alive })
}

fn no_max() -> ApiError {
    ApiError::bad_request(
        "action_request_validation_exception",
        "Validation Failed: 1: [max] of the slice is missing;",
    )
}

fn read_slice(value: &Value) -> Result<(u64, u64), ApiError> {
    let fields = Fields::section("slice", value)?;
    fields.unsupported(&["field"])?;
    let id = fields
        .count("id")?
        .ok_or_else(|| ApiError::illegal_argument("Required [id]"))?;
    let max = fields.count("max")?.ok_or_else(no_max)?;
    fields.finish()?;
    if max <= 1 {
        return Err(fields.invalid("max must be greater than 1"));
    }
    if id >= max {
        return Err(fields.invalid("max must be greater than id"));
    }
    Ok((id as u64, max as u64))
}

fn read_rescores(fields: &Fields<'_>, sort: &[SortKey]) -> Result<Vec<Rescore>, ApiError> {
    let rescores = one_or_more(fields.get("rescore")?);
    let rescores = rescores
        .iter()
        .map(read_rescore)
        .collect::<Result<Vec<_>, _>>()?;
    if !rescores.is_empty() && !sort.is_empty() {
        return Err(ApiError::illegal_argument(
            "Cannot use [sort] option in conjunction with [rescore].",
        )
        .in_search());
    }
    Ok(rescores)
}

fn read_rescore(value: &Value) -> Result<Rescore, ApiError> {
    let fields = Fields::section("rescore", value)?;
    fields.unsupported(&["learning_to_rank", "script"])?;
    let window = fields.integer("window_size")?.unwrap_or(10);
    let window = usize::try_from(window).map_err(|_| {
        ApiError::new(
            http::StatusCode::INTERNAL_SERVER_ERROR,
            "negative_array_size_exception",
            window.to_string(),
        )
        .in_search()
    })?;
    let Some(query) = fields.get("query")? else {
        return Err(ApiError::parsing("missing rescore type"));
    };
    fields.finish()?;
    let inner = Fields::section("query", query)?;
    let modes = [
        ("total", RescoreMode::Total),
        ("multiply", RescoreMode::Multiply),
        ("avg", RescoreMode::Avg),
        ("max", RescoreMode::Max),
        ("min", RescoreMode::Min),
    ];
    let parsed = Rescore {
        window,
        query: match inner.get("rescore_query")? {
            None => return Err(ApiError::illegal_argument("rescore_query cannot be null")),
            Some(Value::Object(query)) if query.is_empty() => {
                return Err(inner.invalid("query malformed, empty clause found"));
            }
            Some(query) => query.clone(),
        },
        weight: inner.float("query_weight")?.unwrap_or(1.0) as f32,
        second_weight: inner.float("rescore_query_weight")?.unwrap_or(1.0) as f32,
        mode: inner
            .choice("score_mode", &modes)?
            .unwrap_or(RescoreMode::Total),
    };
    inner.finish()?;
    Ok(parsed)
}

/// Reads how many hits are counted; a total that is shown as a number must be exact.
fn read_total(
    fields: &Fields<'_>,
    params: &Params,
    as_number: bool,
) -> Result<Option<usize>, ApiError> {
    let given = match params.get("track_total_hits") {
        Some(text) => match serde_json::from_str(text) {
            Ok(value @ (Value::Bool(_) | Value::Number(_))) => Some(value),
            _ => {
                return Err(ApiError::illegal_argument(format!(
                    "Failed to parse int parameter [track_total_hits] with value [{text}]"
                )));
            }
        },
        None => match fields.get("track_total_hits")? {
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                return Err(fields.wrong("track_total_hits", value));
            }
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Some((text == "true").into())
            }
            given => given.cloned(),
        },
    };
    let total = track_total(given.as_ref())?;
    match total {
        Some(_) if as_number && given.is_none() => Ok(Some(usize::MAX)),
        Some(limit) if as_number && limit != usize::MAX => {
            Err(ApiError::illegal_argument(format!(
                "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not accurate, got {limit}"
            )))
        }
        total => Ok(total),
    }
}

fn track_total(value: Option<&Value>) -> Result<Option<usize>, ApiError> {
    match value {
        None => Ok(Some(MAX_RESULT_WINDOW)),
        Some(Value::Bool(true)) => Ok(Some(usize::MAX)),
        Some(Value::Bool(false)) => Ok(None),
        Some(value) => {
            if let Some(text) = value.as_str().filter(|text| text.parse::<i64>().is_err()) {
                return Err(crate::strict::not_a_number(text));
            }
            let number = value
                .as_i64()
                .or_else(|| value.as_f64().map(|number| number as i64))
                .or_else(|| value.as_str()?.parse().ok());
            match number {
                Some(-1) => Ok(None),
                Some(number) if number >= 0 => Ok(usize::try_from(number).ok()),
                _ => Err(ApiError::illegal_argument(format!(
                    "[track_total_hits] parameter must be positive or equals to -1, got {value}"
                ))),
            }
        }
    }
}
