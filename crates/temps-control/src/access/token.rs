//! Secrets that prove something by being known.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use temps_model::Secret;

/// 256 random bits that only their holder and, hashed, the database know: of a session, of a one-time link, of the first start.
#[derive(Clone)]
pub struct Token(Secret<[u8; 32]>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(Secret::new(bytes))
    }

    /// Reads the text form. Anything but 43 characters of base64url is no token.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(Self(Secret::new(bytes)))
    }

    pub fn text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.expose()))
    }

    /// Whether this is the token of which `hash` was kept, in a time that does not depend on where they differ.
    pub fn matches(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// What the database keeps. The token has 256 bits of entropy, so a plain hash cannot be reversed.
    pub fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.0.expose()).as_ref().to_vec()
    }
}
