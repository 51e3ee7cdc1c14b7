//! Reads `temps.toml`, the environment and the flags into one list of given values.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use toml_edit::{Document, Item, Value};

use super::{KEYS, Key, Origin, Problem, keys::Kind};

/// The name of the file that is looked for in the data directory.
const FILE: &str = "temps.toml";
/// Variables of ours that are no configuration keys.
const OTHER_VARIABLES: [&str; 4] = ["TEMPS_CONFIG", "TEMPS_SERVER", "TEMPS_CA", "TEMPS_MASTER_KEY"];
/// Variables of the tests.
const TEST_PREFIX: &str = "TEMPS_TEST_";

/// A key and the texts given for it, each with its place.
#[derive(Clone, Debug)]
pub struct Given {
    pub key: &'static str,
    pub items: Vec<(String, Origin)>,
}

/// What was given, the weaker source first, and what could not even be read.
#[derive(Debug, Default)]
pub struct Sources {
    pub given: Vec<Given>,
    pub problems: Vec<Problem>,
}

impl Sources {
    /// Reads all three. `file` is what `--config` named; without it `TEMPS_CONFIG` counts, then `temps.toml` in the data directory if
    /// there is one. `flags` are pairs of key and text.
    pub fn read(file: Option<&Path>, environment: &[(String, String)], flags: &[(&'static str, String)]) -> Self {
        let mut stronger = Self::default();
        stronger.read_environment(environment);
        for (name, text) in flags {
            let Some(key) = Key::find(name) else { continue };
            stronger.push(key, text, Origin::Flag(key.name.replace('_', "-")));
        }
        let named = file.map(Path::to_owned).or_else(|| variable(environment, "TEMPS_CONFIG").map(PathBuf::from));
        let mut sources = Self::default();
        match named {
            Some(file) => sources.read_file(&file, true),
            None => {
                sources.read_file(&stronger.data_dir().join(FILE), false);
                sources.refuse_moved_data_dir();
            }
        }
        sources.given.extend(stronger.given);
        sources.problems.extend(stronger.problems);
        sources
    }

    /// Where the value in force was written.
    pub fn origin(&self, key: &str) -> Origin {
        let given = self.given.iter().rev().find(|given| given.key == key);
        given.and_then(|given| given.items.first()).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    fn data_dir(&self) -> PathBuf {
        let given = self.given.iter().rev().find(|given| given.key == "data_dir");
        given
            .and_then(|given| given.items.first())
            .map_or_else(|| super::checks::DATA_DIR.into(), |(text, _)| text.into())
    }

    fn read_environment(&mut self, environment: &[(String, String)]) {
        let mut ours: Vec<_> = environment.iter().filter(|(name, _)| name.starts_with("TEMPS_")).collect();
        ours.sort();
        for (name, text) in ours {
            if OTHER_VARIABLES.contains(&name.as_str()) || name.starts_with(TEST_PREFIX) {
                continue;
            }
            match KEYS.iter().find(|key| key.environment() == *name) {
                Some(key) => self.push(key, text, Origin::Environment(name.clone())),
                None => {
                    let hint = nearest(name, KEYS.iter().map(Key::environment));
                    self.problems.push(Problem::new(Origin::Environment(name.clone()), format!("is unknown{hint}")));
                }
            }
        }
    }

    fn push(&mut self, key: &'static Key, text: &str, origin: Origin) {
        let items = match key.kind {
            Kind::Many => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect(),
            Kind::One | Kind::Switch | Kind::Secret => vec![text.to_owned()],
        };
        let items = items.into_iter().map(|item| (item, origin.clone())).collect();
        self.given.push(Given { key: key.name, items });
    }

    fn read_file(&mut self, path: &Path, must_exist: bool) {
        let name = path.display().to_string();
        let origin = |line| Origin::File { name: name.clone(), line };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => return,
            Err(error) => return self.problems.push(Problem::new(origin(1), format!("cannot be read: {error}"))),
        };
        let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
        let document = match Document::parse(text.as_str()) {
            Ok(document) => document,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start));
                return self.problems.push(Problem::new(origin(line), error.message().trim().replace('\n', " ")));
            }
        };
        for (name, item) in document.iter() {
            let key_span = document.get_key_value(name).and_then(|(key, _)| key.span());
            let at = |span: Option<std::ops::Range<usize>>| {
                origin(span.or_else(|| key_span.clone()).map_or(1, |span| line_of(span.start)))
            };
            match Key::find(name) {
                None => {
                    let hint = nearest(name, KEYS.iter().map(|key| key.name.to_owned()));
                    self.problems.push(Problem::new(at(key_span.clone()), format!("{name}: is unknown{hint}")));
                }
                Some(key) => match texts(key, item, &at) {
                    Ok(items) => self.given.push(Given { key: key.name, items }),
                    Err(problem) => self.problems.push(problem),
                },
            }
        }
        self.refuse_open_secrets(path);
    }

    /// A file that holds a secret may be read by its owner only (R-SEC-9).
    fn refuse_open_secrets(&mut self, path: &Path) {
        let open = std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0);
        let secrets =
            self.given.iter().filter(|given| Key::find(given.key).is_some_and(|key| key.kind == Kind::Secret));
        let problems =
            secrets.filter(|_| open).filter_map(|given| given.items.first().map(|(_, origin)| (given.key, origin)));
        let text =
            |key| format!("{key}: the file holds a secret and others may read it; run: chmod 600 {}", path.display());
        let problems: Vec<_> = problems.map(|(key, origin)| Problem::new(origin.clone(), text(key))).collect();
        self.problems.extend(problems);
    }

    /// A file that was found in the data directory cannot say that the data directory is elsewhere.
    fn refuse_moved_data_dir(&mut self) {
        if let Origin::File { name, line } = self.origin("data_dir") {
            let text =
                "data_dir: this file was found in the data directory, so it cannot name it; use --data-dir or --config";
            self.problems.push(Problem::new(Origin::File { name, line }, text));
        }
    }
}

