//! Every endpoint that has a typed response, against the server, by its builder and
//! by its name; and those others that only read, by name.

mod aggregations;
mod cat;
mod cluster;
mod documents;
mod indices;
mod others;
mod paging;
mod recorder;
mod refusal;
mod run;
mod searches;
mod security;
mod snapshots;
mod tap;
mod templates;

use std::collections::BTreeSet;

use http::StatusCode;

use self::run::{Run, Way};
use crate::{server, table};

/// The endpoints that have typed responses.
fn typed() -> BTreeSet<&'static str> {
    let table = include_str!("../../../../es-codegen/tables/responses.toml");
    let names = table
        .lines()
        .filter_map(|line| line.strip_prefix('"')?.split('"').next());
    names.collect()
}

/// Nothing that an earlier run, which failed, left behind.
async fn cleared(run: &Run) {
    let ignored = server::client()
        .options()
        .ignore_status([StatusCode::NOT_FOUND]);
    let names = [
        "shoes", "copy", "clone", "split", "shrunk", "log-1", "log-2", "restored",
    ];
    for name in names.map(|name| run.name(name)) {
        ignored.indices().delete(&name).send().await.unwrap();
    }
    if server::is_secure() {
        ignored
            .security()
            .invalidate_api_key()
            .name(run.name("key"))
            .send()
            .await
            .unwrap();
        ignored
            .security()
            .delete_user(run.name("user"))
            .send()
            .await
            .unwrap();
        ignored
            .security()
            .delete_role(run.name("role"))
            .send()
            .await
            .unwrap();
    }
    let repository = run.name("repository");
    let snapshots = ignored.snapshot().delete(&repository, "*");
    let _ = snapshots.send().await;
    ignored
        .snapshot()
        .delete_repository(&repository)
        .send()
        .await
        .unwrap();
}

async fn every_endpoint(way: Way) -> Run {
    let mut run = Run::new(way);
    cleared(&run).await;
    let i = documents::index(&mut run).await;
    documents::write(&mut run, &i).await;
    documents::read(&mut run, &i).await;
    searches::hits(&mut run, &i).await;
    searches::forms(&mut run, &i).await;
    searches::suggestions(&mut run, &i).await;
    searches::several(&mut run, &i).await;
    searches::fields(&mut run, &i).await;
    aggregations::aggregations(&mut run, &i).await;
    paging::scroll(&mut run, &i).await;
    paging::point_in_time(&mut run, &i).await;
    paging::templates(&mut run, &i).await;
    paging::in_the_background(&mut run, &i).await;
    indices::states(&mut run, &i).await;
    indices::shards(&mut run, &i).await;
    cluster::cluster(&mut run, &i).await;
    cluster::nodes(&mut run).await;
    cluster::tasks(&mut run).await;
    cat::cat(&mut run, &i).await;
    documents::by_query(&mut run, &i).await;
    indices::copies(&mut run, &i).await;
    indices::rollover(&mut run).await;
    templates::templates(&mut run).await;
    templates::data_streams(&mut run).await;
    templates::pipelines(&mut run).await;
    templates::policies(&mut run).await;
    snapshots::snapshots(&mut run, &i).await;
    security::users(&mut run).await;
    cleared(&run).await;
    run
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn typed_responses_say_what_the_server_says() {
    let run = every_endpoint(Way::Typed).await;
    let forgotten: Vec<_> = typed().difference(&run.called()).copied().collect();
    assert!(forgotten.is_empty(), "not called: {forgotten:?}");
    let succeeded = typed()
        .into_iter()
        .filter(|name| run.has_succeeded(name))
        .count();
    let cell = format!("{succeeded} of {}", typed().len());
    table::says(
        "endpoints with typed responses, by builder and by name",
        cell,
    );
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn calls_by_name_end_like_their_builders() {
    let run = every_endpoint(Way::Named).await;
    assert!(run.called().is_superset(&typed()));
}
