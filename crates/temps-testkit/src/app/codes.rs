//! What a person's devices compute: codes of an authenticator, proofs of work.

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use temps_model::Timestamp;
use totp_rs::{Builder, Secret, Totp};

/// An application for codes (RFC 6238).
#[derive(Clone, Debug)]
pub struct Authenticator(Totp);

impl Authenticator {
    /// With a key in base32, as a person types it.
    pub fn new(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).expect("a key in base32");
        Self(Builder::new().with_secret(secret).build().expect("a key of 160 bits"))
    }

    /// What it shows at that moment.
    pub fn code(&self, at: Timestamp) -> String {
        self.0.generate(at.seconds().unsigned_abs()).to_string()
    }
}

/// Solves a challenge: the text to be sent along.
pub fn solve(challenge: &Value) -> String {
    let challenge: Challenge = serde_json::from_value(challenge.clone()).expect("a challenge");
    let solution =
        solve_challenge(SolveChallengeOptions::new(&challenge)).expect("a sound challenge").expect("a solution");
    STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution }).expect("a payload is JSON"))
}
