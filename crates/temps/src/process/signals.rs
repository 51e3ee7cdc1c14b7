//! The signals that end the program.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// From now on `SIGTERM` and `SIGINT` do not end the process by themselves. The future returns at the first of them; a second one then
/// ends the process at once, for an operator who will not wait for open requests.
///
/// # Errors
/// If the signals cannot be caught.
pub fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("stopped by a second signal; open requests were cut off");
            std::process::exit(130);
        });
    })
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
