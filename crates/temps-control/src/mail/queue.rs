//! Mail in the database, until it is sent.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use temps_db::{
    DbError, WriteTransaction,
    entities::mail,
    vault::{KeyOwner, Place},
};
use temps_model::{EmailAddress, MailId, Timestamp, UserId};
use utoipa::ToSchema;

use crate::app::App;

/// Mails that are tried in one go.
const AT_ONCE: u64 = 20;
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// What a mail says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Content {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Puts a mail into the queue, with the change that it tells of.
pub async fn enqueue(
    transaction: &WriteTransaction,
    user: UserId,
    recipient: &EmailAddress,
    content: &Content,
    lifetime: Duration,
) -> Result<(), DbError> {
    let now = transaction.now();
    let id = MailId::generate(now);
    let json = serde_json::to_vec(content).map_err(|error| DbError::Other(error.to_string()))?;
    let place = Place::new(mail::Column::Content, id);
    let row = mail::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        recipient: Set(recipient.clone()),
        content: Set(transaction.vault().seal(transaction, KeyOwner::Instance, &place, &json).await?),
        created_at: Set(now),
        expires_at: Set(now.after(lifetime)),
        next_at: Set(now),
        attempts: Set(0),
        failure: Set(None),
    };
    mail::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Sends what is due. What fails is tried again, ever less often, until nobody needs it any more.
pub async fn deliver(app: &App) {
    match due(app).await {
        Ok(mails) => {
            for mail in mails {
                // A mail server that does not answer must not keep Temps from stopping; what is broken off is tried again.
                match app.stop.run_until_cancelled(attempt(app, mail)).await {
                    None => return,
                    Some(Ok(())) => {}
                    Some(Err(error)) => tracing::error!(%error, "a mail could not be taken from the queue or back"),
                }
            }
        }
        Err(error) => tracing::error!(%error, "mail that is due cannot be read"),
    }
}

async fn due(app: &App) -> Result<Vec<mail::Model>, DbError> {
    let due = mail::Entity::find().filter(mail::Column::NextAt.lte(app.clock.now()));
    Ok(due.order_by_asc(mail::Column::NextAt).limit(AT_ONCE).all(app.database.read()).await?)
}

async fn attempt(app: &App, mail: mail::Model) -> Result<(), DbError> {
    if mail.expires_at <= app.clock.now() {
        tracing::warn!(mail = %mail.id, reason = mail.failure, "a mail was given up");
        return forget(app, mail.id).await;
    }
    // Whoever counts the attempt makes it, also if several nodes want to.
    let claimed = app.database.write(async |transaction| {
        let next = transaction.now().after(pause(mail.attempts));
        let taken = mail::ActiveModel { attempts: Set(mail.attempts + 1), next_at: Set(next), ..Default::default() };
        let claim = mail::Entity::update_many().set(taken).filter(mail::Column::Id.eq(mail.id));
        let updated = claim.filter(mail::Column::Attempts.eq(mail.attempts)).exec(&transaction).await?;
        Ok::<_, DbError>(updated.rows_affected == 1)
    });
    if !claimed.await? {
        return Ok(());
    }
    let place = Place::new(mail::Column::Content, mail.id);
    let content = app.database.vault().open(app.database.read(), &place, &mail.content).await?;
    let content: Content =
        serde_json::from_slice(content.expose()).map_err(|error| DbError::Other(error.to_string()))?;
    match app.post.send(&mail, &content).await {
        Ok(()) => forget(app, mail.id).await,
        Err(reason) => {
            tracing::warn!(mail = %mail.id, attempts = mail.attempts + 1, reason, "a mail could not be sent; it is tried again");
            app.database
                .write(async |transaction| {
                    let failed = mail::ActiveModel {
                        failure: Set(Some(reason.chars().filter(|c| !c.is_control()).take(300).collect())),
                        ..Default::default()
                    };
                    let one = mail::Column::Id.eq(mail.id);
                    mail::Entity::update_many().set(failed).filter(one).exec(&transaction).await?;
                    Ok(())
                })
                .await
        }
    }
}

async fn forget(app: &App, id: MailId) -> Result<(), DbError> {
    app.database.write(async |transaction| Ok(mail::Entity::delete_by_id(id).exec(&transaction).await.map(drop)?)).await
}

/// Half a minute, a minute, two, up to an hour.
fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or_default().min(7);
    (Duration::from_secs(30) * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// How mail leaves, and whether it does.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailState {
    /// `smtp`, or `outbox` for the folder in the data directory.
    transport: &'static str,
    /// Mails that could not be sent yet.
    delayed: u64,
    /// Why, in the words of the last failure.
    failure: Option<String>,
    /// Since when the oldest of them waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

pub async fn state(app: &App) -> Result<MailState, DbError> {
    let failed = || mail::Entity::find().filter(mail::Column::Failure.is_not_null());
    let oldest = failed().order_by_asc(mail::Column::Id).one(app.database.read()).await?;
    Ok(MailState {
        transport: app.post.kind(),
        delayed: failed().count(app.database.read()).await?,
        since: oldest.as_ref().map(|mail| mail.created_at),
        failure: oldest.and_then(|mail| mail.failure),
    })
}
