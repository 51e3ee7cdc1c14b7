//! Passwords: what is accepted, and hashing on a bounded pool (R-AUTH-8, R-AUTH-13).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use axum::http::{HeaderValue, StatusCode, header};
use temps_model::{EmailAddress, Secret};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::problem::Problem;

/// Argon2id (RFC 9106) with 19 MiB, two passes and one lane: the first choice of the OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes that may wait; together with those at work they bound what a flood of logins can take.
const QUEUE: usize = 64;
const MIN_CHARACTERS: usize = 12;
const MAX_BYTES: usize = 1_024;

/// Hashes and verifies, a bounded number at once, away from the threads that answer calls.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    admitted: Arc<AtomicUsize>,
    parallel: usize,
    /// The hash of a random password, verified where there is no user, so that both cost the same (R-AUTH-7).
    dummy: Arc<str>,
}

impl Passwords {
    /// `parallel` hashes at once at most, each on a core of its own with 19 MiB.
    pub fn new(parallel: usize) -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within Argon2's bounds");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        let dummy = argon2.hash_password(&random).expect("32 bytes can be hashed").to_string().into();
        Self { argon2, running: Arc::new(Semaphore::new(parallel)), admitted: Arc::default(), parallel, dummy }
    }

    /// The hash of a password in PHC string format.
    pub async fn hash(&self, password: Password) -> Result<Secret<String>, Problem> {
        self.run(move |argon2| {
            argon2.hash_password(password.0.expose().as_bytes()).map(|hash| Secret::new(hash.to_string()))
        })
        .await?
        .map_err(Problem::internal)
    }

    /// Whether a password is the one that was hashed. Without a hash it does the same work and says no.
    pub async fn verify(&self, password: Password, hash: Option<Secret<String>>) -> Result<bool, Problem> {
        let dummy = Arc::clone(&self.dummy);
        let verified = self.run(move |argon2| {
            let text = hash.as_ref().map_or(&*dummy, |hash| hash.expose());
            let matches = PasswordHash::new(text)
                .is_ok_and(|hash| argon2.verify_password(password.0.expose().as_bytes(), &hash).is_ok());
            matches && hash.is_some()
        });
        verified.await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let admitted = Admitted::new(&self.admitted, self.parallel + QUEUE)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(Problem::internal)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let _held_while_working = (permit, admitted);
            work(argon2)
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

    /// Reads a new password and tells in words why it is refused (R-AUTH-8).
    pub fn chosen(text: &Secret<String>, email: &EmailAddress, context: &[&str]) -> Result<Self, Problem> {
        let refuse = |why: &str| Problem::invalid("password", why);
        let password = Self::typed(text).ok_or_else(|| refuse("is longer than 1,024 bytes"))?;
        let text = password.0.expose();
        if text.chars().count() < MIN_CHARACTERS {
            return Err(refuse("needs at least 12 characters; a few words that do not belong together are easiest"));
        }
        let words = [&["temps", email.local_part(), email.as_str()], context].concat();
        // The estimate grows with the square of the length; what is beyond 128 characters cannot make a password weaker.
        let head: String = text.chars().take(128).collect();
        let estimate = zxcvbn::zxcvbn(&head, &words);
        if u8::from(estimate.score()) >= 3 {
            return Ok(password);
        }
        let why = estimate.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
        Err(refuse(
            &why.map_or_else(|| "is too easy to guess".to_owned(), |why| format!("is too easy to guess: {why}")),
        ))
    }
}

#[cfg(test)]
mod tests;
