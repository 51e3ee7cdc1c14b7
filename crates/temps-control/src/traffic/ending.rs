//! How requests end, in the few words that charts and filters use.

use serde::{Deserialize, Serialize};
use temps_policy::Outcome;

/// What became of a request, as far as its owner has to care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Answered by the site, whatever the answer was, or redirected by the edge.
    Passed,
    /// Over the rate limit.
    Throttled,
    /// A protection or the strict reading of HTTP refused it.
    Refused,
    /// The application or Temps failed.
    Failed,
    /// The client went away.
    Abandoned,
}

impl Ending {
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed | Outcome::Redirected => Self::Passed,
            Outcome::Throttled => Self::Throttled,
            Outcome::Blocked { .. }
            | Outcome::NotAllowed { .. }
            | Outcome::TooLarge
            | Outcome::Malformed
            | Outcome::Misdirected => Self::Refused,
            Outcome::UpstreamFailed | Outcome::Failed => Self::Failed,
            Outcome::Abandoned => Self::Abandoned,
        }
    }
}
