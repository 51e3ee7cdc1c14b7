//! `GET` and `PUT /projects/{project}/headers`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use temps_model::proof::{HeadersRead, HeadersWrite};
use temps_policy::protections::headers::{HeaderSettings, Hsts};
use utoipa::ToSchema;

use super::{
    HeaderSettingsBody,
    store::{self, Versioned},
};
use crate::{
    access::Grant,
    app::App,
    change::Change,
    edge::{EffectiveMs, Touched},
    problem::Problem,
    wire::{Answer, ChangeQuery, Difference, DryRun, Expected, Json, Query},
};

/// The settings with their version.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadersBody {
    #[serde(flatten)]
    settings: HeaderSettingsBody,
    /// 0 until they are changed for the first time.
    version: i32,
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time. Only after a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_ms: Option<EffectiveMs>,
}

impl HeadersBody {
    fn answer(saved: Versioned, effective_ms: Option<EffectiveMs>) -> Answer<Self> {
        Answer::new(saved.version, Self { settings: saved.settings.into(), version: saved.version, effective_ms })
    }
}

pub async fn show(State(app): State<App>, grant: Grant<HeadersRead>) -> Result<Answer<HeadersBody>, Problem> {
    Ok(HeadersBody::answer(store::read(app.database.read(), &grant).await?, None))
}

pub async fn update(
    State(app): State<App>,
    grant: Grant<HeadersWrite>,
    expected: Expected,
    Query(query): Query<ChangeQuery>,
    Json(new): Json<HeaderSettingsBody>,
) -> Result<Response, Problem> {
    let settings = HeaderSettings::try_from(new)?;
    let change = Change::begin(&app, &grant).await?;
    let before = store::lock(&change, &grant).await?;
    expected.check(before.version)?;
    if settings.hsts.include_subdomains {
        let bare = store::without_tls(&*change, &grant, &app.settings.console_host, app.clock.now()).await?;
        if let Some(host) = bare.first() {
            return Err(Problem::invalid(
                "hsts.include_subdomains",
                format!("has to wait until every host name below serves TLS; {host} has no certificate"),
            ));
        }
    }
    let json = |settings: &HeaderSettings| serde_json::to_value(settings).map_err(Problem::internal);
    let changes = Difference::between(&json(&before.settings)?, &json(&settings)?);
    if query.dry_run {
        let consequences = consequences(&before.settings.hsts, &settings.hsts);
        return Ok(Json(DryRun::new(changes, consequences)).into_response());
    }
    let after = Versioned { settings, version: before.version + 1 };
    store::save(&change, &grant, &after).await?;
    change
        .commit(|record| {
            changes
                .into_iter()
                .fold(record.target("headers", grant.project), |record, d| record.change(&d.field, d.from, d.to))
        })
        .await?;
    let effective_ms = app.edge.refresh([Touched::Headers(grant.project)]).await;
    Ok(HeadersBody::answer(after, Some(effective_ms)).into_response())
}

/// What browsers will remember, which no later change takes back at once.
fn consequences(before: &Hsts, after: &Hsts) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    if !after.enabled {
        return vec!["Browsers would forget that these hosts want HTTPS when they next visit.".to_owned()];
    }
    let days = after.max_age / 86_400;
    let mut sentences =
        vec![format!("Browsers would refuse plain HTTP at these hosts for {days} days after each visit.")];
    if after.include_subdomains {
        sentences
            .push("The same would hold for every subdomain, also those that this instance does not serve.".to_owned());
    }
    if after.preload {
        sentences
            .push("Browsers may build these hosts in as HTTPS only; to be taken out again takes months.".to_owned());
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_consequences_tell_what_browsers_will_remember() {
        let usual = Hsts::default();
        let far = Hsts { include_subdomains: true, preload: true, ..usual };
        let off = Hsts { enabled: false, ..usual };
        assert!(consequences(&usual, &usual).is_empty());
        assert_eq!(consequences(&usual, &far).len(), 3);
        assert!(consequences(&off, &usual)[0].contains("365 days"));
        assert!(consequences(&usual, &off)[0].contains("forget"));
    }
}
