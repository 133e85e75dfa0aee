//! A simulated output.

use std::future::{Future, pending};

use super::bench::{Act, Bench, Line};
use crate::drivers::held::ClaimValue;
use crate::drivers::{Feed, FirstTry, Order, Orders};
use crate::model::{Actuator, Exit, Fault, SimOutput, Value};

/// Holds one output for ever. The line is taken on the bench, at its start value, at once.
pub(in crate::drivers) fn hold(
    output: SimOutput<crate::model::Line>,
    actuator: Actuator,
    value: ClaimValue,
    mut orders: Orders,
    feed: Feed,
    mut first: FirstTry,
    bench: &Bench,
) -> impl Future<Output = ()> + Send + use<> {
    let line = bench.take(&output.line.pin, &actuator.kind, value.next());
    let mut held = Held { line, actuator, feed, stuck: false, silent: false };
    async move {
        first.made();
        held.report().await;
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some(order) = order else { return pending().await };
                    held.obey(order).await;
                }
                poke = held.line.pokes.recv() => {
                    let Some(poke) = poke else { return pending().await };
                    let result = held.suffer(poke.act).await;
                    let _ = poke.done.send(result);
                }
            }
        }
    }
}

struct Held {
    line: Line,
    actuator: Actuator,
    feed: Feed,
    stuck: bool,
    silent: bool,
}

impl Held {
    async fn obey(&mut self, order: Order) {
        let result = self.set(order.value);
        if !self.silent {
            self.feed.answer(order.number, result).await;
        }
    }

    /// What reads back after `value` was set.
    fn set(&mut self, value: Value) -> Result<Value, Fault> {
        if !self.actuator.kind.admits(value) {
            return Err(Fault::new(format!("this line cannot be set to {value}")));
        }
        if !self.stuck && self.line.shown.borrow().fault.is_none() {
            self.line.shown.send_modify(|shown| shown.value = value);
        }
        self.line.shown.borrow().result()
    }

    async fn suffer(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Set(_) => return Err("this line is an output".into()),
            Act::Stick => self.stuck = true,
            Act::Hush => self.silent = true,
            Act::Fail(reason) => {
                self.line.shown.send_modify(|shown| shown.fault = Some(Fault::new(reason)));
                self.report().await;
            }
            Act::Heal => {
                (self.stuck, self.silent) = (false, false);
                let safe = self.actuator.safe;
                // As on real lines: one that comes back is claimed with its safe value.
                self.line.shown.send_modify(|shown| {
                    if shown.fault.take().is_some() {
                        shown.value = safe;
                    }
                });
                self.report().await;
            }
        }
        Ok(())
    }

    async fn report(&self) {
        let result = self.line.shown.borrow().result();
        self.feed.report(result).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Exit::To(value) = self.actuator.exit {
            self.line.shown.send_modify(|shown| shown.value = value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::drivers::Report;
    use crate::model::{Kind, Label, Sink};

    const OFF: Value = Value::Switch(false);

    struct Rig {
        bench: Bench,
        orders: mpsc::Sender<Order>,
        heard: mpsc::Receiver<Report>,
        task: JoinHandle<()>,
    }

    async fn rig(exit: Exit) -> Rig {
        let bench = Bench::default();
        let line = crate::model::Line { chip: "sim".into(), names: vec!["S2".into()], offset: None, pin: "S2".into() };
        let output = SimOutput { line };
        let actuator = Actuator {
            label: Label { name: "pump".into(), text: "pump".into() },
            kind: Kind::on_off(),
            sink: Sink::Sim(output.clone()),
            safe: Value::Switch(false),
            exit,
            on_link_loss: None,
            max_on: None,
            guard: Default::default(),
        };
        let (reports, mut heard) = mpsc::channel(16);
        let (orders, taken) = mpsc::channel(4);
        let feed = Feed::new("pump", reports);
        let task =
            tokio::spawn(hold(output, actuator, ClaimValue::new(OFF, OFF), taken, feed, FirstTry::default(), &bench));
        let claimed = heard.recv().await.unwrap();
        assert_eq!((claimed.result, claimed.answers), (Ok(Value::Switch(false)), None));
        Rig { bench, orders, heard, task }
    }

    impl Rig {
        async fn order(&mut self, number: u64, on: bool) -> Report {
            self.orders.send(Order { number, value: Value::Switch(on) }).await.unwrap();
            self.heard.recv().await.unwrap()
        }

        async fn leave(self) -> Bench {
            self.task.abort();
            let _ = self.task.await;
            self.bench
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_is_answered_with_what_reads_back() {
        let mut rig = rig(Exit::Keep).await;
        let answer = rig.order(7, true).await;
        assert_eq!((answer.result, answer.answers), (Ok(Value::Switch(true)), Some(7)));
        assert_eq!(rig.bench.show("S2").as_deref(), Some("on"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_output_answers_with_its_old_level() {
        let mut rig = rig(Exit::Keep).await;
        rig.bench.poke("S2", Act::Stick).await.unwrap();
        assert_eq!(rig.order(1, true).await.result, Ok(Value::Switch(false)));
        rig.bench.poke("S2", Act::Heal).await.unwrap();
        assert_eq!(rig.heard.recv().await.unwrap().answers, None);
        assert_eq!(rig.order(2, true).await.result, Ok(Value::Switch(true)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_output_moves_and_does_not_answer() {
        let mut rig = rig(Exit::Keep).await;
        rig.bench.poke("S2", Act::Hush).await.unwrap();
        rig.orders.send(Order { number: 1, value: Value::Switch(true) }).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(rig.heard.try_recv().is_err());
        assert_eq!(rig.bench.show("S2").as_deref(), Some("on"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_for_a_broken_output_fails() {
        let mut rig = rig(Exit::Keep).await;
        rig.bench.poke("S2", Act::Fail("relay burnt".into())).await.unwrap();
        assert_eq!(rig.heard.recv().await.unwrap().result, Err(Fault::new("relay burnt")));
        let answer = rig.order(3, true).await;
        assert_eq!((answer.result, answer.answers), (Err(Fault::new("relay burnt")), Some(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_output_is_left_at_its_exit_value() {
        let mut rig = rig(Exit::To(Value::Switch(false))).await;
        rig.order(1, true).await;
        assert_eq!(rig.leave().await.show("S2").as_deref(), Some("off"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_output_that_is_kept_stays_where_it_is() {
        let mut rig = rig(Exit::Keep).await;
        rig.order(1, true).await;
        assert_eq!(rig.leave().await.show("S2").as_deref(), Some("on"));
    }
}
