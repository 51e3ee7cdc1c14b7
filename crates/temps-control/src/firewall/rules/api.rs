//! `GET` and `POST …/firewall/rules`, `DELETE …/firewall/rules/{rule}`, the same for instance, console and projects.

use std::collections::HashMap;

use aws_lc_rs::digest;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use temps_db::entities::firewall_rule;
use temps_model::{Network, RuleId};

use super::{
    super::{
        Held, Scope,
        authority::{Authority, Environments},
        dry_run::{self, Intended},
        held::{MayChange, Named},
        places::Places,
        saved::action_of,
        settings,
        shut_out::ShutOut,
    },
    entry::{Entries, Reader},
    store,
    wire::{AddedRules, Brought, NewRules, Notice, Rule},
};
use crate::{
    app::App,
    change::Change,
    edge::Touched,
    problem::Problem,
    projects::api::Effective,
    wire::{ChangeQuery, Difference, Expected, Json, Page, PageQuery, Query},
};

/// Rules that a record tells of one by one.
const TOLD: usize = 100;

#[derive(Debug, Deserialize)]
pub struct RulePath {
    pub rule: String,
}

pub async fn list<N: Named>(
    State(app): State<App>,
    held: Held<N>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Rule>>, Problem> {
    let connection = app.database.read();
    let rules = store::list(connection, &held, &page).await?;
    let Page { items, next } = page.page(rules, |rule| rule.id.uuid())?;
    let items = store::present(connection, &held, items, app.clock.now()).await?;
    Ok(Json(Page { items, next }))
}

/// Adds one entry or many. A single one that is there already is refused; among many it is left out with a notice. A dry run does all of it
/// in the transaction and then gives that up.
pub async fn create<N: MayChange>(
    State(app): State<App>,
    held: Held<N>,
    Query(query): Query<ChangeQuery>,
    Json(new): Json<NewRules>,
) -> Result<Response, Problem> {
    let brought = Brought::try_from(new)?;
    let is_one = matches!(brought, Brought::One(_));
    let now = app.clock.now();
    let change = Change::begin(&app, &held).await?;
    settings::lock(&change, &held).await?;
    let environments = Environments::of(&*change, held.scope()).await?;
    let Entries { entries, mut notices } =
        Reader { scope: held.scope(), environments: &environments, now }.read(brought)?;
    let entries = store::leave_out_saved(&change, &held, entries, &mut notices).await?;
    if is_one && entries.is_empty() {
        return Err(store::rule_exists());
    }
    let added: Vec<_> = entries.iter().map(|new| (new.scope, new.entry)).collect();
    let positions: Vec<usize> = entries.iter().map(|new| new.position).collect();
    let shut_out = ShutOut::by_entries(&added, held.client(), now);
    let places = Places::load(&*change, held.scope(), &app.settings.console_host).await?;
    if !query.dry_run {
        shut_out.permit(&query, &places)?;
    }
    let rows = store::insert(&change, &held, entries).await?;
    let items = store::present(&*change, &held, rows.clone(), now).await?;
    notices.extend(positions.into_iter().zip(&items).filter_map(|(position, rule)| covering_notice(position, rule)));
    notices.sort_by_key(|notice| notice.entry);
    let mut touched: HashMap<Scope, Vec<Network>> = HashMap::new();
    for (scope, entry) in &added {
        touched.entry(*scope).or_default().push(entry.network);
    }
    if query.dry_run {
        let changes = items.iter().enumerate().map(|(index, rule)| added_difference(index, rule)).collect();
        let told = |Notice { entry, message }: &Notice| match is_one {
            true => format!("{message}."),
            false => format!("Entry {entry}: {message}."),
        };
        let sentences = notices.iter().map(told).collect();
        let proposed = store::proposed(&change, touched).await?;
        drop(change);
        return dry_run::answer(&app, &held, &places, Intended { changes, shut_out, sentences, proposed }).await;
    }
    change.commit(|record| record.target("firewall", held.scope()).change("rules", (), audited_all(&rows))).await?;
    let touched = touched.into_iter().map(|(scope, networks)| Touched::rules(scope, networks));
    let effective_ms = app.edge.refresh(touched).await;
    Ok((StatusCode::CREATED, Json(AddedRules { items, notices, effective_ms })).into_response())
}

pub async fn remove<N: MayChange>(
    State(app): State<App>,
    held: Held<N>,
    Path(RulePath { rule: id }): Path<RulePath>,
    expected: Expected,
    Query(query): Query<ChangeQuery>,
) -> Result<Response, Problem> {
    let id = id.parse::<RuleId>().map_err(|_| Problem::not_found())?;
    let change = Change::begin(&app, &held).await?;
    settings::lock(&change, &held).await?;
    let rule = store::find(&*change, &held, id).await?;
    expected.check(rule.version)?;
    let lists = Authority::load(&*change, held.scope()).await?;
    let shut_out = ShutOut::by_lists(&lists, &lists.without(id), held.client(), app.clock.now());
    let places = Places::load(&*change, held.scope(), &app.settings.console_host).await?;
    let (scope, networks) = (held.scope().narrowed(rule.environment_id), vec![rule.network]);
    if !query.dry_run {
        shut_out.permit(&query, &places)?;
    }
    store::remove(&change, &held, &rule).await?;
    if query.dry_run {
        let changes = vec![Difference { field: "rule".to_owned(), from: audited(&rule), to: Value::Null }];
        let proposed = store::proposed(&change, [(scope, networks)]).await?;
        drop(change);
        let intended = Intended { changes, shut_out, sentences: Vec::new(), proposed };
        return dry_run::answer(&app, &held, &places, intended).await;
    }
    change.commit(|record| record.target("firewall_rule", id).change("rule", audited(&rule), ())).await?;
    let effective_ms = app.edge.refresh([Touched::rules(scope, networks)]).await;
    Ok(Json(Effective { effective_ms }).into_response())
}

fn covering_notice(entry: usize, rule: &Rule) -> Option<Notice> {
    let covering = rule.covered_by?;
    Some(Notice { entry, message: format!("`{}` is covered by `{covering}` already", rule.network) })
}

fn added_difference(index: usize, rule: &Rule) -> Difference {
    let to = json!({
        "action": rule.action,
        "network": rule.network,
        "note": rule.note,
        "expires_at": rule.expires_at,
        "environment": rule.environment,
    });
    Difference { field: format!("rules[{index}]"), from: Value::Null, to }
}

/// A rule in the audit log: without its note, which may tell of people.
pub fn audited(rule: &firewall_rule::Model) -> Value {
    json!({
        "action": action_of(rule.action),
        "network": rule.network,
        "expires_at": rule.expires_at,
        "environment": rule.environment_id,
    })
}

/// Added rules in the audit log. Of very many it has the number, the first networks, and the SHA-256 of all of them as [`audited`], one JSON
/// object a line, so that a record stays small and still shows whether it was these.
fn audited_all(rules: &[firewall_rule::Model]) -> Value {
    if rules.len() <= TOLD {
        return rules.iter().map(audited).collect();
    }
    let mut sha256 = digest::Context::new(&digest::SHA256);
    rules.iter().for_each(|rule| sha256.update(format!("{}\n", audited(rule)).as_bytes()));
    let sha256: String = sha256.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let networks: Vec<Network> = rules.iter().take(TOLD).map(|rule| rule.network).collect();
    json!({ "count": rules.len(), "sha256": sha256, "networks": networks })
}
