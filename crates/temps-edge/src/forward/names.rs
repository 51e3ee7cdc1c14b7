//! The addresses of applications that are named.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use temps_model::HostName;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Looks names up on the blocking pool of a worker, where files are read too: a resolver that does not answer may hold a few of its threads,
/// never all of them.
pub struct Names(Arc<Semaphore>);

impl Default for Names {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(Self::AT_ONCE)))
    }
}

impl Names {
    /// Lookups of one worker at a time.
    const AT_ONCE: usize = 4;

    pub async fn look_up(&self, name: &HostName, port: u16) -> io::Result<Vec<SocketAddr>> {
        let name = name.clone();
        self.run(move || Ok((name.as_str(), port).to_socket_addrs()?.collect())).await
    }

    /// The permit goes with the thread: a lookup goes on there even if nobody waits for it any more.
    async fn run<T: Send + 'static>(&self, look_up: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let looking_up = spawn_blocking(move || {
            let _permit = permit;
            look_up()
        });
        looking_up.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn lookups_that_hang_take_a_few_threads_only() {
        let names = Names::default();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..Names::AT_ONCE {
            let held = Arc::clone(&held);
            let hanging = names.run(move || held.lock().unwrap().recv().map_err(io::Error::other));
            assert!(hanging.now_or_never().is_none(), "it began, and who waited for it gave up");
        }
        let mut next = Box::pin(names.run(|| Ok("found")));
        assert!((&mut next).now_or_never().is_none());
        assert_eq!(names.0.available_permits(), 0, "the next one has no thread");
        release.send(()).unwrap();
        assert_eq!(next.await.unwrap(), "found");
        drop(release);
    }
}
