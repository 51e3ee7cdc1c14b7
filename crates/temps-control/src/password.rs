//! Passwords, and hashing them on a bounded pool (R-AUTH-13).

pub mod policy;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, KeyId, Params, ParamsBuilder, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use axum::http::{HeaderValue, StatusCode, header};
use temps_model::Secret;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::{
    guesses::Guess,
    login::{Pepper, Purpose},
    problem::Problem,
};

/// Argon2id (RFC 9106) with 19 MiB, two passes and one lane: the first choice of the OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Says in a hash that the instance's pepper is part of it.
const KEY_ID: &[u8] = b"pepper";
/// Further places for guesses from where the user is known, so that strangers cannot keep them out.
const QUEUE_OF_THE_KNOWN: usize = 32;
/// Hashes that may wait; together with those at work they bound what a flood of logins can take.
const QUEUE: usize = 64;
const MAX_BYTES: usize = 1_024;

/// Hashes and verifies, a bounded number at once, away from the threads that answer calls.
#[derive(Clone)]
pub struct Passwords {
    hasher: Hasher,
    running: Arc<Semaphore>,
    admitted: Arc<AtomicUsize>,
    parallel: usize,
    /// The hash of a random password, verified where there is no user, so that both cost the same (R-AUTH-7).
    dummy: Arc<str>,
}

/// What was found out about a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    Wrong,
    Right,
    /// It is right, and its hash is not what would be made today.
    RightButOutdated,
}

#[derive(Clone)]
struct Hasher {
    params: Params,
    pepper: Arc<Secret<[u8; 32]>>,
}

impl Hasher {
    fn new(pepper: &Pepper) -> Self {
        let params = ParamsBuilder::new()
            .m_cost(MEMORY_KIB)
            .t_cost(PASSES)
            .p_cost(1)
            .keyid(KeyId::new(KEY_ID).expect("a short constant"))
            .build()
            .expect("the parameters are within Argon2's bounds");
        Self { params, pepper: Arc::new(pepper.key(Purpose::Passwords)) }
    }

    fn argon2(&self) -> Argon2<'_> {
        Argon2::new_with_secret(self.pepper.expose(), Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .expect("32 bytes are a secret")
    }

    fn hash(&self, password: &[u8]) -> Result<Secret<String>, Problem> {
        let hash = self.argon2().hash_password(password).map_err(Problem::internal)?;
        Ok(Secret::new(hash.to_string()))
    }

    /// The parameters come from the hash; one without the key id was made before there was a pepper.
    fn verify(&self, password: &[u8], hash: &str) -> Verified {
        let Ok(hash) = PasswordHash::new(hash) else { return Verified::Wrong };
        let Ok(params) = Params::try_from(&hash) else { return Verified::Wrong };
        let verified = match params.keyid() {
            KEY_ID => self.argon2().verify_password(password, &hash),
            _ => Argon2::default().verify_password(password, &hash),
        };
        let current = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost(), params.keyid().to_vec());
        match verified {
            Err(_) => Verified::Wrong,
            Ok(()) if current(&params) == current(&self.params) => Verified::Right,
            Ok(()) => Verified::RightButOutdated,
        }
    }
}

impl Passwords {
    /// `parallel` hashes at once at most, each on a core of its own with 19 MiB.
    pub fn new(parallel: usize, pepper: &Pepper) -> Self {
        let hasher = Hasher::new(pepper);
        let mut random = [0; 32];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        let dummy = hasher.hash(&random).expect("32 bytes can be hashed").expose().as_str().into();
        Self { hasher, running: Arc::new(Semaphore::new(parallel)), admitted: Arc::default(), parallel, dummy }
    }

    /// The hash of a password in PHC string format.
    pub async fn hash(&self, password: Password) -> Result<Secret<String>, Problem> {
        self.run(QUEUE + QUEUE_OF_THE_KNOWN, move |hasher| hasher.hash(password.0.expose().as_bytes())).await?
    }

    /// Whether a password is the one that was hashed. Without a hash it does the same work and says no. It asks for the guess that was
    /// counted for it (R-AUTH-2); one that does not count does the same work and is wrong.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<Secret<String>>,
        guess: &Guess,
    ) -> Result<Verified, Problem> {
        let dummy = Arc::clone(&self.dummy);
        let queue = if guess.is_known() { QUEUE + QUEUE_OF_THE_KNOWN } else { QUEUE };
        self.run(queue, move |hasher| {
            let verified =
                hasher.verify(password.0.expose().as_bytes(), hash.as_ref().map_or(&*dummy, |hash| hash.expose()));
            if hash.is_some() { verified } else { Verified::Wrong }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        queue: usize,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let admitted = Admitted::new(&self.admitted, self.parallel + queue)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(Problem::internal)?;
        let hasher = self.hasher.clone();
        tokio::task::spawn_blocking(move || {
            let _held_while_working = (permit, admitted);
            work(&hasher)
        })
        .await
        .map_err(Problem::internal)
    }
}

/// A place among the hashes at work and waiting. It is given back when the work ends, even if the caller went away.
struct Admitted(Arc<AtomicUsize>);

impl Admitted {
    fn new(count: &Arc<AtomicUsize>, limit: usize) -> Result<Self, Problem> {
        let place = Self(Arc::clone(count));
        match count.fetch_add(1, Ordering::Relaxed) {
            before if before < limit => Ok(place),
            _ => Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "login_busy",
                "Too many logins",
                "Too many logins are being checked at the moment.",
            )
            .hint("Try again in a few seconds.")
            .header(header::RETRY_AFTER, HeaderValue::from_static("5"))),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A password in NFKC form of at most 1,024 bytes; it may still be a bad one.
#[derive(Clone)]
pub struct Password(Secret<String>);

impl Password {
    /// Reads what a person typed at a login. Longer than any password can be is `None`.
    pub fn typed(text: &Secret<String>) -> Option<Self> {
        let sound = text.expose().len() <= MAX_BYTES;
        sound.then(|| Self(Secret::new(text.expose().nfkc().collect())))
    }
}

#[cfg(test)]
mod tests;
