use serde_json::json;

use super::*;
use crate::{Transport, error::Error};

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
