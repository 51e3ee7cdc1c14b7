//! Typed identifiers: UUID version 7 (RFC 9562 §5.7), so that they sort by the time they were made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id whose leading 48 bits are `now` in milliseconds and whose rest is random.
            pub fn generate(now: Timestamp) -> Self {
                Self(uuid_v7(now))
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        /// Asked for by every primary key; only ids that the database counts can be made from a number.
        #[cfg(feature = "sea-orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// One installation of Temps, with its database and its data directory.
    InstanceId,
    /// A person with a login.
    UserId,
    /// One login of a user.
    SessionId,
    /// A login that waits for its second factor.
    PendingLoginId,
    /// A browser from which a user has logged in before.
    DeviceId,
    /// One login, or some that failed.
    LoginAttemptId,
    /// A code for whoever has lost their second factor.
    RecoveryCodeId,
    /// A mail on its way.
    MailId,
    /// A link that lets its holder do one thing once.
    LinkId,
    /// An application.
    ProjectId,
    /// One running copy of an application.
    EnvironmentId,
    /// An immutable version of an environment.
    DeploymentId,
    /// A host name of an environment.
    DomainId,
    /// One saved entry of a firewall.
    RuleId,
    /// A chain and key served for a host name.
    CertificateId,
    /// A key that seals the secrets of one project, one person, or the instance.
    DataKeyId,
    /// One entry of the audit log.
    AuditId,
    /// One request as seen by the edge; shown to the visitor and written in every log line about it.
    RequestId,
}

fn uuid_v7(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
    let mut random = [0u8; 10];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
