//! What a sample passes before it becomes a reading. A filter is one file, one variant of `FilterSpec`, and
//! one line in [`Chain::new`].

mod delta;
mod median;

use delta::Delta;
use median::Median;

use crate::model::{FilterSpec, Value};

/// One stage. It may change a sample, or swallow it.
trait Filter: std::fmt::Debug + Send {
    /// The sample as it goes on; `None` swallows it.
    fn pass(&mut self, number: f64) -> Option<f64>;
    /// Forgets what went before; the point was broken in between.
    fn reset(&mut self);
}

/// A sensor's filters, in the order they were written.
#[derive(Debug)]
pub struct Chain(Vec<Box<dyn Filter>>);

impl Chain {
    /// The filters of a sensor, with nothing remembered.
    pub fn new(specs: &[FilterSpec]) -> Chain {
        let build = |spec: &FilterSpec| -> Box<dyn Filter> {
            match *spec {
                FilterSpec::Delta(step) => Box::new(Delta::new(step)),
                FilterSpec::Median(length) => Box::new(Median::new(length)),
            }
        };
        Chain(specs.iter().map(build).collect())
    }

    /// Runs a sample through all stages. Two-state samples have no number to filter and pass unchanged.
    pub fn pass(&mut self, value: Value) -> Option<Value> {
        let Value::Number(number) = value else { return Some(value) };
        let filtered = self.0.iter_mut().try_fold(number, |number, filter| filter.pass(number))?;
        Value::number(filtered)
    }

    /// Forgets all that went before.
    pub fn reset(&mut self) {
        self.0.iter_mut().for_each(|filter| filter.reset());
    }
}
