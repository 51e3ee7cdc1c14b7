//! Proofs that a caller may do something. They can only be made in this module tree, from what [`super::authorise`] found.

use std::marker::PhantomData;

use axum::{extract::FromRequestParts, http::request::Parts};
use temps_model::{ProjectId, ProjectSlug, Role, SessionId, UserId, proof::Granted};

use super::{Caller, RequestContext, Standing, authorise::Authorised};
use crate::{action::Action, guesses::Factor, problem::Problem};

/// The proof that this caller holds permission `P` in this project. Functions that touch a project's data demand it, so a handler without it
/// has no way to that data (R-RBAC-1).
#[derive(Clone, Debug)]
pub struct Grant<P: Granted> {
    pub project: ProjectId,
    pub slug: ProjectSlug,
    pub role: Role,
    pub user: UserId,
    session: SessionId,
    evidence: Evidence,
    permission: PhantomData<P>,
}

impl<P: Granted> Grant<P> {
    /// What has to last for a call that lasts.
    pub fn standing(&self) -> Standing {
        Standing {
            session: self.session,
            user: self.user,
            administrator: false,
            member: Some((self.project, P::PERMISSION)),
        }
    }
}

/// The proof that this caller is an instance administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
    pub user: UserId,
    evidence: Evidence,
}

/// The proof that this is a logged-in user, for what is their own.
#[derive(Clone, Debug)]
pub struct User {
    pub caller: Caller,
    evidence: Evidence,
}

/// What anybody may do: the few public routes that change something, such as a login.
#[derive(Clone, Debug)]
pub struct Public {
    evidence: Evidence,
}

/// What every proof carries into the audit log.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub caller: Option<Caller>,
    pub context: RequestContext,
    /// What the route declares to the audit log; `None` for a route that leaves no record.
    pub action: Option<Action>,
    /// The secrets that the route declares can be guessed at.
    pub counts: &'static [Factor],
    /// What the caller's right rests on; asked again in the transaction of a change.
    pub standing: Option<Standing>,
    pub project: Option<ProjectId>,
}

/// Something that proves the right to do what the route declares.
pub trait Proof {
    fn evidence(&self) -> &Evidence;

    /// The client, unless the call came over the operator's socket.
    fn context(&self) -> &RequestContext {
        &self.evidence().context
    }
}

macro_rules! proofs {
    ($([$($generics:tt)*] $proof:ty),+) => {$(
        impl<$($generics)*> Proof for $proof {
            fn evidence(&self) -> &Evidence {
                &self.evidence
            }
        }
    )+};
}

proofs!([P: Granted] Grant<P>, [] Administrator, [] User, [] Public);

impl<S: Send + Sync, P: Granted> FromRequestParts<S> for Grant<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let authorised = Authorised::of(parts)?;
        let member = authorised.member.as_ref().filter(|member| member.permission == P::PERMISSION);
        let member = member.ok_or_else(|| {
            Problem::internal(format!("a handler asked for {} on a route that does not declare it", P::PERMISSION))
        })?;
        Ok(Self {
            project: member.project,
            slug: member.slug.clone(),
            role: member.role,
            user: member.user,
            session: member.session,
            evidence: authorised.evidence(),
            permission: PhantomData,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let authorised = Authorised::of(parts)?;
        match authorised.caller.as_ref().filter(|_| authorised.administrator) {
            Some(caller) => Ok(Self { user: caller.user, evidence: authorised.evidence() }),
            None => Err(Problem::internal("a handler asked for an administrator on a route that does not declare one")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let authorised = Authorised::of(parts)?;
        let caller = authorised
            .caller
            .clone()
            .ok_or_else(|| Problem::internal("a handler asked for a user on a route that declares no login"))?;
        Ok(Self { caller, evidence: authorised.evidence() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { evidence: Authorised::of(parts)?.evidence() })
    }
}
