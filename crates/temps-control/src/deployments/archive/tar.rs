//! Reading `tar.gz` (POSIX.1-2017 `pax`, with GNU's long names).
//!
//! Extension headers are read here rather than by the `tar` crate, which would hold a header of any size in memory and
//! let it override the size of an entry.

use std::{
    fs::File,
    io::{self, BufReader, Read},
};

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use super::{
    ArchiveError, Fault,
    budget::{Budget, Charged},
    site::Site,
};

/// Bytes of one extension header.
const EXTENSION: u64 = 64 << 10;

pub(super) fn read(archive: File, site: &mut Site<'_>, budget: &mut Budget) -> Result<(), ArchiveError> {
    let mut stream = Charged::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, archive)), budget);
    read_entries(&mut stream, site)?;
    // Also reads what is left of the compressed stream, and with it its checksum.
    expect_zeros(&mut stream).map_err(|error| site.interrupted(error))
}

fn read_entries(stream: &mut impl Read, site: &mut Site<'_>) -> Result<(), ArchiveError> {
    let mut archive = Archive::new(stream);
    let mut extended = Extended::default();
    for entry in archive.entries().map_err(|error| site.interrupted(error))?.raw(true) {
        let mut entry = entry.map_err(|error| site.interrupted(error))?;
        let header_name = entry.path_bytes().into_owned();
        if extended.absorb(&mut entry).map_err(|fault| fault.at(&header_name))? {
            continue;
        }
        let (name, size) = std::mem::take(&mut extended).resolve(header_name, entry.size())?;
        let path = site.begin(&name).map_err(|fault| fault.at(&name))?;
        let is_folder = is_folder(entry.header().entry_type(), &name, size).map_err(|fault| fault.at(&name))?;
        if !is_folder {
            site.file(path, size, &mut entry)?;
        }
    }
    match extended.is_empty() {
        true => Ok(()),
        false => Err(site.interrupted(io::Error::other("an extension header has no entry after it"))),
    }
}

/// Old archives mark a folder by nothing but the slash at the end of its name.
fn is_folder(kind: EntryType, name: &[u8], size: u64) -> Result<bool, Fault> {
    let is_folder = kind == EntryType::Directory || name.ends_with(b"/");
    match kind {
        EntryType::Directory | EntryType::Regular if is_folder && size > 0 => {
            Err(Fault::Headers("it is a folder with content".to_owned()))
        }
        EntryType::Directory | EntryType::Regular => Ok(is_folder),
        EntryType::Symlink => Err(Fault::SymbolicLink),
        EntryType::Link => Err(Fault::HardLink),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Err(Fault::Device),
        EntryType::GNUSparse => Err(Fault::Sparse),
        _ => Err(Fault::UnknownKind),
    }
}

/// What extension headers say of the entry after them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extended {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in an extension header; `false` for any other entry.
    fn absorb(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<bool, Fault> {
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = read_extension(entry)?;
                while name.last() == Some(&0) {
                    name.pop();
                }
                self.set_name(name)?;
            }
            // Links are refused, so nobody asks for their targets.
            EntryType::GNULongLink => {}
            EntryType::XHeader => self.absorb_records(&read_extension(entry)?)?,
            EntryType::XGlobalHeader => {
                let mut global = Self::default();
                global.absorb_records(&read_extension(entry)?)?;
                if !global.is_empty() {
                    return Err(Fault::Headers("a global header names or measures single entries".to_owned()));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn absorb_records(&mut self, records: &[u8]) -> Result<(), Fault> {
        for record in tar::PaxExtensions::new(records) {
            let record = record?;
            match record.key_bytes() {
                b"path" => self.set_name(record.value_bytes().to_owned())?,
                b"size" => {
                    let size = record.value().ok().and_then(|size| size.parse().ok());
                    self.size = Some(size.ok_or_else(|| Fault::Headers("its size is no number".to_owned()))?);
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(Fault::Sparse),
                _ => {}
            }
        }
        Ok(())
    }

    fn set_name(&mut self, name: Vec<u8>) -> Result<(), Fault> {
        match self.name.replace(name) {
            None => Ok(()),
            Some(_) => Err(Fault::Headers("it is named twice".to_owned())),
        }
    }

    /// The name and size of an entry. Two sizes that differ would let two programs see two archives.
    fn resolve(self, name: Vec<u8>, size: u64) -> Result<(Vec<u8>, u64), ArchiveError> {
        let name = self.name.unwrap_or(name);
        match self.size {
            Some(other) if other != size => Err(Fault::Headers(format!("its size is {size} and {other}")).at(&name)),
            _ => Ok((name, size)),
        }
    }
}

fn read_extension(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, Fault> {
    if entry.size() > EXTENSION {
        return Err(Fault::Headers(format!("an extension header is larger than {EXTENSION} bytes")));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    match bytes.len() as u64 == entry.size() {
        true => Ok(bytes),
        false => Err(Fault::Damaged("an extension header ends too early".to_owned())),
    }
}

fn expect_zeros(stream: &mut impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) if buffer[..read].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(io::Error::other("there is something after the end of the archive")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
