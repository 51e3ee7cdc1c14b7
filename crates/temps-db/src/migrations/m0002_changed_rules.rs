//! Rules can be changed in place.

use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_changed_rules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE firewall_rules ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0";
        super::run(manager.get_connection(), sql).await
    }
}
