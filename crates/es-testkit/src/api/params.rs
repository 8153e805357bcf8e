//! Percent-decoding and the query string.

use std::collections::BTreeMap;

use super::error::ApiError;

/// Parameters of every endpoint.
const COMMON: [&str; 5] = ["pretty", "human", "error_trace", "filter_path", "format"];

/// Flags that change nothing here.
const FLAGS: [&str; 4] = [
    "pretty",
    "request_cache",
    "allow_partial_search_results",
    "ccs_minimize_roundtrips",
];

/// Numeric parameters without effect here, with their minimum.
const LIMITS: [(&str, usize); 4] = [
    ("batched_reduce_size", 2),
    ("max_concurrent_searches", 1),
    ("max_concurrent_shard_requests", 1),
    ("pre_filter_shard_size", 1),
];

/// Refuses ways to search other than the default one.
///
/// # Errors
/// 400 as from the server; for scores of all shards together, as from this one.
pub(crate) fn check_search_type(kind: &str) -> Result<(), ApiError> {
    match kind {
        "query_then_fetch" => Ok(()),
        "dfs_query_then_fetch" => Err(ApiError::unsupported(format!("the search type [{kind}]"))),
        _ => Err(ApiError::illegal_argument(format!(
            "No search type for [{kind}]"
        ))),
    }
}

/// The parameters of a query string; the last of several equal names counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = query
            .unwrap_or("")
            .split('&')
            .filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // In a query a plus sign is a space, in a path it is not.
            (
                percent_decode(&name.replace('+', " ")),
                percent_decode(&value.replace('+', " ")),
            )
        });
        Self(decoded.collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Refuses parameters that the endpoint does not take.
    ///
    /// # Errors
    /// 400 as from the server; of those that only the genuine server takes, as from this one.
    pub fn check(&self, path: &str, known: &[&str]) -> Result<(), ApiError> {
        let words = || known.iter().flat_map(|list| list.split(' ')).chain(COMMON);
        let mut unknown = Vec::new();
        for name in self.0.keys() {
            if words().any(|word| word == name) {
                continue;
            }
            if words().any(|word| word.strip_prefix('!') == Some(name)) {
                return Err(ApiError::unsupported(format!(
                    "the query parameter [{name}]"
                )));
            }
            unknown.push(format!("[{name}]"));
        }
        match unknown.as_slice() {
            [] => self.check_common(),
            [one] => Err(ApiError::illegal_argument(format!(
                "request [{path}] contains unrecognized parameter: {one}"
            ))),
            _ => Err(ApiError::illegal_argument(format!(
                "request [{path}] contains unrecognized parameters: {}",
                unknown.join(", ")
            ))),
        }
    }

    /// Checks the parameters that every endpoint shares.
    fn check_common(&self) -> Result<(), ApiError> {
        for name in FLAGS {
            self.flag(name)?;
        }
        for (name, least) in LIMITS {
            if self.count(name)?.is_some_and(|number| number < least) {
                return Err(ApiError::illegal_argument(format!(
                    "[{name}] must be >= {least}"
                )));
            }
        }
        if let Some(kind) = self.get("search_type") {
            check_search_type(kind)?;
        }
        for name in ["human", "error_trace"] {
            if self.get(name).is_some_and(|value| value != "false") {
                return Err(ApiError::unsupported(format!(
                    "the query parameter [{name}]"
                )));
            }
        }
        match self.get("format") {
            None | Some("json" | "text" | "") => Ok(()),
            Some(format) => Err(ApiError::unsupported(format!("responses as [{format}]"))),
        }
    }

    /// A flag: `true`, `false`, or nothing, which is `true`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.get(name).map(read_flag).transpose()
    }

    /// A count: a number of at least zero.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn count(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number: i64 = text.parse().map_err(|_| {
            ApiError::illegal_argument(format!(
                "Failed to parse int parameter [{name}] with value [{text}]"
            ))
        })?;
        usize::try_from(number).map(Some).map_err(|_| {
            ApiError::illegal_argument(format!(
                "[{name}] parameter cannot be negative but was [{number}]"
            ))
        })
    }

    /// The version of a document.
    ///
    /// # Errors
    /// 400 when it is no number.
    pub fn version(&self) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get("version") else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::illegal_argument(format!(
                "Failed to parse long parameter [version] with value [{text}]"
            ))
        })
    }

    /// A number.
    ///
    /// # Errors
    /// 400 when it is none.
    pub fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::illegal_argument(format!(
                "Failed to parse int parameter [{name}] with value [{text}]"
            ))
        })
    }
}

/// Reads a flag.
///
/// # Errors
/// 400 for an invalid value.
pub(crate) fn read_flag(text: &str) -> Result<bool, ApiError> {
    match text {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        text => Err(ApiError::illegal_argument(format!(
            "Failed to parse value [{text}] as only [true] or [false] are allowed."
        ))),
    }
}

/// Whether every percent sign begins an escape.
pub(crate) fn is_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

/// Decodes `%xx`; a percent sign that starts no such triple stays, and so does a plus sign.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match pair
            .filter(|_| first == b'%')
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        assert_eq!(percent_decode("a%2Fb+c%zz%C3%A9"), "a/b+c%zzé");
        assert!(is_escaped("a%2Fb") && !is_escaped("%zz") && !is_escaped("a%2"));
        let params = Params::parse(Some("q=a+b&flag&off=false&n=x"));
        assert_eq!(params.get("q"), Some("a b"));
        assert_eq!(params.flag("flag").ok(), Some(Some(true)));
        assert_eq!(params.flag("off").ok(), Some(Some(false)));
        assert!(params.flag("n").is_err());
        assert!(params.number("n").is_err());
    }
}
