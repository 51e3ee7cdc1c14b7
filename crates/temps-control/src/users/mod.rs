//! People with a login.

pub mod activation;
pub mod api;
pub mod links;
pub mod password;
pub mod revoke;
pub mod sessions;
pub mod store;

use serde::Serialize;
use temps_db::entities::user;
use temps_model::{EmailAddress, UserId};
use utoipa::ToSchema;

use crate::access::Caller;

/// A user, as the API shows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    #[schema(value_type = String, format = Uuid)]
    pub id: UserId,
    #[schema(value_type = String, format = Email)]
    pub email: EmailAddress,
    pub name: String,
    /// Whether this is an instance administrator.
    pub administrator: bool,
}

impl UserBody {
    pub fn of_caller(caller: &Caller) -> Self {
        Self {
            id: caller.user,
            email: caller.email.clone(),
            name: caller.name.clone(),
            administrator: caller.administrator,
        }
    }
}

impl From<user::Model> for UserBody {
    fn from(user: user::Model) -> Self {
        Self { id: user.id, email: user.email, name: user.name, administrator: user.administrator }
    }
}
