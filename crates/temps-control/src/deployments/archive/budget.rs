//! How far an archive may expand.

use std::io::{self, Read};

use super::{Fault, Limits};

/// What an archive may expand to whatever its size.
const FREE: u64 = 1 << 20;

/// Bytes that may still come out of an archive.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    overdrawn: Fault,
}

impl Budget {
    /// The budget of an archive of `size` bytes.
    pub fn new(limits: &Limits, size: u64) -> Self {
        let by_ratio = size.saturating_mul(limits.ratio).saturating_add(FREE);
        match by_ratio < limits.expanded {
            true => Self { left: by_ratio, overdrawn: Fault::Ratio(limits.ratio) },
            false => Self { left: limits.expanded, overdrawn: Fault::Expanded(limits.expanded) },
        }
    }
}

/// A reader whose bytes are taken from a budget. What exceeds it is an error that carries the [`Fault`].
#[derive(Debug)]
pub(super) struct Charged<'a, R> {
    inner: R,
    budget: &'a mut Budget,
}

impl<'a, R: Read> Charged<'a, R> {
    pub fn new(inner: R, budget: &'a mut Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Charged<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.budget.left.checked_sub(read as u64) {
            Some(left) => self.budget.left = left,
            None => return Err(io::Error::other(self.budget.overdrawn.clone())),
        }
        Ok(read)
    }
}
