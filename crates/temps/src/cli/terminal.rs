//! What people and programs see: results on standard output, everything else on standard error.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde_json::Value;
use temps_model::Timestamp;

use super::failure::Failure;
use crate::logging::escaped;

/// Where a command writes to.
#[derive(Debug)]
pub struct Terminal {
    pub json: bool,
    colours: bool,
}

/// What stands where there is no value.
pub const NOTHING: &str = "–";

/// A heading and where to find the value in an item (RFC 6901).
pub type Column = (&'static str, &'static str);

impl Terminal {
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, colours: wanted && io::stdout().is_terminal() && io::stderr().is_terminal() }
    }

    /// One line of the result.
    pub fn say(&self, line: impl Display) {
        // A reader that went away, such as `head`, is no failure of the command.
        let _ = writeln!(io::stdout().lock(), "{line}");
    }

    /// A remark for a person.
    pub fn note(&self, line: impl Display) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// The answer of the API, as JSON if that is wanted, else what `human` makes of it.
    pub fn answer(&self, body: &Value, human: impl FnOnce(&Self)) {
        match self.json {
            true => self.say(body),
            false => human(self),
        }
    }

    /// A list: as JSON `{"items": […], "next": null}`, else a table, or `empty` if there is nothing.
    pub fn list(&self, items: &[Value], columns: &[Column], empty: &str) {
        if self.json {
            return self.say(serde_json::json!({ "items": items, "next": null }));
        }
        if items.is_empty() {
            return self.note(empty);
        }
        let rows = items.iter().map(|item| columns.iter().map(|(_, pointer)| cell(item, pointer)).collect());
        self.table(&columns.iter().map(|(heading, _)| *heading).collect::<Vec<_>>(), rows.collect());
    }

    /// Names and values below each other.
    pub fn details(&self, item: &Value, rows: &[Column]) {
        let shown: Vec<_> = rows
            .iter()
            .map(|(name, pointer)| (*name, cell(item, pointer)))
            .filter(|(_, value)| value != NOTHING)
            .collect();
        let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in shown {
            self.say(format_args!("{} {value}", self.dim(format!("{name:width$}"))));
        }
    }

    /// How soon a change was in force.
    pub fn effective(&self, answer: &Value) {
        match &answer["effective_ms"] {
            Value::Null if answer.get("effective_ms").is_some() => {
                self.note("Saved, but not in force on every worker yet. The server's log names the one that lags.");
            }
            ms => {
                if let Some(ms) = ms.as_f64() {
                    self.note(self.dim(format_args!("In force after {ms:.1} ms.")));
                }
            }
        }
    }

    /// What a change would do, as `?dry_run=true` answers.
    pub fn dry_run(&self, answer: &Value) {
        self.note("Nothing was changed. This would change:");
        for change in answer["changes"].as_array().into_iter().flatten() {
            self.say(format_args!("{}: {} → {}", cell(change, "/field"), cell(change, "/from"), cell(change, "/to")));
        }
        for consequence in answer["consequences"].as_array().into_iter().flatten() {
            self.say(format_args!("! {}", cell(consequence, "")));
        }
    }

    pub fn failure(&self, failure: &Failure) {
        match failure.problem() {
            Some(problem) if self.json => self.note(&problem.document),
            _ => self.note(format_args!("{} {failure}", self.paint("31", "error:"))),
        }
    }

    fn table(&self, headings: &[&str], rows: Vec<Vec<String>>) {
        let width = |column: usize| {
            rows.iter().map(|row| row[column].chars().count()).chain([headings[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        let line = |cells: &[String]| {
            let padded: Vec<_> = cells.iter().zip(&widths).map(|(text, width)| format!("{text:width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        self.say(self.dim(line(&headings.iter().map(|heading| heading.to_string()).collect::<Vec<_>>())));
        rows.iter().for_each(|row| self.say(line(row)));
    }

    fn dim(&self, text: impl Display) -> String {
        self.paint("2", text)
    }

    fn paint(&self, style: &str, text: impl Display) -> String {
        if self.colours { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// A value for a person to read: times to the second, lists with commas. Text of other people cannot steer the terminal.
pub fn cell(item: &Value, pointer: &str) -> String {
    match item.pointer(pointer) {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(Value::String(text)) if text.is_empty() => NOTHING.to_owned(),
        Some(Value::String(text)) => match Timestamp::parse_rfc3339(text) {
            Some(time) => Timestamp::from_micros(time.seconds() * 1_000_000).to_string(),
            None => escaped(text).to_string(),
        },
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(items)) if items.is_empty() => NOTHING.to_owned(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(item, "")).collect::<Vec<_>>().join(", "),
        Some(other) => escaped(&other.to_string()).to_string(),
    }
}
