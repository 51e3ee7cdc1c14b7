//! The console over its private Unix socket.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use temps_testkit::{TestEdge, edge::client::full, raw::PATIENCE};
use tokio::{net::UnixListener, sync::mpsc, time::timeout};

type Body = BoxBody<Bytes, Infallible>;

/// A control plane that tells what it gets, piece by piece, and sends events without end.
async fn serve(listener: UnixListener, pieces: mpsc::UnboundedSender<usize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let pieces = pieces.clone();
        let service = service_fn(move |request| answer(request, pieces.clone()));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    pieces: mpsc::UnboundedSender<usize>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/events" {
        let events = stream::iter(["data: first\n\n"]).chain(stream::pending());
        let events = events.map(|event| Ok(Frame::data(Bytes::from(event))));
        let response = Response::builder().header("content-type", "text/event-stream");
        return Ok(response.body(BodyExt::boxed(StreamBody::new(events))).unwrap());
    }
    let client = request.headers()["x-forwarded-for"].to_str().unwrap().to_owned();
    let mut body = request.into_body();
    let mut size = 0;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.into_data().map_or(0, |data| data.len());
        size += bytes;
        let _ = pieces.send(bytes);
    }
    let cookie = "__Host-temps=1; Path=/; Secure; HttpOnly; SameSite=Lax";
    Ok(Response::builder()
        .header("set-cookie", cookie)
        .body(Full::from(format!("{size} from {client}")).boxed())
        .unwrap())
}

#[tokio::test]
async fn uploads_and_events_pass_as_they_come_and_streams_end_when_draining() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("console.sock");
    let (sender, mut pieces) = mpsc::unbounded_channel();
    tokio::spawn(serve(UnixListener::bind(&socket).unwrap(), sender));
    let mut edge = TestEdge::new().console("console.localhost", &socket).start().await;

    // Each piece arrives before the next one is sent.
    let (upload, body) = mpsc::channel::<Bytes>(1);
    let body = stream::unfold(body, async |mut body| Some((Ok(Frame::data(body.recv().await?)), body)));
    let mut client = edge.client("console.localhost").await;
    let request =
        client.build("POST", "console.localhost", "/upload", &[], BodyExt::boxed(StreamBody::new(Box::pin(body))));
    let sending = tokio::spawn(async move { client.send(request).await });
    for size in [1000, 50_000, 1] {
        upload.send(Bytes::from(vec![0; size])).await.unwrap();
        let mut arrived = 0;
        while arrived < size {
            arrived += timeout(PATIENCE, pieces.recv()).await.expect("not held back").unwrap();
        }
    }
    drop(upload);
    let reply = sending.await.unwrap();
    assert_eq!((reply.status, reply.text()), (200, "51001 from 127.0.0.1"));
    assert!(reply.header("set-cookie").unwrap().starts_with("__Host-temps="), "the console sets its own cookies");

    let mut streams = Vec::new();
    for mut client in [edge.client("console.localhost").await, edge.client_h2("console.localhost").await] {
        let request = client.build("GET", "console.localhost", "/events", &[], full(""));
        let mut response = client.open(request).await.unwrap();
        let first = timeout(PATIENCE, response.body_mut().frame()).await.expect("not held back").unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "data: first\n\n");
        streams.push((response, client));
    }
    timeout(Duration::from_secs(5), edge.drain()).await.expect("streams do not hold up draining");
    for (response, _) in streams {
        let rest = response.into_body().collect().await.expect("it ended, it did not break off");
        assert!(rest.to_bytes().is_empty());
    }
}

#[tokio::test]
async fn an_event_stream_ends_when_its_client_is_blocked() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("console.sock");
    tokio::spawn(serve(UnixListener::bind(&socket).unwrap(), mpsc::unbounded_channel().0));
    let edge = TestEdge::new().console("console.localhost", &socket).start().await;
    let mut client = edge.client("console.localhost").await;
    let request = client.build("GET", "console.localhost", "/events", &[], full(""));
    let mut response = client.open(request).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    edge.block("127.0.0.1").await;
    let rest = timeout(Duration::from_secs(1), response.into_body().collect()).await.expect("ended within a second");
    assert!(rest.expect("it ended, it did not break off").to_bytes().is_empty());
}

#[tokio::test]
async fn a_console_that_is_down_is_502() {
    let edge = TestEdge::new().console("console.localhost", std::path::Path::new("/nonexistent/socket")).start().await;
    assert_eq!(edge.get("console.localhost", "/").await.status, 502);
}

/// Whatever a program accepts: what the API answers by itself has this form, and a program cannot tell who answered.
#[tokio::test]
async fn refusals_in_front_of_the_api_have_its_form() {
    let edge = TestEdge::new()
        .limits(|limits| limits.max_body = 10)
        .console("console.localhost", std::path::Path::new("/nonexistent/socket"))
        .files("app.localhost", &[])
        .start()
        .await;
    let large = "more than ten bytes";
    for blocked in [false, true] {
        for (method, path, body, status, code) in [
            ("GET", "/api/v1/projects", "", 502, "upstream_unreachable"),
            ("POST", "/api/v1/projects", large, 413, "body_too_large"),
        ] {
            let (status, code) = if blocked { (403, "refused") } else { (status, code) };
            for accept in ["text/html", "*/*", "application/json"] {
                let mut client = edge.client("console.localhost").await;
                let reply = client.request(method, "console.localhost", path, &[("accept", accept)], body).await;
                assert_eq!((reply.status, reply.header("content-type")), (status, Some("application/problem+json")));
                let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
                assert_eq!(problem["type"], format!("urn:temps:problem:{code}"));
                assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()));
                assert_eq!(problem["request_id"], reply.header("temps-request-id").unwrap());
                assert!(["title", "detail", "hint"].iter().all(|part| problem[part].is_string()), "{problem}");
            }
        }
        for (host, path) in [("console.localhost", "/"), ("app.localhost", "/api/v1")] {
            let mut client = edge.client(host).await;
            let reply = client.request("GET", host, path, &[("accept", "text/html")], "").await;
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{host}{path}");
        }
        edge.block("127.0.0.1").await;
    }
}
