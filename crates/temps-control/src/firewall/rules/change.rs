//! `GET` and `PUT …/firewall/rules/{rule}`, the same for instance, console and projects.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use temps_db::entities::firewall_rule;
use temps_model::RuleId;

use super::{
    super::{
        Held,
        authority::{Authority, Environments},
        dry_run::{self, Intended},
        entry_of,
        held::{MayChange, Named},
        places::Places,
        settings,
        shut_out::ShutOut,
    },
    api::{RulePath, audited},
    entry::{Entries, NewEntry, Reader},
    store,
    wire::{Brought, ChangedRule, NewRule, Rule, RuleAfterChange},
};
use crate::{
    app::App,
    change::Change,
    edge::Touched,
    problem::Problem,
    wire::{Answer, ChangeQuery, Difference, Expected, Json, Query},
};

pub async fn show<N: Named>(
    State(app): State<App>,
    held: Held<N>,
    Path(RulePath { rule: id }): Path<RulePath>,
) -> Result<Answer<Rule>, Problem> {
    let rule = store::find(app.database.read(), &held, parse(&id)?).await?;
    present(&app, &held, rule).await
}

/// Puts another entry in a rule's place, under the same id.
pub async fn update<N: MayChange>(
    State(app): State<App>,
    held: Held<N>,
    Path(RulePath { rule: id }): Path<RulePath>,
    expected: Expected,
    Query(query): Query<ChangeQuery>,
    Json(new): Json<ChangedRule>,
) -> Result<Response, Problem> {
    let change = Change::begin(&app, &held).await?;
    settings::lock(&change, &held).await?;
    let before = store::find(&*change, &held, parse(&id)?).await?;
    expected.check(before.version)?;
    let environments = Environments::of(&*change, held.scope()).await?;
    let reader = Reader { scope: held.scope(), environments: &environments, now: app.clock.now() };
    let (new, notices) = read(reader, &before, new)?;
    let scope = new.scope;
    let shut_out = shut_out(&app, &change, &held, &before, &new).await?;
    let places = Places::load(&*change, held.scope(), &app.settings.console_host).await?;
    if !query.dry_run {
        shut_out.permit(&query, &places)?;
    }
    let after = store::replace(&change, &held, &before, new).await?;
    let networks = vec![before.network, after.network];
    let changes = Difference::between(&told(&before), &told(&after));
    if query.dry_run {
        let sentences = notices.iter().map(|notice| format!("{}.", notice.message)).collect();
        let proposed = store::proposed(&change, [(scope, networks)]).await?;
        drop(change);
        return dry_run::answer(&app, &held, &places, Intended { changes, shut_out, sentences, proposed }).await;
    }
    let (from, to) = (audited(&before), audited(&after));
    change.commit(|record| record.target("firewall_rule", before.id).change("rule", from, to)).await?;
    let effective_ms = app.edge.refresh([Touched::rules(scope, networks)]).await;
    let Answer { status, version, body: rule } = present(&app, &held, after).await?;
    Ok(Answer { status, version, body: RuleAfterChange { rule, notices, effective_ms } }.into_response())
}

fn read(
    reader: Reader<'_>,
    before: &firewall_rule::Model,
    new: ChangedRule,
) -> Result<(NewEntry, Vec<super::wire::Notice>), Problem> {
    let ChangedRule { action, network, note, expires_at } = new;
    let environment = before.environment_id.map(|id| id.to_string());
    let new = NewRule { action, network, note, expires_at, environment };
    let Entries { entries, notices } = reader.read(Brought::One(new))?;
    let mut new = entries.into_iter().next().ok_or_else(|| Problem::internal("an entry was read and is not there"))?;
    new.entry.id = before.id;
    Ok((new, notices))
}

/// Another note shuts nobody out, so that a rule that its author had to confirm can be explained without confirming it again.
async fn shut_out<N: MayChange>(
    app: &App,
    change: &Change,
    held: &Held<N>,
    before: &firewall_rule::Model,
    new: &NewEntry,
) -> Result<ShutOut, Problem> {
    let (old, entry, now) = (entry_of(before), new.entry, app.clock.now());
    if (old.action, old.network, old.expires_at) == (entry.action, entry.network, entry.expires_at) {
        return Ok(ShutOut::default());
    }
    let lists = Authority::load(&**change, held.scope()).await?;
    let after = lists.without(before.id).with_entry(new.scope, entry);
    let by_entries = ShutOut::by_entries(&[(new.scope, entry)], held.client(), now);
    Ok(by_entries.or(ShutOut::by_lists(&lists, &after, held.client(), now)))
}

async fn present<N: Named>(app: &App, held: &Held<N>, rule: firewall_rule::Model) -> Result<Answer<Rule>, Problem> {
    let version = rule.version;
    let rules = store::present(app.database.read(), held, vec![rule], app.clock.now()).await?;
    let rule = rules.into_iter().next().ok_or_else(Problem::not_found)?;
    Ok(Answer::new(version, rule))
}

/// A rule in a difference: with its note, which the audit log does not have.
fn told(rule: &firewall_rule::Model) -> serde_json::Value {
    let mut told = audited(rule);
    told["note"] = rule.note.clone().into();
    if let Some(fields) = told.as_object_mut() {
        fields.remove("environment");
    }
    told
}

fn parse(id: &str) -> Result<RuleId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
