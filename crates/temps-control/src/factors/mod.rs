//! Second factors of users.

pub mod api;
pub mod recovery;
pub mod store;
pub mod totp;

use temps_db::{DbError, WriteTransaction, entities::session::Proved};
use temps_model::{Secret, UserId};

use crate::{
    app::App,
    guesses::{Factor, Guess},
    problem::Problem,
};

/// What somebody gave to prove who they are.
#[derive(Debug)]
pub enum Given {
    Password(Secret<String>),
    Totp(Secret<String>),
    RecoveryCode(Secret<String>),
}

impl Given {
    /// Exactly one has to be given.
    pub fn one_of(
        password: Option<Secret<String>>,
        code: Option<Secret<String>>,
        recovery_code: Option<Secret<String>>,
    ) -> Result<Self, Problem> {
        match (password, code, recovery_code) {
            (Some(password), None, None) => Ok(Self::Password(password)),
            (None, Some(code), None) => Ok(Self::Totp(code)),
            (None, None, Some(code)) => Ok(Self::RecoveryCode(code)),
            _ => Err(Problem::bad_request("one_proof", "Exactly one proof has to be given.")),
        }
    }

    pub fn factor(&self) -> Factor {
        match self {
            Self::Password(_) => Factor::Password,
            Self::Totp(_) => Factor::Totp,
            Self::RecoveryCode(_) => Factor::RecoveryCode,
        }
    }

    pub fn proves(&self) -> Proved {
        match self {
            Self::Password(_) => Proved::Password,
            Self::Totp(_) => Proved::Totp,
            Self::RecoveryCode(_) => Proved::RecoveryCode,
        }
    }
}

/// Uses up a code, the same way for every path (R-AUTH-1), together with what it permits. A guess that came too early is not looked at.
pub async fn consume(
    app: &App,
    transaction: &WriteTransaction,
    user: UserId,
    given: &Given,
    guess: &Guess,
) -> Result<bool, DbError> {
    match given {
        _ if !guess.counts() => Ok(false),
        Given::Password(_) => Ok(false),
        Given::Totp(code) => totp::consume(transaction, user, code, guess).await,
        Given::RecoveryCode(code) => recovery::consume(transaction, &app.pepper, user, code, guess).await,
    }
}
