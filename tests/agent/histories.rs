//! Long random lives: people, hardware that stalls, lies and breaks, foreign hands, links and processes that die, and
//! a clock that jumps. Whatever happens, the limits hold.

use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;
use std::time::Duration;

use katydid::agent::{Effect, Input};
use katydid::control::{Cause, Drive, Past};
use katydid::model::{Device, Fault, Moment, PointId, Role, Value};
use proptest::prelude::*;

use crate::talk::{Talk, device};

const HOUSE: &str = r#"
[device]
name = "house"
board = "sim"

[xmpp]
jid = "house@home.example"
password = { env = "PASSWORD" }

[[contacts]]
jid = "anna@home.example"
role = "owner"

[[contacts]]
jid = "ben@home.example"
role = "viewer"

[[contacts]]
jid = "carol@home.example"
role = "operator"

[interlocks.water]
dead_time = "2s"

[actuators.left]
sim = { line = "OUT1" }
safe = "off"
start = "last"
interlock = "water"
on_link_loss = { after = "20s", back = true }

[actuators.right]
sim = { line = "OUT2" }
safe = "off"
max_on = "5m"
interlock = "water"

[actuators.pump]
sim = { line = "OUT3" }
safe = "off"
start = "last"
max_on = "1m"
min_off = "10s"
cycles_per_hour = 20

[actuators.garage]
sim = { line = "OUT4" }
safe = "off"
confirm = { second = true }
max_on = "30s"

[actuators.lamp]
sim = { line = "OUT5" }
unit = "%"
decimals = 0
range = [0, 100]
safe = 0
step = 5
ramp = { over = "2s" }
max_on = "10m"

[sensors.float]
sim = { line = "IN1" }

[rules.fill]
when = { sensor = "float", equals = "on" }
set = { actuator = "right", to = "on" }
otherwise = { set = { actuator = "right", to = "off" } }

[rules.empty]
when = { sensor = "float", equals = "off", for = "5s" }
set = { actuator = "left", to = "on", for = "10s" }

[rules.rinse]
when = { every = "7s" }
set = { actuator = "pump", to = "on", for = "2s" }

[rules.noon]
when = { at = "08:05" }
set = { actuator = "pump", to = "on" }
"#;

const PEOPLE: [&str; 4] = ["anna@home.example", "ben@home.example", "carol@home.example", "mallory@elsewhere.example"];
const POINTS: [&str; 5] = ["left", "right", "pump", "garage", "lamp"];
const WORDS: [&str; 9] = ["on", "off", "toggle", "on 5s", "pulse 1s", "40", "100", "7", "0"];

#[derive(Debug, Clone)]
enum Happening {
    Says(usize, usize, usize),
    /// Answers the newest question, rightly or wrongly.
    Answers(usize, bool),
    SaysNo(usize),
    Passes(u64),
    Online,
    Offline,
    Jumps(i64),
    /// The hardware of this point from now on obeys at once, late, or without a word.
    Manners(usize, u8),
    Breaks(usize),
    Heals(usize),
    /// Somebody else switches this on.
    Foreign(usize),
    Killed,
    Restarted,
    Reload,
    /// The float says off or on, or is broken.
    Float(u8),
    /// The system knows the time, or does not.
    Clock(bool),
    /// It has been killed again and again: safe mode.
    Crashed,
    LeavesSafeMode(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        30 => (0..PEOPLE.len(), 0..POINTS.len(), 0..WORDS.len()).prop_map(|(who, what, how)| Happening::Says(who, what, how)),
        8 => (0..PEOPLE.len(), any::<bool>()).prop_map(|(who, right)| Happening::Answers(who, right)),
        1 => (0..PEOPLE.len()).prop_map(Happening::SaysNo),
        20 => prop_oneof![3 => 0u64..3_000, 1 => 0u64..90_000].prop_map(Happening::Passes),
        2 => Just(Happening::Online),
        2 => Just(Happening::Offline),
        2 => (-5_000i64..5_000).prop_map(Happening::Jumps),
        4 => (0..POINTS.len(), 0u8..3).prop_map(|(point, manners)| Happening::Manners(point, manners)),
        1 => (0..POINTS.len()).prop_map(Happening::Breaks),
        2 => (0..POINTS.len()).prop_map(Happening::Heals),
        1 => (0usize..2).prop_map(Happening::Foreign),
        1 => Just(Happening::Killed),
        1 => Just(Happening::Restarted),
        1 => Just(Happening::Reload),
        6 => (0u8..3).prop_map(Happening::Float),
        1 => any::<bool>().prop_map(Happening::Clock),
        1 => Just(Happening::Crashed),
        1 => (0..PEOPLE.len()).prop_map(Happening::LeavesSafeMode),
    ]
}

