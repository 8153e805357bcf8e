//! A request body that is written property by property, straight into its bytes.

use bytes::Bytes;
use serde::Serialize;

use crate::error::{Error, Result};

/// The top level of a JSON body. A property that is set again replaces the earlier value.
#[derive(Debug, Default)]
pub(crate) struct JsonBody {
    /// `"name":value,` for each property, in the order in which they were set.
    bytes: Vec<u8>,
    /// Each property and where its text ends.
    ends: Vec<(&'static str, usize)>,
}

impl JsonBody {
    /// Sets a property.
    ///
    /// # Errors
    /// The value cannot be serialised; the body stays as it was.
    pub(crate) fn set<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        let start = self.bytes.len();
        let written = serde_json::to_writer(&mut self.bytes, name)
            .map(|()| self.bytes.push(b':'))
            .and_then(|()| serde_json::to_writer(&mut self.bytes, value));
        if let Err(error) = written {
            self.bytes.truncate(start);
            return Err(Error::encode(name, error));
        }
        self.bytes.push(b',');
        self.remove(name);
        self.ends.push((name, self.bytes.len()));
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        let Some(at) = self.ends.iter().position(|(known, _)| *known == name) else { return };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |e| e.1);
        let (_, end) = self.ends.remove(at);
        self.bytes.drain(start..end);
        for (_, later) in self.ends.iter_mut().skip(at) {
            *later -= end - start;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn finish(mut self) -> Bytes {
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
    fn properties_are_written_in_order_and_replaced_when_set_again() {
        let mut body = JsonBody::default();
        body.set("query", &serde_json::json!({"match_all": {}})).unwrap();
        body.set("size", &10).unwrap();
        body.set("query", &serde_json::json!({"ids": {"values": ["1"]}})).unwrap();
        body.set("from", "x\"y").unwrap();
        assert_eq!(body.finish(), r#"{"size":10,"query":{"ids":{"values":["1"]}},"from":"x\"y"}"#);
        assert_eq!(JsonBody::default().finish(), "{}");
    }

    #[test]
    fn a_value_that_cannot_be_written_leaves_no_trace() {
        let mut body = JsonBody::default();
        let keys_are_no_strings = std::collections::BTreeMap::from([(vec![1], 1)]);
        assert!(body.set("query", &keys_are_no_strings).unwrap_err().is_encode());
        assert_eq!(body.finish(), "{}");
    }
}
