//! One log line, in the three styles in which it is written.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use temps_model::Timestamp;
use tracing::{
    Level,
    field::{Field, Visit},
};

use super::escape::escaped;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Text,
    Colour,
    Json,
}

/// Fields of an event or a span, in the order in which they were recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, old)) => *old = value,
            None => self.0.push((field.name(), value)),
        }
    }

    /// Adds what is missing here: the inner span wins over the outer one.
    pub fn inherit(&mut self, outer: &Self) {
        let missing: Vec<_> =
            outer.0.iter().filter(|(name, _)| self.0.iter().all(|(known, _)| known != name)).cloned().collect();
        self.0.extend(missing);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

/// What one line says.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub at: Timestamp,
    pub level: Level,
    pub target: &'a str,
    pub fields: Fields,
}

impl Line<'_> {
    /// The line with its end.
    pub fn render(&self, style: Style) -> String {
        let mut line = match style {
            Style::Json => self.json(),
            Style::Text => self.text(|_| ("", "")),
            Style::Colour => self.text(|part| match part {
                Part::Aside => ("\u{1b}[2m", "\u{1b}[0m"),
                Part::Level(Level::ERROR) => ("\u{1b}[31m", "\u{1b}[0m"),
                Part::Level(Level::WARN) => ("\u{1b}[33m", "\u{1b}[0m"),
                Part::Level(_) => ("\u{1b}[32m", "\u{1b}[0m"),
            }),
        };
        line.push('\n');
        line
    }

    fn text(&self, paint: impl Fn(Part) -> (&'static str, &'static str)) -> String {
        let mut line = String::with_capacity(160);
        let (aside, plain) = paint(Part::Aside);
        let (colour, end) = paint(Part::Level(self.level));
        // Writing to a String cannot fail.
        let _ = write!(line, "{aside}{}{plain} {colour}{:5}{end} {aside}{}{plain}", self.at, self.level, self.target);
        if let Some((_, message)) = self.fields.0.iter().find(|(name, _)| *name == "message") {
            let _ = write!(line, " {}", Shown { value: message, spaces: true });
        }
        for (name, value) in self.fields.0.iter().filter(|(name, _)| *name != "message") {
            let _ = write!(line, " {aside}{name}={plain}{}", Shown { value, spaces: false });
        }
        line
    }

    fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("at".into(), self.at.to_string().into());
        object.insert("level".into(), self.level.as_str().to_ascii_lowercase().into());
        object.insert("target".into(), self.target.into());
        for (name, value) in &self.fields.0 {
            object.entry(*name).or_insert_with(|| value.clone());
        }
        ascii(&Value::Object(object).to_string())
    }
}

/// A part of a text line that has a colour of its own.
#[derive(Clone, Copy)]
enum Part {
    Aside,
    Level(Level),
}

/// A value in a text line, in quotes if it could be taken for something else: for another field, or for several words.
struct Shown<'a> {
    value: &'a Value,
    spaces: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Value::String(text) = self.value else { return write!(f, "{}", self.value) };
        let plain = |c: char| c != '"' && c != '=' && (!c.is_whitespace() || (self.spaces && c == ' '));
        match !text.is_empty() && text.chars().all(plain) {
            true => write!(f, "{}", escaped(text)),
            false => write!(f, "\"{}\"", escaped(text).to_string().replace('"', "\\\"")),
        }
    }
}

/// JSON with every character beyond printable ASCII as an escape (RFC 8259 §7), so that a terminal that shows the log does
/// nothing else than show it.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            ' '..='~' => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    out
}
