use proptest::prelude::*;

use super::*;

fn url(text: &str) -> String {
    Node::from_str(text).unwrap().url().to_owned()
}

fn header(user_info: &str) -> String {
    let node = Node::from_str(&format!("https://{user_info}@localhost")).unwrap();
    node.credentials()
        .unwrap()
        .header()
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn ports_are_those_of_the_scheme() {
    assert_eq!(url("https://localhost"), "https://localhost:443");
    assert_eq!(url("http://localhost"), "http://localhost:80");
    assert_eq!(url("HTTPS://LocalHost:9200/"), "https://localhost:9200");
    let node = Node::from_str("http://a:65535").unwrap();
    assert_eq!(
        (node.port(), node.host_header().to_str().unwrap()),
        (65_535, "a:65535")
    );
}

#[test]
fn an_ipv6_address_has_one_form() {
    for same in [
        "https://[::1]",
        "https://[0:0:0:0:0:0:0:1]:443/",
        "https://[0::1]:443",
    ] {
        assert_eq!(url(same), "https://[::1]:443");
    }
    assert_eq!(
        url("http://[2001:DB8::1]:9200"),
        "http://[2001:db8::1]:9200"
    );
    let node = Node::from_str("https://h/in").unwrap();
    assert_eq!(node.at("::1", 1).unwrap().url(), "https://[::1]:1/in");
    assert_eq!(node.at("[::1]", 1).unwrap().url(), "https://[::1]:1/in");
}

#[test]
fn the_prefix_is_put_before_every_path() {
    let target = || PathAndQuery::from_static("/x/_doc/%2F?q=a%20b");
    for (text, wanted) in [
        ("http://a", "http://a:80/x/_doc/%2F?q=a%20b"),
        ("http://a/", "http://a:80/x/_doc/%2F?q=a%20b"),
        (
            "http://a/in/here/",
            "http://a:80/in/here/x/_doc/%2F?q=a%20b",
        ),
    ] {
        let uri = Node::from_str(text).unwrap().uri(target()).unwrap();
        assert_eq!(uri, wanted);
    }
}

#[test]
fn user_info_is_decoded_and_becomes_the_nodes_credentials() {
    assert_eq!(header("elastic:changeme"), "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==");
    // u:p@:/ä
    assert_eq!(header("u:p%40%3A%2F%C3%A4"), "Basic dTpwQDovw6Q=");
    assert_eq!(header("user"), "Basic dXNlcjo=");
    assert_eq!(header("u:p@p"), header("u:p%40p"));
    let node = Node::from_str("https://elastic:changeme@localhost/x").unwrap();
    assert_eq!(node.url(), "https://localhost:443/x");
    assert!(!format!("{node} {node:?} {:?}", node.authority()).contains("changeme"));
}

#[test]
fn what_is_no_url_of_a_node_is_an_error_that_names_the_setting_and_shows_no_secret() {
    for bad in [
        "",
        "localhost",
        "localhost:9200",
        "//u:secret@h",
        "://u:secret@h",
        "u:secret@h:9200",
        "ftp://u:secret@h",
        "httpss://u:secret@h",
        "https:/u:secret@h",
        "https://",
        "https://u:secret@",
        "https://u:secret@:9200",
        "https://u:secret@h?q",
        "https://u:secret@h/x?q=1",
        "https://u:secret@h#f",
        "https://u:secret@h:",
        "https://u:secret@h:0",
        "https://u:secret@h:65536",
        "https://u:secret@h:9x",
        "https://u:secret@h:-1",
        "https://u:secret@h:+1",
        "https://u:secret@h:1:2",
        "https://u:secret@[::1",
        "https://u:secret@::1",
        "https://u:secret@[::1]x",
        "https://u:secret@[fe80::1%25eth0]",
        "https://u:secret@[h]",
        "https://u:secret@h/a/../b",
        "https://u:secret@h/./",
        "https://u:secret@h/..",
        "https://u:secret@h/a/%2e%2E/b",
        "https://u:secret@h//a",
        "https://u:secret@h/a//b",
        "https://u:secret@h\\x",
        "https://u:secret@h/a b",
        "https://u:secret@h/\r\n",
        "https://u:secret\0@h",
        "https://u:secret%@h",
        "https://u:secret%2@h",
        "https://u:secret%zz@h",
        "https://u:secret%ff@h",
        "https://u:secret%0d%0a@h",
        "https://secret%3Au:p@h",
        "https://u:secret@bücher.example",
        "https://u:secret@h,h",
        "https://u:secret@h<",
        "http://u:80/secret@es:9200",
        "http://u:80?secret@es:9200",
        "http://u:80#secret@es:9200",
        "http://u/secret@es:9200",
        "http://u:s/secret@es:9200",
        "http://@host",
        "http://:secret@host",
        "http://:@host",
    ] {
        let error = Node::from_str(bad).expect_err(bad);
        assert!(
            matches!(error.setting(), Some("nodes" | "basic_auth")),
            "{bad}: {error}"
        );
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
}

#[test]
fn an_unencoded_password_gets_a_hint() {
    for bad in [
        "http://u:80/secret@es:9200",
        "http://u:se#cret@es",
        "http://u:se?cret@es",
    ] {
        let error = Node::from_str(bad).unwrap_err();
        assert!(error.to_string().contains("percent-encode"), "{error}");
    }
    let error = Node::from_str("http://@host").unwrap_err();
    assert!(error.to_string().contains("percent-encode"), "{error}");
    assert_eq!(header("u:s%2F%3F%23"), "Basic dTpzLz8j");
}

#[test]
fn a_host_that_is_none_is_refused_where_a_node_is_derived() {
    let node = Node::from_str("https://u:p@seed/in").unwrap();
    for bad in [
        "", "a/b", "a@b", "a:1", "a?b", "a#b", "[::1", "::g", "a b", "a\r\nb", "ä",
    ] {
        assert!(node.at(bad, 1).is_err(), "{bad}");
    }
    let other = node.at("other", 9200).unwrap();
    assert_eq!(other.url(), "https://other:9200/in");
    assert_eq!(other.credentials(), node.credentials());
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in ".{0,60}", tail in "[ -~]{0,40}") {
        let _ = Node::from_str(&text);
        let _ = Node::from_str(&format!("https://{tail}"));
    }

    #[test]
    fn a_url_that_was_made_is_read_as_the_same(
        scheme in "https?", host in "[a-z0-9][a-z0-9.-]{0,20}", port in 1..=u16::MAX,
        prefix in "(/[a-z0-9_-]{1,8}){0,3}", user in "[a-z]{1,8}", password in "[ -~]{0,12}",
    ) {
        let encoded: String = password.bytes().map(|b| format!("%{b:02X}")).collect();
        let text = format!("{scheme}://{user}:{encoded}@{host}:{port}{prefix}");
        let node = Node::from_str(&text).unwrap();
        prop_assert_eq!(node.url(), format!("{scheme}://{host}:{port}{prefix}"));
        prop_assert_eq!(node.credentials(), Some(&Credentials::basic(user, password).unwrap()));
        let again = Node::from_str(node.url()).unwrap();
        prop_assert_eq!(again.url(), node.url());
        prop_assert!(again.credentials().is_none());
    }

    #[test]
    fn no_path_leaves_the_host_or_the_prefix(path in "/[ -~]{0,40}") {
        let node = Node::from_str("https://seed/in").unwrap();
        if let Ok(target) = PathAndQuery::from_str(&path) && let Ok(uri) = node.uri(target) {
            prop_assert_eq!(uri.authority().map(Authority::as_str), Some("seed:443"));
            prop_assert!(uri.path().starts_with("/in/"));
        }
    }
}
