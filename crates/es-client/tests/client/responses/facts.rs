//! Responses made from the facts of the API, then cut, reordered and written in other forms.
//!
//! Each decodes and keeps what it does not know, unless a status is no status: that is an
//! error that names the path.

use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock};

use es_client::{
    SearchResponse,
    types::{
        Acknowledged, AnalyzeResponse, ApiKeyCreated, ApiKeys, ApiKeysInvalidated,
        AsyncSearchResponse, AsyncSearchStatus, Authentication, BulkResponse, ByQueryResponse,
        CatRow, ClusterHealth, ClusterStats, CountResponse, CreateIndexResponse, Deleted,
        EsqlResponse, FieldCapsResponse, FreedContexts, GetResponse, IndexStates, IndexTemplates,
        IndicesStats, Info, LifecyclePolicies, MgetResponse, MsearchResponse, NodesInfo,
        NodesStats, OpenPointInTime, Pipelines, RolePut, Roles, RolloverResponse, ShardsResponse,
        SnapshotCreated, SnapshotRestored, SnapshotStatuses, Snapshots, TaskList, TaskResponse,
        TermsEnumResponse, UserPut, Users, WriteResponse,
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::responses::try_read;

/// Reads a body as a type of `responses.toml`, and returns what the type has no field for.
fn decode(kind: &str, body: &str) -> es_client::Result<Option<Map<String, Value>>> {
    macro_rules! by_name {
        ($($name:literal is $kind:ty,)* ; $($plain:ident)*) => {
            match kind {
                $($name => try_read::<$kind>(body).map(|read| Some(read.other)),)*
                $(stringify!($plain) => try_read::<$plain>(body).map(|read| Some(read.other)),)*
                "IndexStates" => try_read::<IndexStates>(body).map(|_| None),
                "LifecyclePolicies" => try_read::<LifecyclePolicies>(body).map(|_| None),
                "Pipelines" => try_read::<Pipelines>(body).map(|_| None),
                "Roles" => try_read::<Roles>(body).map(|_| None),
                "Users" => try_read::<Users>(body).map(|_| None),
                rows if rows.starts_with("Vec<Cat") => {
                    try_read::<Vec<CatRow>>(body).map(|_| None)
                }
                unknown => panic!("{unknown} is read by nothing"),
            }
        };
    }
    by_name! {
        "AsyncSearchResponse<T>" is AsyncSearchResponse<Value>,
        "GetResponse<T>" is GetResponse<Value>,
        "MgetResponse<T>" is MgetResponse<Value>,
        "MsearchResponse<T>" is MsearchResponse<Value>,
        "SearchResponse<T>" is SearchResponse<Value>,;
        Acknowledged AnalyzeResponse ApiKeyCreated ApiKeys ApiKeysInvalidated AsyncSearchStatus
        Authentication BulkResponse ByQueryResponse ClusterHealth ClusterStats CountResponse
        CreateIndexResponse Deleted EsqlResponse FieldCapsResponse FreedContexts IndexTemplates
        IndicesStats Info NodesInfo NodesStats OpenPointInTime RolePut RolloverResponse
        ShardsResponse SnapshotCreated SnapshotRestored SnapshotStatuses Snapshots TaskList
        TaskResponse TermsEnumResponse UserPut WriteResponse
    }
}

struct Facts {
    types: BTreeMap<String, Value>,
    /// The endpoint, the type of its response in the facts, and the Rust type.
    endpoints: Vec<(String, String, String)>,
}

static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    let codegen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../es-codegen");
    let text = |file: &str| fs::read_to_string(codegen.join(file)).unwrap();
    let json = |file: &str| -> Value { serde_json::from_str(&text(file)).unwrap() };
    let manifest = json("facts/manifest.json");
    let mut types = BTreeMap::new();
    let files = [
        "facts/types-more.json",
        "facts/dsl.json",
        "facts/types.json",
    ]
    .map(json);
    let all = files
        .iter()
        .map(|file| &file["types"])
        .chain([&manifest["enums"]]);
    for (name, definition) in all.flat_map(|types| types.as_object().unwrap()) {
        types.insert(name.clone(), definition.clone());
    }
    let kinds: BTreeMap<String, String> = text("tables/responses.toml")
        .lines()
        .filter_map(|line| line.strip_prefix('"')?.split_once("\" = \""))
        .map(|(name, kind)| (name.to_owned(), kind.trim_end_matches('"').to_owned()))
        .collect();
    let endpoints = manifest["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|endpoint| {
            let name = endpoint["name"].as_str()?;
            let response = endpoint["res"]["type"].as_str()?;
            Some((
                name.to_owned(),
                response.to_owned(),
                kinds.get(name)?.clone(),
            ))
        });
    let endpoints: Vec<_> = endpoints.collect();
    assert_eq!(endpoints.len(), kinds.len());
    Facts { types, endpoints }
});

