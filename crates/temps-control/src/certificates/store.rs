//! Certificates in the database: keys sealed, made with the host name, renewed before they end.

use std::{collections::HashMap, path::Path, sync::Arc};

use rustls::sign::CertifiedKey;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select,
    sea_query::OnConflict,
};
use temps_db::{
    Database, DbError, WriteTransaction,
    entities::{
        certificate::{self, CertificateIssuer},
        domain, instance, instance_secret,
    },
    vault::{KeyOwner, Opener, Place},
};
use temps_model::{CertificateId, HostName, Timestamp};
use tokio::task::spawn_blocking;

use super::{Authority, CertificateError, Pair, Reach, is_due};
use crate::edge::Kept;

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
    /// Certificates that are in use.
    kept: Arc<Kept<CertificateId, CertifiedKey>>,
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
        let certificates = Self { database, console_host, local, fallback, kept: Arc::default() };
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
        if saved.as_ref().is_some_and(|saved| !is_due(saved.not_before, saved.not_after, now)) {
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
            let rows = rows.all(self.database.read()).await?;
            let opener = self.database.vault().opener(self.database.read(), rows.iter().map(|row| &row.key)).await?;
            let kept = Arc::clone(&self.kept);
            // Reading keys and finding out whether they match takes a while for many names.
            let open = move || rows.iter().map(|row| (row.host.clone(), certified(&kept, &opener, row))).collect();
            let opened: Vec<_> = spawn_blocking(open).await.map_err(|error| DbError::Other(error.to_string()))?;
            for (host, certified) in opened {
                match certified {
                    Ok(certified) => drop(served.insert(host, certified)),
                    Err(error) => tracing::error!(%host, %error, "a certificate cannot be served"),
                }
            }
        }
        Ok(served)
    }

    pub async fn of_console(&self) -> Result<Arc<CertifiedKey>, DbError> {
        let mut served = self.served(std::iter::once(&self.console_host)).await?;
        served.remove(&self.console_host).ok_or_else(|| DbError::Other("the console has no certificate".to_owned()))
    }

    /// Makes anew what has less than a third of its life left, and tells of which names. What cannot be made is left for the next time.
    pub async fn renew(&self) -> Result<Vec<HostName>, DbError> {
        use certificate::Column::{Host, NotAfter, NotBefore};
        let now = self.database.now();
        let rows = certificate::Entity::find().select_only().columns([Host, NotBefore, NotAfter]);
        let rows = rows.into_tuple::<(HostName, Timestamp, Timestamp)>().all(self.database.read()).await?;
        let due = rows.into_iter().filter(|(_, not_before, not_after)| is_due(*not_before, *not_after, now));
        let mut renewed = Vec::new();
        for (host, ..) in due {
            match self.renew_one(&host).await {
                Ok(()) => renewed.push(host),
                Err(error) => {
                    tracing::error!(%host, %error, "a certificate could not be renewed; the old one is served")
                }
            }
        }
        Ok(renewed)
    }

    async fn renew_one(&self, host: &HostName) -> Result<(), DbError> {
        let transaction = self.database.begin().await?;
        self.issue(&transaction, host).await?;
        transaction.commit().await
    }
}

/// A certificate with its key; one that is served already is taken as it is, because a row never changes.
fn certified(
    kept: &Kept<CertificateId, CertifiedKey>,
    opener: &Opener,
    row: &certificate::Model,
) -> Result<Arc<CertifiedKey>, DbError> {
    if let Some(certified) = kept.get(&row.id) {
        return Ok(certified);
    }
    let key_der = opener.open(&Place::new(certificate::Column::Key, row.id), &row.key)?;
    let pair = Pair { chain_pem: row.chain.clone(), key_der, not_before: row.not_before, not_after: row.not_after };
    let certified = pair.certified()?;
    kept.keep(row.id, &certified);
    Ok(certified)
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

/// Forgets the certificates of host names that are about to be removed.
pub async fn forget(transaction: &WriteTransaction, removed: Select<domain::Entity>) -> Result<(), DbError> {
    let hosts = removed.all(transaction).await?.into_iter().map(|domain| domain.host);
    certificate::Entity::delete_many().filter(certificate::Column::Host.is_in(hosts)).exec(transaction).await?;
    Ok(())
}
