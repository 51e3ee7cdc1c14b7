//! The content of files: small ones from memory, others from the blocking pool piece by piece.

use std::{
    io::{self, Read, SeekFrom},
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use quick_cache::{Weighter, sync::Cache};
use temps_policy::{BlobId, BlobSource, Encoding, ReadSeek};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::body::{Body, BodyError};

/// Files up to this size are kept in memory.
const SMALL: u64 = 256 * 1024;
/// Bytes of memory for them.
const MEMORY: u64 = 32 * 1024 * 1024;
/// How much of a large file is read at once.
const PIECE: u64 = 128 * 1024;

/// The small files that were asked for lately, shared by all workers. A blob never changes, so nothing is ever out of date.
pub struct BlobCache(Cache<(BlobId, Encoding), Bytes, Weight>);

#[derive(Clone)]
struct Weight;

impl Weighter<(BlobId, Encoding), Bytes> for Weight {
    fn weight(&self, _: &(BlobId, Encoding), content: &Bytes) -> u64 {
        content.len() as u64 + 128
    }
}

impl Default for BlobCache {
    fn default() -> Self {
        Self(Cache::with_weighter(4096, MEMORY, Weight))
    }
}

impl BlobCache {
    /// A part of a blob that has `size` bytes in this encoding.
    pub async fn body(
        &self,
        source: Arc<dyn BlobSource>,
        id: BlobId,
        encoding: Encoding,
        size: u64,
        part: Range<u64>,
    ) -> io::Result<Body> {
        if part.is_empty() {
            return Ok(Body::Empty);
        }
        if size > SMALL {
            let file = on_blocking_pool(move || LargeFile::open(source.as_ref(), id, encoding, size, part)).await?;
            return Ok(Body::File(FileBody::new(file)));
        }
        let content = match self.0.get(&(id, encoding)) {
            Some(content) => content,
            None => {
                let content = on_blocking_pool(move || read_all(source.as_ref(), id, encoding, size)).await?;
                self.0.insert((id, encoding), content.clone());
                content
            }
        };
        // Both ends are within a content of at most SMALL bytes.
        Ok(Body::Full(content.slice(part.start as usize..part.end as usize)))
    }
}

/// A panic of the source is a failure like any other.
async fn on_blocking_pool<T: Send + 'static>(read: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(read).await.map_err(io::Error::other)?
}

fn read_all(source: &dyn BlobSource, id: BlobId, encoding: Encoding, size: u64) -> io::Result<Bytes> {
    let mut content = Vec::with_capacity(size as usize);
    source.open(id, encoding)?.take(size + 1).read_to_end(&mut content)?;
    match content.len() as u64 == size {
        true => Ok(content.into()),
        false => Err(wrong_size()),
    }
}

fn wrong_size() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file has not the size that its manifest states")
}

struct LargeFile {
    reader: Box<dyn ReadSeek + Send>,
    left: u64,
}

impl LargeFile {
    fn open(source: &dyn BlobSource, id: BlobId, encoding: Encoding, size: u64, part: Range<u64>) -> io::Result<Self> {
        let mut reader = source.open(id, encoding)?;
        if reader.seek(SeekFrom::End(0))? != size {
            return Err(wrong_size());
        }
        reader.seek(SeekFrom::Start(part.start))?;
        Ok(Self { reader, left: part.end - part.start })
    }

    fn read_piece(mut self) -> io::Result<(Self, Bytes)> {
        let mut piece = vec![0; self.left.min(PIECE) as usize];
        self.reader.read_exact(&mut piece)?;
        self.left -= piece.len() as u64;
        Ok((self, piece.into()))
    }
}

/// A part of a large file on its way out. The next piece is read when the connection has taken the last one.
pub struct FileBody {
    left: u64,
    state: State,
}

enum State {
    Idle(LargeFile),
    Reading(JoinHandle<io::Result<(LargeFile, Bytes)>>),
    Over,
}

impl FileBody {
    fn new(file: LargeFile) -> Self {
        Self { left: file.left, state: State::Idle(file) }
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = &mut *self;
        loop {
            match std::mem::replace(&mut body.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Idle(file) if file.left == 0 => return Poll::Ready(None),
                State::Idle(file) => body.state = State::Reading(spawn_blocking(|| file.read_piece())),
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = reading.poll_unpin(cx) else {
                        body.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let (file, piece) = read.map_err(io::Error::other).flatten()?;
                    body.left = file.left;
                    body.state = State::Idle(file);
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