/// Makes JSON of a type of the facts, with what servers do to it.
struct Maker {
    state: u64,
    /// Percentage of members that are missing, null, or numbers as text.
    oddity: u64,
}

impl Maker {
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn odd(&mut self) -> bool {
        self.below(100) < usize::try_from(self.oddity).unwrap()
    }

    fn of(&mut self, kind: &str, depth: usize) -> Value {
        let choices = split(kind, '|');
        let kind = choices[self.below(choices.len())];
        if depth > 5 {
            return Value::Null;
        }
        if let Some(item) = kind.strip_suffix('*') {
            let one = self.of(item, depth + 1);
            return if self.below(2) == 0 {
                one
            } else {
                Value::Array(vec![one])
            };
        }
        if let Some(item) = kind
            .strip_prefix('[')
            .and_then(|kind| kind.strip_suffix(']'))
        {
            return (0..self.below(3))
                .map(|_| self.of(item, depth + 1))
                .collect();
        }
        let map = kind.strip_prefix("1{").or_else(|| kind.strip_prefix('{'));
        if let Some(value) = map.and_then(|kind| kind.strip_suffix('}')) {
            let value = split(value, '>').pop().unwrap();
            let names = ["a", "b.c", "_d"].into_iter().take(1 + self.below(3));
            let names: Vec<_> = names.collect();
            return names
                .into_iter()
                .map(|n| (n.to_owned(), self.of(value, depth + 1)))
                .collect();
        }
        let name = kind.split('<').next().unwrap();
        match FACTS.types.get(name) {
            Some(definition) => self.defined(definition, depth),
            None => self.leaf(kind),
        }
    }

    fn leaf(&mut self, kind: &str) -> Value {
        let number = match kind {
            "bool" if self.odd() => return json!("true"),
            "bool" => return json!(self.below(2) == 0),
            "doc" | "partial_doc" | "any" => return json!({"n": 1}),
            "null" => return Value::Null,
            "f32" | "f64" if self.odd() => return json!("NaN"),
            "f32" | "f64" => json!(1.5),
            "i8" | "i16" | "i32" | "i64" if self.odd() => json!(-1),
            "i8" | "i16" | "i32" | "i64" | "u32" | "u64" | "bytesize" => json!(self.below(500)),
            "datetime" if self.odd() => json!("2026-01-01T00:00:00.000Z"),
            "datetime" => json!(1_767_225_600_000_u64),
            literal => return json!(literal.trim_matches('"')),
        };
        if self.odd() {
            json!(number.to_string())
        } else {
            number
        }
    }

    fn defined(&mut self, definition: &Value, depth: usize) -> Value {
        match definition["k"].as_str().unwrap() {
            "enum" => definition["v"][0].clone(),
            "struct" => self.members(&definition["p"], depth),
            "container" => {
                let all = definition["p"].as_object().unwrap();
                let at = self.below(all.len());
                let (name, kind) = all.iter().nth(at).unwrap();
                let value = self.of(kind.as_str().unwrap(), depth + 1);
                json!({ (name.trim_end_matches('?')): value })
            }
            _ => {
                let kinds: Vec<&str> = match &definition["of"] {
                    Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
                    of => of
                        .as_object()
                        .unwrap()
                        .values()
                        .filter_map(Value::as_str)
                        .collect(),
                };
                let at = self.below(kinds.len());
                self.of(kinds[at], depth + 1)
            }
        }
    }

