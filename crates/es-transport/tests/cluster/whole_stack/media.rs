//! Media types, compression and warnings.

use es_testkit::{Cluster, Flavor};
use es_transport::{
    CompatibilityMode::{self, Fixed, Negotiated, Off},
    Transport,
    layer::response_check::ProductCheck,
    warning,
};
use serde_json::Value;

use crate::whole_stack::{
    cluster_support::{builder, get, post, text},
    nodes, start,
};

const VERSIONS: [&str; 4] = ["7.17.9", "8.19.0", "9.2.0", "3.8.0"];

async fn server(version: &str) -> Cluster {
    let flavor = if version == "3.8.0" {
        Flavor::OpenSearch
    } else {
        Flavor::Elasticsearch
    };
    start(Cluster::builder().version(version).flavor(flavor)).await
}

fn transport(cluster: &Cluster, mode: CompatibilityMode) -> Transport {
    let builder = builder(cluster.urls()).product_check(ProductCheck::Off);
    builder.compatibility_mode(mode).build().unwrap()
}

/// The media types that the last request accepted and sent.
fn types(cluster: &Cluster) -> (Option<String>, Option<String>) {
    let seen = cluster.node(0).requests().pop().unwrap();
    let value = |name| seen.header(name).map(str::to_owned);
    (value("accept"), value("content-type"))
}

fn both(value: &str) -> (Option<String>, Option<String>) {
    (Some(value.to_owned()), Some(value.to_owned()))
}

