//! The types of the DSL as the committed facts have them, and whether JSON fits them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Map, Value, json};

/// A property of a type.
pub(crate) type Property = (String, String);

/// The types by name.
pub(crate) struct Facts(BTreeMap<String, Value>);

impl Facts {
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../es-codegen/facts");
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let mut types = read("dsl.json")["types"].take();
        let mut all: BTreeMap<_, _> = std::mem::take(types.as_object_mut().unwrap())
            .into_iter()
            .collect();
        let mut manifest = read("manifest.json");
        all.extend(std::mem::take(manifest["enums"].as_object_mut().unwrap()));
        Self(all)
    }

    /// The names of a type's properties or variants, each with its type.
    pub(crate) fn properties(&self, name: &str) -> BTreeMap<String, String> {
        let of = |key: &str| self.0[name].get(key).and_then(Value::as_object).cloned();
        let all = of("p").into_iter().chain(of("own")).flatten();
        all.map(|(name, kind)| {
            (
                name.trim_end_matches('?').to_owned(),
                kind.as_str().unwrap().to_owned(),
            )
        })
        .collect()
    }

    /// Whether a value is of a type; the properties that it has go into `seen`.
    pub(crate) fn fits(
        &self,
        expression: &str,
        value: &Value,
        seen: &mut BTreeSet<Property>,
    ) -> Result<(), String> {
        let choices = split(expression);
        if choices.len() > 1 {
            return self.any(&choices, value, seen);
        }
        if let Some(item) = expression.strip_suffix('*') {
            let list = format!("[{item}]");
            return self.any(&[item, &list], value, seen);
        }
        let exactly_one = expression.starts_with("1{");
        if let Some(map) = within(expression.trim_start_matches('1'), '{', '}') {
            let item = map.split_once("=>").map_or(map, |(_, item)| item);
            let entries = value.as_object().ok_or_else(|| wrong(expression, value))?;
            if exactly_one && entries.len() != 1 {
                return Err(wrong(expression, value));
            }
            return self.all(item, entries.values(), seen);
        }
        if let Some(item) = within(expression, '[', ']') {
            let items = value.as_array().ok_or_else(|| wrong(expression, value))?;
            return self.all(item, items, seen);
        }
        match self.0.get(expression) {
            Some(known) => self.fits_named(expression, known, value, seen),
            None if is_leaf(expression, value) => Ok(()),
            None => Err(wrong(expression, value)),
        }
    }

    fn all<'a>(
        &self,
        item: &str,
        values: impl IntoIterator<Item = &'a Value>,
        seen: &mut BTreeSet<Property>,
    ) -> Result<(), String> {
        values
            .into_iter()
            .try_for_each(|value| self.fits(item, value, seen))
    }

    /// Any of several types; the properties of all that fit are seen.
    fn any(
        &self,
        choices: &[&str],
        value: &Value,
        seen: &mut BTreeSet<Property>,
    ) -> Result<(), String> {
        let (mut errors, mut fitting) = (Vec::new(), false);
        for choice in choices {
            let mut here = BTreeSet::new();
            match self.fits(choice, value, &mut here) {
                Ok(()) => {
                    fitting = true;
                    seen.append(&mut here);
                }
                Err(error) => errors.push(error),
            }
        }
        fitting.then_some(()).ok_or_else(|| errors.join("; or "))
    }

    fn fits_named(
        &self,
        name: &str,
        known: &Value,
        value: &Value,
        seen: &mut BTreeSet<Property>,
    ) -> Result<(), String> {
        match known["k"].as_str().unwrap() {
            "enum" => {
                let open = known["open"] == json!(true);
                let listed = known["v"].as_array().unwrap().contains(value);
                let alias = known["alias"].to_string().contains(&value.to_string());
                (open || listed || alias)
                    .then_some(())
                    .ok_or_else(|| wrong(name, value))
            }
            "union" | "untagged" => {
                let of: Vec<_> = known["of"].as_array().unwrap().iter().collect();
                let of: Vec<_> = of.iter().map(|choice| choice.as_str().unwrap()).collect();
                self.any(&of, value, seen)
            }
            "tagged" => {
                let tag = value[known["tag"].as_str().unwrap()].as_str();
                let tag = tag
                    .or_else(|| known["default"].as_str())
                    .unwrap_or_default();
                let of = known["of"].get(tag).and_then(Value::as_str);
                self.fits(of.ok_or_else(|| wrong(name, value))?, value, seen)
            }
            _ => self.fits_properties(name, known, value, seen),
        }
    }

    fn fits_properties(
        &self,
        name: &str,
        known: &Value,
        value: &Value,
        seen: &mut BTreeSet<Property>,
    ) -> Result<(), String> {
        let Some(parts) = value.as_object() else {
            let short = known["short"].as_str().ok_or_else(|| wrong(name, value))?;
            return self.fits(&self.properties(name)[short], value, seen);
        };
        let properties = self.properties(name);
        let mut others = 0;
        for (key, part) in parts {
            let plain = self.plain(known, key);
            if let Some(kind) = properties.get(&plain) {
                let at = |error| format!("{name}.{key}: {error}");
                self.fits(kind, part, seen).map_err(at)?;
                seen.insert((name.to_owned(), plain));
            } else {
                let further = known.get("one_extra").or_else(|| known.get("extra"));
                let further = further.and_then(Value::as_str);
                let further = further.ok_or_else(|| format!("{name} has no `{key}`"))?;
                let further = further.split_once("=>").map_or(further, |(_, item)| item);
                self.fits(further, part, seen)?;
                others += 1;
            }
        }
        if known.get("one_extra").is_some_and(|_| others > 1) {
            return Err(format!("{name} has several fields"));
        }
        self.has_required(name, known, parts)
    }

    fn has_required(
        &self,
        name: &str,
        known: &Value,
        parts: &Map<String, Value>,
    ) -> Result<(), String> {
        let required = known["p"].as_object().into_iter().flatten();
        let mut required = required
            .map(|(key, _)| key)
            .filter(|key| !key.ends_with('?'));
        match required.find(|key| !parts.contains_key(*key)) {
            Some(missing) => Err(format!("{name} lacks `{missing}`")),
            None => Ok(()),
        }
    }

    /// A property by its own name: aliases are other names.
    fn plain(&self, known: &Value, key: &str) -> String {
        let mut notes = known["meta"].as_object().into_iter().flatten();
        let is_alias = |notes: &Value| {
            notes["alias"]
                .as_array()
                .is_some_and(|names| names.contains(&json!(key)))
        };
        let aliased = notes.find(|(_, notes)| is_alias(notes));
        aliased.map_or(key, |(name, _)| name).to_owned()
    }
}

