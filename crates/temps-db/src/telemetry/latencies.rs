//! How long requests took, in a form that can be added up.

use std::time::Duration;

/// Buckets whose bounds grow by the fourth root of two, from 0.1 ms to about 23 minutes: what is read from them is at most 10 % off.
const BUCKETS: usize = 96;
/// Microseconds of the first bound.
const FIRST: f64 = 100.0;
/// Buckets in which durations double.
const IN_A_DOUBLING: f64 = 4.0;

/// A histogram of durations. Two of them are added bucket by bucket, so that percentiles of an hour come from those of its minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latencies([u32; BUCKETS]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Latencies {
    pub fn record(&mut self, duration: Duration) {
        let micros = (duration.as_secs_f64() * 1e6).max(1.0);
        let bucket = ((micros / FIRST).log2() * IN_A_DOUBLING).ceil().max(0.0) as usize;
        let bucket = &mut self.0[bucket.min(BUCKETS - 1)];
        *bucket = bucket.saturating_add(1);
    }

    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = own.saturating_add(other);
        }
    }

    /// Milliseconds that the given part of all requests did not exceed (0.5 is the median); `None` without requests.
    pub fn percentile(&self, part: f64) -> Option<f64> {
        let total: u64 = self.0.iter().map(|count| u64::from(*count)).sum();
        let wanted = ((total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        })?;
        // The middle of the bucket on the scale on which its bounds are even.
        Some(FIRST * ((bucket as f64 - 0.5) / IN_A_DOUBLING).exp2() / 1_000.0)
    }

    /// Only the buckets that hold anything: five bytes each, the number of the bucket and its count.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let filled = (0u8..).zip(self.0).filter(|(_, count)| *count > 0);
        filled.flat_map(|(bucket, count)| [[bucket].as_slice(), &count.to_le_bytes()].concat()).collect()
    }

    /// What is no bucket is left out: a damaged row costs its percentiles and nothing else.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut latencies = Self::default();
        for filled in bytes.chunks_exact(5) {
            let count = u32::from_le_bytes([filled[1], filled[2], filled[3], filled[4]]);
            if let Some(bucket) = latencies.0.get_mut(usize::from(filled[0])) {
                *bucket = count;
            }
        }
        latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_a_tenth_off() {
        for micros in [100u64, 180, 1_000, 12_345, 500_000, 3_000_000, 60_000_000, 1_200_000_000] {
            let mut latencies = Latencies::default();
            latencies.record(Duration::from_micros(micros));
            let (told, real) = (latencies.percentile(0.5).unwrap(), micros as f64 / 1_000.0);
            assert!((told / real - 1.0).abs() < 0.1, "{micros} µs were told as {told} ms");
        }
    }

    #[test]
    fn sums_and_percentiles_of_many() {
        let (mut fast, mut slow) = (Latencies::default(), Latencies::default());
        (0..90).for_each(|_| fast.record(Duration::from_millis(2)));
        (0..10).for_each(|_| slow.record(Duration::from_millis(800)));
        fast.add(&slow);
        assert!(fast.percentile(0.5).unwrap() < 2.2);
        assert!(fast.percentile(0.9).unwrap() < 2.2);
        assert!(fast.percentile(0.95).unwrap() > 720.0);
        assert_eq!(Latencies::default().percentile(0.5), None);
    }

    #[test]
    fn the_saved_form_says_the_same_and_damage_is_harmless() {
        let mut latencies = Latencies::default();
        for ms in [0, 1, 90, 7_000, 86_400_000] {
            latencies.record(Duration::from_millis(ms));
        }
        assert_eq!(Latencies::from_bytes(&latencies.to_bytes()), latencies);
        assert_eq!(Latencies::from_bytes(&[200, 1, 0, 0, 0, 3]), Latencies::default());
    }
}
