//! The `Debug` output of settings, layers and requests.

use base64::{Engine, prelude::BASE64_STANDARD};
use es_testkit::tls::CertificateAuthority;
use es_transport::{
    Body, Credentials, Error, Node, NodePool, RequestAuth, RequestOptions, ResponseBody, cloud_id,
    connect::{Connections, Connector, Pem, Proxy, TlsSettings},
    curl::Curl,
    layer::{AuthLayer, DefaultHeadersLayer, SelectNodeLayer, auth::Provided},
    node::RoundRobin,
};
use http::{Request, Response};
use tower::{Layer, service_fn};

use crate::{
    SECRET, TOKEN, builders,
    cluster_support::{get, shown, with},
    nothing_leaked,
    transcript::Transcript,
};

fn all_credentials() -> Vec<Credentials> {
    vec![
        Credentials::basic("elastic", SECRET).unwrap(),
        Credentials::bearer(TOKEN).unwrap(),
        Credentials::api_key(TOKEN).unwrap(),
        Credentials::api_key_pair("id", TOKEN).unwrap(),
        Credentials::raw(format!("Own {TOKEN}")).unwrap(),
    ]
}

#[test]
fn credentials_and_the_layers_that_carry_them() {
    let transcript = Transcript::of_this_process();
    for credentials in all_credentials() {
        transcript.debug(&credentials);
        transcript.debug(credentials.header());
        transcript.debug(&Provided::from(credentials.clone()));
        transcript.debug(&RequestAuth::Credentials(credentials.clone()));
        let layer = AuthLayer::new(credentials.clone());
        transcript.debug(&layer);
        transcript.debug(&layer.layer(()));
        let auth = Some(RequestAuth::Credentials(credentials));
        transcript.debug(&with(get("/"), RequestOptions::new().auth(auth)));
    }
    transcript.debug(&AuthLayer::provider(async || Credentials::bearer(TOKEN)));
    let headers = DefaultHeadersLayer::new()
        .header("x-api-token", TOKEN)
        .unwrap();
    transcript.debug(&headers);
    transcript.debug(&headers.layer(()));
    nothing_leaked(&transcript);
}

#[test]
fn builders_and_nodes() {
    let transcript = Transcript::of_this_process();
    for (_, builder) in builders("https://localhost:9200") {
        transcript.debug(&builder);
        transcript.debug(&builder.build().unwrap());
    }
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let node: Node = format!("https://elastic:{encoded}@localhost/in")
        .parse()
        .unwrap();
    transcript.add(&format!(
        "{node} {} {:?}",
        node.url(),
        node.uri("/x".parse().unwrap())
    ));
    transcript.debug(&node);
    transcript.debug(&node.at("other", 1));
    let pool = NodePool::new([node]).unwrap();
    transcript.debug(&pool);
    transcript.debug(&pool.nodes());
    let select = SelectNodeLayer::new(pool, RoundRobin::default());
    transcript.debug(&select);
    transcript.debug(&select.layer(()));
    nothing_leaked(&transcript);
}

#[test]
fn proxies_pem_and_tls_settings() {
    let transcript = Transcript::of_this_process();
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let proxy = Proxy::new(&format!("http://user:{encoded}@proxy.example:3128")).unwrap();
    transcript.debug(&proxy);
    let builder = Connector::builder().proxy(proxy);
    transcript.debug(&builder);
    let connector = builder.build().unwrap();
    transcript.debug(&connector);
    transcript.debug(&Connections::with_connector(connector));
    let leaf = CertificateAuthority::new("clients")
        .unwrap()
        .leaf()
        .for_client()
        .issue()
        .unwrap();
    let key = leaf.key_pem();
    transcript.debug(&Pem::bytes(key.clone()));
    let (certificate, text) = (leaf.pem().as_bytes().to_vec(), key.as_bytes().to_vec());
    let tls = TlsSettings::new().client_cert(certificate.clone(), text.clone());
    transcript.debug(&tls);
    // The wrong way round, and a key that is cut off.
    for (certificate, key) in [
        (text.clone(), certificate.clone()),
        (certificate, text[..90].to_vec()),
    ] {
        let error = TlsSettings::new()
            .client_cert(certificate, key)
            .build()
            .unwrap_err();
        transcript.add(&shown(&error));
    }
    show_keys_in_every_form(&transcript, leaf.pem(), &key);
    nothing_leaked(&transcript);
    let text = transcript.text();
    let numbers = format!("{:?}", key.lines().nth(1).unwrap().as_bytes());
    assert!(
        !text.contains(numbers.trim_matches(['[', ']'])),
        "the key is shown as numbers"
    );
    assert!(
        key.lines()
            .filter(|line| !line.starts_with('-'))
            .all(|line| !text.contains(line))
    );
}

