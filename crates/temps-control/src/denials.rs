//! What may happen very often, in the audit log: refused calls, failed logins, and reading the log itself. It is aggregated, so that a flood can
//! neither fill the disk nor hide anything (R-AUD-8).
//!
//! The first of a kind is recorded at once and in full. Those that follow within a minute are counted, and one more record tells how many there
//! were. That record states what holds for all that it counts, and nothing else: no request, no browser, and an account only if it was the same.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use temps_db::{
    DbError,
    audit::{self, Actor, AuditRecord, Authentication, Outcome},
};
use temps_model::{ProjectId, Timestamp, UserId};

use crate::{
    access::{Evidence, Proof},
    action::Action,
    app::App,
    change::record_of,
    problem::Problem,
};

/// What is alike and follows the first within this time is counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Kinds of callers without a login that are counted apart; those beyond are counted together. Users are few, so theirs always are.
const CAPACITY: usize = 4_096;
/// Of one network, the different things tried that are counted apart; those beyond are counted together.
const OF_ONE_NETWORK: usize = 32;

/// What is being counted.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<Key, Counted>>);

/// All that is told of what is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    action: Action,
    outcome: Outcome,
    project: Option<ProjectId>,
    who: Who,
    tried: Option<Tried>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    User(UserId),
    Network(IpAddr),
    Others,
}

/// What was tried, such as the account of a login: a personal field of the record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tried {
    pub field: &'static str,
    pub text: String,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    since: Timestamp,
    /// How many there were after the first.
    more: u32,
}

impl Denials {
    /// Records a call that was refused for want of a right.
    pub async fn record(&self, app: &App, evidence: &Evidence) {
        self.note_or_log(app, evidence, Outcome::Denied, None).await;
    }

    /// Records something that was tried and failed, such as a login.
    pub async fn failed(&self, app: &App, evidence: &Evidence, tried: Option<Tried>) {
        self.note_or_log(app, evidence, Outcome::Failed, tried).await;
    }

    /// Records that something was read which may not be read in secret. Where that fails nothing may be shown.
    pub async fn read(&self, app: &App, proof: &impl Proof) -> Result<(), Problem> {
        self.note(app, proof.evidence(), Outcome::Done, None).await
    }

    /// Writes the counts of windows that have ended. Called every few seconds, and with `all` before the program ends. What cannot be written is
    /// kept for the next time.
    pub async fn flush(&self, app: &App, all: bool) {
        let now = app.clock.now();
        let ended: Vec<(Key, Counted)> =
            self.counted().extract_if(|_, counted| all || now.since(counted.since) >= WINDOW).collect();
        for (key, counted) in ended {
            self.write_count(app, key, counted).await;
        }
    }

    /// A refusal stays refused whether or not it can be recorded; that it could not is in the log.
    async fn note_or_log(&self, app: &App, evidence: &Evidence, outcome: Outcome, tried: Option<Tried>) {
        if evidence.action.is_some() && self.note(app, evidence, outcome, tried).await.is_err() {
            tracing::error!("a refusal could not be recorded");
        }
    }

    async fn note(
        &self,
        app: &App,
        evidence: &Evidence,
        outcome: Outcome,
        tried: Option<Tried>,
    ) -> Result<(), Problem> {
        let who = match (&evidence.caller, evidence.context.client) {
            (Some(caller), _) => Who::User(caller.user),
            (None, Some(client)) => Who::Network(client.counted_as()),
            (None, None) => Who::Others,
        };
        let (actor, authentication) = who.actor();
        let mut record = record_of(evidence, actor, authentication)?.outcome(outcome);
        if let Some(Tried { field, text }) = &tried {
            record = record.personal(field, text);
        }
        let action = evidence.action.ok_or_else(|| Problem::internal("what declares no action cannot be counted"))?;
        let (key, ended) = match self.count(Key { action, outcome, project: evidence.project, who, tried }, app) {
            Seen::Again => return Ok(()),
            Seen::First(key, ended) => (key, ended),
        };
        if let Some(ended) = ended {
            self.write_count(app, key.clone(), ended).await;
        }
        if let Err(error) = write(app, &record).await {
            self.take_back(&key);
            return Err(error.into());
        }
        Ok(())
    }

    fn count(&self, key: Key, app: &App) -> Seen {
        let now = app.clock.now();
        let mut counted = self.counted();
        let key = key.within_bounds(&counted);
        match counted.get_mut(&key) {
            Some(counted) if now.since(counted.since) < WINDOW => {
                counted.more = counted.more.saturating_add(1);
                Seen::Again
            }
            _ => {
                let ended = counted.insert(key.clone(), Counted { since: now, more: 0 });
                Seen::First(key, ended)
            }
        }
    }

    /// The first could not be recorded, so the next is the first. What was counted meanwhile stays counted.
    fn take_back(&self, key: &Key) {
        let mut counted = self.counted();
        if counted.get(key).is_some_and(|counted| counted.more == 0) {
            counted.remove(key);
        }
    }

    async fn write_count(&self, app: &App, key: Key, ended: Counted) {
        if ended.more == 0 {
            return;
        }
        if let Err(error) = write(app, &key.record().count(ended.more)).await {
            tracing::error!(%error, "a count of refusals could not be recorded; it is tried again");
            let mut counted = self.counted();
            let counted = counted.entry(key).or_insert(Counted { more: 0, ..ended });
            counted.more = counted.more.saturating_add(ended.more);
        }
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Key, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Seen {
    /// With what was counted in the window before, if nobody has written that yet.
    First(Key, Option<Counted>),
    Again,
}

impl Key {
    /// This kind, or the wider one that it is counted under where there are too many.
    fn within_bounds(self, counted: &HashMap<Key, Counted>) -> Self {
        if counted.contains_key(&self) || (matches!(self.who, Who::User(_)) && self.tried.is_none()) {
            return self;
        }
        let (mut all, mut own) = (0, 0);
        for key in counted.keys() {
            all += usize::from(!matches!(key.who, Who::User(_)));
            own += usize::from((key.action, key.outcome, key.who) == (self.action, self.outcome, self.who));
        }
        match (all < CAPACITY, own < OF_ONE_NETWORK) {
            (true, true) => self,
            (true, false) => Self { tried: None, ..self },
            (false, _) if matches!(self.who, Who::User(_)) => Self { tried: None, ..self },
            (false, _) => Self { who: Who::Others, tried: None, ..self },
        }
    }

    /// The record of what was counted under this key.
    fn record(&self) -> AuditRecord {
        let (actor, authentication) = self.who.actor();
        let mut record =
            AuditRecord::new(audit::Action::new(self.action.name()), actor, authentication).outcome(self.outcome);
        record = match self.who {
            Who::Network(IpAddr::V4(address)) => record.personal("ip", address.to_string()),
            Who::Network(IpAddr::V6(network)) => record.personal("network", format!("{network}/64")),
            Who::User(_) | Who::Others => record,
        };
        if let Some(project) = self.project {
            record = record.project(project);
        }
        match &self.tried {
            Some(Tried { field, text }) => record.personal(field, text),
            None => record,
        }
    }
}

impl Who {
    fn actor(self) -> (Actor, Authentication) {
        match self {
            Self::User(user) => (Actor::User(user), Authentication::Session),
            Self::Network(_) | Self::Others => (Actor::Anonymous, Authentication::None),
        }
    }
}

/// What was tried is personal.
impl std::fmt::Debug for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tried").field("field", &self.field).finish_non_exhaustive()
    }
}

async fn write(app: &App, record: &AuditRecord) -> Result<(), DbError> {
    let transaction = app.database.begin().await?;
    audit::append(&transaction, record).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests;
