//! One key: AES-256-GCM-SIV (RFC 8452), which stays safe if a nonce should ever repeat.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use temps_model::{DataKeyId, Secret};
use zeroize::Zeroizing;

use super::{
    Place,
    sealed::{Parts, SealedBytes},
};

pub(super) const KEY_LEN: usize = 32;

/// Why a value was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the sealed value at {0} was altered, cut off or moved there from elsewhere")]
    Tampered(String),
    #[error("the key of this value was destroyed, and with it the value")]
    Destroyed,
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    #[error("the value is too long to be sealed")]
    TooLong,
}

impl VaultError {
    /// Reports the finding as a security event.
    pub(super) fn tampered(place: &Place) -> Self {
        tracing::error!(target: "security", event = "sealed_value_tampered", %place, "a sealed value does not open");
        Self::Tampered(place.to_string())
    }
}

/// A key that seals values for places.
pub struct DataKey {
    id: DataKeyId,
    version: i32,
    material: Secret<[u8; KEY_LEN]>,
}

impl DataKey {
    pub fn id(&self) -> DataKeyId {
        self.id
    }

    /// Seals `plaintext` so that it opens at `place` and nowhere else.
    pub fn seal(&self, place: &Place, plaintext: &[u8]) -> Result<SealedBytes, VaultError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut text = Zeroizing::new(Vec::with_capacity(plaintext.len() + AES_256_GCM_SIV.tag_len()));
        text.extend_from_slice(plaintext);
        self.cipher()
            .and_then(|cipher| {
                let place = Aad::from(place.associated_data(self.id, self.version));
                cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut *text)
            })
            .map_err(|_| VaultError::TooLong)?;
        Ok(SealedBytes::join(&Parts { key: self.id, version: self.version, nonce, ciphertext: &text }))
    }

    /// Opens what this key sealed for `place`.
    pub fn open(&self, place: &Place, sealed: &SealedBytes) -> Result<Secret<Vec<u8>>, VaultError> {
        self.try_open(place, sealed).ok_or_else(|| VaultError::tampered(place))
    }

    pub(super) fn try_open(&self, place: &Place, sealed: &SealedBytes) -> Option<Secret<Vec<u8>>> {
        let parts = sealed.parts().filter(|parts| parts.key == self.id && parts.version == self.version)?;
        let mut text = Zeroizing::new(parts.ciphertext.to_vec());
        let place = Aad::from(place.associated_data(self.id, self.version));
        let nonce = Nonce::assume_unique_for_key(parts.nonce);
        let plaintext =
            self.cipher().and_then(|cipher| cipher.open_in_place(nonce, place, &mut text).map(|text| text.to_vec()));
        plaintext.ok().map(Secret::new)
    }

    pub(super) fn new(id: DataKeyId, version: i32, material: Secret<[u8; KEY_LEN]>) -> Self {
        Self { id, version, material }
    }

    pub(super) fn generate(id: DataKeyId, version: i32) -> Result<Self, VaultError> {
        Ok(Self::new(id, version, Secret::new(random()?)))
    }

    pub(super) fn material(&self) -> &[u8; KEY_LEN] {
        self.material.expose()
    }

    fn cipher(&self) -> Result<LessSafeKey, aws_lc_rs::error::Unspecified> {
        UnboundKey::new(&AES_256_GCM_SIV, self.material.expose()).map(LessSafeKey::new)
    }
}

pub(super) fn random<const LEN: usize>() -> Result<[u8; LEN], VaultError> {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}
