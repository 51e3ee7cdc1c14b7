//! Cookies (R-SESS-1). All of them are `__Host-`: only over TLS, only for this very host, for every path (RFC 6265bis §4.1.3.2).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use super::Token;

/// The cookie of a session.
pub const SESSION_COOKIE: &str = "__Host-temps_session";
/// The cookie of a login that waits for its second factor. Nothing takes it for a session.
pub const PENDING_COOKIE: &str = "__Host-temps_login";
/// Says from which browser somebody has logged in before. It lets nobody in.
pub const DEVICE_COOKIE: &str = "__Host-temps_device";

/// The token that a request carries under a name. Two cookies of the name, or a malformed one, are none.
pub(super) fn token_of(headers: &HeaderMap, name: &str) -> Option<Token> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(own, _)| *own == name).map(|(_, token)| token);
    let token = tokens.next()?;
    tokens.next().is_none().then(|| Token::parse(token)).flatten()
}

/// `Set-Cookie` for a token. Without a lifetime the browser forgets it when it is closed; the server ends it in any case.
pub fn set_cookie(name: &str, token: &Token, lifetime: Option<Duration>) -> HeaderValue {
    let age = lifetime.map_or_else(String::new, |lifetime| format!("; Max-Age={}", lifetime.as_secs()));
    let text = format!("{name}={}; Path=/; Secure; HttpOnly; SameSite=Lax{age}", token.text().expose());
    let mut value = HeaderValue::try_from(text).expect("base64url makes a header value");
    value.set_sensitive(true);
    value
}

/// `Set-Cookie` that makes the browser forget it.
pub fn clear_cookie(name: &str) -> HeaderValue {
    HeaderValue::try_from(format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")).expect("a constant")
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
            token_of(&headers, SESSION_COOKIE).map(|token| token.hash())
        };
        let good = format!("{SESSION_COOKIE}={text}");
        assert_eq!(of(&[format!("a=b; {good}; c=d")]), Some(token.hash()));
        assert_eq!(of(&[format!("{good}; {good}")]), None);
        assert_eq!(of(&[good.clone(), good.clone()]), None);
        assert_eq!(of(&[format!("{SESSION_COOKIE}={}", &text[1..])]), None);
        assert_eq!(of(&[format!("temps_session={text}")]), None);
        assert_eq!(of(&[format!("{SESSION_COOKIE}=\"{text}\"")]), None);
        assert_eq!(of(&[format!("{PENDING_COOKIE}={text}")]), None, "another kind of token");
        assert_eq!(of(&[]), None);
    }
}
