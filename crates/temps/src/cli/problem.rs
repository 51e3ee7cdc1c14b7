//! What the server says when it refuses (RFC 9457).

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::logging::escaped;

/// What hints call by its name in the API, and its name here.
const FLAGS: [(&str, &str); 2] =
    [("`override=self-denial`", "`--override-self-denial`"), ("`confirm=deny-all`", "`--confirm-deny-all`")];

/// A problem document, or what comes closest to one if something in between answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    pub code: String,
    title: String,
    detail: String,
    hint: Option<String>,
    request_id: Option<String>,
    pub errors: Vec<FieldError>,
    /// A proof of work that is to be found first.
    pub challenge: Option<Value>,
    /// By what the user can prove who they are.
    pub methods: Vec<String>,
    /// The document as it came.
    #[serde(skip)]
    pub document: Value,
}

/// What is wrong with one field of the request.
#[derive(Debug, Deserialize)]
pub struct FieldError {
    pub field: String,
    message: String,
}

impl Problem {
    /// Reads the body of an answer with this status.
    pub fn read(status: StatusCode, body: &str, request_id: Option<String>) -> Box<Self> {
        let document: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let problem = Self::deserialize(&document).ok().filter(|problem| !problem.title.is_empty());
        let title = || format!("The answer was {status}");
        let mut problem = problem.unwrap_or_else(|| Self { title: title(), ..Self::default() });
        problem.request_id = problem.request_id.or(request_id);
        problem.document = match document {
            Value::Object(_) => document,
            _ => serde_json::json!({ "title": problem.title, "status": status.as_u16() }),
        };
        Box::new(problem)
    }
}

impl Problem {
    /// With another hint, for what a person does here.
    pub fn hinting(mut self, hint: &str) -> Self {
        self.document["hint"] = hint.into();
        self.hint = Some(hint.to_owned());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escaped(&self.title))?;
        if !self.detail.is_empty() {
            write!(f, "\n  {}", escaped(&self.detail))?;
        }
        for error in &self.errors {
            write!(f, "\n  {}: {}", escaped(&error.field), escaped(&error.message))?;
        }
        if let Some(hint) = &self.hint {
            let hint = FLAGS.iter().fold(hint.clone(), |hint, (query, flag)| hint.replace(query, flag));
            write!(f, "\n  {}", escaped(&hint))?;
        }
        match &self.request_id {
            Some(id) => write!(f, "\n  Request {}", escaped(id)),
            None => Ok(()),
        }
    }
}
