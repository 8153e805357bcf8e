use futures_util::{
    StreamExt,
    future::join_all,
    stream::{self, BoxStream},
};

use super::{
    cluster::Cluster,
    documents::new_index,
    lossy_proxy::LossyProxy,
    outcomes::{WAYS, Way, run},
    server::{as_administrator, trusting_nodes, urls},
};

const DOCUMENTS: u64 = 20_000;

#[tokio::test]
#[ignore = "needs a cluster"]
async fn outcomes_are_true_while_responses_are_lost() {
    let cluster = Cluster::whole().await;
    let copies = u32::from(cluster.nodes() > 1);
    for way in WAYS {
        let index = way.index("lost");
        new_index(&index, copies).await;
        let proxies = join_all(urls().iter().map(|url| LossyProxy::start(url))).await;
        let nodes: Vec<_> = proxies.iter().map(|proxy| proxy.url.clone()).collect();
        let writer = as_administrator(trusting_nodes(&nodes)).build().unwrap();
        let operations: BoxStream<'static, _> = stream::iter(0..DOCUMENTS)
            .map(move |number| way.operation(number))
            .boxed();
        let counts = run(&writer, way, &index, DOCUMENTS, operations).await;
        let lost: u64 = proxies.iter().map(LossyProxy::lost).sum();
        println!("{way:?}: {lost} responses lost, {counts:?}");

        assert!(lost > 0, "{way:?}");
        assert_eq!((counts.lost, counts.duplicates), (0, 0), "{way:?}");
        assert_eq!(counts.failed, 0, "{way:?}");
        // What is unknown was written: the response alone was lost.
        assert_eq!(counts.unknown, counts.unknown_but_there, "{way:?}");
        assert_eq!(counts.written + counts.unknown, DOCUMENTS, "{way:?}");
        match way {
            Way::Ids => assert_eq!(counts.unknown, 0),
            Way::MadeIds => assert!(counts.unknown == 0 && counts.written_before > 0),
            Way::CreateWithIds => assert!(
                counts.unknown > 0 && counts.errors.keys().all(|error| error.starts_with("409 "))
            ),
            Way::WithoutIds => assert!(counts.unknown > 0),
        }
    }
}
