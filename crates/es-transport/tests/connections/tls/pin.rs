//! `ssl_assert_fingerprint`: which servers a pin accepts.

use crate::tls::{
    VERSIONS, accepted,
    connect_support::{
        ca::{Ca, Days, EXPIRED, FUTURE, Identity, NOW},
        tls::TlsServer,
    },
    pin, refused, refused_by,
};
use es_transport::connect::Fingerprint;
use rustls::SupportedProtocolVersion;

const LOOPBACK: &[&str] = &["localhost", "127.0.0.1"];

async fn serve(identity: Identity, version: &'static SupportedProtocolVersion) -> TlsServer {
    TlsServer::builder(identity).version(version).start().await
}

#[tokio::test]
async fn the_leaf_itself() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let alone = ca.leaf();
        let digest = alone.fingerprint();
        accepted(&serve(alone, version).await, pin(&digest)).await;

        let with_ca = ca.leaf().with([ca.der()]);
        let digest = with_ca.fingerprint().to_uppercase();
        accepted(&serve(with_ca, version).await, pin(&digest)).await;
    }
}

#[tokio::test]
async fn a_pinned_leaf_is_accepted_as_it_stands() {
    for version in VERSIONS {
        let leaf = Ca::new("genuine").leaf_for(&["elsewhere.test"], EXPIRED);
        let digest = leaf.fingerprint();
        accepted(&serve(leaf, version).await, pin(&digest)).await;
    }
}

#[tokio::test]
async fn a_pinned_leaf_without_its_key_is_refused() {
    for version in VERSIONS {
        let genuine = Ca::new("genuine").leaf();
        let digest = genuine.fingerprint();
        // Certificates are public: a stranger presents it, but signs with another key.
        let stolen = Identity {
            chain: genuine.chain,
            key: Ca::new("stranger").leaf().key,
        };
        let server = TlsServer::builder(stolen).version(version).start().await;
        refused(&server, pin(&digest)).await;
    }
}

#[tokio::test]
async fn the_ca() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let server = serve(ca.leaf().with([ca.der()]), version).await;
        accepted(&server, pin(ca.fingerprint())).await;
    }
}

#[tokio::test]
async fn the_ca_over_an_intermediate() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let intermediate = ca.intermediate("issuing");
        let chain = [intermediate.der(), ca.der()];
        accepted(
            &serve(intermediate.leaf().with(chain), version).await,
            pin(ca.fingerprint()),
        )
        .await;
        // The intermediate can be pinned too.
        let server = serve(intermediate.leaf().with([intermediate.der()]), version).await;
        accepted(&server, pin(intermediate.fingerprint())).await;
        // Without it there is no path.
        let server = serve(intermediate.leaf().with([ca.der()]), version).await;
        refused(&server, pin(ca.fingerprint())).await;
    }
}

#[tokio::test]
async fn another_pin_lists_what_was_presented() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let identity = ca.leaf().with([ca.der()]);
        let leaf = identity.fingerprint();
        let server = serve(identity, version).await;
        let words = refused(&server, pin(Ca::new("other").fingerprint())).await;
        assert!(words.contains("`ssl_assert_fingerprint`"), "{words}");
        assert!(words.contains(&leaf), "{words}");
        assert!(words.contains(&ca.fingerprint()), "{words}");
        assert!(!words.contains("only its own"), "{words}");
    }
}

#[tokio::test]
async fn a_server_that_presents_only_its_leaf_cannot_be_pinned_by_its_ca() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let identity = ca.leaf();
        let leaf = identity.fingerprint();
        let words = refused(&serve(identity, version).await, pin(ca.fingerprint())).await;
        assert!(words.contains(&leaf), "{words}");
        assert!(words.contains("sends only its own certificate"), "{words}");
    }
}

#[tokio::test]
async fn the_genuine_ca_beside_a_strangers_leaf_proves_nothing() {
    for version in VERSIONS {
        let genuine = Ca::new("genuine");
        let stranger = Ca::new("stranger");
        let appended = stranger.leaf().with([genuine.der()]);
        refused(&serve(appended, version).await, pin(genuine.fingerprint())).await;
        let both = stranger.leaf().with([stranger.der(), genuine.der()]);
        refused(&serve(both, version).await, pin(genuine.fingerprint())).await;
    }
}

#[tokio::test]
async fn a_leaf_that_imitates_the_cas_name_and_key_id_is_refused() {
    for version in VERSIONS {
        let genuine = Ca::new("genuine");
        let forger = genuine.imitation();
        let leaf = forger.leaf();
        assert!(genuine.seems_to_have_issued(&leaf));
        refused(
            &serve(leaf.with([genuine.der()]), version).await,
            pin(genuine.fingerprint()),
        )
        .await;
        let with_both = forger.leaf().with([forger.der(), genuine.der()]);
        refused(&serve(with_both, version).await, pin(genuine.fingerprint())).await;
    }
}

#[tokio::test]
async fn dates_hold_under_a_pinned_ca() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let days: [(Days, &str); 2] = [(EXPIRED, "expired"), (FUTURE, "not valid yet")];
        for (days, said) in days {
            let leaf = ca.leaf_for(LOOPBACK, days).with([ca.der()]);
            let words = refused(&serve(leaf, version).await, pin(ca.fingerprint())).await;
            assert!(words.contains(said), "{words}");
        }
    }
}

#[tokio::test]
async fn the_dates_of_the_pinned_ca_hold_too() {
    for version in VERSIONS {
        for (days, said) in [(EXPIRED, "expired"), (FUTURE, "not valid yet")] {
            let ca = Ca::with_days("genuine", days);
            let server = serve(ca.leaf().with([ca.der()]), version).await;
            let words = refused(&server, pin(ca.fingerprint())).await;
            assert!(
                words.contains("pinned certificate") && words.contains(said),
                "{words}"
            );
        }
    }
}

#[tokio::test]
async fn the_name_holds_under_a_pinned_ca_unless_switched_off() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let elsewhere = || ca.leaf_for(&["elsewhere.test"], NOW).with([ca.der()]);
        let server = serve(elsewhere(), version).await;
        let words = refused(&server, pin(ca.fingerprint())).await;
        assert!(words.contains("elsewhere.test"), "{words}");
        accepted(&server, pin(ca.fingerprint()).assert_hostname(false)).await;

        // With the name check off, the path is still validated.
        let stranger = Ca::new("stranger").leaf().with([ca.der()]);
        let server = serve(stranger, version).await;
        refused(&server, pin(ca.fingerprint()).assert_hostname(false)).await;
    }
}

#[tokio::test]
async fn an_ip_address_is_no_dns_name() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let server = serve(ca.leaf_for(&["localhost"], NOW).with([ca.der()]), version).await;
        let client = crate::tls::client(pin(ca.fingerprint()));
        refused_by(&client, &server, &server.url()).await;
        crate::tls::get(&client, &server.url_by_name())
            .await
            .unwrap();
    }
}

#[test]
fn the_digest_is_the_one_that_elasticsearch_prints() {
    // The digest of a certificate is that of its DER, not of its PEM text.
    let ca = Ca::new("genuine");
    assert_eq!(
        ca.fingerprint(),
        Fingerprint::of(ca.der().as_ref()).to_string()
    );
    assert_ne!(ca.fingerprint(), Fingerprint::of(&ca.pem()).to_string());
}
