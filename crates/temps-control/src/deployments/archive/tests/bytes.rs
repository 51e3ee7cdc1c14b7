//! Archives, byte by byte where no honest program would write them.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use tar::{EntryType, Header};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Files of a small site.
pub const SITE: [(&str, &[u8]); 3] =
    [("index.html", b"<h1>Hello</h1>"), ("css/site.css", b"h1 { color: teal }"), ("empty", b"")];

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One entry of a tar as it stands in the archive, with a name that may be anything.
pub fn entry(kind: EntryType, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut long = Vec::new();
    let mut header = Header::new_gnu();
    if name.len() <= 100 {
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
    } else {
        long = entry(EntryType::GNULongName, b"././@LongLink", &[name, b"\0"].concat());
        header.as_old_mut().name.copy_from_slice(&name[..100]);
    }
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name_literal("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
    [long, header.as_bytes().to_vec(), content.to_vec(), padding].concat()
}

pub fn file(name: &[u8], content: &[u8]) -> Vec<u8> {
    entry(EntryType::Regular, name, content)
}

/// A record of an extended header, such as `path`.
pub fn pax(kind: EntryType, key: &str, value: &[u8]) -> Vec<u8> {
    let rest = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
    // The length of a record counts its own digits.
    let length = (1..7)
        .map(|digits| rest.len() + digits)
        .find(|length| length.to_string().len() + rest.len() == *length)
        .unwrap();
    entry(kind, b"PaxHeaders/x", &[length.to_string().as_bytes(), &rest].concat())
}

/// Entries and the end of a tar, compressed.
pub fn tgz(entries: &[Vec<u8>]) -> Vec<u8> {
    gzip(&[entries.concat(), vec![0; 1_024]].concat())
}

/// A tar of files, not compressed.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = files.iter().map(|(name, content)| file(name.as_bytes(), content)).collect();
    [entries.concat(), vec![0; 1_024]].concat()
}

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, SimpleFileOptions::default())
}

pub fn zip_with(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        match name.ends_with('/') {
            true => writer.add_directory(*name, options).unwrap(),
            false => {
                writer.start_file(*name, options).unwrap();
                writer.write_all(content).unwrap();
            }
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Replaces every occurrence, of the same length, so that both headers of a zip entry still agree.
pub fn replace(mut archive: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> =
        archive.windows(old.len()).enumerate().filter(|(_, bytes)| *bytes == old).map(|(place, _)| place).collect();
    assert!(!places.is_empty());
    for place in places {
        archive[place..place + new.len()].copy_from_slice(new);
    }
    archive
}

/// Overwrites bytes of every header of a zip: at `local` in local headers and at `central` in those of the directory (APPNOTE 4.3).
pub fn patch_zip(mut archive: Vec<u8>, local: Option<usize>, central: Option<usize>, bytes: &[u8]) -> Vec<u8> {
    for (signature, offset) in [(b"PK\x03\x04", local), (b"PK\x01\x02", central)] {
        let places: Vec<_> =
            archive.windows(4).enumerate().filter(|(_, four)| four == signature).map(|(place, _)| place).collect();
        for place in places {
            if let Some(offset) = offset {
                archive[place + offset..place + offset + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
    archive
}
