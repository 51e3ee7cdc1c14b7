use zip::{CompressionMethod, write::SimpleFileOptions};

use super::{
    assert_refused, bad_names,
    bytes::{SITE, patch_zip, replace, zip, zip_with},
    files, unpack_bytes,
};

/// Where fields stand in the local header and in that of the central directory (APPNOTE 4.3.7, 4.3.12).
const FLAGS: (usize, usize) = (6, 8);
const METHOD: (usize, usize) = (8, 10);
const CHECKSUM: (usize, usize) = (14, 16);
const ATTRIBUTES: usize = 38;
const OFFSET: usize = 42;

/// External attributes for a Unix mode.
fn mode(mode: u32) -> [u8; 4] {
    (mode << 16).to_le_bytes()
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

#[test]
fn a_site_is_unpacked() {
    for options in [SimpleFileOptions::default(), stored()] {
        let with_folder = [&SITE[..], &[("css/", b"")]].concat();
        let manifest = unpack_bytes(&zip_with(&with_folder, options)).unwrap();
        assert_eq!(files(&manifest), [("css/site.css", 18), ("empty", 0), ("index.html", 14)]);
    }
}

#[test]
fn bad_names_are_refused_by_name() {
    for (name, says) in bad_names() {
        let harmless = "x".repeat(name.len());
        let archive = replace(zip(&[("index.html", b""), (&harmless, b"")]), harmless.as_bytes(), &name);
        let shown = String::from_utf8_lossy(&name[..name.len().min(4)]).escape_debug().to_string();
        assert_refused(&archive, &[&shown, says]);
    }
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    for (kind, says) in [
        (0o120_777, "symbolic link"),
        (0o020_666, "device"),
        (0o060_666, "device"),
        (0o010_666, "pipe"),
        (0o140_666, "socket"),
        (0o040_755, "its mode says that it is a folder"),
    ] {
        let archive = patch_zip(zip(&[("odd", b"/etc/passwd")]), None, Some(ATTRIBUTES), &mode(kind));
        assert_refused(&archive, &["`odd`", says]);
    }
    let archive = replace(zip_with(&[("odd_", b"content")], stored()), b"odd_", b"odd/");
    assert_refused(&archive, &["`odd/`", "folder with content"]);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let archive = zip(&[("odd", b"content")]);
    let encrypted = patch_zip(archive.clone(), Some(FLAGS.0), Some(FLAGS.1), &1_u16.to_le_bytes());
    assert_refused(&encrypted, &["`odd`", "encrypted"]);
    for method in [9_u16, 12, 14, 93, 99] {
        let other = patch_zip(archive.clone(), Some(METHOD.0), Some(METHOD.1), &method.to_le_bytes());
        assert!(unpack_bytes(&other).is_err(), "method {method}");
    }
    let bzip2 = patch_zip(archive, Some(METHOD.0), Some(METHOD.1), &12_u16.to_le_bytes());
    assert_refused(&bzip2, &["`odd`", "only stored and deflated"]);
}

#[test]
fn damage_is_noticed_and_placed() {
    let archive = zip_with(&[("first", b"one"), ("second", b"content")], stored());
    assert_refused(&replace(archive.clone(), b"content", b"CONTENT"), &["`second`", "damaged"]);
    let wrong = patch_zip(archive.clone(), Some(CHECKSUM.0), Some(CHECKSUM.1), &[1, 2, 3, 4]);
    assert_refused(&wrong, &["`first`", "damaged"]);
    assert_refused(&[b"PK\x03\x04 self-extractor".to_vec(), archive].concat(), &["damaged"]);
}

#[test]
fn headers_that_two_programs_read_differently_are_refused() {
    let archive = zip(&[("first", b"one"), ("second", b"two")]);
    let place = archive.windows(6).position(|bytes| bytes == b"second").unwrap();
    let mut renamed = archive.clone();
    renamed[place..place + 6].copy_from_slice(b"hidden");
    assert_refused(&renamed, &["after the entry `first`", "header"]);
    let checksum = patch_zip(archive, Some(CHECKSUM.0), None, &[1, 2, 3, 4]);
    assert_refused(&checksum, &["header"]);
}

#[test]
fn a_name_means_one_file_and_bytes_belong_to_one_entry() {
    let twice = replace(zip(&[("one", b"1"), ("two", b"2")]), b"two", b"one");
    assert_refused(&twice, &["`one`", "occurs twice"]);
    // The second entry of the directory points at the first local header, as in archives that expand without bounds.
    let shared = patch_zip(zip(&[("one", b"1"), ("one_", b"1")]), None, Some(OFFSET), &[0; 4]);
    assert!(unpack_bytes(&shared).is_err());
    let same = replace(zip(&[("one", b"1"), ("two", b"1")]), b"two", b"one");
    assert_refused(&patch_zip(same, None, Some(OFFSET), &[0; 4]), &["`one`", "shares bytes"]);
    assert_refused(&zip(&[("a", b"1"), ("a/b", b"2")]), &["`a/b`", "lies below `a`"]);
}

#[test]
fn an_archive_without_files_is_refused() {
    for archive in [zip(&[]), zip(&[("folder/", b"")])] {
        assert_refused(&archive, &["has no files"]);
    }
}

#[test]
fn a_truncated_archive_is_refused_at_every_length() {
    let whole = zip(&SITE);
    for length in 4..whole.len() {
        let error = unpack_bytes(&whole[..length]).unwrap_err().to_string();
        assert!(error.contains("damaged or cut off"), "{length} of {} bytes gave {error}", whole.len());
    }
}
