//! Archives as people make them, and as people make them to do harm. Every refusal has to name the entry.

mod bytes;
mod limits;
mod tar;
mod zip;

use std::{
    io::{Seek, Write},
    sync::Arc,
};

use proptest::prelude::*;
use temps_policy::Manifest;
use tokio::runtime::Builder;

use super::{ArchiveError, Limits, path::SitePath, unpack};
use crate::blobs::Blobs;

/// Unpacks an archive and checks that a refusal leaves nothing.
fn unpack_within(limits: &Limits, archive: &[u8]) -> Result<Manifest, ArchiveError> {
    let data_dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(Blobs::open(data_dir.path()).unwrap());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(archive).unwrap();
    file.rewind().unwrap();
    let mut intake = Builder::new_current_thread().build().unwrap().block_on(blobs.intake()).unwrap();
    let unpacked = unpack(file, limits, &mut intake);
    drop(intake);
    assert_eq!(std::fs::read_dir(data_dir.path().join("tmp")).unwrap().count(), 0);
    unpacked
}

fn unpack_bytes(archive: &[u8]) -> Result<Manifest, ArchiveError> {
    unpack_within(&Limits::DEFAULT, archive)
}

/// The paths and sizes of what was unpacked.
fn files(manifest: &Manifest) -> Vec<(&str, u64)> {
    manifest.files.iter().map(|(path, file)| (path.as_str(), file.size)).collect()
}

/// Asserts that an archive is refused with all of these words in the message.
#[track_caller]
fn assert_refused(archive: &[u8], words: &[&str]) {
    let error = unpack_bytes(archive).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
    assert!(!error.chars().any(char::is_control), "{error:?}");
}

/// Names that are refused in every kind of archive, and what the message says.
fn bad_names() -> Vec<(Vec<u8>, &'static str)> {
    let named = |name: &str, says| (name.as_bytes().to_vec(), says);
    vec![
        named("../evil", "`..`"),
        named("a/../../evil", "`..`"),
        named("a/..", "`..`"),
        named("./../evil", "`..`"),
        named("a/./b", "`.`"),
        named("/etc/passwd", "absolute"),
        named(".//etc/passwd", "empty segment"),
        named("a//b", "empty segment"),
        named("..\\evil", "backslash"),
        named("C:\\evil", "backslash"),
        named("a\nb", "U+000A"),
        named("a\u{1b}[2Jb", "U+001B"),
        named("a\u{85}b", "U+0085"),
        named("..;x/evil", "never be requested"),
        named("%2e%2e;/../x", "`..`"),
        (b"caf\xe9".to_vec(), "not UTF-8"),
        (b"a\xc0\xafb".to_vec(), "not UTF-8"),
        named(".env", "`.env`"),
        named("config/.env.production", "`.env.production`"),
        named(".ENV", "`.ENV`"),
        named(".git/config", "`.git`"),
        named("sub/.git", "`.git`"),
        named(".ssh/id_ed25519", "`.ssh`"),
        named(".htpasswd", "`.htpasswd`"),
        (vec![b'a'; 1_025], "1024 bytes"),
        ([b"d/".repeat(32), b"f".to_vec()].concat(), "32 segments"),
    ]
}

#[test]
fn good_names_are_published_as_browsers_ask_for_them() {
    for (name, path) in [
        ("index.html", "index.html"),
        ("./css/site.css", "css/site.css"),
        ("a b/c+d%.txt", "a b/c+d%.txt"),
        ("100%25.txt", "100%25.txt"),
        ("größe.html", "größe.html"),
        ("gro\u{308}ße.html", "größe.html"),
        ("日本/語.html", "日本/語.html"),
        (".well-known/security.txt", ".well-known/security.txt"),
        (".gitignore", ".gitignore"),
        ("...", "..."),
        ("a;b?c#d&e", "a;b?c#d&e"),
        ("folder/", "folder"),
        ("./", ""),
        (".", ""),
    ] {
        assert_eq!(SitePath::parse(name.as_bytes()).unwrap().as_str(), path, "{name}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"P", b"PK\x03", b"<html>", b"BZh9", &[0; 10_240]] {
        assert_eq!(unpack_bytes(bytes).unwrap_err().to_string(), "is neither a tar.gz nor a zip archive");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_after_a_beginning_are_refused_without_a_panic(zip: bool, bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let beginning: &[u8] = if zip { b"PK\x03\x04" } else { b"\x1f\x8b" };
        prop_assert!(unpack_bytes(&[beginning, &bytes].concat()).is_err());
    }

    #[test]
    fn any_tar_headers_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4_000)) {
        drop(unpack_bytes(&bytes::gzip(&bytes)));
    }

    /// Archives that are almost sound reach further than noise.
    #[test]
    fn any_change_of_a_sound_archive_is_read_without_a_panic(
        zip: bool,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut archive = if zip { bytes::zip(&bytes::SITE) } else { bytes::tar(&bytes::SITE) };
        for (place, byte) in changes {
            let place = place.index(archive.len());
            archive[place] = byte;
        }
        drop(unpack_bytes(&if zip { archive } else { bytes::gzip(&archive) }));
    }

    /// A path that is accepted is found by the request for it.
    #[test]
    fn every_accepted_path_can_be_requested(name in "\\PC{1,40}") {
        if let Ok(path) = SitePath::parse(name.as_bytes()) {
            prop_assert!(!path.as_str().starts_with('/') && !path.as_str().split('/').any(|segment| segment == ".."));
            let escaped: String = path.as_str().bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") }).collect();
            let request = temps_policy::NormalPath::parse(&format!("/{escaped}")).unwrap();
            prop_assert_eq!(request.decoded(), format!("/{}", path.as_str()));
        }
    }
}
