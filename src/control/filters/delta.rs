//! Swallows small changes, so that a sensor's noise is not news.

use super::Filter;

#[derive(Debug)]
pub struct Delta {
    step: f64,
    last: Option<f64>,
}

impl Delta {
    pub fn new(step: f64) -> Delta {
        Delta { step, last: None }
    }
}

impl Filter for Delta {
    fn pass(&mut self, number: f64) -> Option<f64> {
        if self.last.is_some_and(|last| (number - last).abs() < self.step) {
            return None;
        }
        self.last = Some(number);
        Some(number)
    }

    fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_drift_is_told_once_per_step() {
        let mut delta = Delta::new(0.5);
        let told: Vec<f64> =
            [20.0, 20.2, 20.4, 20.5, 20.6, 20.1, 20.0].into_iter().filter_map(|n| delta.pass(n)).collect();
        assert_eq!(told, [20.0, 20.5, 20.0]);
    }
}
