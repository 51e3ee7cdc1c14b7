//! The session's cookie (R-SESS-1).

use axum::http::{HeaderMap, HeaderValue, header};

use super::Token;

/// `__Host-`: only over TLS, only for this very host, for every path (RFC 6265bis §4.1.3.2).
pub const SESSION_COOKIE: &str = "__Host-temps_session";

/// The session token that a request carries. Two cookies of the name, or a malformed one, are none.
pub(super) fn token_of(headers: &HeaderMap) -> Option<Token> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, token)| token);
    let token = tokens.next()?;
    tokens.next().is_none().then(|| Token::parse(token)).flatten()
}

/// `Set-Cookie` for a new session. Without `Max-Age` the browser forgets it when it is closed; the server ends it in any case.
pub fn session_cookie(token: &Token) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!(
        "{SESSION_COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax",
        token.text().expose()
    ))
    .expect("base64url makes a header value");
    value.set_sensitive(true);
    value
}

/// `Set-Cookie` that makes the browser forget the session.
pub fn clear_session_cookie() -> HeaderValue {
    HeaderValue::try_from(format!("{SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
        .expect("a constant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_sess_1_only_one_well_formed_cookie_is_a_token() {
        let token = Token::generate();
        let text = token.text().expose().clone();
        let of = |cookies: &[String]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, cookie.parse().unwrap());
            }
            token_of(&headers).map(|token| token.hash())
        };
        let good = format!("{SESSION_COOKIE}={text}");
        assert_eq!(of(&[format!("a=b; {good}; c=d")]), Some(token.hash()));
        assert_eq!(of(&[format!("{good}; {good}")]), None);
        assert_eq!(of(&[good.clone(), good.clone()]), None);
        assert_eq!(of(&[format!("{SESSION_COOKIE}={}", &text[1..])]), None);
        assert_eq!(of(&[format!("temps_session={text}")]), None);
        assert_eq!(of(&[format!("{SESSION_COOKIE}=\"{text}\"")]), None);
        assert_eq!(of(&[]), None);
    }
}
