//! Outputs that are held: one trait for what can be set and read back, and the one loop that serves them all.
//!
//! Claimed with the safe value, set by orders, answered with what reads back, looked at now and then, claimed anew
//! after a loss, left at the exit value when dropped: at the end, on a reload, in a panic.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::retry::Backoff;
use super::{Feed, FirstTry, Orders};
use crate::model::{Fault, Value};

/// An output that is ours from its claim until it is dropped. The claim is not part of the trait, since each kind wants
/// something else for it, but what it must do is: the hardware takes the safe value in the claim itself, never a
/// moment later, and what cannot be had is a [`Fault`] whose words are the same each time. `Drop` leaves the exit value
/// (nothing for [`Exit::Keep`](crate::model::Exit::Keep)), does not panic and lets the hardware go.
///
/// All of it runs on the program's one thread, so nothing here may wait for more than a few milliseconds.
pub(super) trait Held: Send {
    /// How often an output that nobody moves is read, to notice that it was moved or pulled behind our back.
    const LOOK: Duration;

    /// Sets it, and reads it back. Hardware that has coarser steps than `value` answers with `value` itself if the
    /// nearest step is in force: an answer that differs from what was told counts as disobedience.
    fn set(&mut self, value: Value) -> Result<Value, SetError>;

    /// What it is set to, asked of the hardware and not of our memory. A fault means that it is lost.
    fn read(&mut self) -> Result<Value, Fault>;

    /// Resolves when the output should be read at once: something has happened to it. For hardware that tells, and for
    /// outputs that have work to do of their own accord. Nothing is lost when it is dropped half-way.
    fn stirred(&mut self) -> impl Future<Output = Result<(), Fault>> + Send {
        pending()
    }
}

/// The value an output is claimed with: its start value the first time, and the safe value whenever it is claimed
/// again, be it because the first try failed.
#[derive(Debug)]
pub(in crate::drivers) struct ClaimValue {
    start: Value,
    safe: Value,
    again: AtomicBool,
}

impl ClaimValue {
    /// Starts at `start`.
    pub fn new(start: Value, safe: Value) -> ClaimValue {
        ClaimValue { start, safe, again: AtomicBool::new(false) }
    }

    /// The value for the next try.
    pub fn next(&self) -> Value {
        if self.again.swap(true, Ordering::Relaxed) { self.safe } else { self.start }
    }
}

/// Why an output was not set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SetError {
    /// It takes no such value. Nothing has moved, and it is still held.
    Refused(Fault),
    /// It is no longer ours, or gone. It is dropped and claimed anew.
    Lost(Fault),
}

/// Holds one output for ever: claims it, serves it, and after a fault claims it again, with growing waits.
pub(super) async fn hold<H, F>(mut claim: impl FnMut() -> F, mut orders: Orders, feed: Feed, mut first: FirstTry)
where
    H: Held,
    F: Future<Output = Result<H, Fault>>,
{
    let mut backoff = Backoff::new();
    loop {
        let claimed = claim().await.and_then(|mut held| held.read().map(|value| (held, value)));
        first.made();
        let fault = match claimed {
            Ok((held, value)) => {
                backoff.worked(feed.point());
                let Err(fault) = serve(held, value, &mut orders, &feed).await;
                fault
            }
            Err(fault) => fault,
        };
        let wait = backoff.failed(feed.point(), &fault);
        feed.report(Err(fault.clone())).await;
        let _ = timeout(wait, refuse(&mut orders, &feed, &fault)).await;
    }
}

/// Obeys until the output is lost; `last` is what it read when it was claimed.
async fn serve<H: Held>(mut held: H, mut last: Value, orders: &mut Orders, feed: &Feed) -> Result<Infallible, Fault> {
    feed.report(Ok(last)).await;
    let mut look = Instant::now() + H::LOOK;
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return pending().await };
                match held.set(order.value) {
                    Ok(value) => {
                        last = value;
                        feed.answer(order.number, Ok(value)).await;
                    }
                    Err(SetError::Refused(fault)) => {
                        feed.answer(order.number, Err(fault)).await;
                        // Only this order failed: what it reads is as good as before.
                        last = held.read()?;
                        feed.report(Ok(last)).await;
                    }
                    Err(SetError::Lost(fault)) => {
                        feed.answer(order.number, Err(fault.clone())).await;
                        return Err(fault);
                    }
                }
                continue;
            }
            stirred = held.stirred() => stirred?,
            () = sleep_until(look) => look = Instant::now() + H::LOOK,
        }
        let value = held.read()?;
        if value != last {
            last = value;
            feed.report(Ok(value)).await;
        }
    }
}

