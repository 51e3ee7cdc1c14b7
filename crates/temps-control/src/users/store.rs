//! Users in the database.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use temps_db::{
    Database, DbError, WriteTransaction,
    entities::user::{self, SecondFactor, UserState},
    vault::{KeyOwner, Place, SealedBytes},
};
use temps_model::{EmailAddress, Secret, Text, UserId};

use crate::{access::Administrator, app::App, problem::Problem, wire::PageQuery};

/// A user to be made; without a password they are invited.
pub struct NewUser {
    pub id: UserId,
    pub email: EmailAddress,
    pub name: Text<80>,
    pub administrator: bool,
    pub password: Option<Secret<String>>,
    /// Whether they need a second factor, whatever the instance demands of others.
    pub second_factor_required: bool,
}

pub async fn insert(transaction: &WriteTransaction, new: NewUser) -> Result<user::Model, DbError> {
    let password_hash = match &new.password {
        Some(hash) => Some(seal_hash(transaction, new.id, hash).await?),
        None => None,
    };
    let row = user::Model {
        id: new.id,
        email: new.email,
        name: new.name.into(),
        state: if password_hash.is_some() { UserState::Active } else { UserState::Invited },
        password_hash,
        administrator: new.administrator,
        created_at: transaction.now(),
        version: 1,
        second_factor: SecondFactor::None,
        second_factor_required: new.second_factor_required,
    };
    user::Entity::insert(user::ActiveModel::from(row.clone())).exec_without_returning(transaction).await?;
    Ok(row)
}

/// The active user of an address with the hash of their password. For an address that nobody has, the same is asked and as much is opened
/// (R-AUTH-7).
pub async fn find_for_login(
    app: &App,
    email: Option<&EmailAddress>,
) -> Result<Option<(user::Model, Option<Secret<String>>)>, Problem> {
    let canonical = email.map_or_else(String::new, ToString::to_string);
    let found = user::Entity::find()
        .filter(user::Column::Email.eq(canonical))
        .one(app.database.read())
        .await
        .map_err(DbError::from)?;
    match found.filter(|user| user.state == UserState::Active && user.password_hash.is_some()) {
        Some(user) => {
            let hash = open_hash(app, &user).await?;
            Ok(Some((user, hash)))
        }
        None => {
            app.decoy.open(app).await?;
            Ok(None)
        }
    }
}

/// The hash of a user's password.
pub async fn open_hash(app: &App, user: &user::Model) -> Result<Option<Secret<String>>, Problem> {
    let Some(sealed) = &user.password_hash else { return Ok(None) };
    let place = Place::new(user::Column::PasswordHash, user.id);
    let hash = app.database.vault().open(app.database.read(), &place, sealed).await?;
    let hash = String::from_utf8(hash.expose().clone()).map_err(Problem::internal)?;
    Ok(Some(Secret::new(hash)))
}

/// The user as they are now, locked until the transaction ends. `None` if since they were read they were disabled, or have another password
/// or another second factor: a login that began before that must not end after it.
pub async fn unchanged(transaction: &WriteTransaction, read: &user::Model) -> Result<Option<user::Model>, DbError> {
    let now = user::Entity::find_by_id(read.id).lock_exclusive().one(transaction).await?;
    Ok(now.filter(|now| {
        now.state == UserState::Active
            && now.password_hash == read.password_hash
            && now.second_factor == read.second_factor
    }))
}

/// Another hash of the same password, unless there is another password by now.
pub async fn renew_hash(
    transaction: &WriteTransaction,
    read: &user::Model,
    hash: &Secret<String>,
) -> Result<user::Model, DbError> {
    let Some(mut user) = unchanged(transaction, read).await? else { return Ok(read.clone()) };
    set_hash(transaction, user.id, hash).await?;
    user.password_hash = user::Entity::find_by_id(user.id).one(transaction).await?.and_then(|now| now.password_hash);
    Ok(user)
}

/// Gives a user another password.
pub async fn set_hash(transaction: &WriteTransaction, user: UserId, hash: &Secret<String>) -> Result<(), DbError> {
    let changed =
        user::ActiveModel { password_hash: Set(Some(seal_hash(transaction, user, hash).await?)), ..Default::default() };
    user::Entity::update_many().set(changed).filter(user::Column::Id.eq(user)).exec(transaction).await?;
    Ok(())
}

