//! What can be guessed at, and how much of it is tolerated.

use std::time::Duration;

/// A secret that is counted on its own: a wrong password says nothing about codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Factor {
    Password,
    /// A code of an authenticator.
    Totp,
    RecoveryCode,
    /// A passkey's signature. It cannot be guessed; asking for it again and again can be slowed down.
    Passkey,
    /// A token of 256 bits: of a link, an invitation, or the first start.
    Token,
}

/// What a counter counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// One account, for all devices that it does not know.
    Account,
    /// One device from which the account's owner has logged in before.
    Device,
    /// One session, whose user is asked again.
    Session,
    /// One IPv4 address or one IPv6 /64.
    Network,
    /// All guesses at a factor from devices that are not known.
    Everybody,
}

/// Above which numbers of failures guesses are made harder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Each further guess costs a proof of work.
    pub priced_from: u32,
    /// Each further guess makes the next wait: a second, two, four, up to `longest`.
    pub delayed_from: u32,
    pub longest: Duration,
    /// The time in which failures fade to one half.
    pub half_life: Duration,
}

const NEVER: u32 = u32::MAX;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

impl Factor {
    pub const ALL: [Self; 5] = [Self::Password, Self::Totp, Self::RecoveryCode, Self::Passkey, Self::Token];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::Token => "token",
        }
    }

    /// How much is tolerated. An account's password can be guessed at 17 times before there is one guess a minute, and a code of six digits
    /// five times, then ever more slowly down to one in a quarter of an hour (NIST SP 800-63B-4 §3.2.2 permits 100).
    pub const fn limits(self, origin: Origin) -> Limits {
        let (priced_from, delayed_from, longest, half_life) = match (self, origin) {
            (Self::Password, Origin::Account) => (5, 10, MINUTE, HOUR),
            (Self::Password, Origin::Network) => (10, 200, MINUTE, HOUR),
            (Self::Password, Origin::Everybody) => (60, NEVER, MINUTE, MINUTE),
            (Self::Password, Origin::Device | Origin::Session) => (NEVER, 10, MINUTE, HOUR),
            (Self::Totp | Self::RecoveryCode, Origin::Account | Origin::Device | Origin::Session) => {
                (NEVER, 5, Duration::from_secs(900), DAY)
            }
            (Self::Passkey, _) => (NEVER, 50, MINUTE, MINUTE),
            (Self::Token, Origin::Network) => (NEVER, 100, MINUTE, HOUR),
            (Self::Totp | Self::RecoveryCode, Origin::Network) => (NEVER, 200, MINUTE, HOUR),
            (_, Origin::Everybody) | (Self::Token, _) => (NEVER, NEVER, MINUTE, MINUTE),
        };
        Limits { priced_from, delayed_from, longest, half_life }
    }
}

impl Origin {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Device => "device",
            Self::Session => "session",
            Self::Network => "network",
            Self::Everybody => "everybody",
        }
    }
}
