//! Counting of guesses at secrets that people know or type (R-AUTH-2).
//!
//! Every guess is counted before it is looked at, in a transaction of its own, so that neither a crash nor fifty guesses at a time are free. The
//! counters are in the database: per factor, by account, by known device, by network and for everybody together. What passes is slowed down
//! by price and delay, never by a lock: whoever comes from a known device or proves themselves in a session has counters of their own, so that
//! nobody can lock out somebody else (R-SESS-3).

mod factor;
pub mod price;
mod store;
mod stuffing;
mod tally;
#[cfg(test)]
mod tests;

use temps_db::{DbError, WriteTransaction};
use temps_model::{ClientIp, DeviceId, EmailAddress, SessionId, UserId};

pub use factor::{Factor, Origin};
pub use price::Prices;
pub use store::forget_faded;
pub use stuffing::Stuffing;

use crate::{
    access::Proof,
    app::App,
    login::{Pepper, Purpose},
    problem::Problem,
};

/// Whose secret is guessed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whose first factor was right.
    User(UserId),
    /// What was typed, in one form for all its spellings (R-AUTH-3), whether or not it is somebody's: whoever could tell the two apart by their
    /// counters would know who has an account.
    Typed(String),
    /// A token that names nobody, such as that of a link.
    Token,
}

impl Subject {
    /// As an address without what follows a `+`, or as lower-case text.
    pub fn typed(email: Option<&EmailAddress>, typed: &str) -> Self {
        match email {
            Some(email) => {
                let (local, domain) = email.as_str().rsplit_once('@').unwrap_or((email.as_str(), ""));
                let local = local.split('+').next().unwrap_or_default();
                Self::Typed(format!("{local}@{domain}"))
            }
            None => Self::Typed(typed.trim().to_lowercase().chars().take(254).collect()),
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Self::User(user) => Some(user.to_string()),
            Self::Typed(text) => Some(text.clone()),
            Self::Token => None,
        }
    }
}

/// A guess that is about to be made.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    pub factor: Factor,
    pub subject: Subject,
    /// The known device of the subject that it comes from.
    pub device: Option<DeviceId>,
    /// The session in which it is made.
    pub session: Option<SessionId>,
    /// The proof of work that was sent along.
    pub paid: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    pub fn new(factor: Factor, subject: Subject) -> Self {
        Self { factor, subject, device: None, session: None, paid: None }
    }

    pub fn from_device(self, device: Option<DeviceId>) -> Self {
        Self { device, ..self }
    }

    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    pub fn paying(self, paid: Option<&'a str>) -> Self {
        Self { paid, ..self }
    }
}

/// A guess that was counted. Whatever verifies a secret asks for one.
#[derive(Debug)]
#[must_use = "a guess that is right has to be given back"]
pub struct Guess {
    counts: bool,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bucket {
    key: String,
    factor: Factor,
    origin: Origin,
}

impl Guess {
    /// One that was never counted, for tests of what is verified.
    #[cfg(test)]
    pub fn for_test() -> Self {
        Self { counts: true, buckets: Vec::new() }
    }

    /// Whether it comes from where its subject is known.
    pub fn is_known(&self) -> bool {
        self.buckets.iter().any(|bucket| matches!(bucket.origin, Origin::Device | Origin::Session))
    }

    /// Whether it came early enough to be worth anything. One that did not is answered like a wrong one, after the same work (R-SESS-4).
    pub fn counts(&self) -> bool {
        self.counts
    }

    /// It was right: the account's counter begins anew, and the others forget this one.
    pub async fn was_right(&self, transaction: &WriteTransaction) -> Result<(), DbError> {
        for bucket in &self.buckets {
            match bucket.origin {
                Origin::Account | Origin::Device | Origin::Session => store::clear(transaction, &bucket.key).await?,
                Origin::Network | Origin::Everybody => {
                    store::give_back(transaction, &bucket.key, &bucket.factor.limits(bucket.origin)).await?
                }
            }
        }
        Ok(())
    }
}

/// Counts a guess before it is looked at.
///
/// # Errors
/// 429 with a challenge if the guess has its price and it was not paid (R-AUTH-13); the route has to declare the factor, otherwise 500.
pub async fn reserve(app: &App, proof: &impl Proof, attempt: Attempt<'_>) -> Result<Guess, Problem> {
    if !proof.evidence().counts.contains(&attempt.factor) {
        return Err(Problem::internal(format!("{:?} is guessed on a route that does not declare it", attempt.factor)));
    }
    let client = proof.context().client;
    let buckets = buckets(&app.pepper, &attempt, client);
    let now = app.clock.now();
    let stuffed = app.stuffing.is_suspicious(client, now);
    let payment = attempt.paid.and_then(|paid| app.prices.check(paid, now));
    let is_stuffed = stuffed && attempt.factor == Factor::Password && attempt.device.is_none();
    let reserved = app.database.write(async |transaction| {
        let mut tallies = Vec::with_capacity(buckets.len());
        for bucket in &buckets {
            tallies.push((bucket, bucket.factor.limits(bucket.origin), store::lock(&transaction, &bucket.key).await?));
        }
        let prices = tallies.iter().filter_map(|(_, limits, tally)| tally.price(limits, now));
        if let Some(level) = prices.max().or(is_stuffed.then_some(0)) {
            let paid = match &payment {
                Some(payment) if payment.level() >= level => store::spend(&transaction, payment).await?,
                _ => false,
            };
            if !paid {
                return Err(Refused::Unpaid(level));
            }
        }
        let mut counts = true;
        for (bucket, limits, tally) in &tallies {
            let (taken, in_time) = tally.take(limits, now);
            counts &= in_time;
            store::save(&transaction, &bucket.key, &taken).await?;
        }
        Ok(counts)
    });
    match reserved.await {
        Ok(counts) => Ok(Guess { counts, buckets }),
        Err(Refused::Unpaid(level)) => {
            app.denials.record(app, proof.evidence()).await;
            Err(app.prices.demand(level, now)?)
        }
        Err(Refused::Database(error)) => Err(error.into()),
    }
}

/// Why a guess was not counted.
enum Refused {
    /// A proof of work of this level is missing.
    Unpaid(u32),
    Database(DbError),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// What a guess is counted under, in the order in which the rows are locked.
fn buckets(pepper: &Pepper, attempt: &Attempt<'_>, client: Option<ClientIp>) -> Vec<Bucket> {
    let factor = attempt.factor;
    let bucket = |origin: Origin, subject: &str| {
        let hash = pepper.hash(Purpose::Counters, subject);
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Bucket { key: format!("{} {} {hex}", factor.name(), origin.name()), factor, origin }
    };
    if let Some(session) = attempt.session {
        return vec![bucket(Origin::Session, &session.to_string())];
    }
    if let Some(device) = attempt.device {
        return vec![bucket(Origin::Device, &device.to_string())];
    }
    let account = attempt.subject.name().map(|name| bucket(Origin::Account, &name));
    let network = client.map(|client| bucket(Origin::Network, &client.counted_as().to_string()));
    let mut buckets: Vec<Bucket> =
        [account, network, Some(bucket(Origin::Everybody, ""))].into_iter().flatten().collect();
    buckets.sort_by(|a, b| a.key.cmp(&b.key));
    buckets
}
