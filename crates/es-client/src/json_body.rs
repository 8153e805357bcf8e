//! A request body that is written property by property, straight into its bytes.

use bytes::Bytes;
use serde::Serialize;

/// The top level of a JSON body. A property that is set again replaces the earlier value.
#[derive(Clone, Debug, Default)]
pub(crate) struct JsonBody {
    /// `"name":value,` for each property, in the order in which they were set.
    bytes: Vec<u8>,
    /// Each property and where its text ends.
    ends: Vec<(Box<str>, usize)>,
}

impl JsonBody {
    /// Sets a property. If the value is `null`, the body stays as it was.
    ///
    /// # Errors
    /// The value cannot be serialized; the body stays as it was.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> serde_json::Result<()> {
        self.write(name, |bytes| {
            let start = bytes.len();
            serde_json::to_writer(&mut *bytes, value)?;
            Ok(bytes.get(start..) != Some(b"null"))
        })
    }

    /// Sets a property to what `write` appends; nothing if that returns `false`.
    ///
    /// # Errors
    /// That of `write`; the body stays as it was.
    pub fn write(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<bool>,
    ) -> serde_json::Result<()> {
        let start = self.bytes.len();
        let written = serde_json::to_writer(&mut self.bytes, name)
            .map(|()| self.bytes.push(b':'))
            .and_then(|()| write(&mut self.bytes));
        if !matches!(written, Ok(true)) {
            self.bytes.truncate(start);
            return written.map(|_| ());
        }
        self.bytes.push(b',');
        self.remove(name);
        self.ends.push((name.into(), self.bytes.len()));
        Ok(())
    }

    /// Adds an entry to a property that is an object.
    ///
    /// # Errors
    /// The value cannot be serialized; the body stays as it was.
    pub fn add(
        &mut self,
        name: &str,
        key: &str,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<bool>,
    ) -> serde_json::Result<()> {
        // Between the braces of the earlier value.
        let earlier = self.range_of(name).and_then(|(start, end)| {
            let value = self.bytes.get(start..end)?.get(name.len() + 3..)?;
            value
                .strip_prefix(b"{")?
                .strip_suffix(b"},")
                .map(<[u8]>::to_vec)
        });
        self.write(name, |bytes| {
            bytes.push(b'{');
            if let Some(earlier) = earlier.filter(|earlier| !earlier.is_empty()) {
                bytes.extend(earlier);
                bytes.push(b',');
            }
            serde_json::to_writer(&mut *bytes, key)?;
            bytes.push(b':');
            let written = write(bytes)?;
            bytes.push(b'}');
            Ok(written)
        })
    }

    /// Where the text of a property starts and ends.
    fn range_of(&self, name: &str) -> Option<(usize, usize)> {
        let at = self.ends.iter().position(|(known, _)| **known == *name)?;
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        Some((before.map_or(0, |(_, end)| *end), self.ends.get(at)?.1))
    }

    fn remove(&mut self, name: &str) {
        let Some((start, end)) = self.range_of(name) else {
            return;
        };
        self.bytes.drain(start..end);
        self.ends.retain(|(known, _)| **known != *name);
        for (_, later) in &mut self.ends {
            if *later >= end {
                *later -= end - start;
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn finish(mut self) -> Bytes {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'}';
        } else {
            self.bytes.push(b'}');
        }
        self.bytes.insert(0, b'{');
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_their_order_and_are_replaced() {
        let mut body = JsonBody::default();
        body.set("query", &serde_json::json!({"match_all": {}}))
            .unwrap();
        body.set("size", &10).unwrap();
        body.set("query", &serde_json::json!({"ids": {"values": ["1"]}}))
            .unwrap();
        body.set("from", "x\"y").unwrap();
        body.set("size", &None::<u32>).unwrap();
        assert_eq!(
            body.finish(),
            r#"{"size":10,"query":{"ids":{"values":["1"]}},"from":"x\"y"}"#
        );
        assert_eq!(JsonBody::default().finish(), "{}");
    }

    #[test]
    fn entries_are_added_to_an_object() {
        let one = |text: &'static str| {
            move |bytes: &mut Vec<u8>| {
                bytes.extend(text.as_bytes());
                Ok(true)
            }
        };
        let mut body = JsonBody::default();
        body.add("aggregations", "a", one("1")).unwrap();
        body.set("size", &10).unwrap();
        body.add("aggregations", "b", one("[{}]")).unwrap();
        body.add("aggregations", "c", |_| Ok(false)).unwrap();
        assert_eq!(
            body.finish(),
            r#"{"size":10,"aggregations":{"a":1,"b":[{}]}}"#
        );
    }

    #[test]
    fn a_value_that_cannot_be_written_leaves_no_trace() {
        let mut body = JsonBody::default();
        let keys_are_no_strings = std::collections::BTreeMap::from([(vec![1], 1)]);
        body.set("query", &keys_are_no_strings).unwrap_err();
        assert_eq!(body.finish(), "{}");
    }
}
