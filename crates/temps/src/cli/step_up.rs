//! Proving who one is in the middle of a command, because the server asks for it before what is dangerous.

use serde_json::{Value, json};
use temps_model::Secret;

use super::{failure::Failure, problem::Problem, secrets};

/// Asks the person for one of the proofs that the server takes. Without a terminal the refusal stays, with what to do instead.
pub fn ask(problem: Box<Problem>) -> Result<Value, Failure> {
    let takes = |method: &str| problem.methods.iter().any(|known| known == method);
    let (question, answer): (_, fn(&Secret<String>) -> Value) = match (takes("totp"), takes("recovery_code")) {
        _ if takes("password") => ("Your password, to show that it is you: ", password),
        (true, _) => ("Code of your authenticator, or a recovery code, to show that it is you: ", code),
        (false, true) => ("A recovery code, to show that it is you: ", code),
        (false, false) => return Err(Failure::Refused(problem)),
    };
    match secrets::prompt(question, "") {
        Ok(secret) => Ok(answer(&secret)),
        Err(_) => Err(Failure::Refused(Box::new(
            problem.hinting("Log in with `temps login` just before: a fresh login is a proof, too."),
        ))),
    }
}

/// Six digits are a code of an authenticator, everything else is a recovery code.
pub fn code(text: &Secret<String>) -> Value {
    let is_totp = text.expose().chars().filter(|c| !c.is_whitespace()).all(|c| c.is_ascii_digit());
    match is_totp {
        true => json!({ "code": text.expose() }),
        false => json!({ "recovery_code": text.expose() }),
    }
}

fn password(text: &Secret<String>) -> Value {
    json!({ "password": text.expose() })
}
