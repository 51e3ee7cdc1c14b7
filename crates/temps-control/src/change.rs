//! A change of anything: one transaction with its audit record in it (R-AUD-1, R-RBAC-6).

use std::ops::Deref;

use temps_db::{
    WriteTransaction,
    audit::{self, Actor, AuditRecord, Authentication},
};
use temps_model::ProjectId;

use crate::{
    access::{Evidence, Proof},
    action::Action,
    app::App,
    live::News,
    problem::Problem,
};

/// An open change. It derefs to its transaction, so store functions take `&*change`; dropped without [`commit`](Self::commit), nothing
/// happened. It can only be begun with a proof, and only committed with a record of what the proof's route declares.
pub struct Change {
    transaction: WriteTransaction,
    record: AuditRecord,
    /// Who is told of it.
    announced: Option<(App, ProjectId, News)>,
}

impl Change {
    /// Begins what the proof permits, in the name of the caller.
    pub async fn begin(app: &App, proof: &impl Proof) -> Result<Self, Problem> {
        let caller = proof.evidence().caller.as_ref();
        let (actor, authentication) = match caller {
            Some(caller) => (Actor::User(caller.user), Authentication::Session),
            None => (Actor::Anonymous, Authentication::None),
        };
        let change = Self::begin_as(app, proof, actor, authentication).await?;
        // The right was there when the call began. Its body may have taken its time.
        let unsuspected = caller.is_some_and(|caller| !caller.suspected);
        match &proof.evidence().standing {
            Some(standing) => match standing.lasts_in(app, &*change, unsuspected).await {
                Ok(()) => Ok(change),
                Err("session") => Err(Problem::unauthorised()),
                Err(_) => Err(Problem::not_found()),
            },
            None => Ok(change),
        }
    }

    /// Begins a change in the name of somebody who has just proved who they are.
    pub async fn begin_as(
        app: &App,
        proof: &impl Proof,
        actor: Actor,
        authentication: Authentication,
    ) -> Result<Self, Problem> {
        let evidence = proof.evidence();
        let record = record_of(evidence, actor, authentication)?;
        let news = evidence.action.and_then(News::of_action);
        let announced = evidence.project.zip(news).map(|(project, news)| (app.clone(), project, news));
        Ok(Self { transaction: app.database.begin().await?, record, announced })
    }

    /// Begins what is less than the route declares, under a name of its own.
    pub async fn begin_named(
        app: &App,
        proof: &impl Proof,
        action: Action,
        actor: Actor,
        authentication: Authentication,
    ) -> Result<Self, Problem> {
        let evidence = Evidence { action: Some(action), ..proof.evidence().clone() };
        let record = record_of(&evidence, actor, authentication)?;
        Ok(Self { transaction: app.database.begin().await?, record, announced: None })
    }

    /// Begins a change by the operator of the server itself, over the operator's socket.
    pub async fn begin_as_operator(app: &App, action: Action) -> Result<Self, Problem> {
        let record = AuditRecord::new(audit::Action::new(action.name()), Actor::Console, Authentication::Local);
        Ok(Self { transaction: app.database.begin().await?, record, announced: None })
    }

    /// Adds to the record what whoever commits it does not know.
    pub fn describe(mut self, describe: impl FnOnce(AuditRecord) -> AuditRecord) -> Self {
        self.record = describe(self.record);
        self
    }

    /// Makes the change last, with its record. `describe` says what was changed: the target, and the fields before and after.
    pub async fn commit(self, describe: impl FnOnce(AuditRecord) -> AuditRecord) -> Result<(), Problem> {
        audit::append(&self.transaction, &describe(self.record)).await?;
        self.transaction.commit().await?;
        if let Some((app, project, news)) = self.announced {
            app.live.tell(project, news);
        }
        Ok(())
    }
}

impl Deref for Change {
    type Target = WriteTransaction;

    fn deref(&self) -> &WriteTransaction {
        &self.transaction
    }
}

/// The record of what a route declares, with what is known of the caller.
pub fn record_of(evidence: &Evidence, actor: Actor, authentication: Authentication) -> Result<AuditRecord, Problem> {
    let action =
        evidence.action.ok_or_else(|| Problem::internal("a route that declares no action tried to leave a record"))?;
    let context = &evidence.context;
    let mut record = AuditRecord::new(audit::Action::new(action.name()), actor, authentication)
        .request(context.request_id)
        .personal("user_agent", context.user_agent.as_str());
    if let Some(client) = context.client {
        record = record.personal("ip", client.to_string());
    }
    if let Some(project) = evidence.project {
        record = record.project(project);
    }
    Ok(record)
}
