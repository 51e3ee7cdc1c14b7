//! Who may speak over the operator's socket.

use std::io;

use axum::serve::Listener;
use rustix::process::geteuid;
use tokio::net::{
    UnixListener, UnixStream,
    unix::{SocketAddr, UCred},
};

/// A listener that hangs up on everybody but the user that runs this process, and root.
pub struct OwnersOnly(UnixListener);

impl OwnersOnly {
    pub fn new(listener: UnixListener) -> Self {
        Self(listener)
    }
}

impl Listener for OwnersOnly {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.0).await;
            match stream.peer_cred().as_ref().map(UCred::uid) {
                Ok(user) if is_owner(user, geteuid().as_raw()) => return (stream, address),
                Ok(user) => tracing::warn!(user, "another user tried to open the operator's socket"),
                Err(error) => tracing::warn!(%error, "the user at the operator's socket is not known"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

fn is_owner(user: u32, own: u32) -> bool {
    user == own || user == 0
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn only_the_same_user_and_root_are_answered() {
        for (user, own, answered) in
            [(1000, 1000, true), (0, 1000, true), (1001, 1000, false), (1000, 0, false), (0, 0, true)]
        {
            assert_eq!(is_owner(user, own), answered, "{user} at the socket of {own}");
        }
    }

    #[tokio::test]
    async fn the_owner_gets_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.sock");
        let mut listener = OwnersOnly::new(crate::server::listen(&path).unwrap());
        let (mut client, (mut served, _)) =
            tokio::join!(async { UnixStream::connect(&path).await.unwrap() }, listener.accept());
        client.write_all(b"x").await.unwrap();
        assert_eq!(served.read_u8().await.unwrap(), b'x');
    }
}
