//! Random chains on random histories.

use std::time::Duration;

use proptest::prelude::*;

use super::{Chain, Due, Step};
use crate::model::{Curve, DeltaStep, FilterSpec, Moment, Value};

#[derive(Debug, Clone)]
enum Happening {
    Sample(Value),
    Fault,
    /// The loop looks at the clock although nothing need be due.
    Look,
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -100.0..100.0,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, 1e308, -1e308, f64::MAX, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE]),
    ]
}

fn time() -> impl Strategy<Value = Duration> {
    (1u64..100_000).prop_map(Duration::from_millis)
}

fn spec() -> impl Strategy<Value = FilterSpec> {
    let finite = || prop_oneof![-100.0..100.0, Just(1e300)];
    let ends = || (-50.0..0.0, 0.0..50.0);
    let curve = prop::collection::vec((-50.0..50.0, -50.0..50.0), 5).prop_map(|points| {
        let curve = Curve::fit(&points, 2).or_else(|| Curve::through(&points));
        curve.map_or(FilterSpec::Invert, FilterSpec::Calibrate)
    });
    let numeric = prop_oneof![
        finite().prop_map(FilterSpec::Offset),
        finite().prop_map(FilterSpec::Multiply),
        curve,
        ends().prop_map(|(low, high)| FilterSpec::Clamp(low, high)),
        ends().prop_map(|(low, high)| FilterSpec::RejectOutside(low, high)),
        (0.1..50.0, 2u8..5).prop_map(|(by, agree)| FilterSpec::RejectJump { by, agree }),
        (0u8..7).prop_map(FilterSpec::Round),
        (1u8..12).prop_map(|n| FilterSpec::Median(2 * n + 1)),
        (2u16..9).prop_map(FilterSpec::Min),
        (2u16..9).prop_map(FilterSpec::Max),
        (2u8..9, 0.0..=1.0).prop_map(|(of, q)| FilterSpec::Quantile { of, q }),
        (2u16..9).prop_map(FilterSpec::Average),
        (0.01..0.99).prop_map(FilterSpec::Smooth),
        (0.1..20.0).prop_map(|step| FilterSpec::Delta(DeltaStep::Absolute(step))),
        (0.1..20.0).prop_map(|step| FilterSpec::Delta(DeltaStep::Percent(step))),
        time().prop_map(FilterSpec::ThrottleAverage),
    ];
    prop_oneof![
        3 => numeric,
        2 => prop_oneof![
            time().prop_map(FilterSpec::Throttle),
            time().prop_map(FilterSpec::Heartbeat),
            time().prop_map(FilterSpec::Timeout),
            (1u16..4).prop_map(FilterSpec::SkipFirst),
            time().prop_map(FilterSpec::Settle),
            Just(FilterSpec::Invert),
            (time(), time()).prop_map(|(on, off)| FilterSpec::Delayed { on, off }),
            Just(FilterSpec::Map(vec![(-10.0, 0), (0.0, 1), (10.0, 2)])),
        ],
    ]
}

fn history() -> impl Strategy<Value = Vec<(u64, Happening)>> {
    let happening = prop_oneof![
        8 => number().prop_map(|number| Happening::Sample(Value::Number(number))),
        4 => any::<bool>().prop_map(|on| Happening::Sample(Value::Switch(on))),
        1 => Just(Happening::Fault),
        2 => Just(Happening::Look),
    ];
    prop::collection::vec((0u64..60_000, happening), 0..60)
}

/// What is told and when, with a clock that is looked at exactly at each deadline.
fn run(specs: &[FilterSpec], history: &[(u64, Happening)]) -> Result<Vec<(Moment, Due<Value>)>, TestCaseError> {
    let mut chain = Chain::new(specs);
    let mut now = Moment::START;
    let mut told = Vec::new();
    for (pause, happening) in history {
        let next = now + Duration::from_millis(*pause);
        while let Some(deadline) = chain.deadline().filter(|deadline| *deadline <= next) {
            prop_assert!(deadline >= now, "a deadline in the past");
            while let Some(due) = chain.wake(deadline) {
                if due == Due::Stale {
                    chain.reset();
                }
                told.push((deadline, due));
            }
            prop_assert!(
                chain.deadline().is_none_or(|then| then > deadline),
                "a deadline that would make the loop spin"
            );
        }
        now = next;
        match happening {
            Happening::Sample(value) => {
                if let Step::Pass(value) = chain.pass(*value, now) {
                    told.push((now, Due::Tell(value)));
                }
            }
            Happening::Fault => chain.reset(),
            Happening::Look => {
                prop_assert_eq!(chain.wake(now), None, "everything due was told");
            }
        }
        prop_assert!(chain.deadline().is_none_or(|then| then > now), "a deadline in the past");
    }
    for (_, due) in &told {
        if let Due::Tell(Value::Number(number)) | Due::Repeat(Value::Number(number)) = due {
            prop_assert!(number.is_finite(), "{number} got out");
        }
    }
    Ok(told)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_chain_survives_any_history(specs in prop::collection::vec(spec(), 0..6), history in history()) {
        let told = run(&specs, &history)?;
        prop_assert_eq!(&told, &run(&specs, &history)?, "the same inputs give the same outputs");
        let looks_apart: Vec<_> = history.iter().map(|(pause, happening)| (*pause, match happening {
            Happening::Look => Happening::Look,
            other => other.clone(),
        })).flat_map(|(pause, happening)| [(pause / 2, Happening::Look), (pause - pause / 2, happening)]).collect();
        prop_assert_eq!(told, run(&specs, &looks_apart)?, "looking at the clock changes nothing");
    }

    /// Filters without time and without memory of refusals give what a fresh chain would give for the last samples.
    #[test]
    fn windows_forget(numbers in prop::collection::vec(-100.0..100.0, 30..40), of in 2u16..9) {
        for spec in [FilterSpec::Min(of), FilterSpec::Max(of), FilterSpec::Average(of), FilterSpec::Median(7), FilterSpec::Quantile { of: 9, q: 0.3 }] {
            let last = |from: usize| {
                let mut chain = Chain::new(std::slice::from_ref(&spec));
                numbers[from..].iter().map(|n| chain.pass(Value::Number(*n), Moment::START)).last()
            };
            prop_assert_eq!(last(0), last(20));
        }
    }

    /// However it bounces, what a two-state filter ends with is what the line ends with.
    #[test]
    fn two_states_end_as_the_line_does(spec in prop_oneof![
        time().prop_map(FilterSpec::Settle),
        time().prop_map(FilterSpec::Throttle),
        (time(), time()).prop_map(|(on, off)| FilterSpec::Delayed { on, off }),
    ], levels in prop::collection::vec((0u64..200_000, any::<bool>()), 1..40)) {
        let mut history: Vec<_> = levels.iter().map(|(pause, on)| (*pause, Happening::Sample(Value::Switch(*on)))).collect();
        history.push((1_000_000, Happening::Look));
        let told = run(&[spec], &history)?;
        let last = levels.last().map(|(_, on)| Due::Tell(Value::Switch(*on)));
        prop_assert_eq!(told.last().map(|(_, due)| *due), last);
    }
}
