//! What the edge reports.

use std::time::Duration;

use temps_model::{ClientIp, HostName, RequestId, RuleId, Timestamp};

use crate::{FirewallScope, SiteId};

/// One request, however it ended. At most 256 bytes beside the name of the host; long paths are cut.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: RequestId,
    pub received: Timestamp,
    pub duration: Duration,
    pub client: ClientIp,
    /// `None` for an unknown host name.
    pub site: Option<SiteId>,
    pub host: Option<HostName>,
    pub method: http::Method,
    /// The normal path without its query, cut to [`Event::room_for_path`]; `?` if the request had no readable one.
    pub path: Box<str>,
    pub status: u16,
    pub outcome: Outcome,
    /// Bytes of the response body that were handed to the connection.
    pub sent: u64,
}

impl Event {
    /// Bytes of the path that are kept at most: what is left of 256.
    pub const MAX_PATH: usize = 256 - size_of::<Self>();

    /// Bytes of the path that are kept beside this method. Its letters stand outside of the event, as those of the path do, if they are more
    /// than 15.
    pub fn room_for_path(method: &http::Method) -> usize {
        match method.as_str().len() {
            ..=15 => Self::MAX_PATH,
            letters => Self::MAX_PATH.saturating_sub(letters),
        }
    }
}

/// How a request ended, one word each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Passed every protection and was answered by its site.
    Passed,
    /// Redirected by the edge itself, for example to HTTPS.
    Redirected,
    /// A block entry.
    Blocked { scope: FirewallScope, rule: RuleId },
    /// Not on an allow list.
    NotAllowed { scope: FirewallScope },
    /// Over the rate limit.
    Throttled,
    /// Larger than the site takes.
    TooLarge,
    /// The request itself was malformed or of a kind that is never accepted.
    Malformed,
    /// No such host name, or another one than the handshake's.
    Misdirected,
    /// The application could not be reached or answered nonsense.
    UpstreamFailed,
    /// Temps itself failed.
    Failed,
    /// The client went away before it was answered, or the edge ended.
    Abandoned,
}

impl Outcome {
    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Redirected => "redirected",
            Self::Blocked { .. } => "blocked",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Throttled => "throttled",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Misdirected => "misdirected",
            Self::UpstreamFailed => "upstream_failed",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

const _: () = assert!(Event::MAX_PATH >= 64, "an event has room for the part of the path that tells requests apart");
