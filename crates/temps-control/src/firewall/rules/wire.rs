//! Rules on the wire.

use serde::{Deserialize, Serialize};
use temps_model::{EmailAddress, EnvironmentSlug, Network, RuleId, Timestamp, UserId};
use temps_policy::protections::firewall::Action;
use utoipa::ToSchema;

use super::MAX_AT_ONCE;
use crate::{edge::EffectiveMs, problem::Problem};

/// One entry in `entries`' stead, or up to 10,000 of them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    #[schema(max_items = 10_000)]
    entries: Option<Vec<NewRule>>,
    #[schema(value_type = Option<String>, pattern = "^(block|allow)$")]
    action: Option<Action>,
    network: Option<String>,
    note: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    environment: Option<String>,
}

/// An entry to be added. Its texts are read one by one, so that what is wrong with any of them is told at once (R-IP-4).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    #[schema(value_type = String, pattern = "^(block|allow)$")]
    pub action: Action,
    /// An address or a network, IPv4 or IPv6, such as `203.0.113.0/24`.
    pub network: String,
    /// Why it is there, for people.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// When it ends; it never does unless told.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// Slug or id of the one environment that it is for; only in a project, and all of its environments unless told.
    pub environment: Option<String>,
}

/// A rule as it shall be. Its environment stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedRule {
    #[schema(value_type = String, pattern = "^(block|allow)$")]
    pub action: Action,
    pub network: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
    /// When it ends; it never does unless told.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A rule that was just changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleAfterChange {
    #[serde(flatten)]
    pub rule: Rule,
    pub notices: Vec<Notice>,
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    pub effective_ms: EffectiveMs,
}

/// What a call brought.
#[derive(Debug)]
pub enum Brought {
    One(NewRule),
    Many(Vec<NewRule>),
}

impl TryFrom<NewRules> for Brought {
    type Error = Problem;

    fn try_from(new: NewRules) -> Result<Self, Problem> {
        let NewRules { entries, action, network, note, expires_at, environment } = new;
        let has_fields =
            action.is_some() || network.is_some() || note.is_some() || expires_at.is_some() || environment.is_some();
        match (entries, action, network) {
            (Some(_), ..) if has_fields => {
                Err(Problem::invalid("entries", "cannot stand beside the fields of a single entry"))
            }
            (Some(entries), ..) if entries.is_empty() || entries.len() > MAX_AT_ONCE => {
                Err(Problem::invalid("entries", format!("can have 1 to {MAX_AT_ONCE} entries, not {}", entries.len())))
            }
            (Some(entries), ..) => Ok(Self::Many(entries)),
            (None, Some(action), Some(network)) => {
                Ok(Self::One(NewRule { action, network, note: note.unwrap_or_default(), expires_at, environment }))
            }
            (None, None, _) => Err(Problem::invalid("action", "is missing; it can be `block` or `allow`")),
            (None, _, None) => Err(Problem::invalid("network", "is missing; write an address or a network")),
        }
    }
}

/// A saved rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rule {
    #[schema(value_type = uuid::Uuid)]
    pub id: RuleId,
    #[schema(value_type = String, pattern = "^(block|allow)$")]
    pub action: Action,
    #[schema(value_type = String)]
    pub network: Network,
    pub note: String,
    /// Who added it; `null` if they are gone.
    pub author: Option<Author>,
    /// The one environment that it is for; `null` for all that the scope has.
    #[schema(value_type = Option<String>)]
    pub environment: Option<EnvironmentSlug>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    pub version: i32,
    /// A wider entry of the same scope and action that makes this one superfluous.
    #[schema(value_type = Option<String>)]
    pub covered_by: Option<Network>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Author {
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    #[schema(value_type = String, format = Email)]
    pub email: EmailAddress,
}

/// Something about one of the new entries that is worth knowing and no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// The position of the entry in the call, from 0.
    pub entry: usize,
    pub message: String,
}

/// What was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedRules {
    pub items: Vec<Rule>,
    pub notices: Vec<Notice>,
    /// Milliseconds until the change was in force on every worker; `null` if some worker did not report in time.
    #[schema(value_type = Option<f64>)]
    pub effective_ms: EffectiveMs,
}
