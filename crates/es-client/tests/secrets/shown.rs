//! The `Debug` output of builders, clients, calls, helpers and responses.

use es_client::{Call, Elasticsearch, blocking, types::ApiKeyCreated};
use serde_json::{Value, json};

use crate::{SECRET, builders, nothing_leaked, responding, transcript::Transcript};

#[test]
fn builders_clients_and_their_options() {
    let transcript = Transcript::of_this_process();
    for builder in builders("http://localhost:9200") {
        transcript.debug(&builder);
        let client = builder.build().unwrap();
        transcript.debug(&client);
        transcript.debug(client.transport());
        transcript.debug(&client.options().basic_auth("elastic", SECRET));
        transcript.debug(&client.options().bearer_auth(SECRET));
        transcript.debug(&client.options().api_key(("id", SECRET)).into_client());
        transcript.debug(&client.options().header("x-token", SECRET));
        let blocking = blocking::Elasticsearch::new(client).unwrap();
        transcript.debug(&blocking);
        transcript.debug(&blocking.info());
        transcript.debug(&blocking.helpers());
    }
    nothing_leaked(&transcript);
}

#[test]
fn calls_that_set_secrets_and_their_lines_for_curl() {
    let transcript = Transcript::of_this_process();
    let client = responding(200, "{}".to_owned());
    let security = client.security();
    transcript.debug(&security.put_user("u").password(SECRET));
    transcript.debug(&security.change_password().body(json!({"password": SECRET})));
    transcript.add(&security.put_user("u").password(SECRET).curl().unwrap());
    let change = security.change_password().body(json!({"password": SECRET}));
    transcript.add(&change.curl().unwrap());
    let remote = json!({"source": {"remote": {"password": SECRET}}, "dest": {"index": "i"}});
    transcript.add(&client.reindex().body(&remote).curl().unwrap());
    let inference = json!({"service_settings": {"api_key": SECRET}});
    transcript.add(&client.inference().put("i").body(inference).curl().unwrap());
    let signed = client
        .options()
        .api_key(SECRET)
        .header("x-token", SECRET)
        .into_client();
    transcript.add(&signed.info().curl().unwrap());
    nothing_leaked(&transcript);
}

#[tokio::test]
async fn responses_that_bring_secrets() {
    let transcript = Transcript::of_this_process();
    let response =
        json!({"id": "i", "name": "n", "api_key": SECRET, "encoded": SECRET}).to_string();
    let client = responding(200, response);
    let typed: ApiKeyCreated = client.security().create_api_key().await.unwrap();
    assert_eq!(typed.api_key, SECRET);
    transcript.debug(&typed);
    let raw = client.security().create_api_key().send().await.unwrap();
    transcript.debug(&raw);
    transcript.debug(raw.meta());
    let stream = client.security().create_api_key().stream().await.unwrap();
    transcript.debug(&stream);
    nothing_leaked(&transcript);
    // Its owner reads it all the same.
    assert_eq!(raw.json::<Value>().unwrap()["api_key"], SECRET);
}

#[tokio::test]
async fn helpers_while_they_wait() {
    let transcript = Transcript::of_this_process();
    let client: Elasticsearch = builders("http://localhost:9200").remove(0).build().unwrap();
    let helpers = client.helpers();
    transcript.debug(&helpers.bulk("i", [json!({"secret": SECRET})]));
    transcript.debug(&helpers.bulk("i", [json!({"secret": SECRET})]).stream());
    transcript.debug(&helpers.read_all::<Value>("i"));
    transcript.debug(&helpers.msearch("i"));
    transcript.debug(&helpers.wait_for_task("n:1"));
    nothing_leaked(&transcript);
}
