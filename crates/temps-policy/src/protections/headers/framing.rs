//! Who may show a page in a frame: `X-Frame-Options` (RFC 7034) and the `frame-ancestors` directive (CSP Level 3 §6.4.2), always in agreement.

use http::{HeaderMap, HeaderName, HeaderValue, header};

const FRAME_OPTIONS: HeaderName = header::X_FRAME_OPTIONS;
const POLICY: HeaderName = header::CONTENT_SECURITY_POLICY;
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("SAMEORIGIN");

/// The project's choice about frames and, with it, the rest of its own content security policy.
#[derive(Debug)]
pub(super) struct FramePolicy {
    /// What is said where the application says nothing; `None` leaves framing to the application.
    ancestors: Option<String>,
    /// The project's whole policy, used where the application has none (or `enforce` is on).
    policy: Option<HeaderValue>,
}

impl FramePolicy {
    /// `None` if the two say different things.
    pub fn new(frame_options: Option<&str>, policy: Option<HeaderValue>) -> Option<Self> {
        let from_options = frame_options.map(ancestors_of_options);
        let from_policy = policy.as_ref().and_then(ancestors_of_policy);
        let ancestors = match (from_options, from_policy) {
            (Some(options), Some(policy)) if options_of_ancestors(&policy) != options_of_ancestors(options) => {
                return None;
            }
            (_, Some(policy)) => policy,
            (Some(options), None) => options.to_owned(),
            (None, None) => "'none'".to_owned(),
        };
        Some(Self { ancestors: Some(ancestors), policy })
    }

    pub fn left_to_application(policy: Option<HeaderValue>) -> Self {
        Self { ancestors: policy.as_ref().and_then(ancestors_of_policy), policy }
    }

    pub fn apply(&self, headers: &mut HeaderMap, enforce: bool) {
        if enforce && self.ancestors.is_some() {
            headers.remove(FRAME_OPTIONS);
        }
        let policy = match self.policy.clone().filter(|_| enforce || !headers.contains_key(POLICY)) {
            Some(ours) => Some(ours),
            None => joined(headers),
        };
        let theirs = policy.as_ref().and_then(ancestors_of_policy);
        let enforced = self.ancestors.clone().filter(|_| enforce);
        let from_options =
            headers.get(FRAME_OPTIONS).map(|value| match value.as_bytes().eq_ignore_ascii_case(b"SAMEORIGIN") {
                true => "'self'".to_owned(),
                // `ALLOW-FROM` was never widely implemented; what is not understood is read as the strictest.
                false => "'none'".to_owned(),
            });
        let Some(ancestors) = enforced.or(theirs.clone()).or(from_options).or_else(|| self.ancestors.clone()) else {
            if let Some(policy) = policy {
                headers.insert(POLICY, policy);
            }
            return;
        };
        headers.insert(FRAME_OPTIONS, options_of_ancestors(&ancestors));
        let policy = match policy {
            Some(policy) if theirs.as_ref() == Some(&ancestors) => policy,
            Some(policy) => with_ancestors(&policy, &ancestors),
            None => directive(&ancestors),
        };
        headers.insert(POLICY, policy);
    }
}

/// Several policies of one response are one header value with commas (RFC 9110 §5.3, CSP Level 3 §2.2.2).
fn joined(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(POLICY).iter().filter(|value| !value.is_empty());
    let first = values.next()?.clone();
    let mut all = first.as_bytes().to_vec();
    for value in values {
        all.extend_from_slice(b", ");
        all.extend_from_slice(value.as_bytes());
    }
    HeaderValue::from_bytes(&all).ok().or(Some(first))
}

/// The `frame-ancestors` of the first policy that has one.
fn ancestors_of_policy(policy: &HeaderValue) -> Option<String> {
    let text = policy.to_str().ok()?;
    let mut directives = text.split(',').flat_map(|policy| policy.split(';')).map(str::trim);
    directives.find_map(|directive| {
        let (name, sources) = directive.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((directive, ""));
        let sources = sources.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        // A directive without sources means 'none' (CSP Level 3 §6.4.2).
        name.eq_ignore_ascii_case("frame-ancestors")
            .then(|| if sources.is_empty() { "'none'".to_owned() } else { sources })
    })
}

fn with_ancestors(policy: &HeaderValue, ancestors: &str) -> HeaderValue {
    let Ok(text) = policy.to_str() else { return directive(ancestors) };
    let policies = text.split(',').map(|policy| {
        let kept = policy.split(';').map(str::trim).filter(|directive| {
            let name = directive.split_ascii_whitespace().next().unwrap_or_default();
            !name.is_empty() && !name.eq_ignore_ascii_case("frame-ancestors")
        });
        kept.collect::<Vec<_>>().join("; ")
    });
    let mut policies: Vec<String> = policies.filter(|policy| !policy.is_empty()).collect();
    match policies.first_mut() {
        Some(first) => first.push_str(&format!("; frame-ancestors {ancestors}")),
        None => return directive(ancestors),
    }
    HeaderValue::try_from(policies.join(", ")).unwrap_or_else(|_| directive(ancestors))
}

fn directive(ancestors: &str) -> HeaderValue {
    HeaderValue::try_from(format!("frame-ancestors {ancestors}"))
        .unwrap_or(HeaderValue::from_static("frame-ancestors 'none'"))
}

fn ancestors_of_options(options: &str) -> &'static str {
    if options.eq_ignore_ascii_case("SAMEORIGIN") { "'self'" } else { "'none'" }
}

/// The closest that `X-Frame-Options` can say: browsers that know `frame-ancestors` do not look at it.
fn options_of_ancestors(ancestors: &str) -> HeaderValue {
    match ancestors.split_ascii_whitespace().any(|source| source.eq_ignore_ascii_case("'self'")) {
        true => SAME_ORIGIN,
        false => DENY,
    }
}
