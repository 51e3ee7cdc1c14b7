//! Archives as people upload them.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

const BOUNDARY: &str = "----temps-test-form";

/// A tar.gz with these files.
pub fn tar_gz(files: &[(&str, &str)]) -> Vec<u8> {
    tar_gz_with(|tar| {
        for (path, content) in files {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content.as_bytes()).expect("memory takes it");
        }
    })
}

/// A tar.gz with whatever `write` puts into it.
pub fn tar_gz_with(write: impl FnOnce(&mut Builder<GzEncoder<Vec<u8>>>)) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    write(&mut tar);
    tar.into_inner().and_then(GzEncoder::finish).expect("memory takes it")
}

/// A zip with these files.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).expect("memory takes it");
        zip.write_all(content.as_bytes()).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// The media type and the body of a form that carries an archive.
pub fn form(archive: &[u8], environment: Option<&str>) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    if let Some(environment) = environment {
        field(&mut body, "name=\"environment\"", environment.as_bytes());
    }
    field(&mut body, "name=\"archive\"; filename=\"site\"", archive);
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

fn field(body: &mut Vec<u8>, name: &str, content: &[u8]) {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n");
    body.write_all(head.as_bytes())
        .and_then(|()| body.write_all(content))
        .and_then(|()| body.write_all(b"\r\n"))
        .expect("memory takes it");
}