pub async fn find(app: &App, _: &Administrator, user: UserId) -> Result<Option<user::Model>, DbError> {
    Ok(user::Entity::find_by_id(user).one(app.database.read()).await?)
}

/// A sealed value of nobody, opened where there is no user.
pub struct Decoy {
    place: Place,
    sealed: SealedBytes,
}

impl Decoy {
    pub async fn make(database: &Database) -> Result<Self, DbError> {
        let transaction = database.begin().await?;
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        let hash = Secret::new("x".repeat(120));
        let sealed = seal_hash(&transaction, nobody, &hash).await?;
        transaction.commit().await?;
        Ok(Self { place: Place::new(user::Column::PasswordHash, nobody), sealed })
    }

    async fn open(&self, app: &App) -> Result<(), DbError> {
        app.database.vault().open(app.database.read(), &self.place, &self.sealed).await.map(drop)
    }
}

pub async fn list(app: &App, _: &Administrator, page: &PageQuery) -> Result<Vec<user::Model>, Problem> {
    let mut query = user::Entity::find().order_by_asc(user::Column::Id).limit(page.fetch()?);
    if let Some(after) = page.after()? {
        query = query.filter(user::Column::Id.gt(after));
    }
    Ok(query.all(app.database.read()).await.map_err(DbError::from)?)
}

/// Whether an invited user needs a second factor, as the latest invitation says.
pub async fn require_second_factor(
    transaction: &WriteTransaction,
    user: UserId,
    required: bool,
) -> Result<(), DbError> {
    let changed = user::ActiveModel { second_factor_required: Set(required), ..Default::default() };
    user::Entity::update_many().set(changed).filter(user::Column::Id.eq(user)).exec(transaction).await?;
    Ok(())
}

pub async fn find_by_email(
    transaction: &WriteTransaction,
    _: &Administrator,
    email: &EmailAddress,
) -> Result<Option<user::Model>, DbError> {
    Ok(user::Entity::find().filter(user::Column::Email.eq(email.clone())).one(transaction).await?)
}

/// Gives an invited user their first password.
pub async fn activate(transaction: &WriteTransaction, user: UserId, hash: &Secret<String>) -> Result<(), DbError> {
    let active = user::ActiveModel {
        password_hash: Set(Some(seal_hash(transaction, user, hash).await?)),
        state: Set(UserState::Active),
        ..Default::default()
    };
    let invited = user::Column::State.eq(UserState::Invited);
    let updated = user::Entity::update_many()
        .set(active)
        .filter(user::Column::Id.eq(user))
        .filter(invited)
        .exec(transaction)
        .await?;
    match updated.rows_affected {
        1 => Ok(()),
        _ => Err(DbError::NotFound),
    }
}

async fn seal_hash(
    transaction: &WriteTransaction,
    user: UserId,
    hash: &Secret<String>,
) -> Result<SealedBytes, DbError> {
    let place = Place::new(user::Column::PasswordHash, user);
    transaction.vault().seal(transaction, KeyOwner::Instance, &place, hash.expose().as_bytes()).await
}

#[cfg(test)]
mod tests {
    use temps_testkit::{TestDatabase, on_both_databases};

    use super::*;
    use crate::testing::Testing;

    on_both_databases!(an_old_hash_is_not_renewed_over_a_new_password);

    async fn an_old_hash_is_not_renewed_over_a_new_password(test: TestDatabase) {
        let testing = Testing::start(test).await;
        let database = &testing.app.database;
        let read = user::Entity::find().one(database.read()).await.unwrap().unwrap();
        let hash = |text: &str| Secret::new(text.to_owned());
        let change = async |work: &str| {
            let transaction = database.begin().await.unwrap();
            match work {
                "renew" => drop(renew_hash(&transaction, &read, &hash("of the old password")).await.unwrap()),
                _ => set_hash(&transaction, read.id, &hash("of the new password")).await.unwrap(),
            }
            transaction.commit().await.unwrap();
            let now = user::Entity::find_by_id(read.id).one(database.read()).await.unwrap().unwrap();
            open_hash(&testing.app, &now).await.unwrap().unwrap().expose().clone()
        };
        assert_eq!(change("set").await, "of the new password");
        assert_eq!(change("renew").await, "of the new password");
    }
}
