//! `temps firewall`

mod emergency;
mod rules;
mod scope;
mod settings;

use clap::Subcommand;

use super::{Context, failure::Failure};

#[derive(Debug, Subcommand)]
pub enum Firewall {
    /// Show mode, limits and rules
    List(rules::List),
    /// Let everybody in who is not blocked (open), or only who is allowed (allow-list)
    Mode(settings::SetMode),
    /// Set or drop the limits on rate and body size
    Limits(settings::SetLimits),
    /// Refuse addresses or networks
    Block(rules::Add),
    /// Allow addresses or networks
    Allow(rules::Add),
    /// Remove a rule
    Remove(rules::Remove),
    /// Let a network in past every rule for a while; needs the data directory of this machine, not a login
    EmergencyAllow(emergency::EmergencyAllow),
}

impl Firewall {
    pub async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(context).await,
            Self::Mode(command) => command.run(context).await,
            Self::Limits(command) => command.run(context).await,
            Self::Block(command) => command.run(context, "block").await,
            Self::Allow(command) => command.run(context, "allow").await,
            Self::Remove(command) => command.run(context).await,
            Self::EmergencyAllow(command) => command.run(context).await,
        }
    }
}
