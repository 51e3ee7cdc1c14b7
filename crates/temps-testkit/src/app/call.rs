//! One call of the API and its answer.

use std::{future::IntoFuture, net::Ipv4Addr, ops::Deref, pin::Pin};

use bytes::Bytes;
use serde_json::Value;

use super::{Person, archive};
use crate::edge::client::{Client, Reply, full};

/// A call that is being put together. Awaiting it sends it on a connection of its own.
pub struct Call<'a> {
    person: &'a Person,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// What the instance answered.
#[derive(Clone, Debug)]
pub struct Answer(pub Reply);

impl<'a> Call<'a> {
    pub(super) fn new(person: &'a Person, method: &str, path: String) -> Self {
        let mut headers = vec![("origin".to_owned(), person.reach().origin.clone())];
        headers.extend(person.cookie().map(|cookie| ("cookie".to_owned(), cookie)));
        Self { person, method: method.to_owned(), path, headers, body: Bytes::new() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Leaves out what a program would send.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    /// `If-Match` with a version in quotes, or `*`.
    pub fn if_match(self, version: &str) -> Self {
        self.header("if-match", version)
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// A form with an archive, for an environment or for the one that is taken unless told.
    pub fn archive(self, archive: &[u8], environment: Option<&str>) -> Self {
        let (media_type, body) = archive::form(archive, environment);
        self.body(&media_type, body)
    }

    /// Sends it over a connection that is open already.
    pub async fn over(self, client: &mut Client) -> Answer {
        self.attempt(client).await.expect("an answer")
    }

    /// The same, for a program that may be killed meanwhile: it need not answer then.
    pub async fn attempt(self, client: &mut Client) -> hyper::Result<Answer> {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let host = &self.person.reach().console;
        let request = client.build(&self.method, host, &self.path, &headers, full(self.body));
        let answer = Answer(client.try_send(request).await?);
        self.person.remember(&answer);
        Ok(answer)
    }
}

impl<'a> IntoFuture for Call<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let from: Ipv4Addr = self.person.address();
            let mut client = self.person.reach().connect(&self.person.reach().console, from).await;
            self.over(&mut client).await
        })
    }
}

impl Answer {
    /// The body, after making sure of the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The status and the code of the problem.
    pub fn problem(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The names of the fields with which something is wrong.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The body; `null` if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn request_id(&self) -> &str {
        self.header("temps-request-id").expect("every response has an id")
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Deref for Answer {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.0
    }
}
