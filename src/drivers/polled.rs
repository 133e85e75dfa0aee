//! Sources that are asked: at once, then each interval, never twice at a time.

use std::panic;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Feed;
use super::retry::jitter;
use crate::model::{Fault, Value};

/// How often a source is asked if the config does not say.
pub(super) const USUAL: Duration = Duration::from_secs(30);

/// A read that takes longer is a fault.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Asks `read` for ever, every `every` give or take 3 %, on a thread of its own because it may block. A read that
/// takes longer than `patience` is reported as a fault once, and nothing is asked until it returns.
pub(super) async fn polled<R>(feed: Feed, every: Duration, patience: Duration, mut read: R)
where
    R: FnMut() -> Result<Value, Fault> + Send + 'static,
{
    loop {
        let mut reading = spawn_blocking(move || {
            let result = read();
            (read, result)
        });
        let answer = match timeout(patience, &mut reading).await {
            Ok(answer) => answer,
            Err(_) => {
                feed.report(Err(Fault::new(format!("no answer within {} s", patience.as_secs_f64())))).await;
                reading.await
            }
        };
        let result = match answer {
            Ok((again, result)) => {
                read = again;
                result
            }
            // A read that panicked takes its point's task along, which is noticed; else the program is at its end.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(_) => return,
            },
        };
        if let Err(fault) = &result {
            tracing::debug!(point = feed.point(), %fault, "cannot be read");
        }
        feed.report(result).await;
        sleep(jitter(every, 0.03)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_source_is_asked_at_once_and_then_each_interval_even_after_a_fault() {
        let (reports, mut heard) = mpsc::channel(1);
        let asked = Arc::new(AtomicU32::new(0));
        let read = move || match asked.fetch_add(1, Ordering::Relaxed) {
            1 => Err(Fault::new("unplugged")),
            n => Ok(Value::Number(f64::from(n))),
        };
        let task = tokio::spawn(polled(Feed::new("air", reports), Duration::from_secs(100), PATIENCE, read));
        let start = Instant::now();
        assert_eq!(heard.recv().await.unwrap().result, Ok(Value::Number(0.0)));
        assert!(start.elapsed() < Duration::from_secs(1), "the first reading waited for {:?}", start.elapsed());
        assert_eq!(heard.recv().await.unwrap().result, Err(Fault::new("unplugged")));
        assert_eq!(heard.recv().await.unwrap().result, Ok(Value::Number(2.0)));
        let elapsed = start.elapsed().as_secs_f64();
        assert!((194.0..=206.5).contains(&elapsed), "two intervals of 100 s took {elapsed} s");
        task.abort();
    }

    #[tokio::test]
    async fn a_read_that_hangs_is_a_fault_and_is_not_started_again() {
        let (reports, mut heard) = mpsc::channel(8);
        let asked = Arc::new(AtomicU32::new(0));
        let (free, stuck) = std::sync::mpsc::channel::<()>();
        let stuck = Arc::new(std::sync::Mutex::new(stuck));
        let count = asked.clone();
        let read = move || {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stuck.lock().unwrap().recv();
            Ok(Value::Number(7.0))
        };
        let every = Duration::from_millis(1);
        let task = tokio::spawn(polled(Feed::new("disk", reports), every, Duration::from_millis(20), read));
        assert_eq!(heard.recv().await.unwrap().result, Err(Fault::new("no answer within 0.02 s")));
        assert!(timeout(Duration::from_millis(60), heard.recv()).await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        drop(free);
        assert_eq!(heard.recv().await.unwrap().result, Ok(Value::Number(7.0)));
        task.abort();
    }
}
