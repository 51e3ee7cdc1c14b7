//! Whether what a call was permitted is still permitted, for calls that last.

use sea_orm::EntityTrait;
use temps_db::entities::{member, session, user};
use temps_model::{Permission, ProjectId, SessionId, UserId, grants};

use crate::app::App;

/// What an open stream was permitted by.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    pub(super) project: ProjectId,
    pub(super) permission: Permission,
}

impl Standing {
    /// Asks the database anew.
    ///
    /// # Errors
    /// With a word for what is missing: `session` or `permission`. What cannot be asked is not permitted.
    pub async fn lasts(&self, app: &App) -> Result<(), &'static str> {
        let reader = app.database.read();
        let found = session::Entity::find_by_id(self.session).find_also_related(user::Entity).one(reader).await;
        let lives = matches!(&found, Ok(Some((session, Some(user))))
            if user.state == user::UserState::Active && !session.suspected && app.activity.lives(session, &*app.clock));
        if !lives {
            return Err("session");
        }
        match member::Entity::find_by_id((self.project, self.user)).one(reader).await {
            Ok(Some(member)) if grants(member.role, self.permission) => Ok(()),
            _ => Err("permission"),
        }
    }
}
