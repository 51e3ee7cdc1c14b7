//! Media types of files, by their extensions.

const UNKNOWN: &str = "application/octet-stream";

/// The value of `Content-Type` for a path. Text is taken to be UTF-8; XML says itself what it is (RFC 7303 §3.1).
pub fn of(path: &str) -> String {
    let essence = match extension(path) {
        // RFC 9239 §6: one type for all scripts.
        "js" | "mjs" => "text/javascript",
        // Source maps (ECMA-426).
        "map" => "application/json",
        _ => mime_guess::from_path(path).first_raw().unwrap_or(UNKNOWN),
    };
    match essence.starts_with("text/") && essence != "text/xml" {
        true => format!("{essence}; charset=utf-8"),
        false => essence.to_owned(),
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    #[test]
    fn media_types_follow_the_extension() {
        for (path, media_type) in [
            ("index.html", "text/html; charset=utf-8"),
            ("INDEX.HTML", "text/html; charset=utf-8"),
            ("css/site.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("app.js.map", "application/json"),
            ("robots.txt", "text/plain; charset=utf-8"),
            ("feed.xml", "text/xml"),
            ("logo.svg", "image/svg+xml"),
            ("photo.jpg", "image/jpeg"),
            ("font.woff2", "font/woff2"),
            ("app.wasm", "application/wasm"),
            ("site.webmanifest", "application/manifest+json"),
            ("data.json", "application/json"),
            ("LICENSE", "application/octet-stream"),
            ("a.b/file", "application/octet-stream"),
            (".well-known/thing", "application/octet-stream"),
            ("x.unheard-of", "application/octet-stream"),
        ] {
            assert_eq!(super::of(path), media_type, "{path}");
        }
    }
}
