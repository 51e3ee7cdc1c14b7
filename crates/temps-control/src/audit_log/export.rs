//! `GET /audit/export`: the sealed records as they stand in the chain, one JSON object a line, for `temps audit verify`.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::IntoResponse,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use temps_db::audit::sealed_records;

use crate::{access::Administrator, app::App, problem::Problem};

/// Records that are read at once; an export of any length takes no more memory.
const AT_ONCE: u64 = 500;

pub async fn export(State(app): State<App>, administrator: Administrator) -> Result<impl IntoResponse, Problem> {
    app.denials.read(&app, &administrator).await?;
    let chunks = stream::try_unfold((app, 0i64), |(app, after)| async move {
        let records = sealed_records(app.database.read(), after, AT_ONCE).await.map_err(|error| error.to_string())?;
        let mut text = String::new();
        let mut last = None;
        for (seq, record) in records {
            let record = record.map_err(|fault| fault.to_string())?;
            last = Some(seq);
            text.push_str(&record.to_line().map_err(|error| error.to_string())?);
            text.push('\n');
        }
        Ok::<_, String>(last.map(|last| (Bytes::from(text), (app, last))))
    });
    let chunks = chunks.inspect_err(|reason| tracing::error!(reason, "an export of the audit log broke off")).boxed();
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"temps-audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(chunks.map_err(std::io::Error::other))))
}
