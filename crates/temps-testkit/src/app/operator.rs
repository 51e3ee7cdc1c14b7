//! Calls over the operator's own socket.

use std::path::Path;

use http::Request;
use serde_json::Value;
use tokio::net::UnixStream;

use super::Answer;
use crate::edge::client::{Client, full};

pub async fn call(socket: &Path, method: &str, path: &str, body: Option<Value>) -> Answer {
    let stream = UnixStream::connect(socket).await.expect("the instance listens on the operator's socket");
    let mut client = Client::http1(stream).await;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "operator")
        .header("content-type", "application/json");
    let body = body.map_or_else(String::new, |body| body.to_string());
    Answer(client.send(request.body(full(body)).expect("a sound request")).await)
}
