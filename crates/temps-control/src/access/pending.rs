//! Somebody whose first factor was right. This is no caller: it is another type, another cookie, another table, and the only routes that take it are
//! those that ask for the second factor (R-AUTH-4).

use axum::{extract::FromRequestParts, http::request::Parts};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use temps_db::{
    DbError,
    entities::{
        pending_login,
        session::Proved,
        user::{self, UserState},
    },
};
use temps_model::PendingLoginId;

use super::{Evidence, Proof, Token, authorise::Authorised};
use crate::{app::App, problem::Problem};

/// A login that waits for its second factor, found by its own cookie.
#[derive(Clone, Debug)]
pub struct HalfLogin {
    pub id: PendingLoginId,
    pub user: user::Model,
    pub first_factor: Proved,
    pub remembered: bool,
}

/// The proof that this is such a login.
#[derive(Clone, Debug)]
pub struct HalfAuthenticated {
    pub login: HalfLogin,
    evidence: Evidence,
}

impl HalfLogin {
    pub(super) async fn find(app: &App, token: &Token) -> Result<Option<Self>, Problem> {
        let found = pending_login::Entity::find()
            .filter(pending_login::Column::TokenHash.eq(token.hash()))
            .find_also_related(user::Entity)
            .one(app.database.read())
            .await
            .map_err(DbError::from)?;
        let Some((login, Some(user))) = found else { return Ok(None) };
        let lives = app.clock.now() < login.expires_at && user.state == UserState::Active;
        Ok(lives.then_some(Self { id: login.id, user, first_factor: login.first_factor, remembered: login.remembered }))
    }
}

impl Proof for HalfAuthenticated {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HalfAuthenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let authorised = Authorised::of(parts)?;
        match authorised.half.clone() {
            Some(login) => Ok(Self { login, evidence: authorised.evidence() }),
            None => Err(Problem::internal("a handler asked for half a login on a route that does not declare it")),
        }
    }
}
