//! To whom a data key belongs.

use std::fmt;

use temps_model::{ProjectId, Timestamp, UserId};

const MICROS_OF_A_DAY: i64 = 86_400_000_000;

/// Whose values a data key seals: they are all destroyed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOwner {
    Instance,
    /// Secrets of a project.
    Project(ProjectId),
    /// Personal data of a user where it cannot be deleted, that is in the audit log.
    Subject(UserId),
    /// The same of people who are not known by name, for one day, counted from 1970-01-01.
    Anonymous {
        day: i64,
    },
}

impl KeyOwner {
    pub fn anonymous(now: Timestamp) -> Self {
        Self::Anonymous { day: now.micros().div_euclid(MICROS_OF_A_DAY) }
    }
}

/// As in the column `owner`, such as `project:01890a5d-ac96-774b-bcce-b302099a8057`.
impl fmt::Display for KeyOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("instance"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Subject(id) => write!(f, "subject:{id}"),
            Self::Anonymous { day } => write!(f, "anonymous:{day}"),
        }
    }
}
