//! The mean of the last few samples, each with the same weight.

use super::window::Window;
use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Average {
    window: Window,
}

impl Average {
    pub fn new(of: u16) -> Average {
        Average { window: Window::new(of) }
    }
}

impl Filter<f64> for Average {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        self.window.push(number);
        // Added up anew each time: a running sum would drift away from its samples.
        Step::Pass(self.window.samples().sum::<f64>() / self.window.len() as f64)
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn the_mean_follows_the_last_samples_only() {
        check(
            &[FilterSpec::Average(3)],
            "0s  10    -> 10
             1s  20    -> 15
             2s  30    -> 20
             3s  70    -> 40
             4s  fault -> -
             5s  8     -> 8",
        );
    }
}
