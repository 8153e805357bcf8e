//! Settings by name: from a configuration file, and from the environment.
//!
//! Each setting has the name of its setter on [`TransportBuilder`](crate::TransportBuilder). Its value is a
//! string, a number or a list:
//!
//! | setting | value |
//! |---|---|
//! | `nodes` | a list of URLs, or a string of URLs separated by commas |
//! | `cloud_id` | the Cloud ID of a deployment, instead of nodes |
//! | `ca_certs` | the path of a PEM or DER file, or PEM text |
//! | `ssl_assert_fingerprint` | SHA-256 fingerprint of the server's or a CA's certificate |
//! | `verify_certs`, `ssl_assert_hostname` | `true` or `false` |
//! | `client_cert` and `client_key` | like `ca_certs` |
//! | `min_tls_version` | `1.2` or `1.3` |
//! | `trust_roots` | `mozilla`; `system` with the feature `native-roots`, `platform` with `platform-verifier` |
//! | `basic_auth` | `["username", "password"]`, or the string `username:password` |
//! | `username` and `password` | the two parts of `basic_auth` |
//! | `bearer_auth` | a token |
//! | `api_key` | the encoded key, `["id", "api_key"]`, or the string `id:api_key` |
//! | `connect_timeout`, `acquire_timeout`, `idle_timeout` | a duration |
//! | `request_timeout`, `total_timeout`, `max_connection_age`, `tcp_keepalive` | a duration or `off` |
//! | `max_retries`, `connections_per_node`, `max_idle_per_node` | a number |
//! | `retry_on_status` | a list of status codes |
//! | `retry_on_timeout` | `true` or `false` |
//! | `dead_node_backoff` | a list of two durations: factor and maximum |
//! | `node_selector` | `round_robin`, `random`, `least_in_flight` or `peak_ewma` |
//! | `shard_aware`, `sniff_on_start`, `sniff_on_node_failure`, `sniff_before_requests` | `true` or `false` |
//! | `sniff_every`, `min_delay_between_sniffing`, `sniff_timeout` | a duration |
//! | `http_compress`, `meta_header` | `true` or `false` |
//! | `compression_level` | `1` to `9` |
//! | `compression_threshold` | a size |
//! | `max_response_size` | a size or `off` |
//! | `headers` | a table of header values by name |
//! | `opaque_id`, `user_agent`, `proxy` | a string |
//! | `compatibility_mode` | a major version such as `9`, `off`, `negotiated` or `serverless` |
//! | `product_check` | `enforce`, `warn` or `off` |
//!
//! A duration is a number of seconds or a string with a unit: `500ms`, `30s`, `2m`,
//! `1h`. A size is a number of bytes or a string with a unit: `64kb`, `100mb`, `1gb`.
//! Numbers and booleans may also be given as strings.

mod value;

use std::{collections::BTreeMap, env, ffi::OsString, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use value::{NAMES, Value};

/// Settings by name, for [`TransportBuilder::config`](crate::TransportBuilder::config); the [module](self) lists them.
///
/// It can be deserialized from any format that serde supports, read from the
/// environment, or both. Deserialization fails only if the input is malformed. Unknown
/// settings and invalid values are reported by [`build`](crate::TransportBuilder::build)
/// instead, because the errors of some formats quote the line, which may contain a
/// secret.
///
/// ```
/// use es_transport::{Config, Transport};
///
/// let config: Config = serde_json::from_str(
///     r#"{
///         "nodes": ["https://localhost:9200", "https://localhost:9201"],
///         "basic_auth": ["elastic", "changeme"],
///         "request_timeout": "10s"
///     }"#,
/// )?;
/// let transport = Transport::builder().config(config).build()?;
/// # let _ = transport;
///
/// let config: Config = serde_json::from_str(r#"{"nodes": "http://a:9200", "max_retries": "many"}"#)?;
/// let error = Transport::builder().config(config).build().unwrap_err();
/// assert_eq!(error.to_string(), "`max_retries`: it must be a number");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Config {
    settings: BTreeMap<String, Setting>,
}

#[derive(Clone)]
struct Setting {
    value: Value,
    /// The environment variable that it comes from.
    variable: Option<String>,
}

