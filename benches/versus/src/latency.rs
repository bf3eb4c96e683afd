//! Latencies of requests, summed up as quantiles.

use std::time::Duration;

use serde::Serialize;

/// What a set of latencies comes to, in microseconds.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names)] // the unit belongs in each name
pub(crate) struct Summary {
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    max_us: u64,
    /// The 0th, 1st, … 100th percentile.
    percentiles_us: Vec<u64>,
}

/// Sums up `samples`; without samples everything is zero.
pub(crate) fn summarize(samples: &mut [Duration]) -> Summary {
    samples.sort_unstable();
    let at = |percent: usize| {
        let last = samples.len().saturating_sub(1);
        samples
            .get((last * percent).div_ceil(100))
            .map_or(0, |sample| micros(*sample))
    };
    Summary {
        p50_us: at(50),
        p95_us: at(95),
        p99_us: at(99),
        max_us: at(100),
        percentiles_us: (0..=100).map(at).collect(),
    }
}

/// A duration in whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_read_off_the_sorted_samples() {
        let mut samples: Vec<Duration> = (0..=200).rev().map(Duration::from_micros).collect();
        let summary = summarize(&mut samples);
        assert_eq!(
            (
                summary.p50_us,
                summary.p95_us,
                summary.p99_us,
                summary.max_us
            ),
            (100, 190, 198, 200)
        );
        assert_eq!(summarize(&mut []).max_us, 0);
    }
}
