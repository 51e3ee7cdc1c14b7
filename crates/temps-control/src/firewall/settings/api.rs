//! `GET` and `PUT …/firewall`, the same for all four scopes.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use temps_policy::protections::{firewall::Mode, limits::LimitSettings};
use utoipa::ToSchema;

use super::{
    super::{
        Held, Scope,
        authority::Authority,
        dry_run::{self, Intended},
        held::{MayChange, Named},
        places::Places,
        shut_out::ShutOut,
    },
    LimitsBody,
    limits::leave_the_console_usable,
    store::{self, Settings},
};
use crate::{
    app::App,
    change::Change,
    edge::{EffectiveMs, Proposed, Touched},
    problem::Problem,
    wire::{Answer, ChangeQuery, Difference, Expected, Json, Query},
};

/// The settings of one firewall.
#[derive(Debug, Serialize, ToSchema)]
pub struct FirewallBody {
    /// Whom it lets in who is on none of its lists: `open` everybody, `allow_list` nobody.
    #[schema(value_type = String, pattern = "^(open|allow_list)$")]
    mode: Mode,
    /// What is set in this scope.
    limits: LimitsBody,
    /// What holds, with the scopes around it.
    effective_limits: LimitsBody,
    /// 0 until it is changed for the first time.
    version: i32,
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time. Only after a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_ms: Option<EffectiveMs>,
}

/// The settings as they shall be. All of them are replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFirewall {
    #[schema(value_type = String, pattern = "^(open|allow_list)$")]
    mode: Mode,
    limits: LimitsBody,
}

pub async fn show<N: Named>(State(app): State<App>, held: Held<N>) -> Result<Answer<FirewallBody>, Problem> {
    let settings = store::read(app.database.read(), &held).await?;
    body(&app, &held, settings, None).await
}

pub async fn update<N: MayChange>(
    State(app): State<App>,
    held: Held<N>,
    expected: Expected,
    Query(query): Query<ChangeQuery>,
    Json(new): Json<NewFirewall>,
) -> Result<Response, Problem> {
    let limits = LimitSettings::try_from(new.limits)?;
    if held.scope() == Scope::Console {
        leave_the_console_usable(limits)?;
    }
    let change = Change::begin(&app, &held).await?;
    let before = store::lock(&change, &held).await?;
    expected.check(before.version)?;
    let after = Settings { mode: new.mode, limits, version: before.version + 1 };
    let changes = Difference::between(&describe(&before), &describe(&after));
    let scope = held.scope();
    let lists = Authority::load(&*change, scope).await?;
    let shut_out = ShutOut::by_lists(&lists, &lists.with_mode(scope, after.mode), held.client(), app.clock.now());
    let places = Places::load(&*change, scope, &app.settings.console_host).await?;
    if query.dry_run {
        let about_mode = || sentence_about_mode(after.mode, lists.allowed(scope), &places.name(&[scope]));
        // That nobody would be let in is said already.
        let is_news = before.mode != after.mode && shut_out.everybody.is_empty();
        let sentences = is_news.then(about_mode).into_iter().collect();
        let proposed = vec![Proposed::Settings(scope, after.mode, after.limits)];
        drop(change);
        return dry_run::answer(&app, &held, &places, Intended { changes, shut_out, sentences, proposed }).await;
    }
    shut_out.permit(&query, &places)?;
    store::save(&change, &held, after).await?;
    change
        .commit(|record| {
            changes
                .into_iter()
                .fold(record.target("firewall", scope), |record, d| record.change(&d.field, d.from, d.to))
        })
        .await?;
    let effective_ms = app.edge.refresh([Touched::Firewall(scope)]).await;
    Ok(body(&app, &held, after, Some(effective_ms)).await?.into_response())
}

async fn body<N: Named>(
    app: &App,
    held: &Held<N>,
    settings: Settings,
    effective_ms: Option<EffectiveMs>,
) -> Result<Answer<FirewallBody>, Problem> {
    let effective = store::effective_limits(app.database.read(), held, app.settings.max_upload).await?;
    let body = FirewallBody {
        mode: settings.mode,
        limits: settings.limits.into(),
        effective_limits: effective.into(),
        version: settings.version,
        effective_ms,
    };
    Ok(Answer::new(settings.version, body))
}

fn describe(settings: &Settings) -> serde_json::Value {
    json!({ "mode": settings.mode, "limits": LimitsBody::from(settings.limits) })
}

fn sentence_about_mode(mode: Mode, allowed: usize, place: &str) -> String {
    match (mode, allowed) {
        (Mode::Open, _) => format!("Everybody who is not blocked would be let in at {place}."),
        (Mode::AllowList, 1) => format!("Only the one entry of the allow list would be let in at {place}."),
        (Mode::AllowList, allowed) => {
            format!("Only the {allowed} entries of the allow list would be let in at {place}.")
        }
    }
}
