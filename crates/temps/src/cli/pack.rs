//! Packs a folder as the archive that a deployment is made of.

use std::{
    fs::{self, File},
    io::{self, Seek},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};

use super::failure::Failure;

/// A packed folder: an unnamed temporary file, read from its beginning.
#[derive(Debug)]
pub struct Packed {
    pub file: File,
    pub files: usize,
    /// Bytes before compression.
    pub bytes: u64,
    /// What was left out, relative to the folder.
    pub skipped: Vec<String>,
}

/// Packs every file below `folder` in the order of their paths, so that the same folder always gives the same archive.
///
/// Hidden files and folders are left out, because `.git`, `.env` and the like hold what visitors must not see; `.well-known` is the
/// exception (RFC 8615).
///
/// # Errors
/// If there is nothing to pack, or something that is neither file nor folder: a link could point out of the folder.
pub fn pack(folder: &Path) -> Result<Packed, Failure> {
    let mut found = Found::default();
    found.walk(folder, Path::new(""))?;
    if found.files.is_empty() {
        return Err(Failure::local(format!("{} holds no files to deploy.", folder.display())));
    }
    let archive = tempfile::tempfile().map_err(Failure::local)?;
    let mut builder = Builder::new(GzEncoder::new(archive, Compression::default()));
    let mut bytes = 0;
    for path in &found.files {
        bytes += append(&mut builder, folder, path).map_err(|error| at(&folder.join(path), &error))?;
    }
    let mut file = builder.into_inner().and_then(GzEncoder::finish).map_err(Failure::local)?;
    file.rewind().map_err(Failure::local)?;
    Ok(Packed { file, files: found.files.len(), bytes, skipped: found.skipped })
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    skipped: Vec<String>,
}

impl Found {
    fn walk(&mut self, root: &Path, below: &Path) -> Result<(), Failure> {
        let directory = root.join(below);
        let entries = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| at(&directory, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = below.join(entry.file_name());
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") && name != ".well-known" {
                self.skipped.push(path.display().to_string());
                continue;
            }
            let kind = entry.file_type().map_err(|error| at(&entry.path(), &error))?;
            if kind.is_dir() {
                self.walk(root, &path)?;
            } else if kind.is_file() {
                self.files.push(path);
            } else {
                let what = if kind.is_symlink() { "a symbolic link" } else { "neither file nor folder" };
                let text = format!(
                    "{} is {what}, which cannot be deployed. Put a copy of the file there.",
                    entry.path().display()
                );
                return Err(Failure::local(text));
            }
        }
        Ok(())
    }
}

fn append(builder: &mut Builder<GzEncoder<File>>, folder: &Path, path: &Path) -> io::Result<u64> {
    let file = File::open(folder.join(path))?;
    let size = file.metadata()?.len();
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(size);
    // The header has room for `size` bytes only, and a file may grow meanwhile.
    builder.append_data(&mut header, path, io::Read::take(file, size))?;
    Ok(size)
}

fn at(path: &Path, error: &io::Error) -> Failure {
    Failure::local(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
        }
        root
    }

    fn names(mut packed: Packed) -> Vec<String> {
        let mut archive = tar::Archive::new(GzDecoder::new(&mut packed.file));
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn hidden_files_stay_at_home_and_are_told() {
        let root = folder(&["index.html", "a/b.css", ".git/config", ".env", "a/.htpasswd", ".well-known/security.txt"]);
        let packed = pack(root.path()).unwrap();
        assert_eq!(packed.skipped, [".env", ".git", "a/.htpasswd"]);
        assert_eq!(names(packed), [".well-known/security.txt", "a/b.css", "index.html"]);
    }

    #[test]
    fn the_same_folder_gives_the_same_archive() {
        let read = |mut packed: Packed| {
            let mut bytes = Vec::new();
            packed.file.read_to_end(&mut bytes).unwrap();
            bytes
        };
        let root = folder(&["b.html", "a.html", "c/d.html"]);
        let first = read(pack(root.path()).unwrap());
        fs::write(root.path().join("a.html"), "a.html").unwrap();
        assert_eq!(first, read(pack(root.path()).unwrap()));
    }

    #[test]
    fn long_names_are_packed_whole() {
        let long = format!("{}/{}.html", "d".repeat(120), "f".repeat(120));
        let root = folder(&[&long]);
        assert_eq!(names(pack(root.path()).unwrap()), [long]);
    }

    #[test]
    fn a_link_is_refused() {
        let root = folder(&["index.html"]);
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("passwd")).unwrap();
        assert!(pack(root.path()).unwrap_err().to_string().contains("passwd is a symbolic link"));
    }

    #[test]
    fn an_empty_folder_is_refused() {
        let root = folder(&[".env"]);
        assert!(pack(root.path()).unwrap_err().to_string().contains("holds no files"));
    }
}
