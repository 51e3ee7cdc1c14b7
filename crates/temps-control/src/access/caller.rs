//! The person behind a session.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use temps_db::entities::{session, user};
use temps_model::{EmailAddress, SessionId, Timestamp, UserId};

use super::Token;
use crate::{app::App, problem::Problem};

/// A user with a living session. Made only by [`Caller::find`], from a token that the database knows.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: UserId,
    pub email: EmailAddress,
    pub name: String,
    pub administrator: bool,
    pub session: SessionId,
    pub session_created: Timestamp,
    pub session_expires: Timestamp,
}

impl Caller {
    /// `None` for an unknown, ended or expired session, and for a user who may not log in any more: asked anew at every call, so that
    /// an end takes effect with the next one (R-SESS-2).
    pub(super) async fn find(app: &App, token: &Token) -> Result<Option<Self>, Problem> {
        let now = app.clock.now();
        let found = session::Entity::find()
            .filter(session::Column::TokenHash.eq(token.hash()))
            .find_also_related(user::Entity)
            .one(app.database.read())
            .await
            .map_err(temps_db::DbError::from)?;
        let Some((session, Some(user))) = found else { return Ok(None) };
        let lives = session.revoked_at.is_none() && now < session.expires_at && user.state == user::UserState::Active;
        if !lives {
            return Ok(None);
        }
        Ok(Some(Self {
            user: user.id,
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            session: session.id,
            session_created: session.created_at,
            session_expires: session.expires_at,
        }))
    }
}
