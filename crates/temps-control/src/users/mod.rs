//! People with a login.

pub mod activation;
pub mod api;
pub mod store;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use temps_db::entities::user;
use temps_model::{EmailAddress, Timestamp, UserId};
use utoipa::ToSchema;

use crate::{
    access::{Caller, session_cookie},
    sessions::store::Started,
    wire::Json,
};

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

/// The answer to a login, with its cookie.
pub struct LoggedIn {
    status: StatusCode,
    user: user::Model,
    started: Started,
}

/// The body of the answer to a login.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoggedInBody {
    user: UserBody,
    /// When the session ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl LoggedIn {
    pub fn new(status: StatusCode, user: user::Model, started: Started) -> Self {
        Self { status, user, started }
    }
}

impl IntoResponse for LoggedIn {
    fn into_response(self) -> Response {
        let cookie = session_cookie(&self.started.token);
        let body = LoggedInBody { user: self.user.into(), expires_at: self.started.expires_at };
        (self.status, [(header::SET_COOKIE, cookie)], Json(body)).into_response()
    }
}