/// A line as it really is.
#[derive(Debug, Clone)]
struct Line {
    value: Value,
    /// 0 obeys, 1 obeys late, 2 obeys without a word.
    manners: u8,
    broken: bool,
    late: VecDeque<(u64, Value)>,
    on_since: Option<Duration>,
    last_on: Option<Duration>,
}

struct House {
    talk: Talk,
    lines: BTreeMap<&'static str, Line>,
    kept: BTreeMap<String, String>,
    questions: Vec<String>,
    /// When each rule moved something in the last minute.
    ruled: BTreeMap<String, VecDeque<Duration>>,
    /// What went on in earlier runs: the clock on the stage begins anew in each.
    before: Duration,
    /// Somebody else has been at the valves, so that both may be on for a moment.
    meddled: bool,
    transcript: Vec<String>,
    steps: u32,
}

/// Read once: there are many lives.
fn house() -> Device {
    static HOUSE_READ: OnceLock<Device> = OnceLock::new();
    HOUSE_READ.get_or_init(|| device(HOUSE)).clone()
}

fn safe(point: &str) -> Value {
    if point == "lamp" { Value::Number(0.0) } else { Value::Switch(false) }
}

impl House {
    fn new() -> House {
        let line = |point: &&'static str| {
            let value = safe(point);
            let line = Line { value, manners: 0, broken: false, late: VecDeque::new(), on_since: None, last_on: None };
            (*point, line)
        };
        let mut house = House {
            talk: Talk::of(house()),
            lines: POINTS.iter().map(line).collect(),
            kept: BTreeMap::new(),
            questions: Vec::new(),
            ruled: BTreeMap::new(),
            before: Duration::ZERO,
            meddled: false,
            transcript: Vec::new(),
            steps: 0,
        };
        house.begin();
        house
    }

    fn time(&self) -> Duration {
        self.before + self.talk.now().mono.0
    }

    /// The lines are claimed, and people come online.
    fn begin(&mut self) {
        let starts = self.talk.agent.starts();
        for point in POINTS {
            self.put(point, starts[point]);
            if !self.lines[point].broken {
                self.talk.report(point, Ok(starts[point]));
            } else {
                self.talk.report(point, Err(Fault::new("broken")));
                self.put(point, safe(point));
            }
        }
        self.online();
    }

    fn online(&mut self) {
        self.talk.online();
        for who in &PEOPLE[..3] {
            self.talk.recv(&format!("<presence from='{who}/phone'/>"));
        }
    }

    /// The process ends, with or without having been asked to. Lines that are let go fall to safe.
    fn end(&mut self, clean: bool, safe_mode: bool) {
        self.settle();
        for point in POINTS {
            self.put(point, safe(point));
            self.line(point).late.clear();
        }
        self.before = self.time();
        let wall = self.talk.wrong() + self.talk.now().mono.0.as_secs() as i64;
        let past = Past { kept: self.kept.clone(), clean, safe_mode };
        self.talk = Talk::after_at(&past, house(), wall);
        self.questions.clear();
        self.begin();
    }

    fn line(&mut self, point: &str) -> &mut Line {
        self.lines.get_mut(point).expect("a point")
    }

    /// The line takes this value.
    fn put(&mut self, point: &str, value: Value) {
        let time = self.time();
        let line = self.line(point);
        line.value = value;
        if value == safe(point) {
            if line.on_since.take().is_some() {
                line.last_on = Some(time);
            }
        } else {
            line.on_since = line.on_since.or(Some(time));
        }
    }

    /// Carries out what the device wants until it wants nothing more.
    fn settle(&mut self) {
        for _ in 0..100 {
            let effects = self.talk.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.transcript.push(format!("{effect:?}"));
                match effect {
                    Effect::Drive(drive) => self.drive(&drive),
                    Effect::Keep { key, value, .. } => {
                        self.kept.insert(key, value);
                    }
                    Effect::Send(stanza) => self.hear(&String::from(&crate::talk::tree(&stanza))),
                    _ => {}
                }
            }
        }
        panic!("it never comes to rest");
    }

    fn hear(&mut self, xml: &str) {
        if let Some((_, rest)) = xml.split_once("Answer ")
            && let Some(number) = rest.get(..4).filter(|number| number.parse::<u16>().is_ok())
        {
            self.questions.push(number.to_owned());
        }
    }

    fn drive(&mut self, drive: &Drive) {
        let device = self.talk.agent.device().clone();
        let point = PointId::Actuator(drive.actuator());
        let name = device.label(point).name.clone();
        let value = drive.value();
        assert!(device.kind(point).admits(value), "{drive:?}");
        let away = value != safe(&name);
        let may = |jid: &jid::BareJid| {
            let contact = device.contact(device.contact_of(jid).expect("only contacts are obeyed"));
            contact.role >= Role::Operator && contact.scope.covers(point)
        };
        match drive.cause() {
            Cause::Asked(jid) => assert!(may(jid) && !(away && name == "garage"), "{drive:?}"),
            Cause::Confirmed { asked, by } => assert!(may(asked) && may(by) && asked != by, "{drive:?}"),
            Cause::TimeUp | Cause::Interlock => assert!(!away, "{drive:?}"),
            Cause::LinkLost => assert!(!away && name == "left", "{drive:?}"),
            Cause::LinkBack => assert_eq!(name, "left"),
            Cause::Rule { rule, .. } => self.ruled(&name, rule),
        }
        let (time, was) = (self.time(), self.lines[name.as_str()].clone());
        if away && was.value == safe(&name) && was.late.is_empty() {
            self.goes_on(&name, time, &was);
        }
        let number = drive.number();
        match (was.broken, was.manners) {
            (true, _) => self.talk.feed(Input::Report {
                point: name.as_str().into(),
                result: Err(Fault::new("broken")),
                answers: Some(number),
            }),
            (false, 0) if was.late.is_empty() => {
                self.put(&name, value);
                self.answer(&name, number, value);
            }
            (false, 2) if was.late.is_empty() => self.put(&name, value),
            (false, _) => self.line(&name).late.push_back((number, value)),
        }
        assert!(self.meddled || !self.both_on(), "both valves are on after {drive:?}");
    }

    /// A rule moves what it may, while rules are on, and never runs away.
    fn ruled(&mut self, name: &str, rule: &str) {
        assert!(!self.talk.agent.is_in_safe_mode(), "{rule} acts in safe mode");
        assert!(matches!((rule, name), ("fill", "right") | ("empty", "left") | ("rinse" | "noon", "pump")));
        let time = self.time();
        let acts = self.ruled.entry(rule.to_owned()).or_default();
        acts.retain(|at| time - *at < Duration::from_secs(60));
        acts.push_back(time);
        assert!(acts.len() <= 60, "{rule} has acted {} times in a minute", acts.len());
    }

    fn both_on(&self) -> bool {
        ["left", "right"].iter().all(|valve| self.lines[valve].value == Value::Switch(true))
    }

    /// What must be true when something goes on.
    fn goes_on(&self, name: &str, time: Duration, line: &Line) {
        if let (Some(at), "pump") = (line.last_on, name) {
            assert!(time - at >= Duration::from_secs(10), "the pump has rested only {:?}", time - at);
        }
        let other = match name {
            "left" => "right",
            "right" => "left",
            _ => return,
        };
        let other = &self.lines[other];
        if self.meddled {
            return;
        }
        assert!(other.late.iter().all(|(_, value)| *value == Value::Switch(false)), "the other is about to go on");
        assert_eq!(other.value, Value::Switch(false), "{name} goes on while the other is on");
        if let Some(at) = other.last_on {
            assert!(time - at >= Duration::from_secs(2), "dead for only {:?}", time - at);
        }
    }

    fn answer(&mut self, name: &str, number: u64, value: Value) {
        self.talk.feed(Input::Report { point: name.into(), result: Ok(value), answers: Some(number) });
    }

    /// What was late is done now.
    fn catch_up(&mut self) {
        for point in POINTS {
            while let Some((number, value)) = self.line(point).late.pop_front() {
                self.put(point, value);
                self.answer(point, number, value);
            }
        }
        self.settle();
    }

    fn live(&mut self, happening: &Happening) {
        self.steps += 1;
        match *happening {
            Happening::Says(who, what, how) => {
                let text = format!("{} {}", POINTS[what], WORDS[how]);
                self.talk.says(PEOPLE[who], &text);
            }
            Happening::Answers(who, right) => {
                let number = if right { self.questions.pop() } else { None };
                self.talk.says(PEOPLE[who], number.as_deref().unwrap_or("1111"));
            }
            Happening::SaysNo(who) => self.talk.says(PEOPLE[who], "no"),
            Happening::Passes(millis) => self.pass(Duration::from_millis(millis)),
            Happening::Online => self.online(),
            Happening::Offline => self.talk.feed(Input::Offline),
            Happening::Jumps(seconds) => {
                self.talk.wall_jumps(seconds);
                self.talk.feed(Input::Tick);
            }
            Happening::Manners(point, manners) => {
                self.line(POINTS[point]).manners = manners;
                self.catch_up();
            }
            Happening::Breaks(point) => {
                self.catch_up();
                let name = POINTS[point];
                self.line(name).broken = true;
                // What is let go falls to safe.
                self.put(name, safe(name));
                self.talk.report(name, Err(Fault::new("broken")));
            }
            Happening::Heals(point) => {
                let name = POINTS[point];
                if std::mem::take(&mut self.line(name).broken) {
                    self.put(name, safe(name));
                    self.talk.report(name, Ok(safe(name)));
                }
            }
            Happening::Foreign(point) => {
                let name = POINTS[point];
                self.catch_up();
                if !self.lines[name].broken && self.lines[name].value == Value::Switch(false) {
                    self.meddled = true;
                    self.put(name, Value::Switch(true));
                    self.talk.report(name, Ok(Value::Switch(true)));
                }
            }
            Happening::Killed => self.end(false, false),
            Happening::Restarted => self.end(true, false),
            Happening::Crashed => self.end(false, true),
            Happening::Float(says) => {
                let says = [Ok(Value::Switch(false)), Ok(Value::Switch(true)), Err(Fault::new("broken"))]
                    .into_iter()
                    .nth(usize::from(says));
                self.talk.report("float", says.expect("three things"));
            }
            Happening::Clock(known) => self.talk.feed(Input::Clock { known }),
            Happening::LeavesSafeMode(who) => {
                let before = self.talk.agent.is_in_safe_mode();
                self.talk.says(PEOPLE[who], "leave safe mode");
                let after = self.talk.agent.is_in_safe_mode();
                assert!(after == before || who == 0, "only the owner ends it");
            }
            Happening::Reload => self.talk.feed(Input::Reload(Box::new(house()))),
        }
        self.settle();
        self.look();
    }

    /// Time passes from deadline to deadline, as in the loop; hardware that is late is so by a third of a second.
    fn pass(&mut self, time: Duration) {
        let end = self.talk.now().mono.0 + time;
        loop {
            let now = self.talk.now().mono.0;
            let late = POINTS.iter().any(|point| !self.lines[point].late.is_empty());
            let patience = if late { now + Duration::from_millis(300) } else { end };
            let deadline = self.talk.agent.deadline().map_or(end, |Moment(at)| at);
            let next = deadline.min(patience).min(end);
            self.talk.pass(next.saturating_sub(now));
            self.settle();
            if late && next == patience {
                self.catch_up();
            }
            self.look();
            if next >= end {
                return;
            }
        }
    }

    fn look(&mut self) {
        let time = self.time();
        if self.meddled {
            // It is undone by the time the hardware has obeyed.
            self.meddled = self.both_on() || POINTS[..2].iter().any(|valve| !self.quiet(valve));
        }
        assert!(self.meddled || !self.both_on(), "both valves are on");
        for (point, most) in [("right", 300), ("pump", 60), ("garage", 30), ("lamp", 600)] {
            let Some(since) = self.lines[point].on_since else { continue };
            // A drive that is late or lost is repeated every 5 s.
            let most = Duration::from_secs(most + 7);
            assert!(time - since <= most, "{point} has been on for {:?}", time - since);
        }
    }

    /// Its line is off, and nothing is on its way.
    fn quiet(&self, valve: &str) -> bool {
        let line = &self.lines[valve];
        let id = self.talk.agent.device().point_named(valve).expect("a valve");
        line.late.is_empty() && self.talk.agent.control().reading(id).good() == Some(line.value)
    }
}

fn live(history: &[Happening]) -> Vec<String> {
    let mut house = House::new();
    for happening in history {
        house.live(happening);
    }
    house.transcript
}

/// As many as the environment wants, or these.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(32), max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_limits_hold(history in prop::collection::vec(happening(), 300..1500)) {
        live(&history);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(4), max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn the_same_inputs_make_the_same_outputs(history in prop::collection::vec(happening(), 200..600)) {
        prop_assert_eq!(live(&history), live(&history));
    }
}
