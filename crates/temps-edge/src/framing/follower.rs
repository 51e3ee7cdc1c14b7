//! Follows the messages of a connection: where each begins, what it may contain, where it ends.

use super::{
    Fault, Signals,
    chunked::Chunks,
    head::{BodyFraming, HeadReader},
};

/// The place in the sequence of messages that a connection is.
#[derive(Debug, Default)]
pub struct Follower {
    stage: Stage,
    /// How many messages ended before the current one.
    messages: u64,
}

#[derive(Debug)]
enum Stage {
    /// Before or in a head.
    Head(HeadReader),
    /// In a body of which so many bytes are left.
    Length(u64),
    Chunked(Chunks),
    /// Behind a head that asks to switch protocols, until the service has decided.
    Switch,
    /// After protocols were switched.
    Raw,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Head(HeadReader::default())
    }
}

/// What was found in the bytes that were shown.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes are sound.
    Took(usize),
    /// So many bytes mean nothing and are left out.
    Skip(usize),
    NeedsMore,
}

impl Follower {
    /// Looks at the bytes behind those that were already taken.
    pub fn step(&mut self, bytes: &[u8], signals: &Signals) -> Result<Step, Fault> {
        match &mut self.stage {
            Stage::Switch => match signals.is_switched(self.messages) {
                None => Ok(Step::NeedsMore),
                Some(false) => self.end_message(0),
                Some(true) if bytes.is_empty() => {
                    self.stage = Stage::Raw;
                    Ok(Step::NeedsMore)
                }
                Some(true) => Err(Fault::Early),
            },
            _ if bytes.is_empty() => Ok(Step::NeedsMore),
            Stage::Head(reader) => match reader.read(bytes)? {
                Step::Took(head) => {
                    let framing = reader.framing()?;
                    self.enter_body(framing, head, signals)
                }
                other => Ok(other),
            },
            Stage::Length(left) => {
                let bytes = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= bytes as u64;
                if *left == 0 { self.end_message(bytes) } else { Ok(Step::Took(bytes)) }
            }
            Stage::Chunked(chunks) => {
                let taken = chunks.follow(bytes)?;
                if chunks.is_over() { self.end_message(taken) } else { Ok(Step::Took(taken)) }
            }
            Stage::Raw => Ok(Step::Took(bytes.len())),
        }
    }

    fn enter_body(&mut self, framing: BodyFraming, head: usize, signals: &Signals) -> Result<Step, Fault> {
        self.stage = match framing {
            BodyFraming::None => return self.end_message(head),
            BodyFraming::Length(bytes) => Stage::Length(bytes),
            BodyFraming::Chunked => Stage::Chunked(Chunks::default()),
            BodyFraming::Switch => {
                signals.ask_to_switch(self.messages);
                Stage::Switch
            }
        };
        Ok(Step::Took(head))
    }

    fn end_message(&mut self, taken: usize) -> Result<Step, Fault> {
        self.messages += 1;
        self.stage = Stage::default();
        Ok(Step::Took(taken))
    }

    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether the next byte would be the first of a head.
    pub fn is_between_messages(&self) -> bool {
        matches!(&self.stage, Stage::Head(reader) if reader.is_fresh())
    }

    pub fn is_reading_head(&self) -> bool {
        matches!(self.stage, Stage::Head(_))
    }

    pub fn awaits_switch(&self) -> bool {
        matches!(self.stage, Stage::Switch)
    }

    pub fn is_raw(&self) -> bool {
        matches!(self.stage, Stage::Raw)
    }
}
