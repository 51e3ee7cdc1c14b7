//! Prometheus metrics of the whole program.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use temps_policy::Event;

/// Bounds of the histogram of durations, in seconds: from what the edge answers itself to what an application takes its time for.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];
/// Series of a host name that nobody asked for so long are dropped, so that names that come and go do not fill the memory.
const IDLE: Duration = Duration::from_secs(86_400);

/// The recorder of this process. There is one a process, also if tests start several instances in it.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder and gives out what renders it.
///
/// # Errors
/// If another recorder was installed.
pub fn install() -> anyhow::Result<Arc<dyn Fn() -> String + Send + Sync>> {
    let handle = match RECORDER.get() {
        Some(handle) => handle,
        None => {
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Full("temps_request_duration_seconds".into()), &BUCKETS)?
                .idle_timeout(MetricKindMask::ALL, Some(IDLE))
                .build_recorder();
            let handle = RECORDER.get_or_init(|| recorder.handle());
            metrics::set_global_recorder(recorder).ok().context("another metrics recorder is installed")?;
            describe();
            handle
        }
    };
    Ok(Arc::new(move || handle.render()))
}

/// Frees what old series hold. To be called every few seconds.
pub fn upkeep() {
    if let Some(handle) = RECORDER.get() {
        handle.run_upkeep();
    }
}

/// Counts a request. The label `site` is a host name that the instance serves, or `none`: what clients ask for without there being
/// such a site makes no series of its own.
pub fn count(event: &Event) {
    let site = match (&event.site, &event.host) {
        (Some(_), Some(host)) => host.to_string(),
        _ => "none".to_owned(),
    };
    let class = match event.status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    let labels = [("site", site.clone()), ("outcome", event.outcome.name().into()), ("status_class", class.into())];
    metrics::counter!("temps_requests_total", &labels).increment(1);
    metrics::counter!("temps_response_bytes_total", "site" => site.clone()).increment(event.sent);
    metrics::histogram!("temps_request_duration_seconds", "site" => site).record(event.duration.as_secs_f64());
}

/// How many events were dropped because the queue was full, since the start.
pub fn dropped(total: u64) {
    metrics::counter!("temps_events_dropped_total").absolute(total);
}

/// The version of the snapshot that was sent to the edge last.
pub fn snapshot(version: u64) {
    metrics::gauge!("temps_snapshot_version").set(version as f64);
}

fn describe() {
    metrics::describe_counter!(
        "temps_requests_total",
        "Requests by host name, how they ended, and class of the status."
    );
    metrics::describe_counter!(
        "temps_response_bytes_total",
        metrics::Unit::Bytes,
        "Bytes of response bodies by host name."
    );
    metrics::describe_histogram!(
        "temps_request_duration_seconds",
        metrics::Unit::Seconds,
        "From the first byte of the request to the last of the response."
    );
    metrics::describe_counter!(
        "temps_events_dropped_total",
        "Requests that are missing in the access log because the queue was full."
    );
    metrics::describe_gauge!("temps_snapshot_version", "Version of the configuration that was sent to the edge last.");
}
