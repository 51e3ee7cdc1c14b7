//! Which form of a file a client gets (RFC 9110 §12.5.3).

use http::{HeaderValue, header::GetAll};
use temps_policy::{Encoding, FileEntry};

/// The form with the highest weight among those that exist; brotli before gzip before the plain one where they are equal.
pub fn choose(file: &FileEntry, accepted: GetAll<'_, HeaderValue>) -> Encoding {
    let accepted = Weights::of(accepted);
    let candidates = [
        (Encoding::Brotli, file.brotli.is_some(), accepted.weight("br")),
        (Encoding::Gzip, file.gzip.is_some(), accepted.weight("gzip")),
        (Encoding::Identity, true, accepted.identity()),
    ];
    let mut best = (Encoding::Identity, 0);
    for (encoding, exists, weight) in candidates {
        if exists && weight > best.1 {
            best = (encoding, weight);
        }
    }
    best.0
}

/// Bytes of the file in this form.
pub fn size(file: &FileEntry, encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Identity => file.size,
        Encoding::Gzip => file.gzip.unwrap_or(file.size),
        Encoding::Brotli => file.brotli.unwrap_or(file.size),
    }
}

/// The value of `Content-Encoding`.
pub const fn name(encoding: Encoding) -> Option<&'static str> {
    match encoding {
        Encoding::Identity => None,
        Encoding::Gzip => Some("gzip"),
        Encoding::Brotli => Some("br"),
    }
}

/// Codings and their weights in thousandths.
struct Weights<'a>(Vec<(&'a str, u16)>);

impl<'a> Weights<'a> {
    fn of(accepted: GetAll<'a, HeaderValue>) -> Self {
        let lines = accepted.iter().filter_map(|value| value.to_str().ok());
        Self(lines.flat_map(|line| line.split(',')).map(weighted).collect())
    }

    fn find(&self, coding: &str) -> Option<u16> {
        let of = |name: &str| self.0.iter().find(|(coding, _)| coding.eq_ignore_ascii_case(name)).map(|(_, q)| *q);
        of(coding).or_else(|| of("*"))
    }

    fn weight(&self, coding: &str) -> u16 {
        self.find(coding).unwrap_or(0)
    }

    /// The plain form is acceptable unless it is excluded by name; unnamed, it comes last.
    fn identity(&self) -> u16 {
        self.find("identity").unwrap_or(1)
    }
}

/// `gzip;q=0.5`
fn weighted(item: &str) -> (&str, u16) {
    let mut parts = item.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default();
    let q = parts.find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")));
    let q = q.map_or(1000, |q| q.parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16));
    (coding, q)
}
