//! A record as it is written: what the hash chain protects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use temps_model::{AuditId, ProjectId, RequestId, Timestamp, UserId};

use super::{
    canonical::{NotCanonical, canonical},
    record::{Actor, AuditRecord, Target},
};

/// The content of a record. In the database and in exports it stands as canonical JSON (RFC 8785).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The form of the body; 1 so far.
    pub format: u32,
    pub id: AuditId,
    pub time: Timestamp,
    pub action: String,
    pub actor: BodyActor,
    /// How the actor proved who they are.
    pub authentication: String,
    /// `done`, `denied` or `failed`.
    pub outcome: String,
    pub project: Option<ProjectId>,
    pub target: Option<BodyTarget>,
    pub count: u32,
    pub request: Option<RequestId>,
    /// Name of the field to its sealed value in base64; opened by [`personal_fields`](super::personal_fields).
    pub personal: BTreeMap<String, String>,
    /// Name of the field to `{"before": …, "after": …}`.
    pub changes: Map<String, Value>,
}

/// Who acted: `user` with an id, otherwise `anonymous`, `console` or `system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyActor {
    pub kind: String,
    pub id: Option<UserId>,
}

/// What was acted upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyTarget {
    pub kind: String,
    pub id: String,
}

impl Body {
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(super) fn new(id: AuditId, time: Timestamp, record: &AuditRecord, personal: BTreeMap<String, String>) -> Self {
        Self {
            format: 1,
            id,
            time,
            action: record.action.name().to_owned(),
            actor: record.actor.into(),
            authentication: record.authentication.name().to_owned(),
            outcome: record.outcome.name().to_owned(),
            project: record.project,
            target: record.target.as_ref().map(BodyTarget::from),
            count: record.count,
            request: record.request,
            personal,
            changes: record.changes.clone(),
        }
    }

    pub(super) fn to_canonical(&self) -> Result<String, NotCanonical> {
        canonical(&serde_json::to_value(self).map_err(|error| NotCanonical(error.to_string()))?)
    }
}

impl From<Actor> for BodyActor {
    fn from(actor: Actor) -> Self {
        let (kind, id) = match actor {
            Actor::User(id) => ("user", Some(id)),
            Actor::Anonymous => ("anonymous", None),
            Actor::Console => ("console", None),
            Actor::System => ("system", None),
        };
        Self { kind: kind.to_owned(), id }
    }
}

impl From<&Target> for BodyTarget {
    fn from(target: &Target) -> Self {
        Self { kind: target.kind.to_owned(), id: target.id.clone() }
    }
}
