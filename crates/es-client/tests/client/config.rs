//! Settings from files and from the environment.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::{Command, Output};

use es_client::{Config, Elasticsearch};
use es_testkit::Cluster;

#[derive(serde::Deserialize)]
struct Settings {
    elasticsearch: Config,
}

fn error(text: &str) -> String {
    let config: Config = toml::from_str(text).unwrap();
    let error = Elasticsearch::builder().config(config).build().unwrap_err();
    assert!(
        error
            .as_transport()
            .is_some_and(es_client::es_transport::Error::is_config)
    );
    format!("{error} {error:?}")
}

/// Runs `child_reads_the_environment` with these variables.
async fn child(variables: Vec<(&'static str, String)>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "config::child_reads_the_environment",
        "--ignored",
        "--nocapture",
    ]);
    command.envs(variables);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn toml_within_a_configuration_connects() {
    let cluster = Cluster::builder().tls(true).start().await.unwrap();
    let text = format!(
        "[elasticsearch]\nnodes = ['{}']\nssl_assert_fingerprint = '{}'\n\
         username = 'elastic'\npassword = '{}'\nrequest_timeout = '10s'",
        cluster.url(0),
        cluster.ca_fingerprint(),
        cluster.password(),
    );
    let settings: Settings = toml::from_str(&text).unwrap();
    let client = Elasticsearch::builder()
        .config(settings.elasticsearch)
        .build()
        .unwrap();
    assert!(client.ping().await.unwrap());
}

#[test]
fn errors_name_the_setting_without_its_value() {
    let nodes = "nodes = ['https://a:9200']\n";
    for (line, name) in [
        ("api_key = 5555", "api_key"),
        ("basic_auth = ['elastic', 5555]", "basic_auth"),
        ("pasword = '5555'", "pasword"),
        ("bearer_auth = '55 55'", "bearer_auth"),
        ("headers = { authorization = '5555\\u0000' }", "headers"),
    ] {
        let shown = error(&format!("{nodes}{}", line.replace('\'', "\"")));
        assert!(shown.contains(&format!("`{name}`")), "{shown}");
        assert!(!shown.contains("55"), "{shown}");
    }
    let url = error("nodes = ['https://elastic:5555@ho st:9200']");
    assert!(url.contains("`nodes`") && !url.contains("5555"), "{url}");
    assert!(error("max_retries = 3").contains("`nodes`"));
}

#[tokio::test]
async fn the_environment_connects() {
    let cluster = Cluster::builder().tls(true).start().await.unwrap();
    let password = cluster.password().to_owned();
    let output = child(vec![
        ("ELASTICSEARCH_URL", cluster.url(0).to_string()),
        (
            "ELASTICSEARCH_SSL_ASSERT_FINGERPRINT",
            cluster.ca_fingerprint().to_string(),
        ),
        ("ELASTICSEARCH_USERNAME", "elastic".to_owned()),
        ("ELASTICSEARCH_PASSWORD", password.clone()),
    ])
    .await;
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("connected"), "{shown}");
    assert!(!shown.contains(&password));
}

#[tokio::test]
async fn a_wrong_variable_is_named() {
    let output = child(vec![
        ("ELASTICSEARCH_URL", "http://localhost:9200".to_owned()),
        ("ELASTICSEARCH_VERIFY_CERTS", "hunter2".to_owned()),
    ])
    .await;
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("(from ELASTICSEARCH_VERIFY_CERTS)"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
#[ignore = "runs in a process with an environment of its own"]
async fn child_reads_the_environment() {
    match Elasticsearch::from_env() {
        Ok(client) => {
            println!("{client:?} {:?}", Config::from_env());
            assert!(client.ping().await.unwrap());
            println!("connected");
        }
        Err(error) => println!("{error} {error:?}"),
    }
}
