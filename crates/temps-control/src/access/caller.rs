//! The person behind a session.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use temps_db::{
    DbError,
    entities::{
        session::{self, Proved},
        user::{self, SecondFactor},
    },
};
use temps_model::{EmailAddress, SessionId, Timestamp, UserId};

use super::{Place, RequestContext, Token};
use crate::{app::App, instance, problem::Problem};

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
    /// When and how they last proved who they are.
    pub proved_at: Timestamp,
    pub proved_with: Proved,
    pub second_factor: SecondFactor,
    /// Whether they have to get a second factor before they can do anything else.
    pub must_enrol: bool,
    /// Whether the session was used in two places at once and has to be proved anew.
    pub suspected: bool,
}

impl Caller {
    /// `None` for an unknown, ended, expired or unused session, and for a user who may not log in any more: asked anew at every call, so that
    /// an end takes effect with the next one (R-SESS-2).
    pub(super) async fn find(app: &App, token: &Token) -> Result<Option<Self>, Problem> {
        let found = session::Entity::find()
            .filter(session::Column::TokenHash.eq(token.hash()))
            .find_also_related(user::Entity)
            .one(app.database.read())
            .await
            .map_err(DbError::from)?;
        let Some((session, Some(user))) = found else { return Ok(None) };
        if user.state != user::UserState::Active || !app.activity.lives(&session, &*app.clock) {
            return Ok(None);
        }
        let must_enrol = user.second_factor == SecondFactor::None && instance::store::must_enrol(app, &user).await?;
        Ok(Some(Self {
            user: user.id,
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            session: session.id,
            session_created: session.created_at,
            session_expires: session.expires_at,
            proved_at: session.proved_at,
            proved_with: session.proved_with,
            second_factor: user.second_factor,
            must_enrol,
            suspected: session.suspected,
        }))
    }

    /// Takes note that the session is used. One that is used in two places at once becomes suspect, with this call already.
    pub(super) async fn note_use(
        &mut self,
        app: &App,
        context: &RequestContext,
        attended: bool,
    ) -> Result<(), Problem> {
        let network = context.client.map(|client| client.counted_as().to_string()).unwrap_or_default();
        let place = Place::new(network, context.user_agent.as_str());
        if app.activity.used(self.session, place, attended, &*app.clock) || self.suspected {
            return Ok(());
        }
        tracing::warn!(session = %self.session, user = %self.user, request = %context.request_id, "a session is used in two places at once");
        let suspected = session::ActiveModel { suspected: Set(true), ..Default::default() };
        app.database
            .write(async |transaction| {
                session::Entity::update_many()
                    .set(suspected.clone())
                    .filter(session::Column::Id.eq(self.session))
                    .exec(&transaction)
                    .await
                    .map(drop)
                    .map_err(DbError::from)
            })
            .await?;
        self.suspected = true;
        Ok(())
    }
}
