//! A sensor's filters one behind the other. Each judges what those before it let through, also what one of them tells at a
//! deadline.

use super::{Due, Filter, Step, build};
use crate::model::{FilterSpec, Moment, Value};

/// A sensor's filters, in the order they were written.
#[derive(Debug)]
pub struct Chain {
    stages: Vec<Box<dyn Filter<Value>>>,
    /// The stage that rejected last, if nothing has come past it since.
    rejecting: Option<usize>,
}

impl Chain {
    /// The filters of a sensor, with nothing remembered.
    pub fn new(specs: &[FilterSpec]) -> Chain {
        Chain { stages: specs.iter().map(build).collect(), rejecting: None }
    }

    /// Runs a sample through all stages.
    pub fn pass(&mut self, value: Value, now: Moment) -> Step<Value> {
        self.run(0, value, now)
    }

    /// When [`Chain::wake`] has something to do.
    pub fn deadline(&self) -> Option<Moment> {
        self.stages.iter().filter_map(|stage| stage.deadline()).min()
    }

    /// The next thing that is due and comes out at the end; to be called until there is nothing.
    pub fn wake(&mut self, now: Moment) -> Option<Due<Value>> {
        loop {
            let due = self.stages.iter().enumerate().filter_map(|(at, stage)| Some((stage.deadline()?, at)));
            let (_, at) = due.filter(|(deadline, _)| *deadline <= now).min()?;
            let (value, told): (_, fn(Value) -> Due<Value>) = match self.stages.get_mut(at)?.wake(now) {
                Due::Tell(value) => (value, Due::Tell),
                Due::Repeat(value) => (value, Due::Repeat),
                Due::Stale => return Some(Due::Stale),
                Due::Nothing => continue,
            };
            if let Step::Pass(value) = self.run(at + 1, value, now) {
                return Some(told(value));
            }
        }
    }

    /// Is what came last not believed?
    pub fn is_rejecting(&self) -> bool {
        self.rejecting.is_some()
    }

    /// Forgets all that went before.
    pub fn reset(&mut self) {
        self.stages.iter_mut().for_each(|stage| stage.reset());
        self.rejecting = None;
    }

    fn run(&mut self, from: usize, mut value: Value, now: Moment) -> Step<Value> {
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            self.rejecting = Some(from);
            return Step::Reject;
        }
        for (at, stage) in self.stages.iter_mut().enumerate().skip(from) {
            match stage.pass(value, now) {
                Step::Pass(passed) => value = passed,
                Step::Keep => {
                    self.rejecting = self.rejecting.filter(|rejecting| at <= *rejecting);
                    return Step::Keep;
                }
                Step::Reject => {
                    self.rejecting = Some(at);
                    return Step::Reject;
                }
            }
        }
        self.rejecting = None;
        Step::Pass(value)
    }
}
