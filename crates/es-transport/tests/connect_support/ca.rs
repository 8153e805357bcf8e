//! Certificate authorities made for one test.

use std::time::{Duration, SystemTime};

use es_transport::connect::Fingerprint;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber,
};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};

const DAY: Duration = Duration::from_secs(86_400);

/// When a certificate is valid, in days from now.
#[derive(Clone, Copy)]
pub struct Days(pub i32, pub i32);

pub const NOW: Days = Days(-1, 30);
pub const EXPIRED: Days = Days(-30, -1);
pub const FUTURE: Days = Days(1, 30);

/// A CA with its key.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    name: String,
    key_id: Vec<u8>,
}

/// A certificate with its key and what is presented with it.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
}

impl Ca {
    pub fn new(name: &str) -> Self {
        Self::with_days(name, NOW)
    }

    pub fn with_days(name: &str, days: Days) -> Self {
        Self::self_signed(name, ca_params(name, days))
    }

    /// A CA whose certificate has names, so that a server can present it as its own.
    pub fn with_names(name: &str, names: &[&str]) -> Self {
        let mut params = ca_params(name, NOW);
        let named =
            CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        params.subject_alt_names = named.unwrap().subject_alt_names;
        Self::self_signed(name, params)
    }

    /// A leaf for the loopback that was issued for these purposes.
    pub fn leaf_with_purposes(&self, purposes: Vec<ExtendedKeyUsagePurpose>) -> Identity {
        let key = key();
        let mut params = leaf_params(&["localhost", "127.0.0.1"], NOW);
        params.extended_key_usages = purposes;
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            chain: vec![leaf.der().clone()],
            key,
        }
    }

    /// A leaf for the loopback, and the list by which this CA revokes it.
    pub fn revoked_leaf(&self) -> (Identity, CertificateRevocationListDer<'static>) {
        let (key, serial) = (key(), SerialNumber::from(7u64));
        let mut params = leaf_params(&["localhost", "127.0.0.1"], NOW);
        params.serial_number = Some(serial.clone());
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let now = SystemTime::now();
        let list = CertificateRevocationListParams {
            this_update: (now - DAY).into(),
            next_update: (now + DAY).into(),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: serial,
                revocation_time: (now - DAY).into(),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::PreSpecified(self.key_id.clone()),
        };
        let identity = Identity {
            chain: vec![leaf.der().clone()],
            key,
        };
        (identity, list.signed_by(&self.issuer).unwrap().into())
    }

    fn self_signed(name: &str, params: CertificateParams) -> Self {
        let key = key();
        let key_id = params.key_identifier(&key);
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self {
            issuer,
            name: name.to_owned(),
            key_id,
        }
    }

    /// A stranger's CA with this one's name and key id, but another key.
    pub fn imitation(&self) -> Self {
        let mut params = ca_params(&self.name, NOW);
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.key_id.clone());
        Self::self_signed(&self.name, params)
    }

    /// Whether the leaf names this CA as its issuer, by name and key id.
    pub fn seems_to_have_issued(&self, leaf: &Identity) -> bool {
        let has = |part: &[u8]| leaf.chain[0].windows(part.len()).any(|bytes| bytes == part);
        has(self.name.as_bytes()) && has(&self.key_id)
    }

    /// A CA under this one.
    pub fn intermediate(&self, name: &str) -> Self {
        let (key, params) = (key(), ca_params(name, NOW));
        let key_id = params.key_identifier(&key);
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        Self {
            issuer,
            name: name.to_owned(),
            key_id,
        }
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    pub fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    pub fn fingerprint(&self) -> String {
        Fingerprint::of(&self.der()).to_string()
    }

    /// The CA as a server that presents its own certificate.
    pub fn identity(&self) -> Identity {
        let key = KeyPair::try_from(self.issuer.key().serialize_der()).unwrap();
        Identity {
            chain: vec![self.der()],
            key,
        }
    }

    /// A leaf for the loopback, presented alone.
    pub fn leaf(&self) -> Identity {
        self.leaf_for(&["localhost", "127.0.0.1"], NOW)
    }

    pub fn leaf_for(&self, names: &[&str], days: Days) -> Identity {
        let key = key();
        let leaf = leaf_params(names, days)
            .signed_by(&key, &self.issuer)
            .unwrap();
        Identity {
            chain: vec![leaf.der().clone()],
            key,
        }
    }
}

impl Identity {
    /// Presents more certificates after the leaf.
    pub fn with(mut self, more: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.chain.extend(more);
        self
    }

    pub fn fingerprint(&self) -> String {
        Fingerprint::of(&self.chain[0]).to_string()
    }

    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The chain and the key as PEM.
    pub fn pem(&self) -> (Vec<u8>, Vec<u8>) {
        let chain = self.chain.iter().map(|der| pem_of(der)).collect::<String>();
        (chain.into_bytes(), self.key.serialize_pem().into_bytes())
    }
}

fn pem_of(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(der)
    )
}

pub fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

pub fn ca_params(name: &str, days: Days) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_days(&mut params, days);
    params
}

pub fn leaf_params(names: &[&str], days: Days) -> CertificateParams {
    let names = names
        .iter()
        .map(|name| (*name).to_owned())
        .collect::<Vec<_>>();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "node");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    set_days(&mut params, days);
    params
}

fn set_days(params: &mut CertificateParams, days: Days) {
    let at = |days: i32| {
        let distance = DAY * days.unsigned_abs();
        let now = SystemTime::now();
        if days < 0 {
            now - distance
        } else {
            now + distance
        }
        .into()
    };
    params.not_before = at(days.0);
    params.not_after = at(days.1);
}