/// The texts of a TOML value, each with its own line.
fn texts(
    key: &Key,
    item: &Item,
    at: &impl Fn(Option<std::ops::Range<usize>>) -> Origin,
) -> Result<Vec<(String, Origin)>, Problem> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok((text.value().clone(), at(value.span()))),
        Value::Integer(number) => Ok((number.value().to_string(), at(value.span()))),
        _ => Err(Problem::new(at(value.span()), format!("{}: must be a text in quotes", key.name))),
    };
    match (key.kind, item) {
        (Kind::Many, Item::Value(Value::Array(array))) => array.iter().map(one).collect(),
        (Kind::Many, _) => {
            Err(Problem::new(at(item.span()), format!("{}: must be a list, such as [\"10.0.0.0/8\"]", key.name)))
        }
        (Kind::Switch, Item::Value(Value::Boolean(switch))) => {
            Ok(vec![(switch.value().to_string(), at(switch.span()))])
        }
        (Kind::Switch, _) => Err(Problem::new(at(item.span()), format!("{}: must be true or false", key.name))),
        (Kind::One | Kind::Secret, Item::Value(value)) => Ok(vec![one(value)?]),
        (Kind::One | Kind::Secret, _) => Err(Problem::new(at(None), format!("{}: must be a text in quotes", key.name))),
    }
}

fn variable<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    environment.iter().find(|(variable, _)| variable == name).map(|(_, text)| text.as_str())
}

/// `; did you mean …?` for the closest name, if one is close.
fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> String {
    let closest = candidates.map(|candidate| (distance(name, &candidate), candidate)).min();
    match closest {
        Some((edits, candidate)) if edits <= 3 => format!("; did you mean {candidate}?"),
        _ => String::new(),
    }
}

/// The edit distance of Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