/// Answers orders for an output we do not have.
async fn refuse(orders: &mut Orders, feed: &Feed, fault: &Fault) -> Infallible {
    while let Some(order) = orders.recv().await {
        feed.answer(order.number, Err(fault.clone())).await;
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;
    use tokio::time::sleep;

    use super::*;
    use crate::drivers::{Order, Report};

    /// A dimmer on a desk: what it is at, whether it is there, and how often it was claimed.
    #[derive(Debug, Default)]
    struct Desk {
        level: f64,
        gone: bool,
        claims: u32,
    }

    struct Dimmer(Arc<Mutex<Desk>>);

    impl Dimmer {
        fn claim(desk: &Arc<Mutex<Desk>>) -> Result<Dimmer, Fault> {
            let mut at = desk.lock().unwrap();
            if at.gone {
                return Err(Fault::new("unplugged"));
            }
            (at.level, at.claims) = (5.0, at.claims + 1);
            Ok(Dimmer(desk.clone()))
        }
    }

    impl Held for Dimmer {
        const LOOK: Duration = Duration::from_secs(10);

        fn set(&mut self, value: Value) -> Result<Value, SetError> {
            let Value::Number(level) = value else { return Err(SetError::Refused(Fault::new("no level"))) };
            let mut desk = self.0.lock().unwrap();
            if desk.gone {
                return Err(SetError::Lost(Fault::new("unplugged")));
            }
            desk.level = level;
            Ok(Value::Number(level))
        }

        fn read(&mut self) -> Result<Value, Fault> {
            let desk = self.0.lock().unwrap();
            if desk.gone { Err(Fault::new("unplugged")) } else { Ok(Value::Number(desk.level)) }
        }
    }

    impl Drop for Dimmer {
        fn drop(&mut self) {
            self.0.lock().unwrap().level = 0.0;
        }
    }

    struct Rig {
        desk: Arc<Mutex<Desk>>,
        orders: mpsc::Sender<Order>,
        heard: mpsc::Receiver<Report>,
        task: JoinHandle<()>,
    }

    fn rig() -> Rig {
        let desk = Arc::<Mutex<Desk>>::default();
        let (reports, heard) = mpsc::channel(16);
        let (orders, taken) = mpsc::channel(4);
        let at = desk.clone();
        let claim = move || std::future::ready(Dimmer::claim(&at));
        let task = tokio::spawn(hold(claim, taken, Feed::new("lamp", reports), FirstTry::default()));
        Rig { desk, orders, heard, task }
    }

    impl Rig {
        async fn next(&mut self) -> (Result<Value, Fault>, Option<u64>) {
            let report = timeout(Duration::from_secs(3600), self.heard.recv()).await.unwrap().unwrap();
            (report.result, report.answers)
        }

        async fn order(&mut self, number: u64, value: Value) -> (Result<Value, Fault>, Option<u64>) {
            self.orders.send(Order { number, value }).await.unwrap();
            self.next().await
        }
    }

    const SAFE: Value = Value::Number(5.0);
    const HALF: Value = Value::Number(50.0);

    #[tokio::test(start_paused = true)]
    async fn it_is_claimed_safe_set_by_orders_and_left_at_its_exit_value() {
        let mut rig = rig();
        assert_eq!(rig.next().await, (Ok(SAFE), None));
        assert_eq!(rig.order(1, HALF).await, (Ok(HALF), Some(1)));
        rig.task.abort();
        let _ = rig.task.await;
        assert_eq!(rig.desk.lock().unwrap().level, 0.0);
    }

    #[test]
    fn only_the_first_claim_is_at_the_start_value() {
        let value = ClaimValue::new(HALF, SAFE);
        assert_eq!([value.next(), value.next(), value.next()], [HALF, SAFE, SAFE]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_it_does_not_take_is_refused_and_does_not_cost_the_claim() {
        let mut rig = rig();
        rig.next().await.0.unwrap();
        assert_eq!(rig.order(1, Value::Switch(true)).await, (Err(Fault::new("no level")), Some(1)));
        assert_eq!(rig.next().await, (Ok(SAFE), None), "it is still there");
        assert_eq!(rig.order(2, HALF).await, (Ok(HALF), Some(2)));
        assert_eq!(rig.desk.lock().unwrap().claims, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_moves_it_behind_our_back_is_seen_by_looking_even_while_orders_come() {
        let mut rig = rig();
        rig.next().await.0.unwrap();
        rig.desk.lock().unwrap().level = 33.0;
        assert_eq!(rig.next().await, (Ok(Value::Number(33.0)), None));
        // Orders do not put the look off.
        let mut seen = false;
        for number in 0..30 {
            sleep(Duration::from_secs(1)).await;
            rig.orders.send(Order { number, value: HALF }).await.unwrap();
            loop {
                match rig.next().await {
                    (_, Some(_)) => break,
                    told => seen |= told == (Ok(Value::Number(35.0)), None),
                }
            }
            rig.desk.lock().unwrap().level = 35.0;
        }
        assert!(seen);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_that_an_order_finds_out_is_told_at_once() {
        let mut rig = rig();
        rig.next().await.0.unwrap();
        rig.desk.lock().unwrap().gone = true;
        let begun = Instant::now();
        assert_eq!(rig.order(1, HALF).await, (Err(Fault::new("unplugged")), Some(1)));
        assert_eq!(rig.next().await, (Err(Fault::new("unplugged")), None));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_is_one_fault_and_it_comes_back_safe() {
        let mut rig = rig();
        rig.next().await.0.unwrap();
        rig.order(1, HALF).await.0.unwrap();
        rig.desk.lock().unwrap().gone = true;
        assert_eq!(rig.next().await, (Err(Fault::new("unplugged")), None));
        assert_eq!(rig.order(2, HALF).await, (Err(Fault::new("unplugged")), Some(2)));
        rig.desk.lock().unwrap().gone = false;
        loop {
            match rig.next().await {
                (Err(fault), None) => assert_eq!(fault, Fault::new("unplugged")),
                other => break assert_eq!(other, (Ok(SAFE), None)),
            }
        }
        assert_eq!(rig.desk.lock().unwrap().claims, 2);
    }
}
