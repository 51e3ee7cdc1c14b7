//! Codes of an authenticator (RFC 6238): SHA-1, six digits, steps of 30 seconds, which is what every application for it can do.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use temps_db::{
    DbError, WriteTransaction,
    entities::totp_key,
    vault::{KeyOwner, Place},
};
use temps_model::{EmailAddress, HostName, Secret, Timestamp, UserId};
use totp_rs::{Builder, Totp};

use crate::{app::App, guesses::Guess};

const STEP: i64 = 30;
/// Steps by which the authenticator's clock may be off (R-AUTH-1; RFC 6238 §5.2).
const SKEW: u16 = 1;
/// Steps within which a wrong clock is explained during enrolment: ten minutes.
const EXPLAINED: u16 = 20;

/// A key that an authenticator is about to get.
pub struct NewKey {
    /// In base32, to be typed.
    pub secret: Secret<String>,
    /// As `otpauth:` URI, to be scanned.
    pub uri: Secret<String>,
}

/// What became of a code during enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Yes,
    No,
    /// It would be right if the authenticator's clock were not so many seconds ahead, or behind if negative.
    ClockIsOff(i64),
    /// There is nothing to be confirmed.
    Nothing,
}

/// Makes a key, in the place of an earlier one that was never confirmed.
pub async fn begin(
    transaction: &WriteTransaction,
    user: UserId,
    email: &EmailAddress,
    host: &HostName,
) -> Result<NewKey, DbError> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    forget(transaction, user, false).await?;
    let row = totp_key::ActiveModel {
        user_id: Set(user),
        confirmed: Set(false),
        secret: Set(transaction.vault().seal(transaction, KeyOwner::Instance, &place(user), &bytes).await?),
        last_step: Set(0),
        created_at: Set(transaction.now()),
        last_used_at: Set(None),
    };
    totp_key::Entity::insert(row).exec_without_returning(transaction).await?;
    let secret = totp_rs::Secret::from(bytes).to_base32();
    let issuer = format!("Temps ({host})");
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let label = format!("{}:{}", encode(&issuer), encode(email.as_str()));
    // SHA-1, six digits and 30 seconds are what applications take unless told; a shorter text is a coarser picture.
    let uri = format!("otpauth://totp/{label}?secret={secret}&issuer={}", encode(&issuer));
    Ok(NewKey { secret: Secret::new(secret), uri: Secret::new(uri) })
}

/// Makes a key count, in the place of an earlier one, if the code is one of it. The code is used up.
pub async fn confirm(
    transaction: &WriteTransaction,
    user: UserId,
    code: &Secret<String>,
    _: &Guess,
) -> Result<Confirmed, DbError> {
    let Some(secret) = secret_of(transaction, user, false).await? else { return Ok(Confirmed::Nothing) };
    let now = transaction.now();
    let Some(step) = step_of(&secret, code, now, SKEW) else {
        let off = step_of(&secret, code, now, EXPLAINED).map(|step| (step - now.seconds() / STEP) * STEP);
        return Ok(off.map_or(Confirmed::No, Confirmed::ClockIsOff));
    };
    forget(transaction, user, true).await?;
    // The place of the sealed value names the user only, so that the row may become another one.
    let confirmed = totp_key::Entity::update_many()
        .col_expr(totp_key::Column::Confirmed, Expr::value(true))
        .col_expr(totp_key::Column::LastStep, Expr::value(step))
        .col_expr(totp_key::Column::LastUsedAt, Expr::value(now))
        .filter(totp_key::Column::UserId.eq(user))
        .filter(totp_key::Column::Confirmed.eq(false))
        .exec(transaction)
        .await?;
    Ok(if confirmed.rows_affected == 1 { Confirmed::Yes } else { Confirmed::Nothing })
}

/// Uses up a code: its step has to be later than the last one that was used, which one conditional update decides (R-AUTH-1).
pub async fn consume(
    transaction: &WriteTransaction,
    user: UserId,
    code: &Secret<String>,
    _: &Guess,
) -> Result<bool, DbError> {
    let Some(secret) = secret_of(transaction, user, true).await? else { return Ok(false) };
    let now = transaction.now();
    let Some(step) = step_of(&secret, code, now, SKEW) else { return Ok(false) };
    let consumed = totp_key::Entity::update_many()
        .col_expr(totp_key::Column::LastStep, Expr::value(step))
        .col_expr(totp_key::Column::LastUsedAt, Expr::value(now))
        .filter(totp_key::Column::UserId.eq(user))
        .filter(totp_key::Column::Confirmed.eq(true))
        .filter(totp_key::Column::LastStep.lt(step))
        .exec(transaction)
        .await?;
    Ok(consumed.rows_affected == 1)
}

/// Removes the key that counts, or the one that does not yet.
pub async fn forget(transaction: &WriteTransaction, user: UserId, confirmed: bool) -> Result<bool, DbError> {
    Ok(totp_key::Entity::delete_by_id((user, confirmed)).exec(transaction).await?.rows_affected == 1)
}

/// When the key that counts was made, and when it was last used.
pub async fn of(app: &App, user: UserId) -> Result<Option<(Timestamp, Option<Timestamp>)>, DbError> {
    let row = totp_key::Entity::find_by_id((user, true)).one(app.database.read()).await?;
    Ok(row.map(|row| (row.created_at, row.last_used_at)))
}

async fn secret_of(
    transaction: &WriteTransaction,
    user: UserId,
    confirmed: bool,
) -> Result<Option<Secret<Vec<u8>>>, DbError> {
    let Some(row) = totp_key::Entity::find_by_id((user, confirmed)).one(transaction).await? else { return Ok(None) };
    transaction.vault().open(transaction, &place(user), &row.secret).await.map(Some)
}

fn place(user: UserId) -> Place {
    Place::new(totp_key::Column::Secret, user)
}

/// The step of which this is the code, if it is within so many steps of now. Spaces are how people read six digits.
fn step_of(secret: &Secret<Vec<u8>>, code: &Secret<String>, now: Timestamp, skew: u16) -> Option<i64> {
    let digits: String = code.expose().chars().filter(|c| *c != ' ').take(8).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let totp: Totp = Builder::new().with_secret(secret.expose().as_slice()).with_skew(skew).build().ok()?;
    let step = totp.check(&digits, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 6238, appendix B, for SHA-1; of their eight digits the last six.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
            let code = Secret::new(code.to_owned());
            let step = |at: Timestamp| step_of(&secret, &code, at, SKEW);
            assert_eq!(step(at(seconds)), Some(seconds / STEP));
            assert_eq!(step(at(seconds + 30)), Some(seconds / STEP), "a step late");
            assert_eq!(step(at(seconds - 30)), Some(seconds / STEP), "a step early");
            assert_eq!(step(at(seconds + 61)), None);
        }
    }

    #[test]
    fn anything_but_six_digits_is_no_code() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let at = Timestamp::from_micros(59_000_000);
        let step = |code: &str| step_of(&secret, &Secret::new(code.to_owned()), at, SKEW);
        assert_eq!(step("287 082"), Some(1));
        for code in ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", "+28708", "-287082", "287082\n", "94287082"] {
            assert_eq!(step(code), None, "{code:?}");
        }
    }
}
