//! Certificates in the database: keys sealed, made with the host name, renewed before they end.

use std::{collections::HashMap, path::Path, sync::Arc};

use rustls::sign::CertifiedKey;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use temps_db::{
    Database, DbError, WriteTransaction,
    entities::{
        certificate::{self, CertificateIssuer},
        instance, instance_secret,
    },
    vault::{KeyOwner, Place},
};
use temps_model::{CertificateId, HostName, Secret, Timestamp};

use super::{Authority, CertificateError, Pair, Reach};

/// Rows in one query.
const AT_ONCE: usize = 500;

/// Why the authorities could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("{file} cannot be written: {error}")]
    File { file: String, error: std::io::Error },
}

impl From<CertificateError> for DbError {
    fn from(error: CertificateError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Makes, keeps and finds certificates. Cheap to clone.
#[derive(Clone)]
pub struct Certificates {
    database: Database,
    console_host: HostName,
    local: Arc<Authority>,
    fallback: Arc<Authority>,
}

impl Certificates {
    /// Loads both authorities, or makes them on the first start, and writes their public halves into the data directory.
    pub async fn open(database: Database, data_dir: &Path, console_host: HostName) -> Result<Self, CertificatesError> {
        let mut authorities = Vec::new();
        for reach in Reach::ALL {
            let authority = authority(&database, reach).await?;
            let file = data_dir.join(reach.file_name());
            std::fs::write(&file, authority.certificate_pem())
                .map_err(|error| CertificatesError::File { file: file.display().to_string(), error })?;
            authorities.push(Arc::new(authority));
        }
        let [local, fallback] =
            authorities.try_into().map_err(|_| DbError::Other("two authorities were expected".to_owned()))?;
        let certificates = Self { database, console_host, local, fallback };
        let transaction = certificates.database.begin().await?;
        certificates.issue(&transaction, &certificates.console_host).await?;
        transaction.commit().await?;
        Ok(certificates)
    }

    /// Makes a certificate for a host name, in the transaction that adds it. One that is still good is kept.
    pub async fn issue(&self, transaction: &WriteTransaction, host: &HostName) -> Result<(), DbError> {
        let now = transaction.now();
        let saved =
            certificate::Entity::find().filter(certificate::Column::Host.eq(host.clone())).one(transaction).await?;
        if saved.as_ref().is_some_and(|saved| !is_due(saved, now)) {
            return Ok(());
        }
        let signer = match Reach::of(host) {
            Reach::Local => &self.local,
            Reach::Fallback => &self.fallback,
        };
        let pair = signer.sign(host, now)?;
        if let Some(saved) = saved {
            certificate::Entity::delete_by_id(saved.id).exec(transaction).await?;
        }
        let id = CertificateId::generate(now);
        let place = Place::new(certificate::Column::Key, id);
        let key = transaction.vault().key_of(transaction, KeyOwner::Instance).await?;
        let row = certificate::ActiveModel {
            id: Set(id),
            host: Set(host.clone()),
            issuer: Set(CertificateIssuer::Local),
            chain: Set(pair.chain_pem),
            key: Set(key.seal(&place, pair.key_der.expose())?),
            key_id: Set(key.id()),
            not_before: Set(pair.not_before),
            not_after: Set(pair.not_after),
            created_at: Set(now),
        };
        certificate::Entity::insert(row).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// The certificates of these names, ready to be served. One that does not open is left out, so that its name gets the default one.
    pub async fn served(
        &self,
        hosts: impl Iterator<Item = &HostName>,
    ) -> Result<HashMap<HostName, Arc<CertifiedKey>>, DbError> {
        let hosts: Vec<HostName> = hosts.cloned().collect();
        let mut served = HashMap::with_capacity(hosts.len());
        for some in hosts.chunks(AT_ONCE) {
            let rows = certificate::Entity::find().filter(certificate::Column::Host.is_in(some.iter().cloned()));
            for row in rows.all(self.database.read()).await? {
                match self.open_row(&row).await {
                    Ok(certified) => drop(served.insert(row.host, certified)),
                    Err(error) => tracing::error!(host = %row.host, %error, "a certificate cannot be served"),
                }
            }
        }
        Ok(served)
    }

    pub async fn of_console(&self) -> Result<Arc<CertifiedKey>, DbError> {
        let mut served = self.served(std::iter::once(&self.console_host)).await?;
        served.remove(&self.console_host).ok_or_else(|| DbError::Other("the console has no certificate".to_owned()))
    }

    /// Makes anew what has less than a third of its life left. Says whether there was any.
    pub async fn renew(&self) -> Result<bool, DbError> {
        let now = self.database.now();
        let rows = certificate::Entity::find().all(self.database.read()).await?;
        let due: Vec<HostName> = rows.into_iter().filter(|row| is_due(row, now)).map(|row| row.host).collect();
        for host in &due {
            let transaction = self.database.begin().await?;
            self.issue(&transaction, host).await?;
            transaction.commit().await?;
        }
        Ok(!due.is_empty())
    }

    async fn open_row(&self, row: &certificate::Model) -> Result<Arc<CertifiedKey>, DbError> {
        let place = Place::new(certificate::Column::Key, row.id);
        let key_der = self.database.vault().open(self.database.read(), &place, &row.key).await?;
        Ok(pair_of(row, key_der).certified()?)
    }
}

fn is_due(row: &certificate::Model, now: Timestamp) -> bool {
    pair_of(row, Secret::new(Vec::new())).is_due(now)
}

fn pair_of(row: &certificate::Model, key_der: Secret<Vec<u8>>) -> Pair {
    Pair { chain_pem: row.chain.clone(), key_der, not_before: row.not_before, not_after: row.not_after }
}

/// The authority that is saved, or a new one.
async fn authority(database: &Database, reach: Reach) -> Result<Authority, CertificatesError> {
    let name = reach.file_name();
    let place = Place::new(instance_secret::Column::Value, name);
    let transaction = database.begin().await?;
    let saved = instance_secret::Entity::find_by_id(name).one(&transaction).await.map_err(DbError::from)?;
    let pair = match saved {
        Some(saved) => {
            let key_der = transaction.vault().open(&transaction, &place, &saved.value).await?;
            let chain = instance::Entity::find_by_id(name)
                .one(&transaction)
                .await
                .map_err(DbError::from)?
                .ok_or(DbError::NotFound)?;
            Pair { chain_pem: chain.value, key_der, not_before: Timestamp::default(), not_after: Timestamp::default() }
        }
        None => {
            let pair = Authority::create(reach, transaction.now())?;
            save(&transaction, name, &place, &pair).await?;
            pair
        }
    };
    transaction.commit().await?;
    Ok(Authority::load(&pair)?)
}

async fn save(transaction: &WriteTransaction, name: &str, place: &Place, pair: &Pair) -> Result<(), DbError> {
    let key = transaction.vault().key_of(transaction, KeyOwner::Instance).await?;
    let secret = instance_secret::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(key.seal(place, pair.key_der.expose())?),
        key_id: Set(key.id()),
        updated_at: Set(transaction.now()),
    };
    instance_secret::Entity::insert(secret).exec_without_returning(transaction).await?;
    set_fact(transaction, name, &pair.chain_pem).await
}

/// Sets a fact of the instance.
pub async fn set_fact(connection: &impl ConnectionTrait, key: &str, value: &str) -> Result<(), DbError> {
    let row = instance::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    let replace = OnConflict::column(instance::Column::Key).update_column(instance::Column::Value).to_owned();
    instance::Entity::insert(row).on_conflict(replace).exec_without_returning(connection).await?;
    Ok(())
}
