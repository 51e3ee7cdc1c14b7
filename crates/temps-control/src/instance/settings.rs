//! What administrators decide for everybody.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temps_model::Role;
use utoipa::ToSchema;

use crate::problem::{FieldError, Problem};

/// The instance's settings. A change gives all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// Whether any user may create projects, or only administrators.
    pub users_may_create_projects: bool,
    pub sessions: SessionSettings,
    pub second_factor: SecondFactorSettings,
    pub passwords: PasswordSettings,
}

/// How long logins last (R-SESS-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// Minutes for which a session of an instance administrator may lie unused: 5 to 1,440.
    #[schema(minimum = 5, maximum = 1440)]
    pub administrator_idle_minutes: u32,
    /// The same for all other users.
    #[schema(minimum = 5, maximum = 1440)]
    pub idle_minutes: u32,
    /// Hours after which a session ends in any case: 1 to 168.
    #[schema(minimum = 1, maximum = 168)]
    pub absolute_hours: u32,
    /// Days for which a device stays logged in if the person asks for it, used or not: 0 to 90; 0 offers it to nobody.
    #[schema(minimum = 0, maximum = 90)]
    pub remember_days: u32,
}

/// Who has to have a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorSettings {
    pub everyone: bool,
    pub administrators: bool,
    /// Everybody who has one of these roles in any project.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSettings {
    /// How many characters a new password needs: 8 to 64 (R-AUTH-8).
    #[schema(minimum = 8, maximum = 64)]
    pub min_characters: u32,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self {
            users_may_create_projects: true,
            sessions: SessionSettings {
                administrator_idle_minutes: 30,
                idle_minutes: 240,
                absolute_hours: 12,
                remember_days: 14,
            },
            second_factor: SecondFactorSettings { everyone: false, administrators: false, roles: Vec::new() },
            passwords: PasswordSettings { min_characters: 12 },
        }
    }
}

impl InstanceSettings {
    /// Refuses what is out of range, naming each field.
    pub fn check(&self) -> Result<(), Problem> {
        let SessionSettings { administrator_idle_minutes, idle_minutes, absolute_hours, remember_days } = self.sessions;
        let wrong: Vec<FieldError> = [
            ("sessions.administrator_idle_minutes", administrator_idle_minutes, 5, 1_440),
            ("sessions.idle_minutes", idle_minutes, 5, 1_440),
            ("sessions.absolute_hours", absolute_hours, 1, 168),
            ("sessions.remember_days", remember_days, 0, 90),
            ("passwords.min_characters", self.passwords.min_characters, 8, 64),
        ]
        .into_iter()
        .filter(|(_, value, least, most)| !(least..=most).contains(&value))
        .map(|(field, _, least, most)| FieldError {
            field: field.to_owned(),
            message: format!("has to be between {least} and {most}"),
        })
        .collect();
        if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(wrong)) }
    }
}

impl SessionSettings {
    pub fn idle(&self, administrator: bool) -> Duration {
        let minutes = if administrator { self.administrator_idle_minutes } else { self.idle_minutes };
        Duration::from_secs(u64::from(minutes) * 60)
    }

    pub fn absolute(&self) -> Duration {
        Duration::from_secs(u64::from(self.absolute_hours) * 3_600)
    }

    /// For how long a device is remembered, if it can be.
    pub fn remembered(&self) -> Option<Duration> {
        (self.remember_days > 0).then(|| Duration::from_secs(u64::from(self.remember_days) * 86_400))
    }
}
