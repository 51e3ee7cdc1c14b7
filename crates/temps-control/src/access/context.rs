//! What the edge tells of a request. The control plane listens on a private socket only, so these headers are the edge's own words.

use axum::{extract::FromRequestParts, http::HeaderMap, http::request::Parts};
use temps_model::{ClientIp, RequestId, Text};

use std::convert::Infallible;

use super::{Token, cookie};

/// Who is at the other end, for the audit log and for rules that must not shut out their author.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub request_id: RequestId,
    /// `None` for the operator's own socket.
    pub client: Option<ClientIp>,
    pub user_agent: Text<300>,
    /// What the browser says it is known by. It proves nothing but that.
    pub device: Option<Token>,
}

impl RequestContext {
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let printable = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
        Self {
            request_id: text("x-request-id")
                .and_then(|id| id.parse().ok())
                .unwrap_or(RequestId::from_uuid(uuid::Uuid::nil())),
            client: text("x-forwarded-for").and_then(|ip| ip.parse().ok()),
            user_agent: text("user-agent").and_then(|agent| printable(agent).parse().ok()).unwrap_or_default(),
            device: cookie::token_of(headers, cookie::DEVICE_COOKIE),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
