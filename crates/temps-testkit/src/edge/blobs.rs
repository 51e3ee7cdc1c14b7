//! Files in memory.

use std::{
    collections::HashMap,
    io::{self, Cursor, Write},
};

use aws_lc_rs::digest::{SHA256, digest};
use flate2::{Compression, write::GzEncoder};
use temps_policy::{BlobId, BlobSource, Encoding, FileEntry, Manifest, ReadSeek};

/// Blobs in memory, compressed like a real store does.
#[derive(Debug, Default)]
pub struct MemoryBlobs(HashMap<(BlobId, Encoding), Vec<u8>>);

impl MemoryBlobs {
    /// Stores files under their paths; texts are compressed.
    pub fn store(&mut self, files: &[(&str, &[u8])]) -> Manifest {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), self.put(path, content))).collect();
        Manifest { files }
    }

    fn put(&mut self, path: &str, content: &[u8]) -> FileEntry {
        let mut id = [0; 32];
        id.copy_from_slice(digest(&SHA256, content).as_ref());
        let blob = BlobId(id);
        let media_type = media_type(path);
        self.0.insert((blob, Encoding::Identity), content.to_vec());
        let mut entry =
            FileEntry { blob, size: content.len() as u64, media_type: media_type.into(), gzip: None, brotli: None };
        if media_type.starts_with("text/") {
            let (gzip, brotli) = (gzip(content), brotli(content));
            (entry.gzip, entry.brotli) = (Some(gzip.len() as u64), Some(brotli.len() as u64));
            self.0.insert((blob, Encoding::Gzip), gzip);
            self.0.insert((blob, Encoding::Brotli), brotli);
        }
        entry
    }
}

impl BlobSource for MemoryBlobs {
    fn open(&self, id: BlobId, encoding: Encoding) -> io::Result<Box<dyn ReadSeek + Send>> {
        let content = self.0.get(&(id, encoding)).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(content.clone())))
    }
}

/// A store that panics whenever it is asked.
#[derive(Debug)]
pub struct PanickingBlobs;

impl BlobSource for PanickingBlobs {
    fn open(&self, id: BlobId, _: Encoding) -> io::Result<Box<dyn ReadSeek + Send>> {
        panic!("a store of a test was asked for {id}")
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut compressed, 4096, 5, 20);
    encoder.write_all(content).expect("memory takes it");
    drop(encoder);
    compressed
}
