//! The first start: a token that only who started the program can know makes the first user (R-AUTH-12).

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use axum::{extract::State, http::StatusCode};
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};
use serde::{Deserialize, Serialize};
use temps_db::{
    Database, DbError,
    audit::{Actor, Authentication},
    entities::{instance, session::Proved, user},
};
use temps_model::{EmailAddress, Secret, Text, UserId};
use utoipa::ToSchema;

use crate::{
    access::{Proof, Public, Token},
    app::App,
    change::Change,
    demo::DemoBody,
    guesses::{self, Attempt, Factor, Subject},
    login::{
        LoggedInBody,
        finish::{self, Finished},
    },
    password,
    problem::Problem,
    users,
    wire::Json,
};

/// The fact that says that the first user was made.
const DONE: &str = "set_up";
const FILE: &str = "setup-token";

/// The one-time token; none once the first user is there. A restart makes a new one.
pub struct SetupToken {
    token: Mutex<Option<Token>>,
    file: PathBuf,
}

impl SetupToken {
    /// Makes a token if there is no user yet, and writes it into a file that only its owner can read.
    pub async fn prepare(database: &Database, data_dir: &Path) -> Result<Self, SetupError> {
        let file = data_dir.join(FILE);
        let users = user::Entity::find().count(database.read()).await.map_err(DbError::from)?;
        let token = (users == 0).then(Token::generate);
        match &token {
            Some(token) => write(&file, token).map_err(|error| SetupError::File { file: file.clone(), error })?,
            None => drop(fs::remove_file(&file)),
        }
        Ok(Self { token: Mutex::new(token), file })
    }

    /// The token for the terminal.
    pub fn text(&self) -> Option<Secret<String>> {
        self.lock().as_ref().map(Token::text)
    }

    fn accepts(&self, given: &str) -> bool {
        let given = Token::parse(given);
        let token = self.lock();
        matches!((&*token, given), (Some(token), Some(given)) if given.matches(&token.hash()))
    }

    fn spend(&self) {
        *self.lock() = None;
        if let Err(error) = fs::remove_file(&self.file) {
            tracing::warn!(%error, "the file of the spent setup token could not be removed");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the first start could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{file} cannot be written: {error}")]
    File { file: PathBuf, error: io::Error },
}

fn write(file: &Path, token: &Token) -> io::Result<()> {
    drop(fs::remove_file(file));
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(opened, "{}", token.text().expose())
}

/// The first user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstUser {
    /// The token that the first start showed and wrote to `setup-token` in the data directory.
    #[schema(value_type = String)]
    token: Secret<String>,
    #[schema(value_type = String, format = Email)]
    email: EmailAddress,
    #[schema(value_type = String, max_length = 80)]
    name: Text<80>,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// Whether anybody has been here yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    /// Whether the first user is still to be made.
    needed: bool,
}

pub async fn state(State(app): State<App>) -> Json<SetupState> {
    Json(SetupState { needed: app.setup.text().is_some() })
}

/// The first user is there and logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetUpBody {
    #[serde(flatten)]
    session: LoggedInBody,
    /// What was made to try things with; only if Temps was started with `--demo`.
    demo: Option<DemoBody>,
}

/// Makes the first user, who is an instance administrator, and logs them in.
pub async fn create(State(app): State<App>, public: Public, Json(body): Json<FirstUser>) -> Result<Finished, Problem> {
    if app.setup.text().is_none() {
        return Err(done());
    }
    let guess = guesses::reserve(&app, &public, Attempt::new(Factor::Token, Subject::Token)).await?;
    if !guess.counts() || !app.setup.accepts(body.token.expose()) {
        if app.setup.text().is_none() {
            return Err(done());
        }
        app.denials.record(&app, public.evidence()).await;
        return Err(Problem::forbidden("setup_token", "This is not the setup token.")
            .hint("The first start printed it, and it stands in `setup-token` in the data directory; each start makes a new one until it is used."));
    }
    let password = password::policy::chosen(&app, &body.password, &body.email, body.name.as_str()).await?;
    let hash = app.passwords.hash(password).await?;
    let id = UserId::generate(app.clock.now());
    let change = Change::begin_as(&app, &public, Actor::User(id), Authentication::SetupToken).await?;
    let fact = instance::ActiveModel { key: Set(DONE.to_owned()), value: Set(id.to_string()) };
    match instance::Entity::insert(fact).exec_without_returning(&*change).await.map_err(DbError::from) {
        Ok(_) => {}
        Err(DbError::Conflict) => return Err(done()),
        Err(error) => return Err(error.into()),
    }
    let new = users::store::NewUser {
        id,
        email: body.email,
        name: body.name,
        administrator: true,
        password: Some(hash),
        second_factor_required: false,
    };
    let user = users::store::insert(&change, new).await?;
    guess.was_right(&change).await?;
    let email = user.email.to_string();
    let change = change.describe(|record| record.personal("email", &email));
    let finished = finish::start(&app, &public, change, StatusCode::CREATED, user, Proved::Password, false).await?;
    app.setup.spend();
    Ok(finished)
}

fn done() -> Problem {
    Problem::conflict("setup_done", "Already set up", "The first user exists already.")
        .hint("Log in, or ask an administrator for an invitation.")
}
