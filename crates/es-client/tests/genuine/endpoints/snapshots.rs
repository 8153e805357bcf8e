//! Snapshots of the shoes, in a repository that the servers share.

use serde_json::{Value, json};

use super::run::Run;

const NONE: Value = Value::Null;

pub(super) async fn snapshots(run: &mut Run, i: &str) {
    let es = run.client();
    let snapshots = es.snapshot();
    let (repository, name) = (run.name("repository"), "first");
    // The location is relative to the server's own `path.repo`.
    let body = json!({"type": "fs", "settings": {"location": repository}});
    let of = json!({"repository": repository});
    let call = snapshots.create_repository(&repository).body(&body);
    let made = run
        .ask("snapshot.create_repository", of.clone(), body, call)
        .await
        .unwrap();
    assert!(made.acknowledged);

    let body = json!({"indices": i, "include_global_state": false, "metadata": {"by": "tests"}});
    let params = json!({"repository": repository, "snapshot": name, "wait_for_completion": true});
    let call = snapshots
        .create(&repository, name)
        .wait_for_completion(true)
        .body(&body);
    let made = run
        .ask("snapshot.create", params.clone(), body.clone(), call)
        .await
        .unwrap();
    let made = made.snapshot.unwrap();
    assert_eq!(
        (&*made.snapshot, made.state.as_deref()),
        (name, Some("SUCCESS"))
    );
    assert_eq!(
        (&made.indices[..], made.shards.successful),
        (&[i.to_owned()][..], Some(2))
    );
    let second = json!({"repository": repository, "snapshot": "second"});
    let call = snapshots.create(&repository, "second").body(&body);
    let accepted = run
        .ask("snapshot.create#accepted", second.clone(), body, call)
        .await
        .unwrap();
    assert!(accepted.accepted && accepted.snapshot.is_none());
    while !es
        .snapshot()
        .status()
        .repository(&repository)
        .await
        .unwrap()
        .snapshots
        .is_empty()
    {}

    let params = json!({"repository": repository, "snapshot": name});
    let call = snapshots.get(&repository, name);
    let got = run
        .ask("snapshot.get", params.clone(), NONE, call)
        .await
        .unwrap();
    let [got] = &got.snapshots[..] else {
        panic!("{got:?}")
    };
    assert_eq!(
        (&got.uuid, got.include_global_state),
        (&made.uuid, Some(false))
    );
    assert_eq!(got.metadata.as_ref().unwrap()["by"], "tests");
    let call = snapshots.status().repository(&repository).snapshot(name);
    let status = run
        .ask("snapshot.status", params.clone(), NONE, call)
        .await
        .unwrap();
    let [status] = &status.snapshots[..] else {
        panic!("{status:?}")
    };
    assert_eq!(
        (&*status.state, status.shards_stats["done"].as_i64()),
        ("SUCCESS", Some(2))
    );
    assert!(status.indices.contains_key(i) && status.stats["total"]["file_count"].is_u64());

    let restored = run.name("restored");
    let body = json!({"indices": i, "rename_pattern": i, "rename_replacement": restored, "include_aliases": false});
    let waited = json!({"repository": repository, "snapshot": name, "wait_for_completion": true});
    let call = snapshots
        .restore(&repository, name)
        .wait_for_completion(true)
        .body(&body);
    let done = run
        .ask("snapshot.restore", waited, body, call)
        .await
        .unwrap()
        .snapshot
        .unwrap();
    assert_eq!(
        (&done.indices[..], done.shards.failed),
        (&[restored.clone()][..], Some(0))
    );
    assert_eq!(es.count(&restored).await.unwrap().count, Some(4));
    let call = es.cat().snapshots().repository(&repository).s("id");
    let params = json!({"repository": repository, "s": "id"});
    let rows = run.ask("cat.snapshots", params, NONE, call).await.unwrap();
    assert_eq!(
        (rows[0].get("id"), rows[0].get("status")),
        (Some(name), Some("SUCCESS"))
    );

    es.indices().delete(&restored).await.unwrap();
    for name in [name, "second"] {
        let params = json!({"repository": repository, "snapshot": name});
        let call = snapshots.delete(&repository, name);
        let gone = run
            .ask("snapshot.delete", params, NONE, call)
            .await
            .unwrap();
        assert!(gone.acknowledged);
    }
    let call = snapshots.delete_repository(&repository);
    let gone = run
        .ask("snapshot.delete_repository", of, NONE, call)
        .await
        .unwrap();
    assert!(gone.acknowledged);
}
