//! What the gate and the service of one connection tell each other.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use super::Fault;
use crate::open::OpenRequests;

/// Shared by the gate of a connection and the service behind it. Both run on one thread; the lock is never contended and only there because
/// hyper hands upgraded streams on as `Send`.
#[derive(Debug, Default)]
pub struct Signals {
    state: Mutex<State>,
    open: Arc<OpenRequests>,
}

/// What the gate knows of a message that the service has to know too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finding {
    /// Set if the message only stands in for one that has no sound reading.
    pub fault: Option<Fault>,
    /// Whether the gate waits behind this message for a decision to switch protocols. No other message may be answered with 101.
    pub may_switch: bool,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the message that was refused, counted from 0 on the connection, and why.
    refused: Option<(u64, Fault)>,
    /// The number of the last message that asked to switch protocols.
    asked: Option<u64>,
    /// The last decision about a message: whether it switches protocols.
    switched: Option<(u64, bool)>,
    waker: Option<Waker>,
}

impl Signals {
    /// Says that the message with this number is a stand-in for a malformed one.
    pub(super) fn refuse(&self, message: u64, fault: Fault) {
        self.lock().refused = Some((message, fault));
    }

    /// Says that the gate waits behind the message with this number.
    pub(super) fn ask_to_switch(&self, message: u64) {
        self.lock().asked = Some(message);
    }

    /// What is known of the message with this number once hyper has its head.
    pub fn finding(&self, message: u64) -> Finding {
        Finding { fault: self.fault_of(message), may_switch: self.lock().asked == Some(message) }
    }

    /// Why the message with this number must be refused.
    pub(super) fn fault_of(&self, message: u64) -> Option<Fault> {
        self.lock().refused.filter(|(refused, _)| *refused == message).map(|(_, fault)| fault)
    }

    /// The requests of the connection that are not answered yet.
    pub fn open(&self) -> &Arc<OpenRequests> {
        &self.open
    }

    /// Says whether the message with this number switches protocols. The gate waits for that behind a message that asks for it.
    pub fn decide_switch(&self, message: u64, granted: bool) {
        let waker = {
            let mut state = self.lock();
            state.switched = Some((message, granted));
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What was decided about this message, if anything was: an earlier one on the connection may still be on its way.
    pub(super) fn is_switched(&self, message: u64) -> Option<bool> {
        self.lock().switched.filter(|(decided, _)| *decided == message).map(|(_, granted)| granted)
    }

    pub(super) fn wake_when_decided(&self, cx: &Context<'_>) {
        self.lock().waker = Some(cx.waker().clone());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
