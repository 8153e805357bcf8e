//! Settings of a single request.

use std::time::Duration;

use es_testkit::{Cluster, Fault, Recorded};
use es_transport::{Credentials, RequestAuth, RequestOptions, Setting, error::TimeoutPhase};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::whole_stack::{
    cluster_support::{builder, get, post, text, with},
    nodes, start,
};

fn last(cluster: &Cluster) -> Recorded {
    cluster.node(0).requests().pop().unwrap()
}

#[tokio::test]
async fn who_it_is_sent_as() {
    let cluster = start(Cluster::builder().user("elastic", "client-password")).await;
    let with_user_info = cluster
        .url(0)
        .replace("http://", "http://nobody:of-the-url@");
    let transport = builder([with_user_info])
        .basic_auth("elastic", "client-password")
        .build()
        .unwrap();
    let status = async |auth| {
        let options = RequestOptions::new().auth(auth);
        transport
            .send(with(get("/_security/_authenticate"), options))
            .await
            .unwrap()
            .status()
    };
    assert_eq!(status(None).await, StatusCode::OK);
    // None at all, not even those of the node's URL.
    assert_eq!(
        status(Some(RequestAuth::None)).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(last(&cluster).header("authorization"), None);
    let (id, key) = cluster.api_key();
    let key = Credentials::api_key_pair(id, key).unwrap();
    assert_eq!(
        status(Some(RequestAuth::Credentials(key))).await,
        StatusCode::OK
    );
    assert!(
        last(&cluster)
            .header("authorization")
            .unwrap()
            .starts_with("ApiKey ")
    );
    let wrong = Credentials::bearer("wrong").unwrap();
    let status = status(Some(RequestAuth::Credentials(wrong))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    cluster.assert_never_received("of-the-url");
}

#[tokio::test]
async fn headers_and_media_type() {
    let cluster = nodes(1).await;
    let transport = builder(cluster.urls())
        .header("x-tenant", "default")
        .opaque_id("default")
        .build()
        .unwrap();
    transport.send(get("/")).await.unwrap();
    let seen = last(&cluster);
    assert_eq!(
        (seen.header("x-tenant"), seen.header("x-opaque-id")),
        (Some("default"), Some("default"))
    );
    assert_eq!(seen.header("host"), cluster.url(0).strip_prefix("http://"));
    assert!(
        seen.header("user-agent")
            .unwrap()
            .starts_with("es-transport/")
    );
    assert!(
        seen.header("x-elastic-client-meta")
            .unwrap()
            .starts_with("es=")
    );

    let mut headers = HeaderMap::new();
    headers.insert("x-tenant", HeaderValue::from_static("own"));
    let options = RequestOptions::new()
        .headers(headers)
        .opaque_id(HeaderValue::from_static("own-id"))
        .media_type(HeaderValue::from_static("application/json"));
    transport
        .send(with(post("/_refresh", "{}"), options))
        .await
        .unwrap();
    let seen = last(&cluster);
    assert_eq!(
        (seen.header("x-tenant"), seen.header("x-opaque-id")),
        (Some("own"), Some("own-id"))
    );
    for name in ["accept", "content-type"] {
        assert_eq!(seen.header(name), Some("application/json"));
    }
}

#[tokio::test]
async fn times() {
    let cluster = nodes(1).await;
    let transport = builder(cluster.urls()).build().unwrap();
    cluster
        .node(0)
        .inject(Fault::delay(Duration::from_millis(300)));
    let short = Duration::from_millis(50);
    let cases = [
        (
            RequestOptions::new().request_timeout(short),
            TimeoutPhase::Attempt,
        ),
        (
            RequestOptions::new().total_timeout(short),
            TimeoutPhase::Total,
        ),
    ];
    for (options, phase) in cases {
        let error = transport.send(with(get("/"), options)).await.unwrap_err();
        assert_eq!(error.timeout_phase(), Some(phase), "{error}");
        assert_eq!(error.attempts().len(), 1);
    }
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);

    // And the other way round: none, where the transport has one.
    let hurried = builder(cluster.urls())
        .request_timeout(Duration::from_millis(50))
        .total_timeout(Duration::from_millis(60))
        .build()
        .unwrap();
    assert!(hurried.send(get("/")).await.unwrap_err().is_timeout());
    let patient = RequestOptions::new()
        .request_timeout(Setting::Off)
        .total_timeout(Setting::Off);
    assert_eq!(
        hurried
            .send(with(get("/"), patient))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn how_often_and_after_what_it_is_sent_again() {
    let cluster = nodes(1).await;
    let transport = builder(cluster.urls()).build().unwrap();
    let count = async |fault: Fault, options: RequestOptions| {
        cluster.node(0).clear_faults();
        cluster.node(0).clear_records();
        cluster.node(0).inject(fault);
        let _ = transport.send(with(get("/"), options)).await;
        cluster.node(0).request_count()
    };
    let none = RequestOptions::default();
    let times = |max_retries| none.clone().max_retries(max_retries);
    assert_eq!(count(Fault::status(503), times(None)).await, 4);
    assert_eq!(count(Fault::status(503), times(Some(0))).await, 1);
    assert_eq!(count(Fault::status(503), times(Some(1))).await, 2);
    let on = |status| {
        none.clone()
            .retry_on_status([StatusCode::from_u16(status).unwrap()])
    };
    assert_eq!(count(Fault::status(503), on(500)).await, 1);
    assert_eq!(count(Fault::status(500), on(500)).await, 4);
    let on_timeout = |retry_on_timeout| {
        none.clone()
            .retry_on_timeout(retry_on_timeout)
            .request_timeout(Duration::from_millis(20))
    };
    // By the attempts: on a busy machine a connection may take longer than they.
    cluster.node(0).clear_faults();
    cluster.node(0).inject(Fault::hang());
    for (retry, attempts) in [(None, 1), (Some(true), 4)] {
        let error = transport
            .send(with(get("/"), on_timeout(retry)))
            .await
            .unwrap_err();
        assert_eq!(error.attempts().len(), attempts);
    }
}

#[tokio::test]
async fn how_large_its_response_may_be() {
    let cluster = nodes(1).await;
    let transport = builder(cluster.urls()).build().unwrap();
    let limited = |max| RequestOptions::new().max_response_size(max);
    let response = transport
        .send(with(get("/"), limited(Setting::Set(10))))
        .await;
    assert!(response.unwrap_err().is_body());
    let tight = builder(cluster.urls())
        .max_response_size(10)
        .build()
        .unwrap();
    assert!(tight.send(get("/")).await.unwrap_err().is_body());
    let response = tight
        .send(with(get("/"), limited(Setting::Off)))
        .await
        .unwrap();
    assert!(text(response).await.contains("tagline"));
}

#[tokio::test]
async fn all_of_them_share_the_connections() {
    let cluster = nodes(1).await;
    let transport = builder(cluster.urls()).build().unwrap();
    let times = [
        Setting::Inherit,
        Setting::Off,
        Setting::Set(Duration::from_secs(1)),
    ];
    for (number, request_timeout) in times.into_iter().cycle().take(30).enumerate() {
        let auth = Credentials::bearer(format!("token-{number}")).unwrap();
        let options = RequestOptions::new()
            .auth(RequestAuth::Credentials(auth))
            .request_timeout(request_timeout);
        transport
            .clone()
            .send(with(get("/"), options))
            .await
            .unwrap();
        transport.send(get("/")).await.unwrap();
    }
    assert_eq!(cluster.node(0).connections().accepted, 1);
    assert!(
        !last(&cluster).headers.contains_key(header::AUTHORIZATION),
        "nothing stays behind"
    );
}
