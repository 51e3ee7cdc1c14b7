//! Why an archive is refused, in words that name the entry.

use std::io;

use temps_policy::PathError;

/// The characters of an entry's name that a message shows.
const SHOWN: usize = 200;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("is neither a tar.gz nor a zip archive")]
    Format,
    #[error("has no files")]
    NoFiles,
    #[error("has the entry `{entry}`, which {fault}")]
    Entry { entry: String, fault: Fault },
    #[error("is damaged or cut off after the entry `{after}`: {reason}")]
    Damaged { after: String, reason: String },
    #[error("is damaged or cut off before its first entry: {reason}")]
    DamagedAtStart { reason: String },
    /// The fault of the server, not of the archive.
    #[error("cannot be stored: {0}")]
    Store(#[from] io::Error),
}

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("has a name that is not UTF-8")]
    NotUtf8,
    #[error("has no name")]
    NoName,
    #[error("has an absolute path")]
    Absolute,
    #[error("has a `.` or `..` in its path")]
    DotSegment,
    #[error("has an empty segment in its path")]
    EmptySegment,
    #[error("has a backslash in its name")]
    Backslash,
    #[error("has the control character U+{:04X} in its name", u32::from(*.0))]
    Control(char),
    #[error("has a path of more than {0} bytes")]
    TooLong(usize),
    #[error("has a path of more than {0} segments")]
    TooDeep(usize),
    #[error("could never be requested: {0}")]
    Unservable(PathError),
    #[error("must not be published, because `{0}` usually holds secrets; leave it out of the archive")]
    Private(String),
    #[error("is a symbolic link; pack the file itself (`tar --dereference`)")]
    SymbolicLink,
    #[error("is a hard link; pack the file itself (`tar --hard-dereference`)")]
    HardLink,
    #[error("is a device, a pipe or a socket")]
    Device,
    #[error("is a sparse file; pack it without holes")]
    Sparse,
    #[error("is neither a file nor a folder")]
    UnknownKind,
    #[error("is encrypted")]
    Encrypted,
    #[error("is compressed with {0}; only stored and deflated entries are read")]
    Method(String),
    #[error("occurs twice")]
    Duplicate,
    #[error("lies below `{0}`, which is a file")]
    BelowFile(String),
    #[error("shares bytes with another entry")]
    Overlap,
    #[error("is one too many: an archive may have {0} entries")]
    TooManyEntries(usize),
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    #[error("makes the content larger than {0} bytes")]
    Expanded(u64),
    #[error("makes the content more than {0} times as large as the archive, as in archives made to fill disks")]
    Ratio(u64),
    #[error("has unsound headers: {0}")]
    Headers(String),
    #[error("is damaged or cut off: {0}")]
    Damaged(String),
}

impl Fault {
    /// The refusal of the archive for this fault of one entry.
    pub(super) fn at(self, entry: &[u8]) -> ArchiveError {
        ArchiveError::Entry { entry: shown(entry), fault: self }
    }
}

/// Reading content fails with a fault that the reader found, or because the archive is damaged.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(|error| Self::Damaged(error.to_string()))
    }
}

/// A name as messages show it: in one line, without control characters, and not endless.
pub(super) fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let head: String = name.chars().take(SHOWN).collect();
    let rest = if head.len() < name.len() { "…" } else { "" };
    format!("{}{rest}", head.escape_debug())
}
