//! What the edge answers by itself, and the one table of what that means to the visitor and to the record.

use std::{borrow::Cow, time::Duration};

use http::{HeaderValue, StatusCode};
use temps_policy::{Outcome, Refusal};

/// An answer that does not come from a site.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The request has no sound reading. The text says what is wrong with it.
    Malformed(String),
    HeaderTooLarge,
    /// The client let the edge wait for the rest of its request.
    TooSlow,
    /// The name is not served here, or not on this connection.
    Misdirected,
    /// The value of `Allow`; `None` for methods that are never offered.
    MethodNotAllowed(Option<&'static str>),
    Refused(Refusal),
    Throttled {
        retry_after: Duration,
    },
    BodyTooLarge,
    /// Permanently, with the same method.
    Redirect(HeaderValue),
    /// The request came over plain HTTP, and redirecting it would hide that from the program that sent it.
    NotEncrypted,
    NothingDeployed,
    Unavailable,
    NotFound,
    PreconditionFailed,
    /// No part of the file was asked for; it has so many bytes.
    RangeNotSatisfiable {
        size: u64,
    },
    UpstreamUnreachable,
    UpstreamTooSlow,
    /// The application's answer has no sound reading.
    UpstreamInvalid,
    /// The application's address leads back here.
    Loop,
    Failed,
}

/// What an answer is called and what it says.
pub struct Words {
    pub status: StatusCode,
    /// For programs. Never changes.
    pub code: &'static str,
    pub title: &'static str,
    pub what: Cow<'static, str>,
    pub advice: &'static str,
}

impl Answer {
    pub fn words(&self) -> Words {
        let (status, code, title, what, advice) = match self {
            Self::Malformed(why) => {
                let what = Cow::Owned(format!("The request could not be read: {why}."));
                let title = "The request is malformed";
                return Words { what, ..words(400, "malformed", title, "", "Check the program that sent it.") };
            }
            Self::HeaderTooLarge => (
                431,
                "header_too_large",
                "The request header is too large",
                "It may have 32 KiB and 100 lines.",
                "Deleting the cookies of this site often helps.",
            ),
            Self::TooSlow => (
                408,
                "too_slow",
                "The request took too long",
                "The rest of it did not arrive in time.",
                "Check the connection and try again.",
            ),
            Self::Misdirected => (
                421,
                "misdirected",
                "Nothing is served here under this name",
                "The name in the address is not known to this server, or belongs to another connection.",
                "Check the address. If the site is yours, add the name to one of its environments.",
            ),
            Self::MethodNotAllowed(_) => (
                405,
                "method_not_allowed",
                "This method is not offered",
                "The address exists, but it does not take this kind of request.",
                "Use one of the methods in the Allow header, if there is one.",
            ),
            Self::Refused(_) => (
                403,
                "refused",
                "This request was refused",
                "The owner of this site does not accept it.",
                "If you think that this is a mistake, send the owner the request id below.",
            ),
            Self::Throttled { .. } => (
                429,
                "throttled",
                "Too many requests",
                "More requests came from your network than this site accepts at once.",
                "Wait a moment and try again.",
            ),
            Self::BodyTooLarge => (
                413,
                "body_too_large",
                "What was sent is too large",
                "The site accepts less at once.",
                "Send less, or ask the owner to raise the limit.",
            ),
            Self::Redirect(_) => {
                (308, "redirect", "This page has moved", "It has another address.", "Follow the link.")
            }
            Self::NotEncrypted => (
                403,
                "not_encrypted",
                "This site is served over HTTPS only",
                "The request was sent unencrypted and was not acted on.",
                "Send it again to an address that begins with https://.",
            ),
            Self::NothingDeployed => (
                404,
                "nothing_deployed",
                "Nothing is deployed here yet",
                "The name exists, but its environment has no deployment.",
                "If it is yours, deploy to it.",
            ),
            Self::Unavailable => (
                503,
                "unavailable",
                "This site is not available",
                "Its last deployment cannot be served.",
                "Try again later. If it is yours, see its deployments.",
            ),
            Self::NotFound => (
                404,
                "not_found",
                "There is no page at this address",
                "It may have moved, or the address may be mistyped.",
                "Check the address or begin at the front page.",
            ),
            Self::PreconditionFailed => (
                412,
                "precondition_failed",
                "The file has changed",
                "It is not the version that the request is about.",
                "Load it again.",
            ),
            Self::RangeNotSatisfiable { .. } => (
                416,
                "range_not_satisfiable",
                "The file has no such part",
                "It is shorter than what was asked for.",
                "Load it again from the beginning.",
            ),
            Self::UpstreamUnreachable => (
                502,
                "upstream_unreachable",
                "The application does not answer",
                "It could not be reached.",
                "Try again later. If it is yours, see whether it runs.",
            ),
            Self::UpstreamTooSlow => (
                504,
                "upstream_too_slow",
                "The application took too long",
                "It did not answer in time.",
                "Try again later. If it is yours, see what keeps it busy.",
            ),
            Self::UpstreamInvalid => (
                502,
                "upstream_invalid",
                "The application's answer cannot be used",
                "It broke off or does not follow the protocol.",
                "Try again later. If it is yours, see its log.",
            ),
            Self::Loop => (
                508,
                "loop",
                "The request goes in circles",
                "The application's address leads back to this server.",
                "If it is yours, correct the upstream of its deployment.",
            ),
            Self::Failed => (
                500,
                "failed",
                "Something failed on this server",
                "The request could not be completed.",
                "Try again. If it happens again, send the operator the request id below.",
            ),
        };
        words(status, code, title, what, advice)
    }

    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Malformed(_) | Self::HeaderTooLarge | Self::TooSlow | Self::MethodNotAllowed(None) => {
                Outcome::Malformed
            }
            Self::NotEncrypted => Outcome::Malformed,
            Self::Misdirected => Outcome::Misdirected,
            Self::Refused(Refusal::Blocked { scope, rule }) => Outcome::Blocked { scope: *scope, rule: *rule },
            Self::Refused(Refusal::NotAllowed { scope }) => Outcome::NotAllowed { scope: *scope },
            Self::Throttled { .. } => Outcome::Throttled,
            Self::BodyTooLarge => Outcome::TooLarge,
            Self::Redirect(_) => Outcome::Redirected,
            Self::MethodNotAllowed(Some(_))
            | Self::NothingDeployed
            | Self::NotFound
            | Self::PreconditionFailed
            | Self::RangeNotSatisfiable { .. } => Outcome::Passed,
            Self::UpstreamUnreachable | Self::UpstreamTooSlow | Self::UpstreamInvalid | Self::Loop => {
                Outcome::UpstreamFailed
            }
            Self::Unavailable | Self::Failed => Outcome::Failed,
        }
    }
}

fn words(status: u16, code: &'static str, title: &'static str, what: &'static str, advice: &'static str) -> Words {
    // Every number in the table is a status code; an impossible one would show as a failure, not as a panic.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Words { status, code, title, what: Cow::Borrowed(what), advice }
}
