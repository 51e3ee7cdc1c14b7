//! `GET` and `PUT /instance`.

use axum::{extract::State, response::IntoResponse, response::Response};
use serde::Serialize;
use temps_model::HostName;
use utoipa::ToSchema;

use super::{
    settings::InstanceSettings,
    store::{self, Versioned},
};
use crate::{
    access::{Administrator, User},
    app::App,
    change::Change,
    mail::{self, MailState},
    problem::Problem,
    sessions,
    wire::{Answer, ChangeQuery, Difference, DryRun, Expected, Json, Query},
};

/// What every user may know of the instance.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstanceBody {
    /// The version of the program.
    program: &'static str,
    public_url: String,
    /// The domain under which new environments get a name.
    #[schema(value_type = Option<String>)]
    apps_domain: Option<HostName>,
    /// Bytes of an upload.
    max_upload: u64,
    /// Whether it was started to be tried out.
    demo: bool,
    #[serde(flatten)]
    settings: InstanceSettings,
    /// The version of the settings.
    version: i32,
    /// How mail leaves, and whether it does; for administrators.
    mail: Option<MailState>,
}

impl InstanceBody {
    fn new(app: &App, saved: Versioned, mail: Option<MailState>) -> Answer<Self> {
        let settings = &app.settings;
        let body = Self {
            program: env!("CARGO_PKG_VERSION"),
            public_url: settings.public_origin.clone(),
            apps_domain: settings.apps_domain.clone(),
            max_upload: settings.max_upload,
            demo: settings.demo,
            settings: saved.settings,
            version: saved.version,
            mail,
        };
        Answer::new(saved.version, body)
    }
}

pub async fn show(State(app): State<App>, user: User) -> Result<impl IntoResponse, Problem> {
    let saved = store::read(app.database.read()).await?;
    let mail = match user.caller.administrator {
        true => Some(mail::state(&app).await?),
        false => None,
    };
    Ok(InstanceBody::new(&app, saved, mail))
}

pub async fn update(
    State(app): State<App>,
    administrator: Administrator,
    expected: Expected,
    Query(query): Query<ChangeQuery>,
    Json(settings): Json<InstanceSettings>,
) -> Result<Response, Problem> {
    settings.check()?;
    let change = Change::begin(&app, &administrator).await?;
    let before = store::lock(&change, &administrator).await?;
    expected.check(before.version)?;
    let json = |settings: &InstanceSettings| serde_json::to_value(settings).map_err(Problem::internal);
    let changes = Difference::between(&json(&before.settings)?, &json(&settings)?);
    if query.dry_run {
        return Ok(Json(DryRun::new(changes, consequences(&before.settings, &settings))).into_response());
    }
    let after = Versioned { version: before.version + 1, settings };
    store::save(&change, &administrator, &after).await?;
    sessions::store::shorten(&*change, &after.settings.sessions).await?;
    change
        .commit(|record| {
            changes
                .into_iter()
                .fold(record.target("instance", "settings"), |record, d| record.change(&d.field, d.from, d.to))
        })
        .await?;
    let mail = mail::state(&app).await?;
    Ok(InstanceBody::new(&app, after, Some(mail)).into_response())
}

/// What a change means for people, in sentences.
fn consequences(before: &InstanceSettings, after: &InstanceSettings) -> Vec<String> {
    let mut sentences = Vec::new();
    if before.users_may_create_projects != after.users_may_create_projects {
        sentences.push(match after.users_may_create_projects {
            true => "Any user may create projects.",
            false => "Only administrators may create projects; existing projects stay as they are.",
        });
    }
    if before.second_factor != after.second_factor {
        sentences.push("Whoever must have a second factor and has none is led to add one with the next call.");
    }
    if before.sessions != after.sessions {
        sentences.push("Shorter idle limits hold for open sessions at once, everything else for new logins.");
    }
    if before.passwords != after.passwords {
        sentences.push("The new length holds for passwords that are chosen from now on.");
    }
    sentences.into_iter().map(str::to_owned).collect()
}
