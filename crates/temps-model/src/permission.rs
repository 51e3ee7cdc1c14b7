//! The one table of who may do what: permissions × roles.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal [$($role:ident),*]),+ $(,)?) => {
        /// One verb on one kind of thing in a project. What roles are made of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $variant),+
        }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the API, the audit log and the documentation, such as `deployments:create`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        /// Whether a role of a project holds a permission there. Silence denies.
        pub const fn grants(role: Role, permission: Permission) -> bool {
            match permission {
                $(Permission::$variant => matches!(role, $(Role::$role)|*)),+
            }
        }

        /// Each permission as a type, so that a function can demand the proof of exactly one (`Grant<proof::DeploymentsCreate>`).
        pub mod proof {
            /// A permission as a type.
            pub trait Granted: Send + Sync + 'static {
                const PERMISSION: super::Permission;
            }
            $(
                #[doc = concat!("`", $name, "`")]
                #[derive(Clone, Copy, Debug)]
                pub struct $variant;
                impl Granted for $variant {
                    const PERMISSION: super::Permission = super::Permission::$variant;
                }
            )+
        }
    };
}

permissions! {
    ProjectsRead      = "projects:read"      [Owner, Admin, Member, Viewer],
    ProjectsDelete    = "projects:delete"    [Owner],
    EnvironmentsRead  = "environments:read"  [Owner, Admin, Member, Viewer],
    EnvironmentsWrite = "environments:write" [Owner, Admin],
    DeploymentsRead   = "deployments:read"   [Owner, Admin, Member, Viewer],
    DeploymentsCreate = "deployments:create" [Owner, Admin, Member],
    /// To make an earlier deployment live again.
    DeploymentsRollback = "deployments:rollback" [Owner, Admin, Member],
    DomainsRead       = "domains:read"       [Owner, Admin, Member, Viewer],
    DomainsWrite      = "domains:write"      [Owner, Admin],
    FirewallRead      = "firewall:read"      [Owner, Admin, Member, Viewer],
    FirewallWrite     = "firewall:write"     [Owner, Admin],
    HeadersRead       = "headers:read"       [Owner, Admin, Member, Viewer],
    HeadersWrite      = "headers:write"      [Owner, Admin],
    /// The project's part of the audit log.
    AuditRead         = "audit:read"         [Owner, Admin],
    /// Who the members are.
    MembersRead       = "members:read"       [Owner, Admin, Member, Viewer],
    /// How many requests there were, and what became of them.
    AnalyticsRead     = "analytics:read"     [Owner, Admin, Member, Viewer],
    /// Single requests, with the addresses that they came from.
    RequestsRead      = "requests:read"      [Owner, Admin, Member],
}

/// What a member is in a project. Instance administrator is a separate thing and no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sea-orm",
    derive(sea_orm::DeriveValueType),
    sea_orm(value_type = "String", from_str = "Role::parse")
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Member,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Member, Self::Viewer];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name; `None` for anything else, which then holds nothing.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

#[cfg(feature = "sea-orm")]
impl Role {
    /// A row with an unknown role cannot be read at all, so that nothing is ever decided with it.
    fn parse(name: &str) -> Result<Self, sea_orm::DbErr> {
        Self::from_name(name).ok_or_else(|| sea_orm::DbErr::Type(format!("{name:?} is no role")))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a role may do, in the order of the table.
pub fn permissions_of(role: Role) -> impl Iterator<Item = Permission> {
    Permission::ALL.iter().copied().filter(move |permission| grants(role, *permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_role_never_holds_less() {
        for pair in Role::ALL.windows(2) {
            for permission in permissions_of(pair[1]) {
                assert!(grants(pair[0], permission), "{} lacks {permission}", pair[0]);
            }
        }
    }

    #[test]
    fn r_rbac_5_only_the_owner_deletes_a_project() {
        let who: Vec<_> = Role::ALL.into_iter().filter(|role| grants(*role, Permission::ProjectsDelete)).collect();
        assert_eq!(who, [Role::Owner]);
    }
}
