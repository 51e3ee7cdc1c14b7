use tar::EntryType;

use super::{
    assert_refused, bad_names,
    bytes::{SITE, entry, file, gzip, pax, tar, tgz},
    files, unpack_bytes,
};

#[test]
fn a_site_is_unpacked() {
    let manifest = unpack_bytes(&gzip(&tar(&SITE))).unwrap();
    assert_eq!(files(&manifest), [("css/site.css", 18), ("empty", 0), ("index.html", 14)]);
    assert_eq!(manifest.files["index.html"].media_type, "text/html; charset=utf-8");
}

#[test]
fn archives_of_usual_programs_are_read() {
    let long = format!("{}/page.html", "folder".repeat(30));
    let archive = tgz(&[
        pax(EntryType::XGlobalHeader, "comment", b"8d1c0e5"),
        entry(EntryType::Directory, b"./", b""),
        entry(EntryType::Directory, b"./css/", b""),
        file(b"./css/site.css", b"x"),
        file(long.as_bytes(), b"y"),
        pax(EntryType::XHeader, "path", "größe.html".as_bytes()),
        file(b"gr__e.html", b"z"),
        pax(EntryType::XHeader, "mtime", b"1700000000.5"),
        pax(EntryType::XHeader, "size", b"2"),
        file(b"sized.html", b"ab"),
        file(b"old-folder/", b""),
    ]);
    let manifest = unpack_bytes(&archive).unwrap();
    assert_eq!(files(&manifest), [("css/site.css", 1), (long.as_str(), 1), ("größe.html", 1), ("sized.html", 2)]);
}

#[test]
fn bad_names_are_refused_by_name() {
    for (name, says) in bad_names() {
        let shown = String::from_utf8_lossy(&name[..name.len().min(4)]).escape_debug().to_string();
        for kind in [EntryType::Regular, EntryType::Directory] {
            assert_refused(&tgz(&[file(b"index.html", b"x"), entry(kind, &name, b"")]), &[&shown, says]);
        }
        let extended = tgz(&[pax(EntryType::XHeader, "path", &name), file(b"harmless", b"x")]);
        match name.contains(&b'\n') {
            true => assert_refused(&extended, &["malformed"]),
            false => assert_refused(&extended, &[&shown, says]),
        }
    }
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    for (kind, says) in [
        (EntryType::Symlink, "symbolic link"),
        (EntryType::Link, "hard link"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "pipe"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::Continuous, "neither a file nor a folder"),
        (EntryType::new(b'V'), "neither a file nor a folder"),
    ] {
        assert_refused(&tgz(&[file(b"index.html", b"x"), entry(kind, b"odd/one", b"")]), &["`odd/one`", says]);
    }
    assert_refused(&tgz(&[pax(EntryType::XHeader, "GNU.sparse.major", b"1"), file(b"odd", b"x")]), &["sparse"]);
    assert_refused(&tgz(&[entry(EntryType::Directory, b"odd/", b"content")]), &["`odd/`", "folder with content"]);
}

#[test]
fn a_name_means_one_file() {
    for (first, second) in [("a", "a"), ("a", "./a"), ("größe", "gro\u{308}ße")] {
        let archive = tgz(&[file(first.as_bytes(), b"1"), file(second.as_bytes(), b"2")]);
        assert_refused(&archive, &[&format!("`{}`", second.escape_debug()), "occurs twice"]);
    }
    let archive = tgz(&[file(b"a", b"1"), file(b"A", b"2")]);
    assert_eq!(files(&unpack_bytes(&archive).unwrap()), [("A", 1), ("a", 1)]);
    for archive in [tgz(&[file(b"a", b"1"), file(b"a/b/c", b"2")]), tgz(&[file(b"a/b/c", b"2"), file(b"a", b"1")])] {
        assert_refused(&archive, &["`a/b/c`", "lies below `a`"]);
    }
}

#[test]
fn headers_that_two_programs_read_differently_are_refused() {
    use EntryType::{GNULongName, XGlobalHeader, XHeader};
    let a = || file(b"a", b"x");
    for (entries, says) in [
        (vec![pax(XHeader, "size", b"512"), a()], "its size is 1 and 512"),
        (vec![pax(XHeader, "size", b"-1"), a()], "its size is no number"),
        (vec![pax(XHeader, "path", b"b"), pax(XHeader, "path", b"c"), a()], "named twice"),
        (vec![entry(GNULongName, b"l", b"b\0"), pax(XHeader, "path", b"c"), a()], "named twice"),
        (vec![pax(XGlobalHeader, "path", b"b"), a()], "a global header"),
        (vec![pax(XGlobalHeader, "size", b"1"), a()], "a global header"),
        (vec![entry(XHeader, b"x", b"no record"), a()], "damaged"),
        (vec![entry(XHeader, b"x", &vec![b'1'; 100_000]), a()], "larger than 65536 bytes"),
        (vec![entry(GNULongName, b"l", &vec![b'1'; 100_000]), a()], "larger than 65536 bytes"),
        (vec![a(), entry(GNULongName, b"l", b"b\0")], "no entry after it"),
    ] {
        assert_refused(&tgz(&entries), &[says]);
    }
}

#[test]
fn an_archive_without_files_is_refused() {
    for archive in [tgz(&[]), tgz(&[entry(EntryType::Directory, b"./", b"")])] {
        assert_refused(&archive, &["has no files"]);
    }
    assert_refused(&tgz(&[file(b"./", b"")]), &["has no files"]);
    assert_refused(&tgz(&[file(b".", b"x")]), &["`.`", "has no name"]);
}

#[test]
fn a_truncated_archive_is_refused_at_every_length() {
    let noise: Vec<u8> = (0..3_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let whole = tgz(&[file(b"index.html", b"<h1>Hello</h1>"), file(b"noise.bin", &noise)]);
    assert!(unpack_bytes(&whole).is_ok());
    for length in (2..whole.len()).step_by(7).chain(whole.len() - 9..whole.len()) {
        let error = unpack_bytes(&whole[..length]).unwrap_err().to_string();
        assert!(error.contains("damaged or cut off"), "{length} of {} bytes gave {error}", whole.len());
    }
    let within = gzip(&tar(&[("noise.bin", &noise)])[..2_000]);
    assert_refused(&within, &["`noise.bin`", "damaged or cut off"]);
}

#[test]
fn damage_is_noticed_and_placed() {
    let sound = tar(&SITE);
    let mut changed = sound.clone();
    changed[1_024 + 3] ^= 1;
    assert_refused(&gzip(&changed), &["after the entry `index.html`", "checksum"]);
    let hidden = [sound.clone(), file(b"hidden", b"x")].concat();
    assert_refused(&gzip(&hidden), &["after the end of the archive"]);
    let mut checksum = gzip(&sound);
    let place = checksum.len() - 8;
    checksum[place] ^= 1;
    assert_refused(&checksum, &["after the entry `empty`"]);
    assert_refused(&[gzip(&sound), b"garbage".to_vec()].concat(), &["after the entry `empty`"]);
    let split = [gzip(&sound[..700]), gzip(&sound[700..])].concat();
    assert_eq!(unpack_bytes(&split).unwrap().files.len(), 3, "several members are one stream (RFC 1952 §2.2)");
}
