//! `GET` and `POST /users`, for administrators.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use temps_db::entities::{
    link::LinkPurpose,
    user::{self, SecondFactor, UserState},
};
use temps_model::{EmailAddress, Text, Timestamp, UserId};
use utoipa::ToSchema;

use super::{UserBody, links, store};
use crate::{
    access::Administrator,
    app::App,
    change::Change,
    problem::Problem,
    wire::{Json, Page, PageQuery, Query},
};

/// A user in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedUser {
    #[serde(flatten)]
    user: UserBody,
    /// `invited`, `active` or `disabled`.
    state: &'static str,
    /// The strongest second factor that they have: `none`, `totp` or `passkey`.
    second_factor: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserBody {
    #[schema(value_type = String, format = Email)]
    email: EmailAddress,
    #[serde(default)]
    #[schema(value_type = String, max_length = 80)]
    name: Text<80>,
    /// Whether this user needs a second factor, whatever the instance demands of others.
    #[serde(default)]
    second_factor_required: bool,
}

/// An invited user with the link that makes their account theirs. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitedUser {
    user: UserBody,
    /// Give it to the person; it works once.
    link: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

pub async fn list(
    State(app): State<App>,
    administrator: Administrator,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ListedUser>>, Problem> {
    let users = store::list(&app, &administrator, &page).await?;
    let Page { items, next } = page.page(users, |user| user.id.uuid())?;
    Ok(Json(Page { items: items.into_iter().map(ListedUser::from).collect(), next }))
}

/// Invites a user. For an address that was invited and has not answered, the old link is voided and a new one made.
pub async fn create(
    State(app): State<App>,
    administrator: Administrator,
    Json(body): Json<NewUserBody>,
) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &administrator).await?;
    let user = match store::find_by_email(&change, &administrator, &body.email).await? {
        None => {
            let id = UserId::generate(app.clock.now());
            let new = store::NewUser {
                id,
                email: body.email,
                name: body.name,
                administrator: false,
                password: None,
                second_factor_required: body.second_factor_required,
            };
            store::insert(&change, new).await?
        }
        Some(user) if user.state == UserState::Invited => {
            store::require_second_factor(&change, user.id, body.second_factor_required).await?;
            user
        }
        Some(_) => {
            return Err(Problem::conflict(
                "user_exists",
                "User exists",
                "There is a user with this e-mail address already.",
            ));
        }
    };
    let (token, expires_at) = links::make(&change, user.id, LinkPurpose::Activate, administrator.user).await?;
    change
        .commit(|record| record.target("user", user.id).personal_of(user.id, "invited_email", user.email.as_str()))
        .await?;
    let link = format!("{}/activate#token={}", app.settings.public_origin, token.text().expose());
    Ok((StatusCode::CREATED, Json(InvitedUser { user: user.into(), link, expires_at })))
}

impl From<user::Model> for ListedUser {
    fn from(user: user::Model) -> Self {
        let state = match user.state {
            UserState::Invited => "invited",
            UserState::Active => "active",
            UserState::Disabled => "disabled",
        };
        let second_factor = match user.second_factor {
            SecondFactor::None => "none",
            SecondFactor::Totp => "totp",
            SecondFactor::Passkey => "passkey",
        };
        Self { state, second_factor, created_at: user.created_at, user: user.into() }
    }
}
