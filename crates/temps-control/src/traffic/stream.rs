//! `GET …/stream`: what happens in a project, as it happens (server-sent events, HTML Living Standard §9.2).
//!
//! Requests come at most four times a second and fifty at a time, with the number of those that were left out; each such event has an id, and
//! who comes back with it as `Last-Event-ID` is told what came meanwhile. News of deployments and changes have none: a page that comes back
//! reads those again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Sse,
        sse::{self, KeepAlive},
    },
};
use futures_util::stream;
use serde_json::{Value, json};
use temps_model::{ProjectId, proof::RequestsRead};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc, watch,
    },
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Told, lock, told::bodies};
use crate::{
    access::{Grant, Standing},
    app::App,
    live::News,
    problem::Problem,
};

/// The least time between two events with requests.
const PAUSE: Duration = Duration::from_millis(250);
/// Requests that are told one by one.
const AT_ONCE: usize = 50;
/// How often a page is told that it still listens.
const TICK: Duration = Duration::from_secs(2);
/// How often it is asked anew whether the listener may listen (R-SESS-2).
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Events that may wait for a slow client.
const WAITING: usize = 8;

pub async fn open(
    State(app): State<App>,
    grant: Grant<RequestsRead>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(|id| app.traffic.number_of(id));
    let (sender, receiver) = mpsc::channel(WAITING);
    let seat = app.live.seats.take(grant.user).ok_or_else(too_many)?;
    let listener = Listener { project: grant.project, last, sender };
    let standing = grant.standing();
    let watched = app.clone();
    tokio::spawn(async move {
        let _seat = seat;
        let farewell = listener.sender.clone();
        tokio::select! {
            // A client that takes nothing does without it.
            reason = forbidden(&watched, &standing) => drop(farewell.try_send(event("bye", json!({ "reason": reason })))),
            () = watched.stop.cancelled() => {}
            () = listener.run(&watched) => {}
        }
    });
    let events = stream::unfold(receiver, async |mut receiver| {
        let event = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(TICK * 4)))
}

/// Returns when the listener may listen no longer, with the reason.
async fn forbidden(app: &App, standing: &Standing) -> &'static str {
    loop {
        sleep(ASK_AGAIN).await;
        if let Err(reason) = standing.lasts(app).await {
            return reason;
        }
    }
}

struct Listener {
    project: ProjectId,
    /// The number of the last request that it knows of; `None` for one that has just come, and `Some(None)` if it knows of requests from
    /// before the start of the program.
    last: Option<Option<u64>>,
    sender: mpsc::Sender<sse::Event>,
}

/// Nobody listens any more.
struct Gone;

impl Listener {
    async fn run(self, app: &App) {
        let (news, arrived) = (app.live.listen(), app.traffic.arrived.subscribe());
        // All three go on until the client is gone.
        drop(tokio::try_join!(self.tell_news(news), self.tick(app), self.tell_requests(app, arrived)));
    }

    async fn tell_news(&self, mut news: broadcast::Receiver<(ProjectId, Arc<News>)>) -> Result<(), Gone> {
        loop {
            match news.recv().await {
                Ok((project, news)) if project == self.project => {
                    let (name, data) = news.event();
                    self.send(event(name, data)).await?;
                }
                Ok(_) => {}
                // The page reads everything again.
                Err(RecvError::Lagged(_)) => self.send(missed()).await?,
                Err(RecvError::Closed) => return Err(Gone),
            }
        }
    }

    async fn tick(&self, app: &App) -> Result<(), Gone> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.send(event("tick", json!({ "at": app.clock.now() }))).await?;
        }
    }

    async fn tell_requests(&self, app: &App, mut arrived: watch::Receiver<u64>) -> Result<(), Gone> {
        let is_foreign = self.last == Some(None);
        let newest = || lock(&app.traffic.recent).last(self.project);
        let mut last = self.last.flatten().unwrap_or_else(|| if is_foreign { 0 } else { newest() });
        if is_foreign {
            self.send(missed()).await?;
        }
        loop {
            let seen = *arrived.borrow_and_update();
            let (found, left_out, is_gap, newest) = {
                let recent = lock(&app.traffic.recent);
                let (events, is_gap) = recent.after(self.project, last, app.clock.now());
                let left_out = events.len().saturating_sub(AT_ONCE);
                let found: Vec<Told> = events[left_out..].iter().map(|event| Told::from(*event)).collect();
                (found, left_out, is_gap, recent.last(self.project))
            };
            last = newest;
            if is_gap {
                self.send(missed()).await?;
            }
            if let Some(at) = found.last().map(|request| request.at.after(request.duration)) {
                let items = bodies(app.database.read(), self.project, found).await.map_err(|error| {
                    tracing::warn!(%error, "a stream ends because its requests cannot be read");
                    Gone
                })?;
                let behind = app.clock.now().since(at).as_millis() as u64;
                let data = json!({ "items": items, "more": left_out, "at": at, "behind_ms": behind });
                self.send(event("requests", data).id(app.traffic.id_of(newest))).await?;
            }
            sleep(PAUSE).await;
            arrived.wait_for(|arrived| *arrived > seen).await.map_err(|_| Gone)?;
        }
    }

    async fn send(&self, event: sse::Event) -> Result<(), Gone> {
        self.sender.send(event).await.map_err(|_| Gone)
    }
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_streams",
        "Too many streams",
        "You have as many open streams as a user can have.",
    )
    .hint("Close pages of the dashboard that you do not need.")
}

/// Something cannot be told any more.
fn missed() -> sse::Event {
    event("missed", json!({ "requests": null }))
}

fn event(name: &str, data: Value) -> sse::Event {
    sse::Event::default().event(name).data(data.to_string())
}
