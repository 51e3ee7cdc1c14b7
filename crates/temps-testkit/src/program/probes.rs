//! Connections that tell when a change is in force.

use std::{net::Ipv4Addr, num::NonZeroUsize, thread::available_parallelism, time::Duration};

use futures_util::future::join_all;
use temps_model::{Clock, SystemClock};
use tokio::time::{sleep, timeout};

use crate::{app::Reach, edge::client::Client, raw::PATIENCE};

/// Connections for each worker of the edge. The kernel spreads them by chance: that one of two workers gets none of twelve happens once
/// in two thousand times.
const FOR_EACH_WORKER: usize = 6;
/// Between two requests over one connection.
const PAUSE: Duration = Duration::from_millis(1);

/// Open connections of one visitor to all workers.
pub struct Probes {
    host: String,
    connections: Vec<Client>,
}

impl Probes {
    pub async fn open(reach: &Reach, host: &str, from: Ipv4Addr) -> Self {
        let workers = available_parallelism().map_or(1, NonZeroUsize::get);
        let connections = join_all((0..workers * FOR_EACH_WORKER).map(|_| reach.connect(host, from))).await;
        Self { host: host.to_owned(), connections }
    }

    /// What the next request over each connection gets.
    pub async fn statuses(&mut self) -> Vec<u16> {
        let asked = self.connections.iter_mut().map(|connection| connection.get(&self.host, "/"));
        join_all(asked).await.into_iter().map(|reply| reply.status).collect()
    }

    /// Asks again and again over every connection until all of them got this status; how long that took.
    pub async fn until(&mut self, status: u16) -> Duration {
        let begun = SystemClock.monotonic();
        let host = &self.host;
        let asked = self.connections.iter_mut().map(async |connection| {
            while connection.get(host, "/").await.status != status {
                sleep(PAUSE).await;
            }
        });
        timeout(PATIENCE, join_all(asked)).await.expect("the change comes into force");
        SystemClock.monotonic().duration_since(begun)
    }
}
