//! The check before every handler.

use axum::{
    extract::{RawPathParams, Request, State},
    http::{Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use temps_db::{
    DbError,
    entities::{member, project},
};
use temps_model::{Permission, ProjectId, ProjectSlug, Role, SessionId, UserId, grants};

use super::{Caller, RequestContext, cookie, cross_site, grant::Evidence};
use crate::{action::Action, app::App, problem::Problem};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. The tests hold the list of these.
    Public,
    /// Any logged-in user, for what is their own.
    User,
    /// An instance administrator.
    Administrator,
    /// A member of `{project}` whose role holds the permission.
    Project(Permission),
}

/// What a route declares in `router.rs`.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    pub access: Access,
    /// What the audit log calls it; `None` for a call that leaves no record.
    pub action: Option<Action>,
}

/// What was found out about a call; proofs are made of it.
#[derive(Clone, Debug)]
pub(super) struct Authorised {
    pub caller: Option<Caller>,
    pub administrator: bool,
    pub member: Option<Member>,
    context: RequestContext,
    action: Option<Action>,
}

/// The membership that a project route was authorised by.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub project: ProjectId,
    pub slug: ProjectSlug,
    pub role: Role,
    pub user: UserId,
    pub session: SessionId,
    pub permission: Permission,
}

impl Authorised {
    pub fn of(parts: &Parts) -> Result<&Self, Problem> {
        parts.extensions.get::<Self>().ok_or_else(|| Problem::internal("a handler was reached without authorisation"))
    }

    pub fn evidence(&self) -> Evidence {
        Evidence {
            caller: self.caller.clone(),
            context: self.context.clone(),
            action: self.action,
            project: self.member.as_ref().map(|member| member.project),
        }
    }
}

/// Lets a request through to its handler only if the route's declaration is met. Deny wins; silence denies.
pub async fn authorise(
    State((app, declared)): State<(App, Declared)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match decide(&app, declared, &params, &parts).await {
        Ok(authorised) => {
            parts.extensions.insert(authorised);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn decide(app: &App, declared: Declared, params: &RawPathParams, request: &Parts) -> Result<Authorised, Problem> {
    let headers = &request.headers;
    let context = RequestContext::of(headers);
    cross_site::check(&request.method, headers, &app.settings.public_origin)?;
    let caller = match cookie::token_of(headers) {
        Some(token) => Caller::find(app, &token).await?,
        None => None,
    };
    let mut authorised = Authorised { caller, administrator: false, member: None, context, action: declared.action };
    let decision = match (declared.access, &authorised.caller) {
        (Access::Public, _) | (Access::User, Some(_)) => Ok(()),
        (_, None) => Err(Problem::unauthorised()),
        (Access::Administrator, Some(caller)) if caller.administrator => {
            authorised.administrator = true;
            Ok(())
        }
        (Access::Administrator, Some(_)) => {
            Err(Problem::forbidden("administrator_needed", "Only an instance administrator may do this."))
        }
        (Access::Project(permission), Some(caller)) => match member(app, caller, params, permission).await {
            Ok(member) => {
                authorised.member = Some(member);
                Ok(())
            }
            Err(problem) => Err(problem),
        },
    };
    match decision {
        Ok(()) => Ok(authorised),
        Err(problem) => {
            if authorised.caller.is_some() && request.method != Method::GET {
                app.denials.record(app, &authorised.evidence()).await;
            }
            Err(problem)
        }
    }
}

/// The caller's membership of `{project}`. A project that does not exist and one that the caller is no member of are asked for by the same query
/// and give the same answer (R-RBAC-2); a member who lacks the permission is told so.
async fn member(app: &App, caller: &Caller, params: &RawPathParams, permission: Permission) -> Result<Member, Problem> {
    let user = caller.user;
    let name = params.iter().find(|(name, _)| *name == "project").map(|(_, value)| value);
    let name = name.ok_or_else(|| Problem::internal("a project route without {project}"))?;
    let by_name = match name.parse::<ProjectId>() {
        Ok(id) => Condition::any().add(project::Column::Id.eq(id)),
        Err(_) => Condition::any().add(project::Column::Slug.eq(name)),
    };
    let found = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .find_also_related(project::Entity)
        .filter(by_name)
        .one(app.database.read())
        .await
        .map_err(DbError::from)?;
    let Some((member, Some(project))) = found else { return Err(Problem::not_found()) };
    match grants(member.role, permission) {
        true => Ok(Member {
            project: project.id,
            slug: project.slug,
            role: member.role,
            user,
            session: caller.session,
            permission,
        }),
        false => Err(Problem::forbidden(
            "permission_needed",
            format!("Your role in this project is {}, which does not include `{permission}`.", member.role),
        )
        .hint("Ask an owner of the project.")),
    }
}
