//! # Limits
//!
//! How much one client may ask of one site: a rate with a burst, and the largest request body. Clients are counted by IPv4 address or
//! IPv6 /64. A client that is too fast is answered 429 with `Retry-After`; a body that is too large is answered 413.
//!
//! The narrowest scope that sets a limit decides: environment, then project, then instance, then the built-in value. The console
//! asks the console's scope, then the instance's, but never takes less than a person needs to undo a mistake ([`Limits::CONSOLE_FLOOR`]): whoever
//! may change its rules can always reach it to change them again.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};
use temps_model::ClientIp;

mod counters;

pub use counters::Counters;

/// The saved form: what a scope sets; what it leaves out comes from the scope around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Bytes of a request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<u64>,
}

/// So many requests per second in the long run, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

/// The compiled form: every value decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub rate: Rate,
    /// Bytes of a request body.
    pub max_body: u64,
}

impl Limits {
    /// What holds where nobody set anything: generous enough for an office behind one address.
    pub const BUILT_IN: Self = Self {
        rate: Rate { per_second: NonZeroU32::new(200).unwrap(), burst: NonZeroU32::new(600).unwrap() },
        max_body: 100 << 20,
    };

    /// What the console takes at least, whatever is set.
    pub const CONSOLE_FLOOR: Self = Self {
        rate: Rate { per_second: NonZeroU32::new(20).unwrap(), burst: NonZeroU32::new(100).unwrap() },
        max_body: 8 << 20,
    };

    /// The limits of a project's sites; the settings of the scopes that apply, widest first.
    pub fn of_site(settings: impl IntoIterator<Item = LimitSettings>) -> Self {
        Self::resolve(Self::BUILT_IN, settings)
    }

    /// The limits of the console, whose uploads are as large as the configuration says. What the instance sets for bodies concerns sites only.
    pub fn of_console(max_upload: u64, instance: LimitSettings, console: LimitSettings) -> Self {
        let base = Self { max_body: max_upload, ..Self::BUILT_IN };
        let set = Self::resolve(base, [LimitSettings { max_body: None, ..instance }, console]);
        let floor = Self::CONSOLE_FLOOR;
        Self {
            rate: Rate {
                per_second: set.rate.per_second.max(floor.rate.per_second),
                burst: set.rate.burst.max(floor.rate.burst),
            },
            max_body: set.max_body.max(floor.max_body),
        }
    }

    fn resolve(base: Self, settings: impl IntoIterator<Item = LimitSettings>) -> Self {
        settings.into_iter().fold(base, |limits, narrower| Self {
            rate: narrower.rate.unwrap_or(limits.rate),
            max_body: narrower.max_body.unwrap_or(limits.max_body),
        })
    }
}

/// Whose requests to what are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    /// The site, or nil for requests that belong to none.
    pub site: u128,
    pub client: IpAddr,
}

impl Counted {
    pub fn new(site: u128, client: ClientIp) -> Self {
        Self { site, client: client.counted_as() }
    }
}

/// Takes one request from a client's allowance, or says how long to wait.
pub fn check_rate(counters: &Counters, counted: Counted, rate: Rate, now: Duration) -> Result<(), Duration> {
    counters.take(counted, rate, now)
}

#[cfg(test)]
mod tests;
