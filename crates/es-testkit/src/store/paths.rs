//! Values at a dotted path of a document.

use serde_json::Value;

/// Every value below `path` (`a.b.c`), arrays opened on the way; `null` is no value.
pub(crate) fn values_at<'a>(source: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    collect(source, path, &mut found);
    found
}

fn collect<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, path, found);
            }
        }
        Value::Null => {}
        Value::Object(fields) if !path.is_empty() => {
            // A key may itself hold dots ("a.b": 1), so every split of the path is tried.
            for (end, _) in path.match_indices('.').chain([(path.len(), "")]) {
                let (name, rest) = path.split_at(end);
                if let Some(child) = fields.get(name) {
                    collect(child, rest.strip_prefix('.').unwrap_or(rest), found);
                }
            }
        }
        _ if path.is_empty() => found.push(value),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::values_at;
    use serde_json::json;

    #[test]
    fn opens_objects_arrays_and_dotted_names() {
        let source = json!({"a": [{"b": 1}, {"b": [2, null, 3]}], "c.d": 4, "e": {"f": null}});
        assert_eq!(values_at(&source, "a.b"), [&json!(1), &json!(2), &json!(3)]);
        assert_eq!(values_at(&source, "c.d"), [&json!(4)]);
        assert!(values_at(&source, "e.f").is_empty());
        assert!(values_at(&source, "a.x").is_empty());
    }
}
