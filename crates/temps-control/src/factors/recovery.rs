//! Recovery codes: ten of them, each good once, for whoever has lost every other second factor.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use temps_db::{DbError, WriteTransaction, entities::recovery_code};
use temps_model::{RecoveryCodeId, Secret, UserId};

use crate::{
    guesses::Guess,
    login::{Pepper, Purpose},
};

pub const CODES: usize = 10;
/// Letters and digits that nobody takes for one another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 60 bits.
const CHARACTERS: usize = 12;

/// Makes ten codes in the place of all earlier ones. They are told this once.
pub async fn make(
    transaction: &WriteTransaction,
    pepper: &Pepper,
    user: UserId,
) -> Result<Vec<Secret<String>>, DbError> {
    forget(transaction, user).await?;
    let codes: Vec<Secret<String>> = (0..CODES).map(|_| generate()).collect();
    let now = transaction.now();
    let rows = codes.iter().map(|code| recovery_code::ActiveModel {
        id: Set(RecoveryCodeId::generate(now)),
        user_id: Set(user),
        code_hash: Set(hash(pepper, user, code)),
        created_at: Set(now),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(codes)
}

/// Uses up a code by one conditional update.
pub async fn consume(
    transaction: &WriteTransaction,
    pepper: &Pepper,
    user: UserId,
    code: &Secret<String>,
    _: &Guess,
) -> Result<bool, DbError> {
    let used = recovery_code::ActiveModel { used_at: Set(Some(transaction.now())), ..Default::default() };
    let consumed = recovery_code::Entity::update_many()
        .set(used)
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::CodeHash.eq(hash(pepper, user, code)))
        .filter(recovery_code::Column::UsedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(consumed.rows_affected == 1)
}

pub async fn forget(transaction: &WriteTransaction, user: UserId) -> Result<(), DbError> {
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user)).exec(transaction).await?;
    Ok(())
}

/// How many are left.
pub async fn left(connection: &impl ConnectionTrait, user: UserId) -> Result<u64, DbError> {
    Ok(recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::UsedAt.is_null())
        .count(connection)
        .await?)
}

/// Such as `k3vd-9q2m-x7aw`.
fn generate() -> Secret<String> {
    let mut bytes = [0; CHARACTERS];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let mut code = String::with_capacity(CHARACTERS + 2);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Secret::new(code)
}

/// Keyed, because a hash alone of 60 bits could be reversed with effort. Case, spaces and dashes make no difference, nor do letters that look
/// like digits.
fn hash(pepper: &Pepper, user: UserId, code: &Secret<String>) -> Vec<u8> {
    let canonical: String = code
        .expose()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(64)
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    pepper.hash(Purpose::Codes, &format!("{user} {canonical}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_different_and_easy_to_read() {
        let codes: HashSet<String> = (0..1_000).map(|_| generate().expose().clone()).collect();
        assert_eq!(codes.len(), 1_000);
        for code in codes {
            let groups: Vec<&str> = code.split('-').collect();
            assert!(groups.len() == 3 && groups.iter().all(|group| group.len() == 4), "{code}");
            assert!(!code.contains(['i', 'l', 'o', 'u']), "{code}");
        }
    }
}
