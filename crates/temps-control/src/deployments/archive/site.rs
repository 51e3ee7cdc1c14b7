//! The site that comes out of an archive.

use std::io::{self, Read, Write};

use temps_policy::Manifest;

use super::{ArchiveError, Fault, Limits, error::shown, path::SitePath};
use crate::{blobs::Intake, deployments::media_type};

const CHUNK: usize = 64 << 10;

/// Takes in one entry after another.
#[derive(Debug)]
pub(super) struct Site<'a> {
    limits: &'a Limits,
    intake: &'a mut Intake,
    entries: usize,
    /// The name of the entry that was begun last.
    last: Option<Vec<u8>>,
    manifest: Manifest,
}

impl<'a> Site<'a> {
    pub fn new(limits: &'a Limits, intake: &'a mut Intake) -> Self {
        Self { limits, intake, entries: 0, last: None, manifest: Manifest::default() }
    }

    /// Begins an entry and reads its name.
    pub fn begin(&mut self, name: &[u8]) -> Result<SitePath, Fault> {
        self.last = Some(name.to_owned());
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(Fault::TooManyEntries(self.limits.entries));
        }
        SitePath::parse(name)
    }

    /// Takes in the file that was begun, of `size` bytes as its header says.
    pub fn file(&mut self, path: SitePath, size: u64, content: &mut impl Read) -> Result<(), ArchiveError> {
        let name = self.last.clone().unwrap_or_default();
        let refuse = |fault: Fault| fault.at(&name);
        if path.is_root() {
            return Err(refuse(Fault::NoName));
        }
        if self.manifest.files.contains_key(path.as_str()) {
            return Err(refuse(Fault::Duplicate));
        }
        if size > self.limits.file {
            return Err(refuse(Fault::TooLarge(self.limits.file)));
        }
        let mut arrival = self.intake.begin()?;
        let mut buffer = vec![0; CHUNK];
        let mut arrived: u64 = 0;
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(refuse(error.into())),
            };
            arrived += read as u64;
            if arrived > size {
                break;
            }
            arrival.write_all(&buffer[..read])?;
        }
        if arrived != size {
            return Err(refuse(Fault::Damaged(format!("its header says {size} bytes"))));
        }
        let entry = self.intake.put(arrival, &media_type::of(path.as_str()))?;
        self.manifest.files.insert(path.as_str().to_owned(), entry);
        Ok(())
    }

    /// The refusal for an error between entries.
    pub fn interrupted(&self, error: io::Error) -> ArchiveError {
        match (Fault::from(error), &self.last) {
            (Fault::Damaged(reason), Some(last)) => ArchiveError::Damaged { after: shown(last), reason },
            (fault, Some(last)) => fault.at(last),
            (Fault::Damaged(reason), None) => ArchiveError::DamagedAtStart { reason },
            (fault, None) => ArchiveError::DamagedAtStart { reason: fault.to_string() },
        }
    }

    /// The manifest of everything that was taken in.
    pub fn finish(self) -> Result<Manifest, ArchiveError> {
        let files = &self.manifest.files;
        if files.is_empty() {
            return Err(ArchiveError::NoFiles);
        }
        for path in files.keys() {
            let mut above = path.as_str();
            while let Some((parent, _)) = above.rsplit_once('/') {
                if files.contains_key(parent) {
                    return Err(Fault::BelowFile(parent.to_owned()).at(path.as_bytes()));
                }
                above = parent;
            }
        }
        Ok(self.manifest)
    }
}
