//! The median of the last few samples (one wild sample never shows), and other quantiles.

use super::window::Window;
use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Quantile {
    q: f64,
    window: Window,
}

impl Quantile {
    /// The middle one; of an even number the upper of the two.
    pub fn median(of: u8) -> Quantile {
        Quantile::new(of, 0.5)
    }

    /// The one below which lies this part of them.
    pub fn new(of: u8, q: f64) -> Quantile {
        Quantile { q, window: Window::new(of) }
    }
}

impl Filter<f64> for Quantile {
    fn pass(&mut self, number: f64, _: Moment) -> Step<f64> {
        self.window.push(number);
        let sorted = self.window.sorted();
        let last = sorted.len().saturating_sub(1);
        // Never negative, and never more than the few samples there are.
        let at = (self.q * last as f64).round() as usize;
        Step::Pass(sorted.get(at.min(last)).copied().unwrap_or(number))
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
    fn one_wild_sample_never_shows() {
        check(
            &[FilterSpec::Median(3)],
            "0s  20   -> 20
             1s  20.1 -> 20.1
             2s  85   -> 20.1
             3s  20.2 -> 20.2
             4s  20.3 -> 20.3",
        );
    }

    #[test]
    fn a_quantile_is_the_one_that_so_many_lie_below() {
        check(
            &[FilterSpec::Quantile { of: 5, q: 0.75 }],
            "0s  10 -> 10
             1s  50 -> 50
             2s  20 -> 50
             3s  40 -> 40
             4s  30 -> 40
             5s  0  -> 40
             6s  0  -> 30",
        );
        check(&[FilterSpec::Quantile { of: 5, q: 0.0 }], "0s  3 -> 3\n1s  2 -> 2\n2s  9 -> 2");
        check(&[FilterSpec::Quantile { of: 5, q: 1.0 }], "0s  3 -> 3\n1s  2 -> 3\n2s  9 -> 9");
    }
}
