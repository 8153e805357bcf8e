//! `cold_ours <url> (--ca <file> | --pin <fingerprint>)`: our client, from `main`
//! to the first response of a verified server.

use cold::BoxError;
use es_client::Elasticsearch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, how, what] = arguments.as_slice() else {
        return Err("cold_ours <url> (--ca <file> | --pin <fingerprint>)".into());
    };
    let builder = Elasticsearch::builder()
        .node(url)
        .basic_auth("elastic", "changeme");
    let client = match how.as_str() {
        "--ca" => builder.ca_certs(what.as_str()).build()?,
        _ => builder.ssl_assert_fingerprint(what).build()?,
    };
    let info = client.info().await?;
    if info.version.number.is_empty() {
        Err("no version".into())
    } else {
        Ok(())
    }
}
