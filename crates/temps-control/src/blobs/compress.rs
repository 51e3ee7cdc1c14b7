//! Compressing once, at upload, so that serving costs nothing.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
};

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use temps_policy::Encoding;

/// What is smaller travels in one packet whether it is compressed or not.
const SMALLEST: u64 = 1 << 10;
/// Up to here the best compression is a matter of milliseconds.
const SMALL: u64 = 1 << 20;

/// Whether content of this type and size can become notably smaller.
pub(super) fn is_worth_trying(media_type: &str, size: u64) -> bool {
    size >= SMALLEST && is_compressible(media_type)
}

/// Whether a compressed form saves at least 5 %.
pub(super) fn pays(size: u64, compressed: u64) -> bool {
    u128::from(compressed) * 100 <= u128::from(size) * 95
}

/// Writes `content` of `size` bytes in another encoding; [`Encoding::Identity`] copies.
pub(super) fn compress(content: File, size: u64, encoding: Encoding, into: &File) -> io::Result<()> {
    let mut content = BufReader::with_capacity(64 << 10, content);
    let mut into = BufWriter::with_capacity(64 << 10, into);
    match encoding {
        Encoding::Identity => drop(io::copy(&mut content, &mut into)?),
        Encoding::Gzip => gzip(&mut content, size, &mut into)?,
        Encoding::Brotli => {
            let quality = if size <= SMALL { 9 } else { 5 };
            let size_hint = usize::try_from(size).unwrap_or(usize::MAX);
            let params = BrotliEncoderParams { quality, size_hint, ..BrotliEncoderParams::default() };
            brotli::BrotliCompress(&mut content, &mut into, &params)?;
        }
    }
    into.flush()
}

fn gzip(content: &mut impl Read, size: u64, into: &mut impl Write) -> io::Result<()> {
    let level = if size <= SMALL { Compression::best() } else { Compression::default() };
    let mut encoder = GzEncoder::new(into, level);
    io::copy(content, &mut encoder)?;
    encoder.finish().map(drop)
}

/// Images, sound, video, archives and WOFF fonts are compressed by their own formats.
fn is_compressible(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
        )
}
