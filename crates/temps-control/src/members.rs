//! `GET /projects/{project}/members`: who has a role in a project.

use axum::extract::State;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use temps_db::{
    DbError,
    entities::{member, user},
};
use temps_model::{Role, Timestamp, proof::MembersRead};
use utoipa::ToSchema;

use crate::{
    access::Grant,
    app::App,
    problem::Problem,
    users::UserBody,
    wire::{Json, Page, PageQuery, Query},
};

/// A user with their role in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberBody {
    user: UserBody,
    #[schema(value_type = String)]
    role: Role,
    /// What the role includes.
    permissions: Vec<&'static str>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub async fn list(
    State(app): State<App>,
    grant: Grant<MembersRead>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<MemberBody>>, Problem> {
    let mut members = member::Entity::find().filter(member::Column::ProjectId.eq(grant.project));
    if let Some(after) = page.after()? {
        members = members.filter(member::Column::UserId.gt(after));
    }
    let members = members.find_also_related(user::Entity).order_by_asc(member::Column::UserId).limit(page.fetch()?);
    let found = members.all(app.database.read()).await.map_err(DbError::from)?;
    let Page { items, next } = page.page(found, |(member, _)| member.user_id.uuid())?;
    let body = |(member, user): (member::Model, Option<user::Model>)| {
        Some(MemberBody {
            user: user?.into(),
            role: member.role,
            permissions: permissions(member.role),
            created_at: member.created_at,
        })
    };
    Ok(Json(Page { items: items.into_iter().filter_map(body).collect(), next }))
}

/// The names of what a role includes.
pub fn permissions(role: Role) -> Vec<&'static str> {
    temps_model::permissions_of(role).map(temps_model::Permission::name).collect()
}
