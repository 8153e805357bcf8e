//! `server [nodes]`: the local server as a process of its own, so that only the
//! client's work is counted. Prints the nodes' URLs in one line and answers
//! until it is ended.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let nodes = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let addresses = es_benches::server::start(nodes).await?;
    let urls: Vec<_> = addresses.iter().map(|address| format!("http://{address}")).collect();
    println!("{}", urls.join(","));
    std::future::pending().await
}
