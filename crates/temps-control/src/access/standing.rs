//! Whether what a call was permitted is still permitted: for calls that last, and in the transaction of every change, because a body may take a
//! while to arrive.

use sea_orm::{ConnectionTrait, EntityTrait};
use temps_db::entities::{member, session, user};
use temps_model::{Permission, ProjectId, SessionId, UserId, grants};

use crate::app::App;

/// What a call was permitted by.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    pub(super) administrator: bool,
    pub(super) member: Option<(ProjectId, Permission)>,
}

impl Standing {
    /// Asks the database anew.
    ///
    /// # Errors
    /// With a word for what is missing: `session` or `permission`. What cannot be asked is not permitted.
    pub async fn lasts(&self, app: &App) -> Result<(), &'static str> {
        self.lasts_in(app, app.database.read(), true).await
    }

    /// The same in a transaction. A session that is suspected may still prove itself, which its route decides.
    pub async fn lasts_in(
        &self,
        app: &App,
        connection: &impl ConnectionTrait,
        unsuspected: bool,
    ) -> Result<(), &'static str> {
        let found = session::Entity::find_by_id(self.session).find_also_related(user::Entity).one(connection).await;
        let lives = matches!(&found, Ok(Some((session, Some(user))))
            if user.state == user::UserState::Active
                && !(unsuspected && session.suspected)
                && app.activity.lives(session, &*app.clock));
        if !lives {
            return Err("session");
        }
        if self.administrator && !matches!(&found, Ok(Some((_, Some(user)))) if user.administrator) {
            return Err("permission");
        }
        let Some((project, permission)) = self.member else { return Ok(()) };
        match member::Entity::find_by_id((project, self.user)).one(connection).await {
            Ok(Some(member)) if grants(member.role, permission) => Ok(()),
            _ => Err("permission"),
        }
    }
}
