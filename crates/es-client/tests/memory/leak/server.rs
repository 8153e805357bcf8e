//! A node that responds to everything alike, and breaks every twentieth request in
//! one of many ways. It remembers nothing, so that it cannot hide a leak.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Fits every call that is made: unknown properties are skipped.
const RESPONSE: &str = r#"{"_index":"i","_id":"1","_version":1,"result":"created","found":true,
    "_seq_no":0,"_primary_term":1,"took":1,"timed_out":false,"_source":{"n":1},
    "_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":1,"relation":"eq"},"max_score":1.0,
    "hits":[{"_index":"i","_id":"1","_score":1.0,"_source":{"n":1}}]}}"#;
const OK: &str = "HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\n\
    content-type: application/vnd.elasticsearch+json;compatible-with=9\r\n";

/// Starts so many nodes, which know of each other; their URLs.
pub(crate) async fn cluster(nodes: usize) -> Vec<String> {
    let sniffed = Arc::new(OnceLock::new());
    let count = Arc::new(AtomicU64::new(1));
    let mut addresses = Vec::new();
    for _ in 0..nodes {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap().to_string());
        let (sniffed, count) = (Arc::clone(&sniffed), Arc::clone(&count));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&sniffed), Arc::clone(&count)));
            }
        });
    }
    let nodes: Vec<_> = addresses
        .iter()
        .map(|address| format!(r#""{address}":{{"http":{{"publish_address":"{address}"}}}}"#))
        .collect();
    let _ = sniffed.set(format!(r#"{{"nodes":{{{}}}}}"#, nodes.join(",")));
    addresses
        .iter()
        .map(|address| format!("http://{address}"))
        .collect()
}

/// The first line of a request, which is read to its end.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut line) = (String::new(), String::new());
    stream
        .read_line(&mut first)
        .await
        .ok()
        .filter(|bytes| *bytes > 0)?;
    let mut length = 0;
    loop {
        line.clear();
        stream
            .read_line(&mut line)
            .await
            .ok()
            .filter(|bytes| *bytes > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = stream.take(length);
    tokio::io::copy(&mut body, &mut tokio::io::sink())
        .await
        .ok()?;
    Some(first)
}

async fn serve(stream: TcpStream, sniffed: Arc<OnceLock<String>>, count: Arc<AtomicU64>) {
    let mut stream = BufReader::new(stream);
    while let Some(line) = request(&mut stream).await {
        let number = count.fetch_add(1, Relaxed);
        let body = match sniffed.get() {
            Some(nodes) if line.contains("/_nodes/http") => nodes,
            _ => RESPONSE,
        };
        let whole = format!("{OK}content-length: {}\r\n\r\n{body}", body.len());
        // The response, and whether the connection goes on.
        let (response, goes_on) = match number % 200 {
            0 => (String::new(), false),
            20 => {
                let _ = stream.get_ref().set_zero_linger();
                (String::new(), false)
            }
            40 => (whole[..whole.len() - 10].to_owned(), false),
            60 => ("\0\u{1} this is not HTTP".to_owned(), false),
            80 => (whole.replace("200 OK", "503 Service Unavailable"), true),
            100 => (whole.replace("200 OK", "429 Too Many Requests"), true),
            120 => (format!("{OK}x-filler: {}", "x".repeat(1 << 20)), false),
            140 => (whole, false),
            150 => (format!("HTTP/1.1 100 Continue\r\n\r\n{whole}"), true),
            160 => (
                format!("{OK}content-length: 300000\r\n\r\n{}", " ".repeat(300_000)),
                true,
            ),
            180 => (
                whole.replace("content-type", "content-encoding: gzip\r\ncontent-type"),
                true,
            ),
            190 if number % 4_000 == 190 => {
                // No response, until the client has had enough.
                let _ = stream.fill_buf().await;
                (String::new(), false)
            }
            _ => (whole, true),
        };
        let head_only = line.starts_with("HEAD ") && goes_on;
        let end = if head_only {
            response.find("\r\n\r\n").map(|at| at + 4)
        } else {
            None
        };
        let bytes = response
            .get(..end.unwrap_or(response.len()))
            .unwrap_or_default();
        if stream.write_all(bytes.as_bytes()).await.is_err() || !goes_on {
            break;
        }
    }
}
