//! `/me/factors`, `/me/totp` and `/me/recovery-codes`: a user's own second factors.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use qrcode::{Color, EcLevel, QrCode};
use serde::{Deserialize, Serialize};
use temps_db::entities::session::Proved;
use temps_model::{Secret, Timestamp};
use utoipa::ToSchema;

use super::{
    recovery, store,
    totp::{self, Confirmed},
};
use crate::{
    access::{Proof, User},
    app::App,
    change::Change,
    guesses::{self, Attempt, Factor, Subject},
    mail::{self, Notice},
    problem::Problem,
    sessions::{self, store::Started},
    wire::Json,
};

/// A user's second factors.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorsBody {
    totp: Option<TotpBody>,
    /// How many recovery codes are left.
    recovery_codes_left: u64,
    /// Whether this instance demands a second factor of the user.
    required: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotpBody {
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// What an authenticator has to be told. It is shown this once and counts when a code of it was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTotp {
    /// The key in base32, to be typed.
    secret: String,
    /// The same as `otpauth:` URI.
    uri: String,
    /// The URI as QR code: rows of `1` for dark and `0` for light modules, without the quiet zone.
    qr: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// The six digits that the authenticator shows.
    #[schema(value_type = String)]
    code: Secret<String>,
}

/// Shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten codes, each good once. Empty if the user has codes already.
    recovery_codes: Vec<String>,
}

pub async fn show(State(app): State<App>, user: User) -> Result<Json<FactorsBody>, Problem> {
    let id = user.caller.user;
    Ok(Json(FactorsBody {
        totp: totp::of(&app, id).await?.map(|(created_at, last_used_at)| TotpBody { created_at, last_used_at }),
        recovery_codes_left: recovery::left(app.database.read(), id).await?,
        required: store::is_required(&app, id).await?,
    }))
}

/// Makes a key for an authenticator. The one before, if there is one, goes on until this one is confirmed.
pub async fn begin_totp(State(app): State<App>, user: User) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &user).await?;
    let caller = &user.caller;
    let key = totp::begin(&change, caller.user, &caller.email, &app.settings.console_host).await?;
    let qr = qr(key.uri.expose())?;
    change.commit(|record| record.target("user", caller.user)).await?;
    let body = NewTotp { secret: key.secret.expose().clone(), uri: key.uri.expose().clone(), qr };
    Ok((StatusCode::CREATED, Json(body)))
}

/// The key counts from now on, and all other sessions end. Whoever had no recovery codes gets them.
pub async fn confirm_totp(
    State(app): State<App>,
    user: User,
    Json(body): Json<TotpCode>,
) -> Result<impl IntoResponse, Problem> {
    let caller = &user.caller;
    let attempt = Attempt::new(Factor::Totp, Subject::User(caller.user)).in_session(caller.session);
    let guess = guesses::reserve(&app, &user, attempt).await?;
    let change = Change::begin(&app, &user).await?;
    let confirmed = match guess.counts() {
        true => totp::confirm(&change, caller.user, &body.code, &guess).await?,
        false => Confirmed::No,
    };
    if confirmed != Confirmed::Yes {
        drop(change);
        app.denials.failed(&app, user.evidence(), None).await;
        return Err(not_confirmed(confirmed));
    }
    guess.was_right(&change).await?;
    store::note_strongest(&change, caller.user).await?;
    let codes = match recovery::left(&*change, caller.user).await? {
        0 => recovery::make(&change, &app.pepper, caller.user).await?,
        _ => Vec::new(),
    };
    mail::notify(&app, &change, caller.user, &caller.email, Notice::AuthenticatorAdded, user.context()).await?;
    sessions::store::end_others(&change, caller, user.context()).await?;
    let started = sessions::store::prove(&change, caller, Proved::Totp).await?;
    change.commit(|record| record.target("user", caller.user)).await?;
    Ok(with_cookie(&started, codes))
}

/// Removes the authenticator that counts, and ends all other sessions.
pub async fn remove_totp(State(app): State<App>, user: User) -> Result<impl IntoResponse, Problem> {
    let change = Change::begin(&app, &user).await?;
    if !totp::forget(&change, user.caller.user, true).await? {
        return Err(Problem::not_found());
    }
    let caller = &user.caller;
    store::note_strongest(&change, caller.user).await?;
    mail::notify(&app, &change, caller.user, &caller.email, Notice::AuthenticatorRemoved, user.context()).await?;
    sessions::store::end_others(&change, caller, user.context()).await?;
    let started = sessions::store::rotate(&change, caller).await?;
    change.commit(|record| record.target("user", caller.user)).await?;
    Ok((StatusCode::NO_CONTENT, started.cookie()))
}

/// Makes new codes; the earlier ones are void.
pub async fn make_recovery_codes(State(app): State<App>, user: User) -> Result<Json<RecoveryCodes>, Problem> {
    if store::methods(&app, user.caller.user).await?.iter().all(|method| *method == Proved::RecoveryCode) {
        return Err(Problem::conflict(
            "no_second_factor",
            "No second factor",
            "Recovery codes stand in for a second factor, and you have none.",
        )
        .hint("Add an authenticator first."));
    }
    let change = Change::begin(&app, &user).await?;
    let caller = &user.caller;
    let codes = recovery::make(&change, &app.pepper, caller.user).await?;
    mail::notify(&app, &change, caller.user, &caller.email, Notice::RecoveryCodesMade, user.context()).await?;
    change.commit(|record| record.target("user", caller.user)).await?;
    Ok(Json(told(&codes)))
}

fn with_cookie(started: &Started, codes: Vec<Secret<String>>) -> impl IntoResponse + use<> {
    (started.cookie(), Json(told(&codes)))
}

fn told(codes: &[Secret<String>]) -> RecoveryCodes {
    RecoveryCodes { recovery_codes: codes.iter().map(|code| code.expose().clone()).collect() }
}

fn not_confirmed(confirmed: Confirmed) -> Problem {
    match confirmed {
        Confirmed::Nothing => Problem::conflict(
            "nothing_to_confirm",
            "Nothing to confirm",
            "There is no key that waits for its first code.",
        )
        .hint("Begin with `POST /api/v1/me/totp`."),
        Confirmed::ClockIsOff(seconds) => Problem::invalid(
            "code",
            format!(
                "is right for a clock that is {} seconds {}; set the clock of your authenticator and try the next code",
                seconds.abs(),
                if seconds > 0 { "ahead" } else { "behind" },
            ),
        ),
        Confirmed::Yes | Confirmed::No => Problem::invalid("code", "is not one of this key; try the next one"),
    }
}

fn qr(text: &str) -> Result<Vec<String>, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Problem::internal)?;
    let module = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    Ok(code.to_colors().chunks(code.width()).map(|row| row.iter().map(module).collect()).collect())
}
