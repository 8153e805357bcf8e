//! `client <name> <operation> <times> <urls>`: one client performs one operation
//! and says nothing; callgrind counts what it does.

use es_benches::clients::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, operation, times, urls] = arguments.as_slice() else {
        return Err("client <name> <operation> <times> <urls>".into());
    };
    let urls: Vec<String> = urls.split(',').map(Into::into).collect();
    let mut client = Client::new(name.parse()?, &urls).await?;
    client.run(operation.parse()?, times.parse()?).await
}