/// The prefix of [`Config::from_env`].
const PREFIX: &str = "ELASTICSEARCH";

/// Other names of `nodes` in the environment: those of Elastic's clients and of Kibana.
const NODES_VARIABLES: [&str; 3] = ["NODES", "URL", "HOSTS"];

/// The settings of which one replaces all others when configurations are combined.
const ALTERNATIVES: [&[&str]; 2] = [
    &["cloud_id", "nodes"],
    &[
        "api_key",
        "basic_auth",
        "bearer_auth",
        "password",
        "username",
    ],
];

impl Config {
    /// Reads the environment variables `ELASTICSEARCH_…`, where `…` is the name of a
    /// setting in upper case, such as `ELASTICSEARCH_CLOUD_ID` or `ELASTICSEARCH_API_KEY`.
    ///
    /// `ELASTICSEARCH_URL` and `ELASTICSEARCH_HOSTS` are aliases of `ELASTICSEARCH_NODES`.
    /// Empty variables are ignored, and so are variables that name no setting, because
    /// other programs use the prefix as well.
    pub fn from_env() -> Self {
        Self::from_env_with_prefix(PREFIX)
    }

    /// Reads environment variables with another prefix, such as `SHOP_SEARCH` for
    /// `SHOP_SEARCH_NODES`.
    ///
    /// ```
    /// use es_transport::{Config, Transport};
    ///
    /// // Without `SHOP_SEARCH_NODES` and the like, the defaults of the program remain.
    /// let defaults: Config = serde_json::from_str(r#"{"nodes": "http://localhost:9200"}"#)?;
    /// let config = defaults.overridden_by(Config::from_env_with_prefix("SHOP_SEARCH"));
    /// let transport = Transport::builder().config(config).build()?;
    /// assert_eq!(transport.pool().unwrap().nodes()[0].node().url(), "http://localhost:9200");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_env_with_prefix(prefix: &str) -> Self {
        Self::from_variables(prefix, |name| env::var_os(name))
    }

    fn from_variables(prefix: &str, read: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut config = Self::default();
        let names = NAMES.iter().filter(|name| **name != "nodes");
        let variables = names.map(|name| (*name, name.to_uppercase()));
        let nodes = NODES_VARIABLES
            .iter()
            .map(|name| ("nodes", (*name).to_owned()));

        for (name, variable) in variables.chain(nodes) {
            let variable = format!("{prefix}_{variable}");
            let Some(value) = read(&variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            let value = match value.into_string() {
                Ok(text) => Value::text(text),
                Err(_) => Value::Invalid("it is not valid Unicode"),
            };
            config.insert(
                name.to_owned(),
                Setting {
                    value,
                    variable: Some(variable),
                },
            );
        }
        config
    }

    /// Merges two configurations. If both have a setting, the value of `other` is used.
    ///
    /// A Cloud ID in `other` replaces nodes, and vice versa; likewise, any kind of
    /// authentication replaces every other kind.
    ///
    /// ```
    /// # use es_transport::{Config, Transport};
    /// # fn read() -> Result<(), Box<dyn std::error::Error>> {
    /// let file: Config = serde_json::from_str(&std::fs::read_to_string("search.json")?)?;
    /// let transport = Transport::builder().config(file.overridden_by(Config::from_env())).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn overridden_by(mut self, other: Self) -> Self {
        for alternatives in ALTERNATIVES {
            if alternatives
                .iter()
                .any(|name| other.settings.contains_key(*name))
            {
                self.settings
                    .retain(|name, _| !alternatives.contains(&&**name));
            }
        }
        self.settings.extend(other.settings);
        self
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    fn insert(&mut self, name: String, setting: Setting) {
        self.settings
            .entry(name)
            .and_modify(|known| known.value = Value::Invalid("it is set twice"))
            .or_insert(setting);
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.settings.get(name).map(|setting| &setting.value)
    }
}

/// Shows the names of the settings only.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut config = Config::default();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if !matches!(value, Value::Unset) {
                config.insert(
                    name,
                    Setting {
                        value,
                        variable: None,
                    },
                );
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
