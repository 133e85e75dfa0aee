//! The other state.

use super::{Filter, Step};
use crate::model::Moment;

#[derive(Debug)]
pub struct Invert;

impl Filter<bool> for Invert {
    fn pass(&mut self, on: bool, _: Moment) -> Step<bool> {
        Step::Pass(!on)
    }
}

#[cfg(test)]
mod tests {
    use crate::control::filters::table::check;
    use crate::model::FilterSpec;

    #[test]
    fn on_is_off_and_off_is_on() {
        check(&[FilterSpec::Invert], "0s  on -> off\n1s  off -> on");
    }
}
