//! Writing a record, and reading the personal fields of one.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use temps_model::AuditId;

use super::{AuditRecord, Body};
use crate::{
    DbError, WriteTransaction,
    entities::audit_record,
    vault::{KeyOwner, Place, SealedBytes, Vault, VaultError},
};

/// Writes `record` in the transaction of the change that it describes (R-AUD-1). An error must abort the transaction;
/// it does where the caller passes it on.
pub async fn append(transaction: &WriteTransaction, record: &AuditRecord) -> Result<AuditId, DbError> {
    let time = transaction.now();
    let id = AuditId::generate(time);
    let personal = seal(transaction, id, record).await?;
    let body = Body::new(id, time, record, personal);
    let row = audit_record::ActiveModel {
        id: Set(id),
        seq: Set(None),
        sealed_at: Set(None),
        previous_hash: Set(None),
        hash: Set(None),
        body: Set(body.to_canonical().map_err(|error| DbError::Other(error.to_string()))?),
        project_id: Set(body.project),
        actor_id: Set(body.actor.id),
        action: Set(body.action),
        outcome: Set(body.outcome),
        created_at: Set(time),
    };
    audit_record::Entity::insert(row).exec_without_returning(transaction).await?;
    transaction.note_audited();
    Ok(id)
}

/// The personal fields of each of some records by name; none for those whose key was destroyed. Reads each key once.
pub async fn personal_fields(
    connection: &impl ConnectionTrait,
    vault: &Vault,
    bodies: &[Body],
) -> Result<Vec<BTreeMap<String, Option<String>>>, DbError> {
    // What is no base64 is no sealed value either, which is found when it is opened.
    let sealed = |text: &String| SealedBytes::from_bytes(STANDARD.decode(text).unwrap_or_default());
    let records: Vec<Vec<(&String, SealedBytes)>> =
        bodies.iter().map(|body| body.personal.iter().map(|(name, text)| (name, sealed(text))).collect()).collect();
    let opener = vault.opener(connection, records.iter().flatten().map(|(_, sealed)| sealed)).await?;
    let open = |id, name: &String, sealed| match opener.open(&place(id, name), sealed) {
        Ok(value) => Ok((name.clone(), Some(String::from_utf8_lossy(value.expose()).into_owned()))),
        Err(VaultError::Destroyed) => Ok((name.clone(), None)),
        Err(error) => Err(DbError::from(error)),
    };
    let fields = bodies.iter().zip(&records);
    fields.map(|(body, fields)| fields.iter().map(|(name, sealed)| open(body.id, name, sealed)).collect()).collect()
}

async fn seal(
    transaction: &WriteTransaction,
    id: AuditId,
    record: &AuditRecord,
) -> Result<BTreeMap<String, String>, DbError> {
    let today = KeyOwner::anonymous(transaction.now());
    let mut fields = BTreeMap::new();
    for personal in &record.personal {
        let owner = record.owner_of(personal, today);
        let place = place(id, personal.name);
        let sealed = transaction.vault().seal(transaction, owner, &place, personal.value.as_bytes()).await?;
        fields.insert(personal.name.to_owned(), STANDARD.encode(sealed.as_bytes()));
    }
    Ok(fields)
}

fn place(id: AuditId, field: &str) -> Place {
    Place::part(audit_record::Column::Body, id, field)
}
