//! A Cloud ID. No genuine cloud can be asked here: a proxy leads its host to the
//! cluster available, whose certificates are good for that name.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use es_client::Elasticsearch;
use es_transport::CompatibilityMode;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    documents,
    server::{is_secure, lacks, urls, var},
    table,
};

/// Tells the targets that it was asked for, and leads all of them to one address.
async fn proxy(to: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (record, to) = (Arc::clone(&record), to.clone());
            tokio::spawn(async move {
                let mut client = BufReader::new(client);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    client.read_line(&mut head).await.unwrap();
                }
                record
                    .lock()
                    .unwrap()
                    .push(head.lines().next().unwrap().to_owned());
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, asked)
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_cloud_id_leads_to_the_cluster() {
    if lacks(!is_secure(), "a Cloud ID, which means TLS") {
        return;
    }
    let (proxy, asked) = proxy(urls()[0].trim_start_matches("https://").to_owned()).await;
    let cloud_id = format!(
        "deployment:{}",
        STANDARD.encode("cloud.test$es-id$kibana-id")
    );
    let client = Elasticsearch::builder()
        .cloud_id(cloud_id)
        .proxy(&proxy)
        .ca_certs(var("ES_CA"))
        .api_key(var("ES_API_KEY"))
        .compatibility_mode(CompatibilityMode::Negotiated)
        .build()
        .unwrap();
    assert_eq!(
        client.info().await.unwrap().version.number,
        var("ES_VERSION")
    );
    assert_eq!(
        *asked.lock().unwrap(),
        ["CONNECT es-id.cloud.test:443 HTTP/1.1"]
    );

    // Requests of this size are compressed, which a Cloud ID switches on.
    let name = "genuine-cloud";
    documents::index(name).await;
    let document = json!({"text": "long ".repeat(2_000)});
    client
        .index(name)
        .id("1")
        .document(&document)
        .await
        .unwrap();
    let read = client.get::<serde_json::Value>(name, "1").await.unwrap();
    assert_eq!(read.source().unwrap(), Some(&document));
    client.indices().delete(name).await.unwrap();
    table::says("Cloud ID (through a proxy to this server)", "yes");
}
