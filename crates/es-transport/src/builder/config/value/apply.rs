//! The setters that settings by name are for.

use std::marker::PhantomData;

use super::Value;
use crate::{
    builder::{TransportBuilder, config::Config},
    error::{Error, Result},
    node::{LeastInFlight, PeakEwma, Random, RoundRobin},
    transport::Transport,
};

/// Settings by name.
impl<T> TransportBuilder<T> {
    /// Applies settings from a file or the environment, in addition to the setters that
    /// are called before or after it.
    ///
    /// ```
    /// use es_transport::{Config, Transport};
    ///
    /// let file: Config = serde_json::from_str(r#"{"nodes": "http://a:9200,http://b:9200"}"#)?;
    /// let transport = Transport::builder().config(file).http_compress(true).build()?;
    /// assert_eq!(transport.pool().map(|pool| pool.len()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn config(self, config: Config) -> Self {
        // It calls every setter: compiled once, not for each type that is built.
        self.retarget::<Transport>().apply_all(&config).retarget()
    }

    fn retarget<U>(self) -> TransportBuilder<U> {
        TransportBuilder {
            settings: self.settings,
            error: self.error,
            variables: self.variables,
            target: PhantomData,
        }
    }
}

impl TransportBuilder {
    fn apply_all(self, config: &Config) -> Self {
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
                value => builder.apply(config, name, value),
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
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)* $(stringify!($special),)*];

        impl TransportBuilder {
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

impl TransportBuilder {
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
