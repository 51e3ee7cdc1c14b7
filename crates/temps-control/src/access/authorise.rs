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

use super::{Caller, HalfLogin, RequestContext, Standing, StepUp, cookie, cross_site, grant::Evidence};
use crate::{action::Action, app::App, guesses::Factor, problem::Problem, server};

/// Sent by the dashboard with what it asks for by itself, so that a page that is merely open keeps no session alive.
const BACKGROUND: &str = "x-background";

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. The tests hold the list of these.
    Public,
    /// Somebody whose first factor was right, and nobody else.
    HalfAuthenticated,
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
    /// The secrets that can be guessed at here.
    pub counts: &'static [Factor],
    /// How recently the caller must have proved who they are.
    pub step_up: Option<StepUp>,
    /// Whether somebody may call it who first has to get a second factor.
    pub while_enrolling: bool,
    /// Whether a session may call it that was used in two places at once.
    pub even_suspected: bool,
    /// Whether the page that is open makes the call, and not the person in front of it.
    pub background: bool,
    /// Whether it can be asked what it would do, which changes nothing and needs no fresh proof.
    pub has_dry_run: bool,
}

/// What was found out about a call; proofs are made of it.
#[derive(Clone, Debug)]
pub(super) struct Authorised {
    pub caller: Option<Caller>,
    pub half: Option<HalfLogin>,
    pub administrator: bool,
    pub member: Option<Member>,
    context: RequestContext,
    action: Option<Action>,
    counts: &'static [Factor],
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

    fn standing(&self) -> Option<Standing> {
        let caller = self.caller.as_ref()?;
        Some(Standing {
            session: caller.session,
            user: caller.user,
            administrator: self.administrator,
            member: self.member.as_ref().map(|member| (member.project, member.permission)),
        })
    }

    pub fn evidence(&self) -> Evidence {
        Evidence {
            caller: self.caller.clone(),
            context: self.context.clone(),
            action: self.action,
            counts: self.counts,
            standing: self.standing(),
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
    let mut caller = match cookie::token_of(headers, cookie::SESSION_COOKIE) {
        Some(token) => Caller::find(app, &token).await?,
        None => None,
    };
    let unattended = request.method == Method::GET && (declared.background || headers.contains_key(BACKGROUND));
    if let Some(caller) = caller.as_mut() {
        caller.note_use(app, &context, !unattended).await?;
    }
    let half = match cookie::token_of(headers, cookie::PENDING_COOKIE) {
        Some(token) if declared.access == Access::HalfAuthenticated => HalfLogin::find(app, &token).await?,
        _ => None,
    };
    let mut authorised = Authorised {
        caller,
        half,
        administrator: false,
        member: None,
        context,
        action: declared.action,
        counts: declared.counts,
    };
    let is_dry = declared.has_dry_run && server::is_dry_run(&request.uri);
    let declared = Declared { step_up: declared.step_up.filter(|_| !is_dry), ..declared };
    match permit(app, declared, params, &mut authorised).await {
        Ok(()) => Ok(authorised),
        Err(problem) => {
            if authorised.caller.is_some() && request.method != Method::GET {
                app.denials.record(app, &authorised.evidence()).await;
            }
            Err(problem)
        }
    }
}

/// Who, then whether their session is sound, then how recently they have shown it.
async fn permit(
    app: &App,
    declared: Declared,
    params: &RawPathParams,
    authorised: &mut Authorised,
) -> Result<(), Problem> {
    match (declared.access, &authorised.caller) {
        (Access::Public, _) => return Ok(()),
        (Access::HalfAuthenticated, _) => {
            return authorised.half.as_ref().map(|_| ()).ok_or_else(Problem::login_begins_anew);
        }
        (_, None) => return Err(Problem::unauthorised()),
        (Access::User, Some(_)) => {}
        (Access::Administrator, Some(caller)) if caller.administrator => authorised.administrator = true,
        (Access::Administrator, Some(_)) => {
            return Err(Problem::forbidden("administrator_needed", "Only an instance administrator may do this."));
        }
        (Access::Project(permission), Some(caller)) => {
            authorised.member = Some(member(app, caller, params, permission).await?);
        }
    }
    let Some(caller) = &authorised.caller else { return Err(Problem::unauthorised()) };
    if !declared.even_suspected && caller.suspected {
        return Err(StepUp::DANGEROUS.demand(app, caller).await?);
    }
    if !declared.while_enrolling && caller.must_enrol {
        return Err(Problem::must_enrol());
    }
    match declared.step_up {
        Some(step_up) => step_up.check(app, caller).await,
        None => Ok(()),
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
