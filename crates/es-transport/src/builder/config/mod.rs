//! Settings by name: from a configuration file, and from the environment.
//!
//! Each setting has the name of its setter on [`TransportBuilder`]. Its value is a
//! text, a number or a list:
//!
//! | setting | value |
//! |---|---|
//! | `nodes` | a list of URLs, or a text of URLs separated by commas |
//! | `cloud_id` | the Cloud ID of a deployment, instead of nodes |
//! | `ca_certs` | the path of a PEM or DER file, or PEM text |
//! | `ssl_assert_fingerprint` | SHA-256 fingerprint of the server's or a CA's certificate |
//! | `verify_certs`, `ssl_assert_hostname` | `true` or `false` |
//! | `client_cert` and `client_key` | as `ca_certs` |
//! | `min_tls_version` | `1.2` or `1.3` |
//! | `trust_roots` | `mozilla`, and by feature `system` or `platform` |
//! | `basic_auth` | `["username", "password"]`, or the text `username:password` |
//! | `username` and `password` | the two parts of `basic_auth` |
//! | `bearer_auth` | a token |
//! | `api_key` | the encoded key, `["id", "api_key"]`, or the text `id:api_key` |
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
//! | `opaque_id`, `user_agent`, `proxy` | text |
//! | `compatibility_mode` | a major version such as `9`, `off`, `negotiated` or `serverless` |
//! | `product_check` | `enforce`, `warn` or `off` |
//!
//! A duration is a number of seconds or a text with a unit: `500ms`, `30s`, `2m`, `1h`.
//! A size is a number of bytes or a text with a unit: `64kb`, `100mb`, `1gb`. Numbers
//! and booleans may also be given as text.

mod value;

