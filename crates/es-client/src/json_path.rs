//! Finds the path of a value in JSON.
//!
//! Errors of `serde_json` tell a line and a column. The path is found from them, on the
//! failure path only and by one function for all types, where tracking it while reading
//! (`serde_path_to_error`) would compile each type twice.

/// Returns the path of the value at which reading stopped, such as
/// `hits.hits[3]._source.price`; empty for the whole text.
pub(crate) fn path_at(text: &str, line: usize, column: usize) -> String {
    let before = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let mut walk = Walk {
        text,
        at: 0,
        steps: Vec::new(),
    };
    walk.until(before.saturating_add(column));
    walk.path()
}

enum Step<'a> {
    /// In an object, within the value of a key.
    Key(Option<&'a str>),
    /// In a list, within an item.
    Item(Option<usize>),
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    steps: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    /// Walks on to the value that ends or begins at `stop`, or has it within.
    fn until(&mut self, stop: usize) {
        let mut key_next = false;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            let start = self.at;
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b':' => {}
                b',' => {
                    if start >= stop {
                        return;
                    }
                    match self.steps.last_mut() {
                        Some(Step::Item(number)) => *number = number.map(|number| number + 1),
                        Some(Step::Key(key)) => {
                            *key = None;
                            key_next = true;
                        }
                        None => {}
                    }
                }
                b'}' | b']' => {
                    if start < stop {
                        self.steps.pop();
                    }
                    if self.at >= stop {
                        return;
                    }
                    key_next = false;
                }
                b'"' if key_next => {
                    let key = self.string();
                    if self.at >= stop {
                        return;
                    }
                    if let Some(Step::Key(last)) = self.steps.last_mut() {
                        *last = Some(key);
                    }
                    key_next = false;
                }
                _ => {
                    if let Some(Step::Item(number @ None)) = self.steps.last_mut() {
                        *number = Some(0);
                    }
                    if start >= stop {
                        return;
                    }
                    match byte {
                        b'{' => {
                            self.steps.push(Step::Key(None));
                            key_next = true;
                        }
                        b'[' => self.steps.push(Step::Item(None)),
                        b'"' => {
                            self.string();
                        }
                        _ => self.scalar(),
                    }
                    if self.at >= stop {
                        return;
                    }
                }
            }
        }
    }

    /// Walks over a string whose first quote is behind, and returns what is in it.
    fn string(&mut self) -> &'a str {
        let start = self.at;
        let mut escaped = false;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            self.at += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => break,
                _ => {}
            }
        }
        self.text
            .get(start..self.at.saturating_sub(1))
            .unwrap_or_default()
    }

    fn scalar(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| b",]} \t\r\n".contains(byte));
        self.at += length.unwrap_or(rest.len());
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Key(Some(key)) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                Step::Item(Some(number)) => path.push_str(&format!("[{number}]")),
                Step::Key(None) | Step::Item(None) => {}
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::Value;

    use super::*;

    fn path<T: DeserializeOwned>(json: &str) -> String {
        let error = serde_json::from_str::<T>(json).err().unwrap();
        path_at(json, error.line(), error.column())
    }

    #[derive(Deserialize)]
    struct Product {
        #[serde(rename = "price")]
        _price: f64,
        #[serde(rename = "tags", default)]
        _tags: Vec<String>,
    }

    type Products = BTreeMap<String, Vec<Product>>;

    #[test]
    fn wrong_values_are_found() {
        for (json, expected) in [
            (
                r#"{"a":[{"price":1,"tags":["x","y"]},{"price":"2"}]}"#,
                "a[1].price",
            ),
            (r#"{"a":[{"price":1,"tags":["x",{}]}]}"#, "a[0].tags[1]"),
            (r#"{"a":[{"price":1,"tags":["x",[1]]}]}"#, "a[0].tags[1]"),
            (r#"{"a":[{"price":1,"tags":"x"}]}"#, "a[0].tags"),
            (r#"{"a":[{"price":1},{"tags":["x"]}]}"#, "a[1]"),
            (r#"{"a":[{"x":{"y":[]},"price":null}]}"#, "a[0].price"),
            (r#"{"a":[],"b":{"c":1}}"#, "b"),
            (r#"{"a":[],"b":[7]}"#, "b[0]"),
            ("{\"a\":[],\n \"b\": [\n{\"price\": true}]}", "b[0].price"),
            (
                r#"{"a":[{"price":1}],"\"b\\":[{"price":{"c":1}}]}"#,
                r#"\"b\\[0].price"#,
            ),
            ("7", ""),
            ("[]", ""),
        ] {
            assert_eq!(path::<Products>(json), expected, "{json}");
        }
    }

    #[test]
    fn places_in_broken_text_are_found() {
        for (json, expected) in [
            (r#"{"a":{"b":["x","\ud83d"]}}"#, "a.b[1]"),
            (r#"{"a":{"b":[1,1e400]}}"#, "a.b[1]"),
            (r#"{"a":{"b":["#, "a.b"),
            (r#"{"a":{"b":tru,"c":1}}"#, "a"),
        ] {
            assert_eq!(path::<Value>(json), expected, "{json}");
        }
    }
}
