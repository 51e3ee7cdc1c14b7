//! What the control plane does by itself, again and again.

use std::{future::Future, time::Duration};

use temps_db::DbError;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::{app::App, deployments, guesses, login::devices, mail, projects, sessions, users::links};

const SOON: Duration = Duration::from_secs(5);
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const MINUTELY: Duration = Duration::from_secs(60);
const HOURLY: Duration = Duration::from_secs(3_600);

/// Runs all jobs until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    tokio::join!(
        every(SOON, &stop, || app.denials.flush(&app, false)),
        every(SOON, &stop, || app.edge.settle()),
        every(SOON, &stop, || app.traffic.save()),
        every(SOON, &stop, || app.attempts.save(&app)),
        every(SOON, &stop, || mail::deliver(&app)),
        every(HALF_A_MINUTE, &stop, || save_use(&app)),
        every(MINUTELY, &stop, || forget_traffic(&app)),
        every(HOURLY, &stop, || renew_certificates(&app)),
        every(HOURLY, &stop, || forget_sessions(&app)),
        later(HOURLY, &stop, every(HOURLY, &stop, || sweep_blobs(&app))),
    );
}

async fn every<F: Future<Output = ()>>(pause: Duration, stop: &CancellationToken, job: impl Fn() -> F) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => job().await,
        }
    }
}

/// For what cannot be undone: whoever has started Temps on the wrong data has time to stop it.
async fn later(pause: Duration, stop: &CancellationToken, job: impl Future<Output = ()>) {
    if stop.run_until_cancelled(sleep(pause)).await.is_some() {
        job.await;
    }
}

async fn renew_certificates(app: &App) {
    match app.certificates.renew().await {
        Ok(renewed) if renewed.is_empty() => {}
        Ok(renewed) => drop(app.edge.renewed(&renewed).await),
        Err(error) => tracing::error!(%error, "certificates could not be renewed; the old ones are served"),
    }
}

async fn forget_sessions(app: &App) {
    let forgotten = app.database.write(async |transaction| {
        sessions::store::forget_ended(&transaction).await?;
        guesses::forget_faded(&transaction).await?;
        links::forget_expired(&transaction).await?;
        devices::forget_unused(&transaction).await
    });
    if let Err(error) = forgotten.await {
        tracing::error!(%error, "ended sessions could not be forgotten");
    }
}

/// Writes when sessions were last used.
pub async fn save_use(app: &App) {
    let used = app.activity.unsaved(&*app.clock);
    if used.is_empty() {
        return;
    }
    let saved = app.database.write(async |transaction| sessions::store::save_use(&transaction, &used).await);
    if let Err(error) = saved.await {
        tracing::error!(%error, "when sessions were last used could not be saved");
    }
}

async fn forget_traffic(app: &App) {
    app.traffic.forget_old().await;
    let deleted = async {
        let known = app.traffic.projects().await?;
        let existing = projects::store::all(app.database.read()).await?;
        Ok::<_, DbError>(known.difference(&existing).copied().collect::<Vec<_>>())
    };
    match deleted.await {
        Ok(deleted) => {
            for project in deleted {
                app.traffic.forget_project(project).await;
            }
        }
        Err(error) => tracing::error!(%error, "it cannot be told whether there is traffic of deleted projects"),
    }
}

async fn sweep_blobs(app: &App) {
    match deployments::sweep(app).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "content that no deployment names was removed"),
        // The reason is in the log already.
        Err(_) => tracing::error!("content that no deployment names could not be removed"),
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, pin::pin};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_undone_is_not_done_at_once_and_never_after_a_stop() {
        let (done, stop) = (Cell::new(false), CancellationToken::new());
        let job = async || done.set(true);
        let mut waiting = pin!(later(HOURLY, &stop, job()));
        assert!((&mut waiting).now_or_never().is_none());
        stop.cancel();
        waiting.await;
        assert!(!done.get());
        later(Duration::ZERO, &CancellationToken::new(), job()).await;
        assert!(done.get());
    }
}