    fn members(&mut self, members: &Value, depth: usize) -> Value {
        let mut made = Vec::new();
        for (name, kind) in members.as_object().unwrap() {
            let (odd, null) = (self.odd(), self.below(2) == 0);
            let value = match (odd, null) {
                (true, true) => Value::Null,
                (true, false) => continue,
                (false, _) => self.of(kind.as_str().unwrap(), depth + 1),
            };
            made.push((name.trim_end_matches('?').to_owned(), value));
        }
        if self.odd() {
            made.push(("never_seen".to_owned(), json!({"x": [1]})));
        }
        for at in (1..made.len()).rev() {
            made.swap(at, self.below(at + 1));
        }
        // With the feature `preserve_order` of `serde_json`, in this order.
        made.into_iter().collect()
    }

    /// Leaves only one path, as `filter_path` does.
    fn cut(&mut self, value: &mut Value) {
        let Value::Object(members) = value else {
            return;
        };
        let names: Vec<_> = members.keys().cloned().collect();
        if names.is_empty() {
            return;
        }
        let kept = &names[self.below(names.len())];
        members.retain(|name, _| name == kept);
        self.cut(&mut members[kept]);
    }
}

/// Splits a type at the top level; `>` stands for `=>`.
fn split(kind: &str, at: char) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (number, c) in kind.char_indices() {
        match c {
            '[' | '{' | '<' => depth += 1,
            '>' if kind[..number].ends_with('=') && at == '>' && depth == 0 => {
                start = number + 1;
            }
            ']' | '}' | '>' => depth -= 1,
            _ if c == at && depth == 0 => {
                parts.push(&kind[start..number]);
                start = number + 1;
            }
            _ => {}
        }
    }
    parts.push(&kind[start..]);
    parts
}

/// Makes a response of each endpoint, decodes it, and returns what is wrong.
fn check_all(seed: u64, oddity: u64, cut: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (endpoint, response, kind) in &FACTS.endpoints {
        let mut maker = Maker {
            state: seed | 1,
            oddity,
        };
        let mut made = maker.of(response, 0);
        if cut {
            maker.cut(&mut made);
        }
        // Of a map, a member is an item; of rows, a column.
        let keeps = ![
            "IndexStates",
            "LifecyclePolicies",
            "Pipelines",
            "Roles",
            "Users",
        ]
        .contains(&&**kind);
        let is_ignored = |key: &String| ["error", "never_seen"].contains(&&**key);
        let only_error = made
            .as_object()
            .is_some_and(|all| all.keys().all(is_ignored));
        if let (Value::Object(members), true) = (&mut made, keeps) {
            members.insert("unheard_of".to_owned(), json!([1, null]));
        }
        let body = made.to_string();
        let problem = match decode(kind, &body) {
            Ok(Some(other)) if keeps && made.is_object() => (other.get("unheard_of")
                != Some(&json!([1, null])))
            .then(|| "it lost a member".to_owned()),
            Ok(_) => None,
            // Cut so, it cannot be told from an error instead of the response.
            Err(error) if only_error && error.as_api().is_some() => None,
            Err(error) => match error.as_decode() {
                // A status of -1 is none.
                Some(decode) if oddity > 0 && decode.path().ends_with("status") => None,
                _ => Some(error.to_string()),
            },
        };
        wrong.extend(problem.map(|problem| format!("{endpoint}: {problem:.300}: {body:.300}")));
    }
    wrong
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn usual_responses_are_read(seed: u64) {
        prop_assert_eq!(check_all(seed, 0, false), [""; 0]);
    }

    #[test]
    fn odd_responses_are_read(seed: u64, oddity in 1..60_u64) {
        prop_assert_eq!(check_all(seed, oddity, false), [""; 0]);
    }

    #[test]
    fn cut_responses_are_read(seed: u64, oddity in 0..60_u64) {
        prop_assert_eq!(check_all(seed, oddity, true), [""; 0]);
    }
}
