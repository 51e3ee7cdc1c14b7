//! Adding up requests.

use temps_db::telemetry::Counts;
use temps_policy::Event;

use super::Ending;

/// Adds one request.
pub fn count(counts: &mut Counts, event: &Event) {
    *of(counts, Ending::of(event.outcome)) += 1;
    let class = usize::from(event.status / 100).clamp(1, 5) - 1;
    counts.statuses[class] += 1;
    counts.bytes = counts.bytes.saturating_add(i64::try_from(event.sent).unwrap_or(i64::MAX));
    counts.latencies.record(event.duration);
}

fn of(counts: &mut Counts, ending: Ending) -> &mut i64 {
    match ending {
        Ending::Passed => &mut counts.passed,
        Ending::Throttled => &mut counts.throttled,
        Ending::Refused => &mut counts.refused,
        Ending::Failed => &mut counts.failed,
        Ending::Abandoned => &mut counts.abandoned,
    }
}
