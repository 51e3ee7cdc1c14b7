//! Reading `zip` (APPNOTE 6.3).
//!
//! The central directory is walked one entry at a time and never held in memory, and every local header has to say the same as
//! its entry in the directory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader},
};

use zip::{
    CompressionMethod, ZipReadOptions,
    read::{ArchiveOffset, Config},
    result::ZipError,
    unstable::read::ZipIterable,
};

use super::{
    ArchiveError, Fault,
    budget::{Budget, Charged},
    site::Site,
};

/// The bits of a Unix mode that say what kind of file it is, and their values (POSIX `sys/stat.h`).
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const SYMBOLIC_LINK: u32 = 0o120_000;

pub(super) fn read(archive: File, site: &mut Site<'_>, budget: &mut Budget) -> Result<(), ArchiveError> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let archive =
        ZipIterable::try_new(BufReader::new(archive), config).map_err(|error| site.interrupted(broken(error)))?;
    let mut archive = archive.enforce_header_consistency(true);
    let entries = archive.files().map_err(|error| site.interrupted(broken(error)))?;
    let mut taken = Taken::default();
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|error| site.interrupted(broken(error)))?;
        let name = entry.name_raw().to_owned();
        let refuse = |fault: Fault| fault.at(&name);
        let path = site.begin(&name).map_err(refuse)?;
        check_readable(entry.encrypted(), entry.compression()).map_err(refuse)?;
        let is_folder = is_folder(entry.unix_mode(), &name, entry.size()).map_err(refuse)?;
        let (start, size, compressed) = (entry.header_start(), entry.size(), entry.compressed_size());
        let content = entry.with_reader(entries.reader_mut(), ZipReadOptions::new());
        let content = content.map_err(|error| refuse(Fault::from(broken(error))))?;
        let end = content.data_start().unwrap_or(start).saturating_add(compressed);
        taken.take(start, end).map_err(refuse)?;
        if !is_folder {
            site.file(path, size, &mut Charged::new(content, budget))?;
        }
    }
    Ok(())
}

fn check_readable(encrypted: bool, method: CompressionMethod) -> Result<(), Fault> {
    match method {
        _ if encrypted => Err(Fault::Encrypted),
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(()),
        other => Err(Fault::Method(other.to_string())),
    }
}

/// A folder has a slash at the end of its name and no content; its mode, where there is one, may not say otherwise.
fn is_folder(mode: Option<u32>, name: &[u8], size: u64) -> Result<bool, Fault> {
    let is_folder = name.ends_with(b"/");
    match mode.map_or(0, |mode| mode & KIND) {
        SYMBOLIC_LINK => Err(Fault::SymbolicLink),
        FOLDER if !is_folder => Err(Fault::Headers("its mode says that it is a folder".to_owned())),
        0 | REGULAR | FOLDER if is_folder && size > 0 => Err(Fault::Headers("it is a folder with content".to_owned())),
        0 | REGULAR | FOLDER => Ok(is_folder),
        _ => Err(Fault::Device),
    }
}

/// The bytes of the archive that belong to an entry already, by where they begin.
#[derive(Debug, Default)]
struct Taken(BTreeMap<u64, u64>);

impl Taken {
    /// Entries that share bytes let a small archive expand without bounds.
    fn take(&mut self, start: u64, end: u64) -> Result<(), Fault> {
        let overlaps = self.0.range(..end).next_back().is_some_and(|(_, taken)| *taken > start);
        match overlaps || self.0.insert(start, end).is_some() {
            true => Err(Fault::Overlap),
            false => Ok(()),
        }
    }
}

fn broken(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        ZipError::InvalidArchive(_) => {
            io::Error::other("the headers of entries, or the list of them, are missing or unsound")
        }
        other => io::Error::other(other.to_string()),
    }
}
