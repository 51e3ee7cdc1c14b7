//! `/emergency-allow`: networks that pass every list for a while.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use temps_db::{
    DbError, WriteTransaction,
    entities::firewall_rule::{self, RuleAction, RuleScope},
};
use temps_model::{Network, RuleId, Timestamp};

use crate::{
    Action,
    app::App,
    change::Change,
    edge::{EffectiveMs, Touched},
    problem::Problem,
    projects::api::Effective,
    wire::{Json, Page},
};

/// The unique key of the break-glass list in the database.
const SCOPE_KEY: &str = "emergency";
const USUAL_MINUTES: u64 = 60;
const MAX_MINUTES: u64 = 24 * 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEmergency {
    network: String,
    /// 1 to 1,440; 60 unless told.
    minutes: Option<u64>,
}

/// A network that is let in.
#[derive(Debug, Serialize)]
pub struct Emergency {
    network: Network,
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
pub struct Allowed {
    #[serde(flatten)]
    emergency: Emergency,
    effective_ms: EffectiveMs,
}

pub async fn list(State(app): State<App>) -> Result<Json<Page<Emergency>>, Problem> {
    let rules = firewall_rule::Entity::find()
        .filter(firewall_rule::Column::Scope.eq(RuleScope::Emergency))
        .filter(firewall_rule::Column::ExpiresAt.gt(app.clock.now()))
        .order_by_asc(firewall_rule::Column::ExpiresAt);
    let rules = rules.all(app.database.read()).await.map_err(DbError::from)?;
    let items =
        rules.into_iter().map(|rule| Emergency { network: rule.network, expires_at: rule.expires_at }).collect();
    Ok(Json(Page { items, next: None }))
}

/// Lets a network in past every rule. Asked again for the same network, the new end holds.
pub async fn allow(State(app): State<App>, Json(new): Json<NewEmergency>) -> Result<impl IntoResponse, Problem> {
    let (network, lasts) = new.read()?;
    let change = Change::begin_as_operator(&app, Action::EmergencyAllow).await?;
    let expires_at = change.now().after(lasts);
    forget(&change, Some(network)).await?;
    insert(&change, network, expires_at).await?;
    change.commit(|record| record.target("network", network).change("expires_at", (), expires_at.to_string())).await?;
    let effective_ms = app.edge.refresh([Touched::Emergency]).await;
    let emergency = Emergency { network, expires_at: Some(expires_at) };
    Ok((StatusCode::CREATED, Json(Allowed { emergency, effective_ms })))
}

/// Ends all of it at once.
pub async fn end(State(app): State<App>) -> Result<Json<Effective>, Problem> {
    let change = Change::begin_as_operator(&app, Action::EmergencyEnd).await?;
    let ended = forget(&change, None).await?;
    change.commit(|record| record.target("firewall", SCOPE_KEY).change("networks", ended, 0)).await?;
    let effective_ms = app.edge.refresh([Touched::Emergency]).await;
    Ok(Json(Effective { effective_ms }))
}

impl NewEmergency {
    fn read(&self) -> Result<(Network, Duration), Problem> {
        let network =
            self.network.parse::<Network>().map_err(|error| Problem::invalid("network", error.to_string()))?;
        match self.minutes.unwrap_or(USUAL_MINUTES) {
            minutes @ 1..=MAX_MINUTES => Ok((network, Duration::from_secs(minutes * 60))),
            _ => Err(Problem::invalid("minutes", format!("can be 1 to {MAX_MINUTES}"))),
        }
    }
}

/// Removes one network, or all of them, from the list. Says how many.
async fn forget(transaction: &WriteTransaction, network: Option<Network>) -> Result<u64, DbError> {
    let mut rules = firewall_rule::Entity::delete_many().filter(firewall_rule::Column::Scope.eq(RuleScope::Emergency));
    if let Some(network) = network {
        rules = rules.filter(firewall_rule::Column::Network.eq(network));
    }
    Ok(rules.exec(transaction).await?.rows_affected)
}

async fn insert(transaction: &WriteTransaction, network: Network, expires_at: Timestamp) -> Result<(), DbError> {
    let now = transaction.now();
    let row = firewall_rule::ActiveModel {
        id: Set(RuleId::generate(now)),
        scope: Set(RuleScope::Emergency),
        scope_key: Set(SCOPE_KEY.to_owned()),
        project_id: Set(None),
        environment_id: Set(None),
        action: Set(RuleAction::Allow),
        network: Set(network),
        note: Set(String::new()),
        author: Set(None),
        expires_at: Set(Some(expires_at)),
        created_at: Set(now),
        version: Set(1),
        changed_at: Set(now),
    };
    firewall_rule::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_an_hour_unless_told_and_never_more_than_a_day() {
        let read = |text: &str| serde_json::from_str::<NewEmergency>(text).unwrap().read();
        let lasts =
            |text: &str| read(text).map(|(_, lasts)| lasts.as_secs() / 60).map_err(|problem| format!("{problem:?}"));
        assert_eq!(lasts(r#"{"network":"203.0.113.7"}"#), Ok(60));
        assert_eq!(lasts(r#"{"network":"203.0.113.7","minutes":1440}"#), Ok(1_440));
        for minutes in [0, 1_441, u64::MAX] {
            assert!(
                lasts(&format!(r#"{{"network":"203.0.113.7","minutes":{minutes}}}"#)).unwrap_err().contains("minutes")
            );
        }
        assert!(lasts(r#"{"network":"203.0.113.7/33"}"#).unwrap_err().contains("network"));
        assert!(serde_json::from_str::<NewEmergency>(r#"{"network":"::1","forever":true}"#).is_err());
    }
}
