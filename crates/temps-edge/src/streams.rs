//! The streams of an HTTP/2 connection: they run on the worker's own thread and end when their client takes nothing.

use std::{cell::Cell, future::Future, rc::Rc, time::Duration};

use hyper::rt::Executor;
use tokio::{task::spawn_local, task_local, time::sleep};

task_local! {
    static OFFER: Rc<Offer>;
}

/// What a stream offers to its client. Each stream has a window of its own (RFC 9113 §5.2): a client that never opens it would hold the
/// stream, and the application's connection behind it, without end, while its connection as a whole looks alive.
#[derive(Default)]
pub struct Offer {
    pieces: Cell<u64>,
    /// Whether the last piece was not taken yet.
    waits: Cell<bool>,
}

impl Offer {
    /// That of the stream whose task this is; over HTTP/1.1 there is none.
    pub fn current() -> Option<Rc<Self>> {
        OFFER.try_with(Rc::clone).ok()
    }

    /// A piece is there for the client.
    pub fn made(&self) {
        self.pieces.set(self.pieces.get() + 1);
        self.waits.set(true);
    }

    /// The client made room for the last piece, so that the next one is asked for.
    pub fn taken(&self) {
        self.waits.set(false);
    }

    /// Returns once the same piece has waited for a whole period.
    async fn refused(&self, period: Duration) {
        loop {
            let pieces = self.pieces.get();
            sleep(period).await;
            if self.waits.get() && self.pieces.get() == pieces {
                return;
            }
        }
    }
}

/// Runs streams, each as a task that ends when nothing of its answer is taken for longer than `patience`.
#[derive(Clone)]
pub struct StreamExecutor {
    pub patience: Duration,
}

impl<F: Future<Output = ()> + 'static> Executor<F> for StreamExecutor {
    fn execute(&self, stream: F) {
        let (offer, patience) = (Rc::new(Offer::default()), self.patience);
        spawn_local(OFFER.scope(Rc::clone(&offer), async move {
            tokio::select! {
                biased;
                () = stream => {}
                // Dropping the stream resets it.
                () = offer.refused(patience) => {}
            }
        }));
    }
}
