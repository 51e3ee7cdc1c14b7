use tar::EntryType;

use super::{
    Limits,
    bytes::{entry, file, tgz, zip},
    unpack_within,
};

/// Both kinds of archive with the same files.
fn both(files: &[(&str, &[u8])]) -> [Vec<u8>; 2] {
    let entries: Vec<_> = files.iter().map(|(name, content)| file(name.as_bytes(), content)).collect();
    [tgz(&entries), zip(files)]
}

#[track_caller]
fn assert_beyond(limits: &Limits, archive: &[u8], words: &[&str]) {
    let error = unpack_within(limits, archive).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
}

#[test]
fn the_number_of_entries_is_limited() {
    let limits = Limits { entries: 2, ..Limits::DEFAULT };
    for archive in both(&[("a", b""), ("b", b"")]) {
        assert!(unpack_within(&limits, &archive).is_ok());
    }
    for archive in both(&[("a", b""), ("b", b""), ("c", b"")]) {
        assert_beyond(&limits, &archive, &["`c`", "2 entries"]);
    }
    let folders = tgz(&[b"a/", b"b/", b"c/"].map(|name| entry(EntryType::Directory, name, b"")));
    assert_beyond(&limits, &folders, &["`c/`", "2 entries"]);
}

#[test]
fn the_size_of_a_file_is_limited() {
    let limits = Limits { file: 1_000, ..Limits::DEFAULT };
    let (fits, exceeds) = ([b'x'; 1_000], [b'x'; 1_001]);
    for archive in both(&[("a", &fits), ("b", &fits)]) {
        assert!(unpack_within(&limits, &archive).is_ok());
    }
    for archive in both(&[("a", &fits), ("b", &exceeds)]) {
        assert_beyond(&limits, &archive, &["`b`", "larger than 1000 bytes"]);
    }
}

#[test]
fn the_size_of_all_content_is_limited() {
    let limits = Limits { expanded: 11_000, ..Limits::DEFAULT };
    let content = [b'x'; 4_000];
    for archive in both(&[("a", &content), ("b", &content)]) {
        assert!(unpack_within(&limits, &archive).is_ok());
    }
    for archive in both(&[("a", &content), ("b", &content), ("c", &content)]) {
        assert_beyond(&limits, &archive, &["larger than 11000 bytes"]);
    }
}

#[test]
fn a_bomb_is_refused_by_its_ratio() {
    let zeros = vec![0; 8 << 20];
    for archive in both(&[("index.html", b"x"), ("bomb", &zeros)]) {
        assert!(archive.len() < 40_000);
        assert_beyond(&Limits::DEFAULT, &archive, &["`bomb`", "200 times"]);
    }
    for archive in both(&[("small", &zeros[..900_000])]) {
        assert!(unpack_within(&Limits::DEFAULT, &archive).is_ok(), "the first MiB is free");
    }
}

#[test]
fn a_bomb_beside_the_entries_is_refused_as_well() {
    let zeros = vec![0; 64 << 20];
    let after_the_end = tgz(&[file(b"index.html", b"x"), zeros]);
    assert_beyond(&Limits::DEFAULT, &after_the_end, &["`index.html`", "200 times"]);
}
