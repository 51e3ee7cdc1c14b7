//! Limits on the wire, and which of them hold in the end.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use temps_policy::protections::limits::{LimitSettings, Limits, Rate};
use utoipa::ToSchema;

use crate::problem::{FieldError, Problem};

const MAX_PER_SECOND: u32 = 100_000;
const MAX_BURST: u32 = 1_000_000;
const MAX_BODY: u64 = 10 << 30;

/// How much one client may ask of one site. What is left out comes from the scope around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<RateBody>,
    /// Bytes of a request body, up to 10 GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 10737418240u64)]
    max_body: Option<u64>,
}

/// So many requests per second in the long run, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateBody {
    #[schema(minimum = 1, maximum = 100_000)]
    per_second: u32,
    #[schema(minimum = 1, maximum = 1_000_000)]
    burst: u32,
}

impl TryFrom<LimitsBody> for LimitSettings {
    type Error = Problem;

    fn try_from(body: LimitsBody) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut within = |field: &str, value: u32, max: u32| match NonZeroU32::new(value)
            .filter(|value| value.get() <= max)
        {
            Some(value) => value,
            None => {
                errors
                    .push(FieldError { field: format!("limits.rate.{field}"), message: format!("can be 1 to {max}") });
                NonZeroU32::MIN
            }
        };
        let rate = body.rate.map(|rate| Rate {
            per_second: within("per_second", rate.per_second, MAX_PER_SECOND),
            burst: within("burst", rate.burst, MAX_BURST),
        });
        if body.max_body.is_some_and(|bytes| bytes > MAX_BODY) {
            errors.push(FieldError {
                field: "limits.max_body".to_owned(),
                message: format!("can be 0 to {MAX_BODY} bytes (10 GiB)"),
            });
        }
        match errors.is_empty() {
            true => Ok(Self { rate, max_body: body.max_body }),
            false => Err(Problem::invalid_fields(errors)),
        }
    }
}

impl From<LimitSettings> for LimitsBody {
    fn from(settings: LimitSettings) -> Self {
        Self { rate: settings.rate.map(RateBody::from), max_body: settings.max_body }
    }
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        Self { rate: Some(limits.rate.into()), max_body: Some(limits.max_body) }
    }
}

impl From<Rate> for RateBody {
    fn from(rate: Rate) -> Self {
        Self { per_second: rate.per_second.get(), burst: rate.burst.get() }
    }
}

/// Refuses limits under which nobody could use the console any more to change them back.
pub fn leave_the_console_usable(limits: LimitSettings) -> Result<(), Problem> {
    let floor = Limits::CONSOLE_FLOOR;
    let rate = limits.rate.unwrap_or(floor.rate);
    let error = |field: &str, at_least: u64| FieldError {
        field: format!("limits.{field}"),
        message: format!(
            "of the console can be no less than {at_least}, so that it can always be used to change its limits"
        ),
    };
    let errors = [
        (rate.per_second < floor.rate.per_second).then(|| error("rate.per_second", floor.rate.per_second.get().into())),
        (rate.burst < floor.rate.burst).then(|| error("rate.burst", floor.rate.burst.get().into())),
        limits.max_body.is_some_and(|bytes| bytes < floor.max_body).then(|| error("max_body", floor.max_body)),
    ];
    let errors: Vec<_> = errors.into_iter().flatten().collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_out_of_range_name_every_field() {
        let body: LimitsBody =
            serde_json::from_str(r#"{"rate":{"per_second":0,"burst":1000001},"max_body":10737418241}"#).unwrap();
        let problem = format!("{:?}", LimitSettings::try_from(body).unwrap_err());
        for field in ["limits.rate.per_second", "limits.rate.burst", "limits.max_body"] {
            assert!(problem.contains(field), "{field} is missing in {problem}");
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_within_them_and_survive_the_way_there_and_back() {
        for text in [
            "{}",
            r#"{"max_body":0}"#,
            r#"{"rate":{"per_second":1,"burst":1}}"#,
            r#"{"rate":{"per_second":100000,"burst":1000000},"max_body":10737418240}"#,
        ] {
            let body: LimitsBody = serde_json::from_str(text).unwrap();
            let settings = LimitSettings::try_from(body).unwrap();
            assert_eq!(serde_json::to_string(&LimitsBody::from(settings)).unwrap(), text);
        }
    }

    #[test]
    fn r_ip_3_limits_that_would_take_the_console_away_are_refused() {
        let read = |text| LimitSettings::try_from(serde_json::from_str::<LimitsBody>(text).unwrap()).unwrap();
        for text in [
            r#"{"max_body":0}"#,
            r#"{"rate":{"per_second":1,"burst":1000}}"#,
            r#"{"rate":{"per_second":1000,"burst":1}}"#,
        ] {
            assert!(leave_the_console_usable(read(text)).is_err(), "{text}");
        }
        assert!(leave_the_console_usable(read(r#"{"rate":{"per_second":20,"burst":100},"max_body":8388608}"#)).is_ok());
        assert!(leave_the_console_usable(read("{}")).is_ok());
    }

    #[test]
    fn unknown_limits_are_refused() {
        assert!(serde_json::from_str::<LimitsBody>(r#"{"rate":{"per_second":1,"burst":1,"window":9}}"#).is_err());
        assert!(serde_json::from_str::<LimitsBody>(r#"{"max_header":1}"#).is_err());
        assert!(serde_json::from_str::<LimitsBody>(r#"{"rate":{"per_second":-1,"burst":1}}"#).is_err());
    }
}
