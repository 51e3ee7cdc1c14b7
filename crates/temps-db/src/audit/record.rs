//! A record of the audit log before it is written.

use std::fmt;

use serde_json::{Map, Value};
use temps_model::{ProjectId, RequestId, UserId};

use crate::vault::KeyOwner;

/// What was done, such as `projects.create`. The names are those of the router's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Action(&'static str);

impl Action {
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    User(UserId),
    /// Somebody who did not prove who they are.
    Anonymous,
    /// The operator on the server's own console, over the local socket or with an offline command.
    Console,
    /// Temps itself, in a job.
    System,
}

/// How the actor proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    None,
    /// With e-mail and password, now.
    Password,
    /// With the session of an earlier login.
    Session,
    /// With the one-time token of the first start.
    SetupToken,
    /// With a one-time link.
    Link,
    /// With a code of an authenticator.
    Totp,
    Passkey,
    RecoveryCode,
    /// By having access to the server itself.
    Local,
}

impl Authentication {
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Session => "session",
            Self::SetupToken => "setup_token",
            Self::Link => "link",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
            Self::Local => "local",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    /// Refused for want of a right.
    Denied,
    /// Tried and not achieved.
    Failed,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A word of the domain, such as `project`.
    pub kind: &'static str,
    pub id: String,
}

/// One entry to be written with [`append`](super::append).
#[derive(Clone, Debug)]
pub struct AuditRecord {
    pub(super) action: Action,
    pub(super) actor: Actor,
    pub(super) authentication: Authentication,
    pub(super) outcome: Outcome,
    pub(super) project: Option<ProjectId>,
    pub(super) target: Option<Target>,
    pub(super) count: u32,
    pub(super) request: Option<RequestId>,
    pub(super) personal: Vec<Personal>,
    pub(super) changes: Map<String, Value>,
}

/// A personal field and the person it is about; without one it is about the actor.
#[derive(Clone)]
pub(super) struct Personal {
    pub subject: Option<UserId>,
    pub name: &'static str,
    pub value: String,
}

impl AuditRecord {
    /// Something that was done, by default once, to nothing in particular.
    pub fn new(action: Action, actor: Actor, authentication: Authentication) -> Self {
        Self {
            action,
            actor,
            authentication,
            outcome: Outcome::Done,
            project: None,
            target: None,
            count: 1,
            request: None,
            personal: Vec::new(),
            changes: Map::new(),
        }
    }

    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    pub fn project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }

    pub fn target(mut self, kind: &'static str, id: impl fmt::Display) -> Self {
        self.target = Some(Target { kind, id: id.to_string() });
        self
    }

    /// How many times it happened, where one record stands for several.
    pub fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    pub fn request(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// A personal field of the actor, such as `ip`: sealed with the actor's key, or with the key of the day if the actor
    /// is not known by name. No two personal fields of a record have the same name.
    pub fn personal(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.personal.push(Personal { subject: None, name, value: value.into() });
        self
    }

    /// A personal field of somebody else, such as the e-mail of the user who was created.
    pub fn personal_of(mut self, subject: UserId, name: &'static str, value: impl Into<String>) -> Self {
        self.personal.push(Personal { subject: Some(subject), name, value: value.into() });
        self
    }

    /// A field that is neither personal nor secret, as it was and as it is. Of numbers, only integers up to 2^53.
    pub fn change(mut self, field: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        let change = Value::from_iter([("before".to_owned(), before.into()), ("after".to_owned(), after.into())]);
        self.changes.insert(field.to_owned(), change);
        self
    }

    /// With whose key a personal field is sealed.
    pub(super) fn owner_of(&self, personal: &Personal, today: KeyOwner) -> KeyOwner {
        match (personal.subject, self.actor) {
            (Some(subject), _) => KeyOwner::Subject(subject),
            (None, Actor::User(actor)) => KeyOwner::Subject(actor),
            (None, Actor::Anonymous | Actor::Console | Actor::System) => today,
        }
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Personal").field("name", &self.name).finish_non_exhaustive()
    }
}
