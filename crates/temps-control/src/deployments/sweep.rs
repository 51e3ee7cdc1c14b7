//! Removing content that no deployment names any more.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use temps_db::{DbError, entities::deployment};
use temps_policy::BlobId;

use crate::{app::App, problem::Problem};

/// Removes the blobs of deployments that are gone for a while, and tells how many files that were. A manifest that cannot be read stops
/// it, because nobody knows then what is still needed.
pub async fn sweep(app: &App) -> Result<u64, Problem> {
    let sweep = app.blobs.sweep().await;
    let manifests: Vec<Option<String>> = deployment::Entity::find()
        .select_only()
        .column(deployment::Column::Manifest)
        .distinct()
        .filter(deployment::Column::Manifest.is_not_null())
        .into_tuple()
        .all(app.database.read())
        .await
        .map_err(DbError::from)?;
    let (blobs, now) = (std::sync::Arc::clone(&app.blobs), app.clock.now());
    let removing = tokio::task::spawn_blocking(move || {
        let mut named = HashSet::new();
        for manifest in manifests.into_iter().flatten() {
            let id: BlobId = manifest.parse().map_err(std::io::Error::other)?;
            named.extend(blobs.manifest(id)?.files.into_values().map(|file| file.blob));
            named.insert(id);
        }
        sweep.remove_all_but(&named, now)
    });
    Ok(removing.await.map_err(Problem::internal)??)
}
