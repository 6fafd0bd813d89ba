//! The learning rate over time: a linear warm-up, then half a cosine down to nothing.

use std::f64::consts::PI;

/// Learning rate at `step` of `n_steps`, at most `peak`.
pub fn learning_rate(step: usize, n_steps: usize, n_warm_up: usize, peak: f64) -> f64 {
    if step < n_warm_up {
        return peak * (step + 1) as f64 / n_warm_up as f64;
    }
    let progress = (step - n_warm_up) as f64 / (n_steps - n_warm_up).max(1) as f64;
    peak * 0.5 * (1.0 + (PI * progress).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_climbs_to_the_peak_and_falls_to_nothing() {
        let rate = |step| learning_rate(step, 110, 10, 0.01);
        assert!((rate(0) - 0.001).abs() < 1e-12);
        assert!((rate(9) - 0.01).abs() < 1e-12);
        assert!((rate(60) - 0.005).abs() < 1e-12, "half way down the cosine");
        assert!(rate(109) < 1e-5);
    }
}
