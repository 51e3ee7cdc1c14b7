//! Refused calls and failed logins in the audit log, aggregated so that a flood can neither fill the disk nor hide anything (R-AUD-8).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use temps_db::audit::{self, Actor, AuditRecord, Authentication, Outcome};
use temps_model::{Timestamp, UserId};

use crate::{access::Evidence, action::Action, app::App, change::record_of};

/// Of one caller and action the first refusal is recorded at once; what follows within this time is counted in one more record.
const WINDOW: Duration = Duration::from_secs(60);
/// Callers that are counted apart; those beyond are counted together.
const CAPACITY: usize = 4_096;

/// What is being counted.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<Key, Counted>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    action: Action,
    who: Who,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    User(UserId),
    Network(IpAddr),
    Others,
}

#[derive(Debug)]
struct Counted {
    since: Timestamp,
    /// Refusals after the first.
    more: u32,
    record: AuditRecord,
}

impl Denials {
    /// Records a call that was refused for want of a right.
    pub async fn record(&self, app: &App, evidence: &Evidence) {
        self.note(app, evidence, Outcome::Denied, |record| record).await;
    }

    /// Records something that was tried and failed, such as a login. `describe` adds what was tried.
    pub async fn failed(&self, app: &App, evidence: &Evidence, describe: impl FnOnce(AuditRecord) -> AuditRecord) {
        self.note(app, evidence, Outcome::Failed, describe).await;
    }

    async fn note(
        &self,
        app: &App,
        evidence: &Evidence,
        outcome: Outcome,
        describe: impl FnOnce(AuditRecord) -> AuditRecord,
    ) {
        let Some(action) = evidence.action else { return };
        let (who, actor, authentication) = match (&evidence.caller, evidence.context.client) {
            (Some(caller), _) => (Who::User(caller.user), Actor::User(caller.user), Authentication::Session),
            (None, Some(client)) => (Who::Network(client.counted_as()), Actor::Anonymous, Authentication::None),
            (None, None) => (Who::Others, Actor::Anonymous, Authentication::None),
        };
        let Ok(record) = record_of(evidence, actor, authentication) else { return };
        let record = describe(record.outcome(outcome));
        if self.is_first(Key { action, who }, app.clock.now(), &record) {
            write(app, record).await;
        }
    }

    fn is_first(&self, key: Key, now: Timestamp, record: &AuditRecord) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match counted.len() < CAPACITY || counted.contains_key(&key) {
            true => key,
            false => Key { who: Who::Others, ..key },
        };
        match counted.get_mut(&key) {
            Some(counted) => {
                counted.more = counted.more.saturating_add(1);
                false
            }
            None => {
                counted.insert(key, Counted { since: now, more: 0, record: record.clone() });
                true
            }
        }
    }

    /// Writes the counts of windows that have ended. Called every few seconds, and with `all` before the program ends.
    pub async fn flush(&self, app: &App, all: bool) {
        let now = app.clock.now();
        let ended: Vec<Counted> = {
            let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            counted
                .extract_if(|_, counted| all || now.since(counted.since) >= WINDOW)
                .map(|(_, counted)| counted)
                .collect()
        };
        for counted in ended.into_iter().filter(|counted| counted.more > 0) {
            write(app, counted.record.count(counted.more)).await;
        }
    }
}

/// A refusal stays refused whether or not it can be recorded; that it could not is in the log.
async fn write(app: &App, record: AuditRecord) {
    let written = async {
        let transaction = app.database.begin().await?;
        audit::append(&transaction, &record).await?;
        transaction.commit().await
    };
    if let Err(error) = written.await {
        tracing::error!(%error, "a refusal could not be recorded");
    }
}
