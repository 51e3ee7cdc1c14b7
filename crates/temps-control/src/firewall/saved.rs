//! Between the saved shape of a firewall and the one that the edge runs.

use temps_db::entities::{
    firewall::FirewallMode,
    firewall_rule::{self, RuleAction},
};
use temps_policy::protections::firewall::{Action, Entry, Mode};

/// What the edge has to know of a rule.
pub fn entry_of(rule: &firewall_rule::Model) -> Entry {
    Entry { id: rule.id, action: action_of(rule.action), network: rule.network, expires_at: rule.expires_at }
}

pub fn mode_of(saved: FirewallMode) -> Mode {
    match saved {
        FirewallMode::Open => Mode::Open,
        FirewallMode::AllowList => Mode::AllowList,
    }
}

pub fn saved_mode(mode: Mode) -> FirewallMode {
    match mode {
        Mode::Open => FirewallMode::Open,
        Mode::AllowList => FirewallMode::AllowList,
    }
}

pub fn action_of(saved: RuleAction) -> Action {
    match saved {
        RuleAction::Block => Action::Block,
        RuleAction::Allow => Action::Allow,
    }
}

pub fn saved_action(action: Action) -> RuleAction {
    match action {
        Action::Block => RuleAction::Block,
        Action::Allow => RuleAction::Allow,
    }
}
