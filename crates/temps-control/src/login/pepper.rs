//! A secret of the instance that is mixed into hashes of what people can guess, so that a stolen database alone gives nothing to guess against
//! (NIST SP 800-63B-4 §3.1.1.2).

use std::sync::Arc;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use sea_orm::{ActiveValue::Set, EntityTrait};
use temps_db::{
    Database, DbError,
    entities::instance_secret,
    vault::{KeyOwner, Place},
};
use temps_model::Secret;

const NAME: &str = "pepper";

/// What a key made of the pepper is for. Keys of two purposes have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The secret value of Argon2 (RFC 9106 §3.1).
    Passwords,
    /// Hashes of codes that people type.
    Codes,
    /// Names of counters, so that they say nothing about whom they count.
    Counters,
    /// Signatures of proofs of work.
    Prices,
}

/// Sealed in the database, made at the first start.
#[derive(Clone)]
pub struct Pepper(Arc<Secret<Vec<u8>>>);

impl Pepper {
    pub async fn open(database: &Database) -> Result<Self, DbError> {
        let place = Place::new(instance_secret::Column::Value, NAME);
        let transaction = database.begin().await?;
        let secret = match instance_secret::Entity::find_by_id(NAME).one(&transaction).await? {
            Some(saved) => transaction.vault().open(&transaction, &place, &saved.value).await?,
            None => {
                let secret = Secret::new(random().to_vec());
                let key = transaction.vault().key_of(&transaction, KeyOwner::Instance).await?;
                let row = instance_secret::ActiveModel {
                    name: Set(NAME.to_owned()),
                    value: Set(key.seal(&place, secret.expose())?),
                    key_id: Set(key.id()),
                    updated_at: Set(transaction.now()),
                };
                instance_secret::Entity::insert(row).exec_without_returning(&transaction).await?;
                secret
            }
        };
        transaction.commit().await?;
        Ok(Self(Arc::new(secret)))
    }

    /// 256 bits for one purpose.
    pub fn key(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        let label: &[u8] = match purpose {
            Purpose::Passwords => b"passwords",
            Purpose::Codes => b"codes",
            Purpose::Counters => b"counters",
            Purpose::Prices => b"prices",
        };
        Secret::new(keyed(self.0.expose(), label))
    }

    /// The keyed hash of a text (RFC 2104), 256 bits.
    pub fn hash(&self, purpose: Purpose, text: &str) -> Vec<u8> {
        keyed(self.key(purpose).expose(), text.as_bytes()).to_vec()
    }
}

fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    let tag = sign(&Key::new(HMAC_SHA256, key), text);
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
