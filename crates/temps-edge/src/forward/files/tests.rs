use std::{io, sync::Arc};

use proptest::prelude::*;
use temps_model::Timestamp;
use temps_policy::{BlobId, BlobSource, Manifest, ReadSeek};

use super::*;

#[derive(Debug)]
struct NoBlobs;

impl BlobSource for NoBlobs {
    fn open(&self, _: BlobId, _: Encoding) -> io::Result<Box<dyn ReadSeek + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn file(gzip: Option<u64>, brotli: Option<u64>) -> FileEntry {
    FileEntry { blob: BlobId([7; 32]), size: 100, media_type: "text/html".into(), gzip, brotli }
}

fn site(paths: &[&str]) -> StaticSite {
    let files = paths.iter().map(|path| ((*path).to_owned(), file(None, None))).collect();
    StaticSite::new(Manifest { files }, Timestamp::from_micros(0), Arc::new(NoBlobs))
}

#[test]
fn clean_addresses_find_their_files() {
    let site = site(&["index.html", "about.html", "docs/index.html", "a b.txt", "both", "both.html", "ä.html"]);
    for (target, found) in [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("/about", "about.html"),
        ("/about.html", "about.html"),
        ("/docs/", "docs/index.html"),
        ("/docs", "folder"),
        ("/a%20b.txt", "a b.txt"),
        ("/%C3%A4", "ä.html"),
        ("/both", "both"),
        ("/About", "nothing"),
        ("/about/", "nothing"),
        ("//", "nothing"),
        ("//docs", "nothing"),
        ("/docs//", "nothing"),
        ("/missing", "nothing"),
    ] {
        let expected = match found {
            "folder" => Found::Folder,
            "nothing" => Found::Nothing,
            name => Found::File(&site.files[name]),
        };
        assert_eq!(find(&site, &NormalPath::parse(target).unwrap()), expected, "{target}");
    }
}

#[test]
fn the_encoding_with_the_highest_weight_is_chosen() {
    use Encoding::*;
    let both = file(Some(50), Some(40));
    for (accepted, file, chosen) in [
        (None, &both, Identity),
        (Some(""), &both, Identity),
        (Some("gzip, deflate, br"), &both, Brotli),
        (Some("gzip"), &both, Gzip),
        (Some("GZIP"), &both, Gzip),
        (Some("br;q=0.5, gzip;q=0.9"), &both, Gzip),
        (Some("br;q=0, gzip;q=0"), &both, Identity),
        (Some("*"), &both, Brotli),
        (Some("*;q=0.1, br;q=0"), &both, Gzip),
        (Some("identity, gzip;q=0.5"), &both, Identity),
        (Some("identity;q=0"), &both, Identity),
        (Some("br"), &file(Some(50), None), Identity),
        (Some("br;q=junk"), &both, Identity),
        (Some("br; q=0.3 , gzip; q=0.2"), &both, Brotli),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(accepted) = accepted {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        }
        assert_eq!(chosen_encoding(file, &headers), chosen, "{accepted:?}");
    }
}

#[test]
fn ranges_are_read_as_the_standard_says() {
    use Range::*;
    for (value, range) in [
        ("bytes=0-0", Part { first: 0, last: 0 }),
        ("bytes=0-99", Part { first: 0, last: 99 }),
        ("bytes=90-1000", Part { first: 90, last: 99 }),
        ("bytes=50-", Part { first: 50, last: 99 }),
        ("bytes=-10", Part { first: 90, last: 99 }),
        ("bytes=-1000", Part { first: 0, last: 99 }),
        ("Bytes=0-1", Part { first: 0, last: 1 }),
        ("bytes=100-", Unsatisfiable),
        ("bytes=100-200", Unsatisfiable),
        ("bytes=-0", Unsatisfiable),
        ("bytes=5-4", Whole),
        ("bytes=0-1,3-4", Whole),
        ("bytes=-", Whole),
        ("bytes=a-b", Whole),
        ("bytes=+1-2", Whole),
        ("lines=0-1", Whole),
        ("0-1", Whole),
        ("bytes=99999999999999999999-", Whole),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::RANGE, HeaderValue::from_static(value));
        assert_eq!(Range::asked_for(&headers, 100), range, "{value}");
    }
    let mut headers = HeaderMap::new();
    headers.insert(http::header::RANGE, HeaderValue::from_static("bytes=0-0"));
    assert_eq!(Range::asked_for(&headers, 0), Unsatisfiable);
}

#[test]
fn conditions_are_asked_in_the_order_of_the_standard() {
    use Condition::*;
    let modified = Timestamp::parse_rfc3339("2026-01-31T12:00:00Z").unwrap();
    let validators = Validators::of(&file(None, None), Encoding::Identity, modified);
    let tag: &'static str = validators.etag.clone().leak();
    let weak: &'static str = format!("\"x\", W/{tag}").leak();
    let (before, at, after) =
        ("Fri, 30 Jan 2026 12:00:00 GMT", "Sat, 31 Jan 2026 12:00:00 GMT", "Sun, 01 Feb 2026 12:00:00 GMT");
    for (headers, result) in [
        (vec![], Holds),
        (vec![("if-none-match", tag)], NotModified),
        (vec![("if-none-match", weak)], NotModified),
        (vec![("if-none-match", "*")], NotModified),
        (vec![("if-none-match", "\"x\"")], Holds),
        (vec![("if-none-match", "\"x\""), ("if-modified-since", after)], Holds),
        (vec![("if-modified-since", at)], NotModified),
        (vec![("if-modified-since", before)], Holds),
        (vec![("if-modified-since", after)], Holds),
        (vec![("if-modified-since", "junk")], Holds),
        (vec![("if-match", tag)], Holds),
        (vec![("if-match", "*")], Holds),
        (vec![("if-match", weak)], Failed),
        (vec![("if-match", "\"x\"")], Failed),
        (vec![("if-match", tag), ("if-unmodified-since", before)], Holds),
        (vec![("if-unmodified-since", before)], Failed),
        (vec![("if-unmodified-since", at)], Holds),
        (vec![("if-match", "\"x\""), ("if-none-match", tag)], Failed),
    ] {
        let mut map = HeaderMap::new();
        for (name, value) in &headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(conditions::check(&map, &validators), result, "{headers:?}");
    }
}

proptest! {
    /// Whatever range is asked for, what is sent lies within the file.
    #[test]
    fn a_range_never_leaves_the_file(value in "bytes=[0-9]{0,4}-[0-9]{0,4}", size in 0u64..2000) {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::RANGE, HeaderValue::try_from(value).unwrap());
        if let Range::Part { first, last } = Range::asked_for(&headers, size) {
            prop_assert!(first <= last && last < size);
        }
    }
}
