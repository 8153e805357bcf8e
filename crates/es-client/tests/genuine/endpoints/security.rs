//! Users, roles and API keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::run::Run;
use crate::server::{is_secure, var};

const NONE: Value = Value::Null;

pub(super) async fn users(run: &mut Run) {
    let es = run.client();
    let security = es.security();
    let me = run
        .ask("security.authenticate", NONE, NONE, security.authenticate())
        .await;
    if let Some(me) = me {
        assert_eq!((me.username, me.enabled), (var("ES_USER"), true));
        assert_eq!(me.authentication_type, "realm");
    }
    let role = run.name("role");
    let privileges =
        json!([{"names": "logs-*", "privileges": ["read"], "field_security": {"grant": ["a"]}}]);
    let body = json!({"cluster": ["monitor"], "indices": privileges, "metadata": {"by": "tests"}});
    let params = json!({"name": role});
    let call = security.put_role(&role).body(&body);
    let put = run
        .ask("security.put_role", params.clone(), body, call)
        .await;
    assert!(put.is_none_or(|put| put.role.created));
    let got = run
        .ask(
            "security.get_role",
            params.clone(),
            NONE,
            security.get_role().name(&role),
        )
        .await;
    if let Some(got) = got {
        let granted = &got[&role].indices[0];
        assert_eq!(
            (&granted.names[..], &granted.privileges[..]),
            (&["logs-*".to_owned()][..], &["read".to_owned()][..])
        );
        assert_eq!(granted.field_security, Some(json!({"grant": ["a"]})));
    }

    let user = run.name("user");
    let body = json!({"roles": [role], "password": "secret-of-a-test", "full_name": "Some Body"});
    let named = json!({"username": user});
    let call = security.put_user(&user).body(&body);
    let put = run
        .ask("security.put_user", named.clone(), body, call)
        .await;
    assert!(put.is_none_or(|put| put.created));
    let call = security.get_user().username(&user);
    let got = run
        .ask("security.get_user", named.clone(), NONE, call)
        .await;
    if let Some(got) = got {
        assert_eq!(
            (got[&user].full_name.as_deref(), got[&user].enabled),
            (Some("Some Body"), true)
        );
        assert_eq!(got[&user].roles, [role.as_str()]);
    }
    keys(run, &user).await;
    let gone = run
        .ask(
            "security.delete_user",
            named,
            NONE,
            security.delete_user(&user),
        )
        .await;
    assert!(gone.is_none_or(|gone| gone.found));
    let gone = run
        .ask(
            "security.delete_role",
            params,
            NONE,
            security.delete_role(&role),
        )
        .await;
    assert!(gone.is_none_or(|gone| gone.found));
}

async fn keys(run: &mut Run, user: &str) {
    let es = run.client();
    let security = es.security();
    let name = run.name("key");
    let body = json!({"name": name, "expiration": "86400s", "metadata": {"by": "tests"}});
    let call = security
        .create_api_key()
        .name(&name)
        .metadata(&body["metadata"]);
    let call = call.expiration(Duration::from_secs(86_400));
    let made = run.ask("security.create_api_key", NONE, body, call).await;
    if let Some(made) = &made {
        let key = es.options().api_key((&*made.id, &*made.api_key));
        let me = key.security().authenticate().await.unwrap();
        assert_eq!(
            (me.authentication_type.as_str(), &made.name),
            ("api_key", &name)
        );
        assert!(made.expiration.is_some());
    }
    let body = json!({
        "grant_type": "password", "username": user, "password": "secret-of-a-test",
        "api_key": {"name": name},
    });
    let call = security.grant_api_key().body(&body);
    let granted = run.ask("security.grant_api_key", NONE, body, call).await;
    assert!(granted.is_none_or(|granted| granted.name == name && granted.expiration.is_none()));

    let id = made.as_ref().map_or("none", |made| &made.id);
    let params = json!({"id": id, "owner": true});
    let call = security.get_api_key().id(id).owner(true);
    let got = run.ask("security.get_api_key", params, NONE, call).await;
    if let Some(got) = got {
        let [key] = &got.api_keys[..] else {
            panic!("{got:?}")
        };
        assert_eq!(
            (key.username.clone(), key.invalidated),
            (var("ES_USER"), false)
        );
        assert_eq!(key.metadata, Some(json!({"by": "tests"})));
    }
    let filter = json!([{"term": {"name": name}}, {"term": {"invalidated": false}}]);
    let query = json!({"bool": {"filter": filter}});
    let call = security.query_api_keys().query(&query);
    let got = run
        .ask(
            "security.query_api_keys",
            NONE,
            json!({"query": query}),
            call,
        )
        .await;
    assert!(got.is_none_or(|got| got.total == Some(2) && got.api_keys.len() == 2));
    let call = security.invalidate_api_key().name(&name);
    let gone = run
        .ask(
            "security.invalidate_api_key",
            NONE,
            json!({"name": name}),
            call,
        )
        .await;
    assert!(gone.is_none_or(|gone| gone.invalidated_api_keys.len() == 2 && gone.error_count == 0));
    assert_eq!(made.is_some(), is_secure());
}
