//! Users and their one-time links in the database.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use temps_db::{
    Database, DbError, WriteTransaction,
    entities::{
        link::{self, LinkPurpose},
        user::{self, SecondFactor, UserState},
    },
    vault::{KeyOwner, Place, SealedBytes},
};
use temps_model::{EmailAddress, LinkId, Secret, Text, Timestamp, UserId};

use crate::{
    access::{Administrator, Token},
    app::App,
    problem::Problem,
    wire::PageQuery,
};

/// How long an invitation can be used.
const LINK_LIFETIME: Duration = Duration::from_secs(72 * 3_600);

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

/// Gives a user another password, or another hash of the same one.
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

/// A link that lets its holder choose the first password, once. Older ones of the same user are voided.
pub async fn make_link(
    transaction: &WriteTransaction,
    user: UserId,
    administrator: &Administrator,
) -> Result<(Token, Timestamp), DbError> {
    link::Entity::delete_many().filter(link::Column::UserId.eq(user)).exec(transaction).await?;
    let now = transaction.now();
    let (token, expires_at) = (Token::generate(), now.after(LINK_LIFETIME));
    let row = link::ActiveModel {
        id: Set(LinkId::generate(now)),
        user_id: Set(user),
        purpose: Set(LinkPurpose::Activate),
        token_hash: Set(token.hash()),
        expires_at: Set(expires_at),
        used_at: Set(None),
        created_at: Set(now),
        created_by: Set(administrator.user),
    };
    link::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok((token, expires_at))
}

pub async fn find_by_email(
    transaction: &WriteTransaction,
    _: &Administrator,
    email: &EmailAddress,
) -> Result<Option<user::Model>, DbError> {
    Ok(user::Entity::find().filter(user::Column::Email.eq(email.clone())).one(transaction).await?)
}

/// The user whose unspent link this is.
pub async fn of_link(app: &App, token: &Token) -> Result<Option<user::Model>, DbError> {
    let link = link::Entity::find()
        .filter(link::Column::TokenHash.eq(token.hash()))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(app.clock.now()))
        .find_also_related(user::Entity)
        .one(app.database.read())
        .await?;
    Ok(link.and_then(|(_, user)| user).filter(|user| user.state == UserState::Invited))
}

/// Spends a link by one conditional update, so that of several attempts exactly one succeeds.
pub async fn spend_link(transaction: &WriteTransaction, token: &Token) -> Result<bool, DbError> {
    let now = transaction.now();
    let spent = link::Entity::update_many()
        .set(link::ActiveModel { used_at: Set(Some(now)), ..Default::default() })
        .filter(link::Column::TokenHash.eq(token.hash()))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await?;
    Ok(spent.rows_affected == 1)
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