fn wrong(expression: &str, value: &Value) -> String {
    format!("{value} is no {expression}")
}

/// The choices of an expression.
fn split(expression: &str) -> Vec<&str> {
    let (mut depth, mut start, mut choices) = (0, 0, Vec::new());
    for (at, letter) in expression.char_indices() {
        match letter {
            '{' | '[' | '<' => depth += 1,
            '}' | ']' => depth -= 1,
            '>' if !expression[..at].ends_with('=') => depth -= 1,
            '|' if depth == 0 => {
                choices.push(&expression[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    choices.push(&expression[start..]);
    choices
}

fn within(expression: &str, open: char, close: char) -> Option<&str> {
    expression.strip_prefix(open)?.strip_suffix(close)
}

fn is_leaf(expression: &str, value: &Value) -> bool {
    match expression {
        "any" | "doc" | "partial_doc" => true,
        "string" | "binary" => value.is_string(),
        "bool" => value.is_boolean(),
        "null" => value.is_null(),
        "duration" | "datetime" | "bytesize" => value.is_string() || value.is_number(),
        "f32" | "f64" => value.is_number(),
        "i8" | "i16" | "i32" | "i64" | "u32" | "u64" => value.is_i64() || value.is_u64(),
        literal => serde_json::from_str::<Value>(literal).is_ok_and(|known| known == *value),
    }
}
