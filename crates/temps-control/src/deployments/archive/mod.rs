//! Archives of static sites: what is read, and what is refused.
//!
//! A site is uploaded as a `tar.gz` or a `zip`; which one it is, its first bytes say. Its files are published under the
//! names that they have in the archive: `css/site.css` is served at `/css/site.css`. Nothing is stripped, so pack the
//! content of the folder (`tar -C public -czf site.tar.gz .`) rather than the folder itself. Empty folders, modes, owners
//! and times are ignored. Names are brought into Unicode normal form C, as browsers ask for them.
//!
//! An archive is published whole or not at all. Every refusal names the entry.
//!
//! | limit | |
//! |---|---|
//! | entries | 20,000 |
//! | one file | 512 MiB |
//! | all content, expanded | 2 GiB, and at most 1 MiB plus 200 times the size of the archive |
//! | path | 1,024 bytes, 32 segments |
//!
//! | refused | why |
//! |---|---|
//! | absolute paths, `.` and `..` segments, empty segments, `\`, control characters, names that are not UTF-8 | programs read them differently |
//! | names that no request can have, such as `..;x` | they could never be served |
//! | symbolic and hard links, devices, pipes, sockets, sparse files | a site is made of plain files |
//! | names that occur twice, files below a file | it is not clear which one is meant |
//! | `.env*`, `.git`, `.hg`, `.svn`, `.ssh`, `.aws`, `.netrc`, `.npmrc`, `.htpasswd`, anywhere | they hold secrets; other hidden files, such as `.well-known`, are published |
//! | encrypted zip entries, methods other than stored and deflated, entries that share bytes, headers that contradict each other, wrong checksums, anything before the zip | damaged, or made to deceive |
//! | anything but zeros after the end of a tar | damaged, or made to deceive |

mod budget;
mod error;
mod path;
mod site;
mod tar;
mod zip;

use std::{
    fs::File,
    io::{Read, Seek},
};

use temps_policy::Manifest;

use crate::blobs::Intake;
use budget::Budget;
use site::Site;

pub use error::{ArchiveError, Fault};

/// How much an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files, folders and links together.
    pub entries: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of everything, expanded.
    pub expanded: u64,
    /// How many times its own size an archive may expand to, beyond the first MiB.
    pub ratio: u64,
}

impl Limits {
    pub const DEFAULT: Self = Self { entries: 20_000, file: 512 << 20, expanded: 2 << 30, ratio: 200 };
}

/// Takes the files of an archive in and gives their manifest. Touches the disk, and takes as long as compressing takes.
pub fn unpack(mut archive: File, limits: &Limits, intake: &mut Intake) -> Result<Manifest, ArchiveError> {
    let size = archive.metadata()?.len();
    let mut magic = Vec::with_capacity(4);
    (&archive).take(4).read_to_end(&mut magic)?;
    archive.rewind()?;
    let mut budget = Budget::new(limits, size);
    let mut site = Site::new(limits, intake);
    match magic.as_slice() {
        [0x1f, 0x8b, ..] => tar::read(archive, &mut site, &mut budget)?,
        b"PK\x03\x04" | b"PK\x05\x06" => zip::read(archive, &mut site, &mut budget)?,
        _ => return Err(ArchiveError::Format),
    }
    site.finish()
}

#[cfg(test)]
mod tests;
