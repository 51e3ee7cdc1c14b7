//! A stream of server-sent events, event by event.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

use super::{CONSOLE, Person};
use crate::{
    edge::{Client, client::full},
    raw::PATIENCE,
};

/// An open stream. It is closed when this is dropped.
pub struct EventStream {
    body: Incoming,
    /// Of the event that has not ended yet.
    read: String,
    _client: Client,
}

impl EventStream {
    /// Opens a path below `/api/v1`; with the id of the last event that is known already.
    pub async fn open(person: &Person, path: &str, last: Option<&str>) -> Self {
        let mut client = person.reach().connect(CONSOLE, person.address()).await;
        let cookie = person.cookie().unwrap_or_default();
        let headers: Vec<(&str, &str)> =
            [("cookie", cookie.as_str())].into_iter().chain(last.map(|last| ("last-event-id", last))).collect();
        let request = client.build("GET", CONSOLE, &format!("/api/v1{path}"), &headers, full(""));
        let response = client.open(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), read: String::new(), _client: client }
    }

    /// The next event: name, id and data. `None` at the end.
    pub async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let found = (field("event"), field("id"), serde_json::from_str(&field("data")).unwrap_or_default());
                self.read = rest.to_owned();
                return Some(found);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("an event in time");
            self.read += std::str::from_utf8(&frame?.ok()?.into_data().ok()?).expect("events are text");
        }
    }

    /// Id and data of the next event of that name.
    pub async fn until(&mut self, name: &str) -> (String, Value) {
        loop {
            let (event, id, data) = self.next().await.expect("the stream goes on");
            if event == name {
                return (id, data);
            }
        }
    }
}
