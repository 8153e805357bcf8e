//! `make <client> <times> <ca file> <fingerprint>`: makes clients and stops. Once
//! less not at all is what making a client costs a program.

use cold::BoxError;
use es_client::Elasticsearch;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, times, ca, fingerprint] = arguments.as_slice() else {
        return Err("make <client> <times> <ca file> <fingerprint>".into());
    };
    for _ in 0..times.parse::<u32>()? {
        make(client, ca, fingerprint)?;
    }
    Ok(())
}

fn make(client: &str, ca: &str, fingerprint: &str) -> Result<(), BoxError> {
    const URL: &str = "https://localhost:9200";
    let ours = Elasticsearch::builder()
        .node(URL)
        .basic_auth("elastic", "changeme");
    match client {
        "ours-ca" => drop(std::hint::black_box(ours.ca_certs(ca).build()?)),
        "ours-pin" => {
            drop(std::hint::black_box(
                ours.ssl_assert_fingerprint(fingerprint).build()?,
            ));
        }
        "ours-roots" => drop(std::hint::black_box(ours.build()?)),
        "reqwest" => drop(std::hint::black_box(reqwest::Client::builder().build()?)),
        "elasticsearch" => {
            let transport = elasticsearch::http::transport::Transport::single_node(URL)?;
            drop(std::hint::black_box(elasticsearch::Elasticsearch::new(
                transport,
            )));
        }
        _ => return Err(format!("no client is called {client}").into()),
    }
    Ok(())
}
