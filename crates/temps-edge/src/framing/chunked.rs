//! Strict following of a chunked body (RFC 9112 §7.1).

use super::{
    Fault,
    head::{is_token, is_value},
};

/// Hexadecimal digits of a chunk's size; fifteen cannot wrap around.
const MAX_DIGITS: u8 = 15;
/// Bytes of the extensions behind one chunk's size. Nobody uses them, so there is no reason for more.
const MAX_EXTENSION: u16 = 256;
/// Bytes of the trailer section.
const MAX_TRAILERS: u16 = 8 * 1024;

/// The place in a chunked body.
#[derive(Debug)]
pub struct Chunks {
    place: Place,
    /// The size of the chunk whose line is being read.
    size: u64,
    /// Bytes of the current extension, or of the trailers.
    counted: u16,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { place: Place::Size { digits: 0 }, size: 0, counted: 0 }
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size { digits: u8 },
    Extension,
    SizeLf,
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Over,
}

impl Chunks {
    /// Answers how many of the bytes belong to the body: all of them, or fewer if it ends among them.
    pub fn follow(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() && !self.is_over() {
            if let Place::Data { left } = self.place {
                let data = usize::try_from(left).map_or(bytes.len() - at, |left| left.min(bytes.len() - at));
                at += data;
                self.place = match left - data as u64 {
                    0 => Place::DataCr,
                    left => Place::Data { left },
                };
            } else {
                self.place = self.next(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    pub fn is_over(&self) -> bool {
        self.place == Place::Over
    }

    fn next(&mut self, byte: u8) -> Result<Place, Fault> {
        match (self.place, byte) {
            (Place::Size { digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.size = self.size << 4 | u64::from(digit);
                Ok(Place::Size { digits: digits + 1 })
            }
            (Place::Size { digits: 1.. } | Place::Extension, b'\r') => Ok(Place::SizeLf),
            (Place::Size { digits: 1.. }, b';') => {
                self.counted = 0;
                Ok(Place::Extension)
            }
            (Place::Extension, _) if is_value(byte) => self.count(MAX_EXTENSION, Place::Extension),
            (Place::SizeLf, b'\n') => {
                self.counted = 0;
                Ok(match std::mem::take(&mut self.size) {
                    0 => Place::TrailerStart,
                    left => Place::Data { left },
                })
            }
            (Place::DataCr, b'\r') => Ok(Place::DataLf),
            (Place::DataLf, b'\n') => Ok(Place::Size { digits: 0 }),
            (Place::TrailerStart, b'\r') => Ok(Place::LastLf),
            (Place::TrailerStart | Place::TrailerName, _) if is_token(byte) => {
                self.count(MAX_TRAILERS, Place::TrailerName)
            }
            (Place::TrailerName, b':') => Ok(Place::TrailerValue),
            (Place::TrailerValue, b'\r') => Ok(Place::TrailerLf),
            (Place::TrailerValue, _) if is_value(byte) => self.count(MAX_TRAILERS, Place::TrailerValue),
            (Place::TrailerLf, b'\n') => Ok(Place::TrailerStart),
            (Place::LastLf, b'\n') => Ok(Place::Over),
            _ => Err(Fault::Chunk),
        }
    }

    fn count(&mut self, limit: u16, place: Place) -> Result<Place, Fault> {
        self.counted += 1;
        if self.counted > limit { Err(Fault::Chunk) } else { Ok(place) }
    }
}
