//! The lowest or the highest of the last few samples.

use super::window::Window;
use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Extreme {
    window: Window,
    better: fn(f64, f64) -> f64,
}

impl Extreme {
    pub fn min(of: u16) -> Extreme {
        Extreme { window: Window::new(of), better: f64::min }
    }

    pub fn max(of: u16) -> Extreme {
        Extreme { window: Window::new(of), better: f64::max }
    }
}

impl Filter<f64> for Extreme {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        self.window.push(number);
        Step::Pass(self.window.samples().fold(number, self.better))
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
    fn the_lowest_and_the_highest_are_forgotten_in_their_turn() {
        check(
            &[FilterSpec::Min(3)],
            "0s  5 -> 5
             1s  3 -> 3
             2s  7 -> 3
             3s  8 -> 3
             4s  9 -> 7",
        );
        check(
            &[FilterSpec::Max(2)],
            "0s  5     -> 5
             1s  3     -> 5
             2s  1     -> 3
             3s  fault -> -
             4s  1     -> 1",
        );
    }
}
