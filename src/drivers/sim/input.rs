//! A simulated input.

use std::future::{Future, pending};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::bench::{Act, Bench, Line};
use super::{parse, value_of};
use crate::drivers::{Feed, FirstTry};
use crate::model::{Fault, Kind, SimHabit, SimInput, Value};

/// Plays one input for ever: by its habit, until the outside world moves it, which ends the habit. A number that
/// drifts is reported every `every`. The line is taken on the bench at once.
pub fn play(
    input: SimInput<crate::model::Line>,
    kind: Kind,
    every: Duration,
    feed: Feed,
    mut first: FirstTry,
    bench: &Bench,
) -> impl Future<Output = ()> + Send + use<> {
    let start = match input.habit {
        SimHabit::Still(number) => number,
        SimHabit::Toggles(_) => 0.0,
        SimHabit::Drifts { from, .. } => from,
    };
    let start = value_of(&kind, start).unwrap_or(Value::Number(0.0));
    let line = bench.take(&input.line.pin, &kind, start);
    async move {
        first.made();
        feed.report(Ok(start)).await;
        Playing { line, kind, feed, habit: Habit::new(input.habit, every) }.run().await;
    }
}

struct Playing {
    line: Line,
    kind: Kind,
    feed: Feed,
    habit: Option<Habit>,
}

impl Playing {
    async fn run(mut self) {
        loop {
            let next = self.habit.as_ref().map(Habit::next);
            tokio::select! {
                poke = self.line.pokes.recv() => {
                    let Some(poke) = poke else { return pending().await };
                    let result = self.suffer(poke.act);
                    if result.is_ok() {
                        self.report().await;
                    }
                    let _ = poke.done.send(result);
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    let Some(number) = self.habit.as_mut().map(Habit::step) else { continue };
                    self.show(value_of(&self.kind, number));
                    // A broken line has said so; what it would read is nobody's business.
                    if self.line.shown.borrow().fault.is_none() {
                        self.report().await;
                    }
                }
            }
        }
    }

    fn suffer(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Set(text) => {
                self.show(Some(parse(&self.kind, &text)?));
                self.habit = None;
            }
            Act::Fail(reason) => self.line.shown.send_modify(|shown| shown.fault = Some(Fault::new(reason))),
            Act::Heal => self.line.shown.send_modify(|shown| shown.fault = None),
            Act::Stick | Act::Hush => return Err("this line is an input".into()),
        }
        Ok(())
    }

    fn show(&self, value: Option<Value>) {
        if let Some(value) = value {
            self.line.shown.send_modify(|shown| shown.value = value);
        }
    }

    async fn report(&self) {
        let result = self.line.shown.borrow().result();
        self.feed.report(result).await;
    }
}

/// A habit in the course of time.
struct Habit {
    kind: SimHabit,
    begun: Instant,
    step: Duration,
    steps: u32,
}

impl Habit {
    fn new(kind: SimHabit, every: Duration) -> Option<Habit> {
        let step = match kind {
            SimHabit::Still(_) => return None,
            SimHabit::Toggles(step) => step,
            SimHabit::Drifts { .. } => every,
        };
        // A habit without a pause would never let anybody else run.
        let step = step.max(Duration::from_millis(1));
        Some(Habit { kind, begun: Instant::now(), step, steps: 0 })
    }

    fn next(&self) -> Instant {
        self.begun + self.step * (self.steps + 1)
    }

    fn step(&mut self) -> f64 {
        self.steps += 1;
        match self.kind {
            SimHabit::Still(number) => number,
            SimHabit::Toggles(_) => f64::from(self.steps % 2),
            SimHabit::Drifts { from, to, over } => {
                let swings = (self.step * self.steps).as_secs_f64() / over.as_secs_f64().max(0.001);
                let there_and_back = 1.0 - (1.0 - 2.0 * swings.fract()).abs();
                from + (to - from) * there_and_back
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::drivers::Report;

    fn start(habit: SimHabit, kind: Kind, every: u64) -> (Bench, mpsc::Receiver<Report>) {
        let bench = Bench::default();
        let (reports, heard) = mpsc::channel(16);
        let line = crate::model::Line { chip: "sim".into(), names: vec!["S1".into()], offset: None, pin: "S1".into() };
        let every = Duration::from_secs(every);
        let feed = Feed::new("door", reports);
        tokio::spawn(play(SimInput { line, habit }, kind, every, feed, FirstTry::default(), &bench));
        (bench, heard)
    }

    async fn next(heard: &mut mpsc::Receiver<Report>) -> Result<Value, Fault> {
        heard.recv().await.unwrap().result
    }

    fn celsius() -> Kind {
        Kind::Number { unit: "°C".into(), decimals: 1, range: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_still_input_speaks_at_once_and_then_when_it_is_moved() {
        let (bench, mut heard) = start(SimHabit::Still(1.0), Kind::on_off(), 1);
        assert_eq!(next(&mut heard).await, Ok(Value::Switch(true)));
        bench.poke("s1", Act::Set("off".into())).await.unwrap();
        assert_eq!(heard.try_recv().unwrap().result, Ok(Value::Switch(false)));
        assert_eq!(bench.show("S1").as_deref(), Some("off"));
        assert!(bench.poke("S1", Act::Set("ajar".into())).await.is_err());
        assert!(heard.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_toggles_in_its_own_time() {
        let (_bench, mut heard) = start(SimHabit::Toggles(Duration::from_secs(5)), Kind::on_off(), 1);
        let begun = Instant::now();
        for on in [false, true, false, true] {
            assert_eq!(next(&mut heard).await, Ok(Value::Switch(on)));
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(15));
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_drifts_there_and_back() {
        let over = Duration::from_secs(40);
        let (_bench, mut heard) = start(SimHabit::Drifts { from: 10.0, to: 20.0, over }, celsius(), 10);
        for number in [10.0, 15.0, 20.0, 15.0, 10.0, 15.0] {
            assert_eq!(next(&mut heard).await, Ok(Value::Number(number)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn moving_an_input_ends_its_habit() {
        let (bench, mut heard) = start(SimHabit::Toggles(Duration::from_secs(5)), Kind::on_off(), 1);
        next(&mut heard).await.unwrap();
        bench.poke("S1", Act::Set("1".into())).await.unwrap();
        assert_eq!(next(&mut heard).await, Ok(Value::Switch(true)));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(heard.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_input_is_a_fault_until_it_is_healed() {
        let (bench, mut heard) =
            start(SimHabit::Drifts { from: 0.0, to: 1.0, over: Duration::from_secs(9) }, celsius(), 1);
        next(&mut heard).await.unwrap();
        bench.poke("S1", Act::Fail("cable cut".into())).await.unwrap();
        assert_eq!(next(&mut heard).await, Err(Fault::new("cable cut")));
        assert_eq!(bench.show("S1").as_deref(), Some("fault: cable cut"));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(heard.try_recv().is_err());
        bench.poke("S1", Act::Heal).await.unwrap();
        assert!(next(&mut heard).await.is_ok());
    }
}
