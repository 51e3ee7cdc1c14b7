//! What a process writes, while it writes it.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

use super::text;
use crate::raw::PATIENCE;

/// One output of a process. Clones are of the same output.
#[derive(Clone)]
pub struct Captured(Arc<State>);

#[derive(Default)]
struct State {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Default)]
struct Written {
    text: String,
    ended: bool,
}

impl Captured {
    /// Reads until the end, in a thread of its own, so that the process never waits for its reader.
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let state = Arc::new(State::default());
        let writer = Arc::clone(&state);
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
                writer.change(|written| written.text += &text(&line));
                line.clear();
            }
            writer.change(|written| written.ended = true);
        });
        Self(state)
    }

    /// What was written until now.
    pub fn so_far(&self) -> String {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    /// What was written once something is true of it, or at the end if it never became true.
    pub fn until(&self, is_enough: impl Fn(&str) -> bool) -> String {
        let written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |written: &mut Written| !written.ended && !is_enough(&written.text);
        let waited = self.0.changed.wait_timeout_while(written, PATIENCE, goes_on);
        let (written, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "what the test waits for was not written:\n{}", written.text);
        written.text.clone()
    }

    /// Everything, once the process has closed its end.
    pub fn whole(&self) -> String {
        self.until(|_| false)
    }
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Written)) {
        change(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}
