//! Which factors a user has.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use temps_db::{
    DbError, WriteTransaction,
    entities::{
        session::Proved,
        totp_key,
        user::{self, SecondFactor},
    },
};
use temps_model::UserId;

use super::recovery;
use crate::{app::App, instance, problem::Problem};

/// By what a user can prove who they are, beyond the password.
pub async fn methods(app: &App, user: UserId) -> Result<Vec<Proved>, DbError> {
    let totp = totp_key::Entity::find_by_id((user, true)).one(app.database.read()).await?;
    let codes = recovery::left(app.database.read(), user).await?;
    let methods = [(Proved::Totp, totp.is_some()), (Proved::RecoveryCode, codes > 0)];
    Ok(methods.into_iter().filter(|(_, has)| *has).map(|(method, _)| method).collect())
}

/// Notes with the user which is the strongest factor that they have, after one was added or removed. Whoever has none any more keeps no
/// recovery codes.
pub async fn note_strongest(transaction: &WriteTransaction, user: UserId) -> Result<SecondFactor, DbError> {
    let totp = totp_key::Entity::find_by_id((user, true)).one(transaction).await?;
    let strongest = match totp {
        Some(_) => SecondFactor::Totp,
        None => SecondFactor::None,
    };
    if strongest == SecondFactor::None {
        recovery::forget(transaction, user).await?;
    }
    let noted = user::ActiveModel { second_factor: Set(strongest), ..Default::default() };
    user::Entity::update_many().set(noted).filter(user::Column::Id.eq(user)).exec(transaction).await?;
    Ok(strongest)
}

/// Whether the instance demands a second factor of a user, whether or not they have one.
pub async fn is_required(app: &App, user: UserId) -> Result<bool, Problem> {
    let user = user::Entity::find_by_id(user).one(app.database.read()).await.map_err(DbError::from)?;
    let user = user.ok_or_else(Problem::unauthorised)?;
    instance::store::must_enrol(app, &user).await
}