#[test]
fn keys_in_der_given_in_the_wrong_place() {
    let transcript = Transcript::of_this_process();
    let leaf = CertificateAuthority::new("clients")
        .unwrap()
        .leaf()
        .for_client()
        .issue()
        .unwrap();
    let key = leaf.key_pem();
    let base64 = key
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>();
    let der = BASE64_STANDARD.decode(&base64).unwrap();
    for content in [der.clone(), der[..der.len() / 2].to_vec()] {
        for tls in [
            TlsSettings::new().ca_certs(content.clone()),
            TlsSettings::new().client_cert(content.clone(), content.clone()),
            TlsSettings::new().client_cert(leaf.pem(), content),
        ] {
            transcript.debug(&tls);
            if let Err(error) = tls.build() {
                transcript.add(&shown(&error));
            }
        }
    }
    let text = transcript.text();
    let numbers = format!("{:?}", &der[40..60]);
    assert!(
        !text.contains(numbers.trim_matches(['[', ']'])),
        "as numbers"
    );
    assert!(!text.contains(&base64[60..100]), "as base64");
}

/// Gives a private key in all the forms in which it may be mistaken for something else.
fn show_keys_in_every_form(transcript: &Transcript, certificate: &str, key: &str) {
    let one_line = key.replace('\n', "");
    let base64 = key
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>();
    let forms = [
        key.to_owned(),
        format!("\u{feff}\n  {key}"),
        one_line.clone(),
        key.replace('\n', "\\n"),
        key.replace('\n', " "),
        format!("\"{key}\""),
        base64.clone(),
        one_line.trim_matches('-').to_owned(),
        key.replace("-----END", "---END"),
        key.replace("PRIVATE KEY-----\n", "PRIVATE KEY----\n"),
    ];
    for form in forms {
        let (text, bytes) = (Pem::from(&form), Pem::from(form.as_bytes()));
        for pem in [text, bytes, Pem::file(&form)] {
            transcript.debug(&pem);
            for tls in [
                TlsSettings::new().client_cert(certificate, pem.clone()),
                TlsSettings::new().client_cert(pem.clone(), key),
                TlsSettings::new().client_cert(pem.clone(), pem.clone()),
                TlsSettings::new().ca_certs(pem.clone()),
            ] {
                transcript.debug(&tls);
                if let Err(error) = tls.build() {
                    transcript.add(&shown(&error));
                }
            }
        }
    }
}

#[test]
fn passwords_that_are_not_encoded() {
    let transcript = Transcript::of_this_process();
    for end in ['/', '?', '#'] {
        for start in ["u:80", "u:", "u:x", ":", "u"] {
            let url = format!("http://{start}{end}{TOKEN}@localhost:9200");
            let error = url.parse::<Node>().unwrap_err();
            transcript.add(&shown(&error));
            let builder = es_transport::Transport::builder().node(&url);
            transcript.debug(&builder);
            transcript.add(&shown(&builder.build().unwrap_err()));
            let error = Proxy::new(&url).unwrap_err();
            assert!(error.to_string().contains("percent-encode"), "{error}");
            transcript.add(&shown(&error));
        }
    }
    nothing_leaked(&transcript);
}

#[test]
fn cloud_ids_that_are_none() {
    let transcript = Transcript::of_this_process();
    let part = BASE64_STANDARD.encode(format!("{SECRET}$x"));
    for bad in [
        SECRET,
        TOKEN,
        &format!("name:{TOKEN}"),
        &format!("name:{part}"),
    ] {
        let error = cloud_id::node(bad).unwrap_err();
        transcript.add(&shown(&error));
        transcript.debug(&es_transport::Transport::builder().cloud_id(bad));
    }
    nothing_leaked(&transcript);
}

/// Services below the layers see values that are marked as sensitive only.
#[tokio::test]
async fn requests_on_their_way_and_lines_for_curl() {
    let transcript = Transcript::of_this_process();
    for (_, builder) in builders("http://localhost:9200") {
        let below = transcript.clone();
        let bottom = service_fn(move |request: Request<Body>| {
            below.debug(&request);
            below.add(&Curl::new(&request).to_string());
            async { Ok::<_, Error>(Response::new(ResponseBody::default())) }
        });
        let transport = builder.http_service(bottom).build().unwrap();
        let _ = transport.send(get("/")).await;
        let mut own = get("/");
        let value = http::HeaderValue::try_from(format!("Bearer {TOKEN}")).unwrap();
        own.headers_mut().insert("authorization", value);
        let _ = transport.send(own).await;
    }
    nothing_leaked(&transcript);
}
