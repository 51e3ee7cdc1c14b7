//! The instance's own certificate authorities.
//!
//! There are two. The **local** one signs names under `localhost` and nothing else: it is constrained to them (RFC 5280 §4.2.1.10), so a
//! machine that trusts it (`temps trust`) trusts it for itself only. The **fallback** one signs every other name that has no public
//! certificate yet, so that its traffic is encrypted and a person can decide to trust it; nothing installs it by itself.

use std::{sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::{crypto::aws_lc_rs::sign::any_supported_type, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use temps_model::{HostName, Secret, Timestamp};
use time::OffsetDateTime;

/// Clocks of clients may be behind.
const BACKDATED: Duration = Duration::from_secs(3_600);
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
/// Below the 398 days that browsers accept.
pub const LEAF_LIFETIME: Duration = Duration::from_secs(365 * 86_400);

/// Why a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("a certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("a certificate or key could not be read: {0}")]
    Read(String),
}

/// Which of the two authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Names under `localhost`.
    Local,
    /// Every name.
    Fallback,
}

impl Reach {
    pub const ALL: [Self; 2] = [Self::Local, Self::Fallback];

    /// The authority that signs for a name.
    pub fn of(host: &HostName) -> Self {
        if host.is_loopback() { Self::Local } else { Self::Fallback }
    }

    /// The name of its file in the data directory and of its key in the database.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Local => "ca.pem",
            Self::Fallback => "ca-fallback.pem",
        }
    }
}

/// An authority that can sign.
#[derive(Debug)]
pub struct Authority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The saved form of an authority or of a leaf: PEM chain and PKCS #8 key.
#[derive(Clone, Debug)]
pub struct Pair {
    pub chain_pem: String,
    pub key_der: Secret<Vec<u8>>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Authority {
    /// Makes a new authority, valid for ten years.
    pub fn create(reach: Reach, now: Timestamp) -> Result<Pair, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        let name = match reach {
            Reach::Local => "Temps local authority (localhost only)",
            Reach::Fallback => "Temps fallback authority",
        };
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        if reach == Reach::Local {
            let localhost = vec![GeneralSubtree::DnsName("localhost".to_owned())];
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees: localhost, excluded_subtrees: Vec::new() });
        }
        let (not_before, not_after) = validity(&mut params, now, AUTHORITY_LIFETIME);
        let certificate = params.self_signed(&key)?;
        Ok(Pair { chain_pem: certificate.pem(), key_der: key.serialize_der().into(), not_before, not_after })
    }

    pub fn load(pair: &Pair) -> Result<Self, CertificateError> {
        let key = KeyPair::try_from(pair.key_der.expose().as_slice())?;
        let issuer = Issuer::from_ca_cert_pem(&pair.chain_pem, key)?;
        Ok(Self { certificate_pem: pair.chain_pem.clone(), issuer })
    }

    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Signs a fresh ECDSA P-256 key for a name, for a year.
    pub fn sign(&self, host: &HostName, now: Timestamp) -> Result<Pair, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([host.to_string()])?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let (not_before, not_after) = validity(&mut params, now, LEAF_LIFETIME);
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain_pem = format!("{}{}", leaf.pem(), self.certificate_pem);
        Ok(Pair { chain_pem, key_der: key.serialize_der().into(), not_before, not_after })
    }
}

impl Pair {
    /// The form that the edge serves.
    pub fn certified(&self) -> Result<Arc<CertifiedKey>, CertificateError> {
        let read = |error: &dyn std::fmt::Display| CertificateError::Read(error.to_string());
        let chain = CertificateDer::pem_slice_iter(self.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| read(&error))?;
        let key = PrivateKeyDer::try_from(self.key_der.expose().clone()).map_err(|error| read(&error))?;
        let key = any_supported_type(&key).map_err(|error| read(&error))?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|error| read(&error))?;
        Ok(Arc::new(certified))
    }
}

/// Whether less than a third of a certificate's lifetime is left.
pub fn is_due(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> bool {
    now.since(not_before) > not_after.since(not_before) * 2 / 3
}

fn validity(params: &mut CertificateParams, now: Timestamp, lifetime: Duration) -> (Timestamp, Timestamp) {
    let whole_second = Timestamp::from_micros(now.seconds() * 1_000_000);
    let (from, until) = (whole_second.before(BACKDATED), whole_second.after(lifetime));
    let date = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (params.not_before, params.not_after) = (date(from), date(until));
    (from, until)
}

#[cfg(test)]
mod tests {
    use rustls::{RootCertStore, client::WebPkiServerVerifier, client::danger::ServerCertVerifier};
    use rustls_pki_types::{ServerName, UnixTime};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);

    /// Whether a client that trusts this authority alone accepts a leaf for a name.
    fn accepts(signer: &Authority, host: &str) -> bool {
        let host: HostName = host.parse().unwrap();
        let leaf = signer.sign(&host, NOW).unwrap().certified().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(signer.certificate_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let name = ServerName::try_from(host.to_string()).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(NOW.seconds() as u64));
        verifier.verify_server_cert(&leaf.cert[0], &leaf.cert[1..], &name, &[], at).is_ok()
    }

    #[test]
    fn the_local_authority_is_believed_for_localhost_only() {
        let authority = |reach| Authority::load(&Authority::create(reach, NOW).unwrap()).unwrap();
        let (local, fallback) = (authority(Reach::Local), authority(Reach::Fallback));
        assert!(accepts(&local, "demo.localhost"));
        assert!(accepts(&local, "localhost"));
        assert!(!accepts(&local, "bank.example.com"), "a machine that trusts it trusts it for itself only");
        assert!(accepts(&fallback, "shop.example.com"));
    }

    #[test]
    fn a_certificate_is_due_when_a_third_of_its_life_is_left() {
        let authority = Authority::load(&Authority::create(Reach::Local, NOW).unwrap()).unwrap();
        let leaf = authority.sign(&"demo.localhost".parse().unwrap(), NOW).unwrap();
        let is_due = |now| is_due(leaf.not_before, leaf.not_after, now);
        assert!(!is_due(NOW));
        assert!(!is_due(NOW.after(LEAF_LIFETIME / 2)));
        assert!(is_due(NOW.after(LEAF_LIFETIME * 7 / 10)));
    }
}
