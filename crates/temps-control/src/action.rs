//! What the audit log calls things.

use std::fmt;

macro_rules! actions {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// Something that leaves a record: every change, and reading what is itself sensitive.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($variant),+
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in records, such as `deployment.create`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

actions! {
    InstanceSetUp = "instance.set_up",
    InstanceSettings = "instance.settings",
    InstanceFirewall = "instance.firewall",
    InstanceFirewallRuleAdd = "instance.firewall_rule.add",
    InstanceFirewallRuleChange = "instance.firewall_rule.change",
    InstanceFirewallRuleRemove = "instance.firewall_rule.remove",
    ConsoleFirewall = "console.firewall",
    ConsoleFirewallRuleAdd = "console.firewall_rule.add",
    ConsoleFirewallRuleChange = "console.firewall_rule.change",
    ConsoleFirewallRuleRemove = "console.firewall_rule.remove",
    EmergencyAllow = "emergency.allow",
    EmergencyEnd = "emergency.end",
    SessionStart = "session.start",
    SessionFirstFactor = "session.first_factor",
    SessionProve = "session.prove",
    SessionEnd = "session.end",
    SessionEndOthers = "session.end_others",
    PasswordChange = "password.change",
    TotpBegin = "totp.begin",
    TotpConfirm = "totp.confirm",
    TotpRemove = "totp.remove",
    RecoveryCodesMake = "recovery_codes.make",
    SessionRevoke = "session.revoke",
    UserSessionsEnd = "user.sessions_end",
    UserInvite = "user.invite",
    UserActivate = "user.activate",
    ProjectCreate = "project.create",
    ProjectDelete = "project.delete",
    EnvironmentCreate = "environment.create",
    EnvironmentDelete = "environment.delete",
    DeploymentCreate = "deployment.create",
    DeploymentRollback = "deployment.rollback",
    DomainAdd = "domain.add",
    DomainRemove = "domain.remove",
    ProjectFirewall = "project.firewall",
    ProjectFirewallRuleAdd = "project.firewall_rule.add",
    ProjectFirewallRuleChange = "project.firewall_rule.change",
    ProjectFirewallRuleRemove = "project.firewall_rule.remove",
    EnvironmentFirewall = "environment.firewall",
    HeadersChange = "headers.change",
    AuditRead = "audit.read",
    AuditExport = "audit.export",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
