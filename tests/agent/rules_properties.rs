//! Whatever happens: rules move only what they name, with their name and reason, no more often than they may; alarms
//! come and go in turns; the same history gives the same effects.

use std::collections::BTreeMap;
use std::time::Duration;

use katydid::agent::{Effect, Input};
use katydid::control::{Cause, PER_MINUTE};
use katydid::model::{Fault, PointId, Value};
use proptest::prelude::*;

use crate::talk::{GREENHOUSE, Talk, device};

const RULES: &str = r#"
[rules.cool]
when = { sensor = "air", above = 30, clear = 25, for = "10s" }
set = { actuator = "fan", to = "high" }
otherwise = { set = { actuator = "fan", to = "off" } }

[rules.wet]
when.any = [{ sensor = "door", equals = "open" }, { alarm = "air", for = "1m" }, { every = "7m" }]
pulse = { actuator = "pump", for = "2s" }
otherwise = { set = { actuator = "pump", to = "off" } }

[rules.night]
when.all = [{ between = ["22:00", "sunrise"] }, { link = "up" }, { contact = "anna@home.example", is = "gone" }]
set = { actuator = "lamp", to = 30 }
say = "Good night"
otherwise = { set = { actuator = "lamp", to = 0 } }

[rules.morning]
when = { at = ["07:30", "02:30"], on = ["mon", "sun", "sat"] }
toggle = "pump"
"#;

#[derive(Debug, Clone)]
enum Happening {
    Air(f64),
    Broken,
    Door(bool),
    Flutter(u8),
    Passes(u64),
    Sets(i64),
    Clock(bool),
    Online,
    Offline,
    Here(bool),
    Says(&'static str),
    Reload,
    Suspend(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => prop_oneof![Just(20.0), Just(26.0), Just(31.0), Just(40.0)].prop_map(Happening::Air),
        1 => Just(Happening::Broken),
        4 => any::<bool>().prop_map(Happening::Door),
        2 => any::<u8>().prop_map(Happening::Flutter),
        6 => prop_oneof![0u64..2_000, 0u64..100_000, 0u64..3_000_000].prop_map(Happening::Passes),
        1 => (-400_000i64..400_000).prop_map(Happening::Sets),
        1 => any::<bool>().prop_map(Happening::Clock),
        1 => Just(Happening::Online),
        1 => Just(Happening::Offline),
        2 => any::<bool>().prop_map(Happening::Here),
        2 => prop_oneof![Just("ack all"), Just("pump off"), Just("fan low"), Just("alarms"), Just("lamp 10")].prop_map(Happening::Says),
        1 => Just(Happening::Reload),
        1 => any::<bool>().prop_map(Happening::Suspend),
    ]
}

fn text() -> String {
    let berlin = "board = \"sim\"\ntimezone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nlocation = [52.52, 13.405]";
    let alarm = "every = \"1d\"\nalarm = [{ above = 35, clear = 30, for = \"5s\", repeat = \"10m\", name = \"air\" }, { fault = true }]";
    format!("{}\n{RULES}", GREENHOUSE.replace("board = \"sim\"", berlin).replace("every = \"30s\"", alarm))
}

/// What came of one run, and the checks on the way.
#[derive(Default)]
struct Witness {
    story: Vec<String>,
    acts: BTreeMap<String, Vec<Duration>>,
    up: BTreeMap<String, bool>,
}

impl Witness {
    fn look(&mut self, talk: &mut Talk) {
        let names: BTreeMap<&str, &[&str]> =
            [("cool", &["fan"][..]), ("wet", &["pump"]), ("night", &["lamp"]), ("morning", &["pump"])].into();
        let drives = talk.drives();
        for drive in &drives {
            if let Cause::Rule { rule, why } = drive.cause() {
                let name = talk.name(drive);
                assert!(names[rule.as_str()].contains(&name.as_str()), "{rule} moves {name}");
                assert!(!why.is_empty(), "{rule} does not say why");
                assert!(talk.agent.device().kind(PointId::Actuator(drive.actuator())).admits(drive.value()));
                self.acts.entry(rule.clone()).or_default().push(talk.now().mono.0);
            }
            self.story.push(format!("{drive:?}"));
        }
        talk.put_back(drives.into_iter().map(Effect::Drive));
        for line in talk.logged() {
            for alarm in ["air", "air-fault"] {
                let raised = line.starts_with(&format!("alarm {alarm} ("));
                let over = line.starts_with(&format!("alarm {alarm}: Over"));
                if raised || over {
                    let was = self.up.insert(alarm.to_owned(), raised).unwrap_or(false);
                    assert_ne!(was, raised, "{alarm} {line}");
                }
            }
            self.story.push(line);
        }
        self.story.extend(talk.heard());
    }

    fn judge(&self) {
        for (rule, acts) in &self.acts {
            for from in acts {
                let minute = acts.iter().filter(|at| *at >= from && **at - *from < Duration::from_secs(60)).count();
                // A refused action is tried again twice a minute besides.
                assert!(minute <= PER_MINUTE as usize + 4, "{rule}: {minute}");
            }
        }
    }
}

fn run(history: &[Happening]) -> Vec<String> {
    let text = text();
    let mut talk = Talk::offline(&text);
    let mut witness = Witness::default();
    for happening in history {
        match happening {
            Happening::Air(number) => talk.report("air", Ok(Value::Number(*number))),
            Happening::Broken => talk.report("air", Err(Fault::new("broken"))),
            Happening::Door(open) => talk.report("door", Ok(Value::Switch(*open))),
            Happening::Flutter(times) => {
                for n in 0..*times {
                    talk.report("door", Ok(Value::Switch(n % 2 == 0)));
                    talk.pass(Duration::from_millis(20));
                    witness.look(&mut talk);
                    talk.hardware_obeys();
                }
            }
            Happening::Passes(millis) => talk.pass(Duration::from_millis(*millis)),
            Happening::Sets(seconds) => {
                talk.wall_jumps(*seconds);
                talk.feed(Input::Tick);
            }
            Happening::Clock(known) => talk.feed(Input::Clock { known: *known }),
            Happening::Online => talk.online(),
            Happening::Offline => talk.feed(Input::Offline),
            Happening::Here(here) => {
                let type_ = if *here { "" } else { " type='unavailable'" };
                talk.recv(&format!("<presence from='anna@home.example/x'{type_}/>"));
            }
            Happening::Says(words) => talk.says("anna@home.example", words),
            Happening::Reload => talk.feed(Input::Reload(Box::new(device(&text)))),
            Happening::Suspend(suspended) => {
                let now = talk.now();
                let effects = talk.agent.suspend_rules(*suspended, now);
                talk.put_back(effects.into_iter());
            }
        }
        witness.look(&mut talk);
        talk.hardware_obeys();
        witness.look(&mut talk);
    }
    witness.judge();
    witness.story
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rules_and_alarms_keep_their_promises_in_any_history(history in prop::collection::vec(happening(), 1..80)) {
        prop_assert_eq!(run(&history), run(&history));
    }
}