use std::{collections::BTreeMap, env, ffi::OsString, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use value::Value;

use super::TransportBuilder;
use crate::{
    error::{Error, Result},
    node::{LeastInFlight, PeakEwma, Random, RoundRobin},
};

/// Settings by name, for [`TransportBuilder::config`]; the [module](self) lists them.
///
/// It can be deserialized from any format that serde supports, read from the
/// environment, or both. Deserialization fails only if the input is malformed. Unknown
/// settings and invalid values are reported by [`build`](TransportBuilder::build)
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
    /// A Cloud ID in `other` replaces nodes, and the reverse; likewise, any kind of
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

/// Settings by name.
impl<T> TransportBuilder<T> {
    /// Applies settings from a file or the environment, in addition to the setters that
    /// are called before or after it.
    pub fn config(self, config: Config) -> Self {
        let unknown = config
            .settings
            .keys()
            .find(|name| !NAMES.contains(&name.as_str()));
        let mut builder = match unknown {
            Some(name) => self.invalid("config", format!("there is no setting `{name}`")),
            None => self,
        };
        for name in NAMES {
            let Some(setting) = config.settings.get(*name) else {
                continue;
            };
            if let Some(variable) = &setting.variable {
                // The setter of a user name and its password has a name of its own.
                let setter = if *name == "username" {
                    "basic_auth"
                } else {
                    name
                };
                builder.variables.push((setter, variable.clone()));
            }
            builder = match &setting.value {
                Value::Invalid(message) => builder.invalid(name, *message),
                value => builder.apply(&config, name, value),
            };
        }
        builder
    }

    fn invalid(self, setting: &'static str, message: impl Into<String>) -> Self {
        self.try_set(|_| Err(Error::config(setting, message)))
    }
}

/// Names the settings, and how the value of each is read.
macro_rules! settings {
    (special { $($special:ident,)* } $($name:ident: $read:ident;)*) => {
        /// The names of all settings.
        const NAMES: &[&str] = &[$(stringify!($name),)* $(stringify!($special),)*];

        impl<T> TransportBuilder<T> {
            fn apply(self, config: &Config, name: &'static str, value: &Value) -> Self {
                $(if name == stringify!($name) {
                    return match value.$read() {
                        Ok(value) => self.$name(value),
                        Err(message) => self.invalid(name, message),
                    };
                })*
                self.apply_special(config, name, value)
            }
        }
    };
}

settings! {
    special {
        api_key,
        basic_auth,
        client_cert,
        client_key,
        dead_node_backoff,
        headers,
        node_selector,
        password,
        username,
    }
    nodes: texts;
    cloud_id: one_text;
    ca_certs: one_text;
    ssl_assert_fingerprint: one_text;
    verify_certs: boolean;
    ssl_assert_hostname: boolean;
    min_tls_version: tls_version;
    trust_roots: trust_roots;
    bearer_auth: one_text;
    connect_timeout: duration;
    acquire_timeout: duration;
    idle_timeout: duration;
    request_timeout: duration_or_off;
    total_timeout: duration_or_off;
    max_connection_age: duration_or_off;
    tcp_keepalive: duration_or_off;
    connections_per_node: number;
    max_idle_per_node: number;
    max_retries: number;
    retry_on_status: statuses;
    retry_on_timeout: boolean;
    shard_aware: boolean;
    sniff_on_start: boolean;
    sniff_on_node_failure: boolean;
    sniff_before_requests: boolean;
    sniff_every: duration;
    min_delay_between_sniffing: duration;
    sniff_timeout: duration;
    http_compress: boolean;
    meta_header: boolean;
    compression_level: number;
    compression_threshold: size;
    max_response_size: size_or_off;
    opaque_id: one_text;
    user_agent: one_text;
    proxy: one_text;
    compatibility_mode: compatibility_mode;
    product_check: product_check;
}

impl<T> TransportBuilder<T> {
    /// Applies a setting whose setter takes more than one value.
    fn apply_special(self, config: &Config, name: &'static str, value: &Value) -> Self {
        match name {
            "api_key" => match (value.pair(), value.one_text()) {
                (Ok(pair), _) => self.api_key(pair),
                (_, Ok(encoded)) => self.api_key(encoded),
                _ => self.invalid(name, "it must be text, or an id and a key"),
            },
            "basic_auth" => match value.pair() {
                Ok((username, password)) => self.basic_auth(username, password),
                Err(message) => self.invalid(name, message),
            },
            "username" => match halves(config, name, "password") {
                Ok((username, password)) => self.basic_auth(username, password),
                Err(message) => self.invalid(name, message),
            },
            "client_cert" => match halves(config, name, "client_key") {
                Ok((certificate, key)) => self.client_cert(certificate, key),
                Err(message) => self.invalid(name, message),
            },
            // The first half sets both.
            "password" => self.check_half(config, name, "username"),
            "client_key" => self.check_half(config, name, "client_cert"),
            "dead_node_backoff" => match value.durations().as_deref() {
                Ok([factor, max]) => self.dead_node_backoff(*factor, *max),
                _ => self.invalid(name, "it must be a list of two durations"),
            },
            "headers" => match value.table() {
                Ok(headers) => {
                    headers.fold(self, |builder, (header, value)| match value.one_text() {
                        Ok(text) => builder.header(header, text),
                        Err(message) => builder.invalid(name, message),
                    })
                }
                Err(message) => self.invalid(name, message),
            },
            _ => match value.one_text() {
                Ok("round_robin") => self.node_selector(RoundRobin::default()),
                Ok("random") => self.node_selector(Random),
                Ok("least_in_flight") => self.node_selector(LeastInFlight),
                Ok("peak_ewma") => self.node_selector(PeakEwma::default()),
                _ => self.invalid(
                    name,
                    "it must be `round_robin`, `random`, `least_in_flight` or `peak_ewma`",
                ),
            },
        }
    }

    fn check_half(self, config: &Config, name: &'static str, other: &str) -> Self {
        match halves(config, name, other) {
            Ok(_) => self,
            Err(message) => self.invalid(name, message),
        }
    }
}

/// Reads two settings that belong together.
fn halves<'a>(config: &'a Config, name: &str, other: &str) -> Result<(&'a str, &'a str), String> {
    let first = config
        .value(name)
        .map_or(Err("it is missing"), Value::one_text)?;
    match config.value(other) {
        None => Err(format!("`{other}` is missing")),
        Some(second) => match second.one_text() {
            Ok(second) => Ok((first, second)),
            Err(message) => Err(format!("`{other}`: {message}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Transport;

    fn config(settings: serde_json::Value) -> Config {
        serde_json::from_value(settings).unwrap()
    }

    fn env(variables: &[(&str, &str)]) -> Config {
        Config::from_variables(PREFIX, |name| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| (*value).into())
        })
    }

    fn error(config: Config) -> Error {
        Transport::builder().config(config).build().unwrap_err()
    }

    fn build(config: Config) -> Transport {
        Transport::builder().config(config).build().unwrap()
    }

    #[test]
    fn every_setting_is_read() {
        let settings = [
            ("ssl_assert_fingerprint", json!("ab".repeat(32))),
            ("verify_certs", json!("true")),
            ("ssl_assert_hostname", json!(true)),
            ("min_tls_version", json!("1.3")),
            ("trust_roots", json!("mozilla")),
            ("bearer_auth", json!("token")),
            ("connect_timeout", json!("500ms")),
            ("acquire_timeout", json!(2)),
            ("idle_timeout", json!("1m")),
            ("request_timeout", json!("off")),
            ("total_timeout", json!("1h")),
            ("max_connection_age", json!("off")),
            ("tcp_keepalive", json!(30.5)),
            ("connections_per_node", json!("16")),
            ("max_idle_per_node", json!(4)),
            ("max_retries", json!(5)),
            ("retry_on_status", json!([429, "503"])),
            ("retry_on_timeout", json!("1")),
            ("shard_aware", json!(false)),
            ("sniff_on_start", json!(true)),
            ("sniff_on_node_failure", json!(true)),
            ("sniff_before_requests", json!(true)),
            ("sniff_every", json!("5m")),
            ("min_delay_between_sniffing", json!("10s")),
            ("sniff_timeout", json!("2s")),
            ("http_compress", json!(true)),
            ("meta_header", json!(false)),
            ("compression_level", json!(3)),
            ("compression_threshold", json!("4kb")),
            ("max_response_size", json!("100mb")),
            ("opaque_id", json!("shop")),
            ("user_agent", json!("shop/1.0")),
            ("proxy", json!("http://proxy:3128")),
            ("compatibility_mode", json!(8)),
            ("product_check", json!("warn")),
            ("dead_node_backoff", json!(["1s", "30s"])),
            ("headers", json!({"x-tenant": "7"})),
            ("node_selector", json!("peak_ewma")),
        ];
        for (name, value) in &settings {
            let mut all = json!({"nodes": ["https://a:9200"]});
            all[*name] = value.clone();
            build(config(all));
        }

        let alternatives = [
            json!({"cloud_id": "x:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRjbHVzdGVyJGtpYmFuYQ=="}),
            json!({"nodes": "http://a:9200,http://b:9200", "basic_auth": "elastic:a:b"}),
            json!({"nodes": "http://a:9200", "username": "elastic", "password": "x"}),
            json!({"nodes": "http://a:9200", "api_key": ["id", "key"]}),
        ];
        alternatives
            .into_iter()
            .for_each(|settings| drop(build(config(settings))));

        // Those need a file, and are in the tests of errors.
        let elsewhere = ["ca_certs", "client_cert", "client_key"];
        let read: Vec<_> = settings.iter().map(|(name, _)| *name).collect();
        let others = [
            "nodes",
            "cloud_id",
            "basic_auth",
            "username",
            "password",
            "api_key",
        ];
        let missing = |name: &&&str| ![&*read, &others, &elsewhere].concat().contains(*name);
        assert_eq!(NAMES.iter().find(missing), None);
    }

    #[test]
    fn values_that_cannot_be_used_are_named() {
        for name in NAMES {
            let mut all = json!({"nodes": "https://a:9200"});
            all[*name] = json!({"secret": ["hunter2"]});
            let error = error(config(all));
            if *name == "headers" {
                assert_eq!(error.to_string(), "`headers`: it must be text");
            }
            let shown = error.to_string();
            assert!(shown.starts_with(&format!("`{name}`")), "{shown}");
            assert!(
                !format!("{error:?} {error}").contains("hunter2"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_missing_half_of_a_pair_is_named() {
        let of = |name: &str| {
            let mut all = json!({"nodes": "https://a:9200"});
            all[name] = json!("x");
            error(config(all)).to_string()
        };
        assert_eq!(of("username"), "`username`: `password` is missing");
        assert_eq!(of("password"), "`password`: `username` is missing");
        assert_eq!(of("client_cert"), "`client_cert`: `client_key` is missing");
        assert_eq!(of("client_key"), "`client_key`: `client_cert` is missing");
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let error = error(config(
            json!({"nodes": "http://a:9200", "pasword": "hunter2"}),
        ));
        assert_eq!(error.to_string(), "`config`: there is no setting `pasword`");
    }

    #[test]
    fn null_is_not_set() {
        build(config(
            json!({"nodes": "http://a:9200", "request_timeout": null}),
        ));
    }

    #[test]
    fn two_kinds_of_credentials_are_refused() {
        let both = json!({"nodes": "http://a:9200", "api_key": "key", "basic_auth": ["u", "p"]});
        assert!(error(config(both)).to_string().contains("given twice"));
    }

    #[test]
    fn variables_have_the_names_of_settings() {
        let transport = build(env(&[
            ("ELASTICSEARCH_URL", "http://a:9200,http://b:9200"),
            ("ELASTICSEARCH_API_KEY", "id:key"),
            ("ELASTICSEARCH_MAX_RETRIES", ""),
            ("ELASTICSEARCH_PORT", "tcp://10.0.0.1:9200"),
        ]));
        assert_eq!(transport.pool().unwrap().len(), 2);
    }

    #[test]
    fn errors_name_the_variable() {
        let nodes = ("ELASTICSEARCH_NODES", "https://a:9200");
        let shown = |variable| error(env(&[nodes, variable])).to_string();
        assert_eq!(
            shown(("ELASTICSEARCH_REQUEST_TIMEOUT", "soon")),
            "`request_timeout`: it must be a duration such as `500ms`, `30s` or `2m`, or `off` \
             (from ELASTICSEARCH_REQUEST_TIMEOUT)"
        );
        assert_eq!(
            shown(("ELASTICSEARCH_URL", "https://b:9200")),
            "`nodes`: it is set twice (from ELASTICSEARCH_NODES)"
        );
        let file = shown(("ELASTICSEARCH_CA_CERTS", "/there/is/no.crt"));
        assert!(file.contains("no.crt") && file.ends_with("(from ELASTICSEARCH_CA_CERTS)"));
        let key = shown(("ELASTICSEARCH_API_KEY", "hun ter2"));
        assert!(
            key.contains("ELASTICSEARCH_API_KEY") && !key.contains("ter2"),
            "{key}"
        );

        let user = [
            nodes,
            ("ELASTICSEARCH_USERNAME", "a:b"),
            ("ELASTICSEARCH_PASSWORD", "x"),
        ];
        assert!(
            error(env(&user))
                .to_string()
                .ends_with("(from ELASTICSEARCH_USERNAME)")
        );
        let alone = error(env(&[nodes, ("ELASTICSEARCH_USERNAME", "a")])).to_string();
        assert_eq!(alone, "`username`: `password` is missing");
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_named() {
        use std::os::unix::ffi::OsStringExt;

        let config = Config::from_variables("SHOP", |name| {
            (name == "SHOP_CLOUD_ID").then(|| OsString::from_vec(vec![0xff]))
        });
        let error = error(config).to_string();
        assert_eq!(
            error,
            "`cloud_id`: it is not valid Unicode (from SHOP_CLOUD_ID)"
        );
    }

    #[test]
    fn alternatives_replace_each_other() {
        let file = config(json!({"nodes": ["http://a:9200"], "basic_auth": ["u", "p"]}));
        let env = env(&[
            ("ELASTICSEARCH_HOSTS", "http://b:9200,http://c:9200"),
            ("ELASTICSEARCH_API_KEY", "key"),
        ]);
        let both = file.clone().overridden_by(env);
        assert_eq!(format!("{both:?}"), r#"{"api_key", "nodes"}"#);
        assert_eq!(build(both).pool().unwrap().len(), 2);
        assert_eq!(
            build(file.overridden_by(Config::default()))
                .pool()
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let config = config(json!({"nodes": "http://u:hunter2@a:9200", "password": "hunter2"}));
        assert_eq!(format!("{config:?}"), r#"{"nodes", "password"}"#);
    }
}
