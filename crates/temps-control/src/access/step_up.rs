//! Proving anew who one is, before what is dangerous (R-AUTH-5; OWASP ASVS 5.0 §7.5).

use std::time::Duration;

use axum::http::StatusCode;
use temps_db::entities::{session::Proved, user::SecondFactor};
use temps_model::Timestamp;

use super::Caller;
use crate::{app::App, factors, problem::Problem};

/// How fresh and how strong the last proof has to be. Whoever has no second factor proves it with the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUp {
    pub max_age: Duration,
    pub strength: Strength,
}

/// Which proof is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// With any second factor that the user has.
    SecondFactor,
    /// With the strongest factor that the user has.
    Strongest,
}

impl StepUp {
    /// Before what cannot be undone or concerns everybody.
    pub const DANGEROUS: Self = Self { max_age: Duration::from_secs(15 * 60), strength: Strength::SecondFactor };
    /// Before factors, e-mail address and password are changed.
    pub const FACTORS: Self = Self { max_age: Duration::from_secs(5 * 60), strength: Strength::Strongest };

    /// The weakest proof that is enough for a user with this second factor.
    fn needs(self, has: SecondFactor) -> Proved {
        match (has, self.strength) {
            (SecondFactor::None, _) => Proved::Password,
            (SecondFactor::Totp, _) | (SecondFactor::Passkey, Strength::SecondFactor) => Proved::Totp,
            (SecondFactor::Passkey, Strength::Strongest) => Proved::Passkey,
        }
    }

    /// A proof that seems to come from the future is none: the clock was set back meanwhile.
    fn is_met(self, caller: &Caller, now: Timestamp) -> bool {
        let fresh = caller.proved_at <= now && now.since(caller.proved_at) <= self.max_age;
        fresh && !caller.suspected && caller.proved_with >= self.needs(caller.second_factor)
    }

    pub(super) async fn check(self, app: &App, caller: &Caller) -> Result<(), Problem> {
        match self.is_met(caller, app.clock.now()) {
            true => Ok(()),
            false => Err(self.demand(app, caller).await?),
        }
    }

    /// The refusal that says by what the caller can prove who they are.
    pub(super) async fn demand(self, app: &App, caller: &Caller) -> Result<Problem, Problem> {
        let needed = self.needs(caller.second_factor);
        let methods = match caller.second_factor {
            SecondFactor::None => vec![Proved::Password],
            _ => factors::store::methods(app, caller.user).await?,
        };
        let methods = methods.into_iter().filter(|method| *method >= needed).map(method_name);
        Ok(Problem::new(
            StatusCode::FORBIDDEN,
            "step_up_required",
            "Prove that it is you",
            "This needs a fresh proof that it is you. Nothing was done.",
        )
        .hint("Give the proof to `POST /api/v1/session/step-up` and repeat the call.")
        .methods(methods))
    }
}

/// The name of a method on the wire.
pub fn method_name(proved: Proved) -> &'static str {
    match proved {
        Proved::Link => "link",
        Proved::Password => "password",
        Proved::Totp => "totp",
        Proved::Passkey => "passkey",
        Proved::RecoveryCode => "recovery_code",
    }
}
