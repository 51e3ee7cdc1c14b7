//! The price of a guess once it is suspicious: a proof of work that a browser finds in a moment and a flood pays for each time
//! (the ALTCHA protocol, version 2, with PBKDF2).

use std::{collections::BTreeMap, time::Duration};

use altcha::{Challenge, CreateChallengeOptions, Payload, VerifySolutionOptions, create_challenge, verify_solution};
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderValue, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use temps_model::Timestamp;

use crate::{
    login::{Pepper, Purpose},
    problem::Problem,
};

/// The hardest level; each doubles the work of the one before.
pub const HARDEST: u32 = 5;
const ALGORITHM: &str = "PBKDF2/SHA-256";
/// Iterations of one derivation.
const COST: u32 = 1_000;
/// Derivations that are needed at level 0, at most; half of them at least.
const DERIVATIONS: u32 = 400;
const LIFETIME: Duration = Duration::from_secs(300);

/// Demands proofs of work and checks them. What was demanded is known by its signature alone, so that nothing is kept for who never pays.
pub struct Prices {
    challenges: String,
    solutions: String,
}

/// A proof of work that is sound and was perhaps used before.
pub struct Payment {
    level: u32,
    expires_at: Timestamp,
    hash: [u8; 32],
}

impl Payment {
    pub fn level(&self) -> u32 {
        self.level
    }

    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    pub fn hash(&self) -> &[u8] {
        &self.hash
    }
}

impl Prices {
    pub fn new(pepper: &Pepper) -> Self {
        let hex = |label| pepper.hash(Purpose::Prices, label).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { challenges: hex("challenges"), solutions: hex("solutions") }
    }

    /// The refusal that says what is to be paid.
    pub fn demand(&self, level: u32, now: Timestamp) -> Result<Problem, Problem> {
        let challenge = self.challenge(level, now).map_err(Problem::internal)?;
        let challenge = serde_json::to_value(challenge).map_err(Problem::internal)?;
        Ok(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "proof_of_work",
            "Proof of work needed",
            "There were many attempts, so this one has to be paid for with some work of your machine.",
        )
        .hint("Browsers and `temps` do it by themselves. Programs solve `challenge` (ALTCHA) and send it along as `proof`.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("0"))
        .challenge(challenge))
    }

    fn challenge(&self, level: u32, now: Timestamp) -> Result<Challenge, altcha::Error> {
        let most = DERIVATIONS << level.min(HARDEST);
        let mut random = [0; 4];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        let expires = now.after(LIFETIME).micros();
        create_challenge(CreateChallengeOptions {
            algorithm: ALGORITHM.to_owned(),
            cost: COST,
            counter: Some(most / 2 + u32::from_be_bytes(random) % (most / 2)),
            data: Some(BTreeMap::from([("level".to_owned(), json!(level)), ("expires".to_owned(), json!(expires))])),
            hmac_signature_secret: Some(self.challenges.clone()),
            hmac_key_signature_secret: Some(self.solutions.clone()),
            ..CreateChallengeOptions::default()
        })
    }

    /// Reads a payload in base64; `None` if it is malformed, not from here, wrong, or too old.
    pub fn check(&self, paid: &str, now: Timestamp) -> Option<Payment> {
        let payload: Payload = serde_json::from_slice(&STANDARD.decode(paid).ok()?).ok()?;
        let options = VerifySolutionOptions {
            hmac_key_signature_secret: Some(self.solutions.clone()),
            ..VerifySolutionOptions::new(&payload.challenge, &payload.solution, &*self.challenges)
        };
        if !verify_solution(options).is_ok_and(|result| result.verified) {
            return None;
        }
        let data = payload.challenge.parameters.data.as_ref()?;
        let expires_at = Timestamp::from_micros(data.get("expires").and_then(Value::as_i64)?);
        let level = u32::try_from(data.get("level").and_then(Value::as_u64)?).ok()?;
        let hash = digest(&SHA256, payload.challenge.signature.as_ref()?.to_ascii_lowercase().as_bytes());
        let hash = hash.as_ref().try_into().ok()?;
        (now < expires_at).then_some(Payment { level, expires_at, hash })
    }
}
