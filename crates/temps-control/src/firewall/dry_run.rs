//! What a change of a firewall would do, before it is saved (R-UX-1).

use axum::response::{IntoResponse, Response};

use super::{
    Held,
    held::{MayChange, Named},
    places::Places,
    shut_out::ShutOut,
};
use crate::{
    access::Proof,
    app::App,
    edge::Proposed,
    problem::Problem,
    traffic::{Preview, TrafficPreview},
    wire::{Difference, DryRun, Json},
};

/// A change that was made in a transaction that is given up.
pub struct Intended {
    pub changes: Vec<Difference>,
    pub shut_out: ShutOut,
    /// What else there is to say.
    pub sentences: Vec<String>,
    pub proposed: Vec<Proposed>,
}

/// Answers what would happen, and to which of the last hour's requests it would have.
pub async fn answer<N: MayChange>(
    app: &App,
    held: &Held<N>,
    places: &Places,
    intended: Intended,
) -> Result<Response, Problem> {
    let Intended { changes, shut_out, sentences, proposed } = intended;
    let traffic = preview(app, held, proposed).await?;
    let consequences = shut_out.sentences(places).into_iter().chain(sentences).collect();
    let answer = DryRun {
        denies_you: shut_out.author.is_some(),
        denies_everybody: !shut_out.everybody.is_empty(),
        traffic,
        ..DryRun::new(changes, consequences)
    };
    Ok(Json(answer).into_response())
}

/// `None` if so many others ask that it would take too long.
async fn preview<N: Named>(
    app: &App,
    held: &Held<N>,
    proposed: Vec<Proposed>,
) -> Result<Option<TrafficPreview>, Problem> {
    let Some(user) = held.author() else { return Ok(None) };
    let Some(turn) = app.traffic.turn_to_compare(user).await else { return Ok(None) };
    let (before, after) = app.edge.with(proposed).await;
    let preview = Preview { scope: held.scope(), before, after, caller: held.context().client };
    app.traffic.preview(preview, turn).await.map(Some)
}