#[tokio::test]
async fn off_is_taken_by_every_server() {
    for version in VERSIONS {
        let cluster = server(version).await;
        let response = transport(&cluster, Off)
            .send(post("/i/_doc", r#"{"n":1}"#))
            .await
            .unwrap();
        assert_eq!(response.status(), 201, "{version}");
        assert_eq!(types(&cluster), both("application/json"), "{version}");
    }
}

#[tokio::test]
async fn a_fixed_major_is_taken_or_refused_with_advice() {
    for (version, major, good) in [
        ("9.2.0", 9, true),
        ("9.2.0", 8, true),
        ("8.19.0", 8, true),
        ("8.19.0", 9, false),
        ("3.8.0", 9, false),
    ] {
        let cluster = server(version).await;
        let sent = transport(&cluster, Fixed(major))
            .send(post("/i/_doc", r#"{"n":1}"#))
            .await;
        let asked = format!("application/vnd.elasticsearch+json;compatible-with={major}");
        assert_eq!(types(&cluster), both(&asked), "{version} {major}");
        match sent {
            Ok(response) => assert!(good && response.status() == 201, "{version} {major}"),
            Err(error) => {
                assert!(!good && error.is_media_type(), "{version} {major}: {error}");
                assert!(
                    error.to_string().contains("`compatibility_mode`"),
                    "{error}"
                );
                assert_eq!(cluster.request_count(), 1, "it is not sent again");
            }
        }
    }
}

#[tokio::test]
async fn negotiated_finds_what_every_server_takes_and_remembers_it() {
    for (version, wanted) in VERSIONS.into_iter().zip([
        "application/vnd.elasticsearch+json;compatible-with=9",
        "application/vnd.elasticsearch+json;compatible-with=8",
        "application/vnd.elasticsearch+json;compatible-with=9",
        "application/json",
    ]) {
        let cluster = server(version).await;
        let transport = transport(&cluster, Negotiated);
        for number in 1..=3 {
            let response = transport.send(post("/i/_doc", r#"{"n":1}"#)).await.unwrap();
            assert_eq!(response.status(), 201, "{version}");
            assert_eq!(types(&cluster), both(wanted), "{version}");
            let once_more = usize::from(!wanted.contains("=9"));
            assert_eq!(cluster.request_count(), number + once_more, "{version}");
        }
    }
}

#[tokio::test]
async fn negotiated_learns_from_info_too() {
    let cluster = server("8.19.0").await;
    let transport = transport(&cluster, Negotiated);
    transport.send(get("/")).await.unwrap();
    let before = cluster.request_count();
    transport.send(post("/i/_doc", r#"{"n":1}"#)).await.unwrap();
    assert_eq!(
        types(&cluster),
        both("application/vnd.elasticsearch+json;compatible-with=8")
    );
    assert_eq!(cluster.request_count(), before + 1);
}

/// A process of its own, since the environment belongs to all of it.
#[tokio::test]
async fn the_environment_sets_the_default_and_a_setting_wins() {
    let cluster = nodes(1).await;
    let child = |value: &'static str| {
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "whole_stack::media::child_with_an_environment",
                "--ignored",
            ])
            .env("ES_TRANSPORT_TEST_URL", cluster.url(0))
            .env("ELASTIC_CLIENT_APIVERSIONING", value);
        async move { command.output().await.unwrap().status.success() }
    };
    let vendor = "application/vnd.elasticsearch+json;compatible-with=9";
    for (value, default) in [
        ("true", vendor),
        ("1", vendor),
        ("", vendor),
        ("false", "application/json"),
    ] {
        assert!(child(value).await, "{value}");
        let asked = cluster.node(0).requests();
        let accepts: Vec<_> = asked
            .iter()
            .map(|request| request.header("accept"))
            .collect();
        let set = "application/vnd.elasticsearch+json;compatible-with=8";
        assert_eq!(accepts, [Some(default), Some(set)], "{value}");
        cluster.node(0).clear_records();
    }
    assert!(!child("perhaps").await);
    assert_eq!(cluster.request_count(), 0);
}

#[tokio::test]
#[ignore = "runs in a process with an environment of its own"]
async fn child_with_an_environment() {
    let url = std::env::var("ES_TRANSPORT_TEST_URL").unwrap();
    builder([&url])
        .build()
        .unwrap()
        .send(get("/"))
        .await
        .unwrap();
    let set = builder([&url])
        .compatibility_mode(Fixed(8))
        .build()
        .unwrap();
    set.send(get("/")).await.unwrap();
}

#[tokio::test]
async fn requests_and_responses_are_compressed_if_wanted() {
    let cluster = start(Cluster::builder().compression(true)).await;
    let document = format!(r#"{{"text":"{}"}}"#, "many words, ".repeat(1_000));
    for compress in [false, true] {
        cluster.node(0).clear_records();
        let transport = builder(cluster.urls())
            .http_compress(compress)
            .build()
            .unwrap();
        let put = |body: String| {
            let mut request = post("/i/_doc/1", body);
            *request.method_mut() = http::Method::PUT;
            request
        };
        transport.send(put(document.clone())).await.unwrap();
        let response = transport.send(get("/i/_doc/1")).await.unwrap();
        assert!(!response.headers().contains_key("content-encoding"));
        let found: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(
            found["_source"],
            serde_json::from_str::<Value>(&document).unwrap()
        );

        let [put, get] = &cluster.node(0).requests()[..] else {
            panic!("two requests")
        };
        assert_eq!(put.body, document.as_bytes());
        assert_eq!(put.raw_body.len() < document.len() / 5, compress);
        assert_eq!(put.header("content-encoding"), compress.then_some("gzip"));
        assert_eq!(get.header("accept-encoding"), compress.then_some("gzip"));
        assert_eq!(get.header("content-encoding"), None);
    }
}

#[tokio::test]
async fn a_refused_media_type_is_understood_although_it_comes_compressed() {
    let settings = Cluster::builder().version("8.19.0").compression(true);
    let cluster = start(settings).await;
    let builder = builder(cluster.urls()).http_compress(true);
    let transport = builder.compatibility_mode(Negotiated).build().unwrap();
    assert_eq!(
        transport
            .send(post("/i/_doc", r#"{"n":1}"#))
            .await
            .unwrap()
            .status(),
        201
    );
}

#[tokio::test]
async fn warnings_are_a_part_of_the_response() {
    let cluster = nodes(1).await;
    cluster
        .node(0)
        .set_warnings(["first, with a comma", "second \"quoted\""]);
    let transport = builder(cluster.urls()).build().unwrap();
    let response = transport.send(get("/")).await.unwrap();
    let texts: Vec<_> = warning::texts(response.headers()).collect();
    assert_eq!(texts, ["first, with a comma", "second \"quoted\""]);
}
