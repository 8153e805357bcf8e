//! Credentials and headers.

use es_transport::Credentials;

use crate::bad_settings::{BAD_CHARACTERS, SECRET, https, refused};

#[test]
fn two_kinds_of_credentials_or_one_kind_twice() {
    let basic = || https().basic_auth("user", SECRET);
    refused("bearer_auth", basic().bearer_auth(SECRET));
    refused("api_key", basic().api_key(SECRET));
    refused("basic_auth", basic().basic_auth("other", SECRET));
    refused(
        "basic_auth",
        https().bearer_auth(SECRET).basic_auth("user", SECRET),
    );
    // Both forms of an API key are two of them.
    refused("api_key", https().api_key(SECRET).api_key(("id", SECRET)));
    let raw = || Credentials::raw(format!("Negotiate {SECRET}")).unwrap();
    refused("credentials", basic().credentials(raw()));
    let provider = || async { Credentials::bearer("s3cr3t") };
    refused(
        "credentials_provider",
        basic().credentials_provider(provider),
    );
    refused(
        "api_key",
        https().credentials_provider(provider).api_key(SECRET),
    );
}

#[test]
fn an_authorization_header_beside_credentials() {
    let header = || https().header("Authorization", format!("Negotiate {SECRET}"));
    assert!(header().build().is_ok());
    refused("headers", header().basic_auth("user", SECRET));
    refused(
        "headers",
        https().api_key(SECRET).header("authorization", SECRET),
    );
}

#[test]
fn credentials_that_no_header_carries() {
    for bad in BAD_CHARACTERS {
        let secret = format!("{SECRET}{bad}");
        refused("basic_auth", https().basic_auth("user", &secret));
        refused("basic_auth", https().basic_auth(&secret, "password"));
        refused("bearer_auth", https().bearer_auth(&secret));
        refused("api_key", https().api_key(&secret));
        refused("api_key", https().api_key(("id", &secret)));
        refused("api_key", https().api_key((&secret, "key")));
        assert_eq!(
            Credentials::raw(&secret).unwrap_err().setting(),
            Some("authorization")
        );
    }
    // Only Basic has an encoding for other characters (UTF-8).
    refused("bearer_auth", https().bearer_auth("s3cr3t-ä"));
    refused("api_key", https().api_key("s3cr3t-ä"));
    refused("api_key", https().api_key(("id", "s3cr3t-ä")));
    assert!(https().basic_auth("user", "pässword").build().is_ok());

    refused("basic_auth", https().basic_auth("user:s3cr3t", "password"));
    refused("bearer_auth", https().bearer_auth(""));
    refused("api_key", https().api_key(""));
    refused("api_key", https().api_key(("", SECRET)));
    refused("api_key", https().api_key(("a:b", SECRET)));
}

#[test]
fn headers_that_cannot_be_sent() {
    for bad in BAD_CHARACTERS.into_iter().chain(["ä", "\u{7f}"]) {
        let value = format!("{SECRET}{bad}");
        refused("headers", https().header("x-tenant", &value));
        refused("headers", https().header(&value, "value"));
        refused("user_agent", https().user_agent(&value));
        refused("opaque_id", https().opaque_id(&value));
    }
    refused("headers", https().header("", "value"));
    refused("headers", https().header("x tenant", SECRET));
    refused("headers", https().header("x-tenant", ""));
}
