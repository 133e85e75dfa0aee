//! The stage: a device built from TOML as a user writes it, a clock that moves by hand, and XML both ways.

use std::time::Duration;

use jiff::tz::Offset;
use katydid::agent::{Agent, Effect, Input, Level};
use katydid::config::{Loaded, Purpose, resolve};
use katydid::control::{Drive, Past};
use katydid::model::{Device, Fault, Moment, Now, PointId, Secret, Value};
use xmpp_parsers::minidom::Element;
use xmpp_parsers::stanza::Stanza;

pub const GREENHOUSE: &str = r#"
[device]
name = "greenhouse"
board = "sim"

[xmpp]
jid = "greenhouse@home.example"
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
points = ["door", "pump"]
notify = "all"

[sensors.door]
label = "Front door"
sim = { line = "IN1" }
states = ["closed", "open"]

[sensors.air]
label = "Air"
sim = { line = "AN1", at = 20.0 }
unit = "°C"
every = "30s"

[actuators.pump]
label = "Pump"
sim = { line = "OUT1" }
safe = "off"
max_on = "1h"

[actuators.lamp]
label = "Lamp"
sim = { line = "OUT2" }
unit = "%"
decimals = 0
range = [0, 100]
safe = 0

[actuators.fan]
label = "Fan"
sim = { line = "OUT3" }
options = ["off", "low", "high"]
safe = "off"
"#;

pub fn device(text: &str) -> Device {
    let loaded = Loaded::of_texts(&[("test.toml".to_owned(), text.to_owned())], &[], Vec::new())
        .and_then(|loaded| resolve(&loaded.with_password(Ok(Secret::new("secret"))), Purpose::Run));
    match loaded {
        Ok(resolved) => resolved.device,
        Err(mistakes) => panic!("{mistakes}"),
    }
}

pub struct Talk {
    pub agent: Agent,
    time: Duration,
    effects: Vec<Effect>,
    said: u32,
    /// What the clock on the wall is wrong by, in seconds.
    wrong: i64,
}

impl Talk {
    /// A device of which nothing is known, offline.
    pub fn offline(text: &str) -> Talk {
        Talk::of(device(text))
    }

    pub fn of(device: Device) -> Talk {
        Talk {
            agent: Agent::new(device, 1, at(Duration::ZERO)),
            time: Duration::ZERO,
            effects: Vec::new(),
            said: 0,
            wrong: 0,
        }
    }

    /// A device that knows what an earlier run has left, offline.
    pub fn after(past: &Past, text: &str) -> Talk {
        Talk { agent: Agent::after(past, device(text), 1, at(Duration::ZERO)), ..Talk::offline(text) }
    }

    /// The same when the clock on the wall is so many seconds ahead.
    pub fn after_at(past: &Past, device: Device, wrong: i64) -> Talk {
        let mut talk = Talk { wrong, ..Talk::of(device.clone()) };
        talk.agent = Agent::after(past, device, 1, talk.now());
        talk
    }

    pub fn wrong(&self) -> i64 {
        self.wrong
    }

    /// The greenhouse, online, all points well, nothing left unsaid.
    pub fn begin() -> Talk {
        Talk::begin_with(GREENHOUSE)
    }

    /// The same for another config with these points.
    pub fn begin_with(text: &str) -> Talk {
        let mut talk = Talk::offline(text);
        talk.settle();
        talk.online();
        talk.effects.clear();
        talk
    }

    pub fn settle(&mut self) {
        self.report("door", Ok(Value::Switch(false)));
        self.report("air", Ok(Value::Number(20.0)));
        self.report("pump", Ok(Value::Switch(false)));
        self.report("lamp", Ok(Value::Number(0.0)));
        self.report("fan", Ok(Value::Choice(0)));
    }

    /// Online, with everybody on the roster already.
    pub fn online(&mut self) {
        self.connect(false);
        let contacts: Vec<String> = self.agent.device().contacts().map(|(_, c)| c.jid.to_string()).collect();
        let items = contacts.iter().map(|jid| format!("<item jid='{jid}' subscription='both'/>"));
        self.roster(&items.collect::<String>());
    }

    /// The stream is up, and nothing else has happened yet.
    pub fn connect(&mut self, resumed: bool) {
        let jid = self.agent.device().account().jid.clone();
        self.feed(Input::Online { jid, resumed });
    }

    /// The server answers the question for the roster with these items.
    pub fn roster(&mut self, items: &str) {
        let id = self.question();
        self.recv(&format!("<iq type='result' id='{id}'><query xmlns='jabber:iq:roster'>{items}</query></iq>"));
    }

    /// The id of the last request that reads something.
    pub fn question(&self) -> String {
        let id = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Send(Stanza::Iq(iq @ xmpp_parsers::iq::Iq::Get { .. })) => Some(iq.id().to_owned()),
            _ => None,
        });
        id.expect("nothing was asked")
    }

    pub fn now(&self) -> Now {
        let Now { mono, wall, offset } = at(self.time);
        Now { mono, wall: wall + jiff::SignedDuration::from_secs(self.wrong), offset }
    }

    /// Somebody sets the wall clock, so far ahead of where it began.
    pub fn set_clock(&mut self, ahead: Duration) {
        self.wrong = i64::try_from(ahead.as_secs()).unwrap();
    }

    /// The clock on the wall is put right, or wrong; the other one goes on.
    pub fn wall_jumps(&mut self, seconds: i64) {
        self.wrong += seconds;
    }

    pub fn feed(&mut self, input: Input) {
        let effects = self.agent.handle(input, self.now());
        if let Some(deadline) = self.agent.deadline() {
            assert!(deadline > Moment(self.time), "a deadline in the past would make the loop spin");
        }
        self.effects.extend(effects);
    }

    /// A stanza comes in.
    pub fn recv(&mut self, xml: &str) {
        self.feed(Input::Stanza(Box::new(stanza(xml))));
    }

    /// A chat line comes in.
    pub fn says(&mut self, who: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.said += 1;
        let id = self.said;
        let to = self.agent.device().account().jid.to_bare();
        self.recv(&format!(
            "<message from='{who}/phone' to='{to}' type='chat' id='m{id}'><body>{text}</body></message>"
        ));
    }

    /// An id that no stanza had yet.
    pub fn next(&mut self) -> String {
        self.said += 1;
        format!("m{}", self.said)
    }

    pub fn report(&mut self, point: &str, result: Result<Value, Fault>) {
        self.feed(Input::Report { point: point.into(), result, answers: None });
    }

    /// The hardware reads back what the last drives asked for.
    pub fn hardware_obeys(&mut self) {
        for drive in self.drives() {
            let name = self.name(&drive);
            self.feed(Input::Report { point: name.into(), result: Ok(drive.value()), answers: Some(drive.number()) });
        }
    }

    /// The hardware answers the one open drive with this.
    pub fn hardware_says(&mut self, result: Result<Value, Fault>) {
        let drives = self.drives();
        assert_eq!(drives.len(), 1, "{drives:?}");
        let name = self.name(&drives[0]);
        self.feed(Input::Report { point: name.into(), result, answers: Some(drives[0].number()) });
    }

    pub fn name(&self, drive: &Drive) -> String {
        self.agent.device().label(PointId::Actuator(drive.actuator())).name.clone()
    }

    /// Moves the clock, stopping at every deadline on the way, as the loop does.
    pub fn pass(&mut self, time: Duration) {
        let end = self.time + time;
        while let Some(Moment(deadline)) = self.agent.deadline().filter(|deadline| deadline.0 <= end) {
            self.time = deadline;
            self.feed(Input::Tick);
        }
        self.time = end;
        self.feed(Input::Tick);
    }

    /// Time passes, and the loop has no chance to look at the clock.
    pub fn sleep(&mut self, time: Duration) {
        self.time += time;
    }

    /// Drives since the last look, as `name value`.
    pub fn moved(&mut self) -> Vec<String> {
        let drives = self.drives();
        let device = self.agent.device();
        let show = |d: &Drive| device.kind(PointId::Actuator(d.actuator())).bare(d.value());
        drives.iter().map(|d| format!("{} {}", self.name(d), show(d))).collect()
    }

    /// The same, left where they are.
    pub fn peek_moved(&mut self) -> Vec<String> {
        let copy = self.drives();
        self.put_back(copy.iter().cloned().map(Effect::Drive));
        let device = self.agent.device();
        let show = |d: &Drive| device.kind(PointId::Actuator(d.actuator())).bare(d.value());
        copy.iter().map(|d| format!("{} {}", self.name(d), show(d))).collect()
    }

    pub fn drives(&mut self) -> Vec<Drive> {
        let (drives, rest) = std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Drive(_)));
        self.effects = rest;
        let drives: Vec<Effect> = drives;
        drives.into_iter().filter_map(|e| if let Effect::Drive(drive) = e { Some(drive) } else { None }).collect()
    }

    /// All effects since the last look.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn put_back(&mut self, effects: impl Iterator<Item = Effect>) {
        self.effects.extend(effects);
    }

    /// Stanzas sent since the last look, as they are.
    pub fn raw(&mut self) -> Vec<Element> {
        let (sent, rest) = std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Send(_)));
        self.effects = rest;
        let sent: Vec<Effect> = sent;
        sent.into_iter().filter_map(|e| if let Effect::Send(stanza) = e { Some(tree(&stanza)) } else { None }).collect()
    }

    /// Stanzas sent since the last look, as clean XML trees.
    pub fn sent(&mut self) -> Vec<Element> {
        let (sent, rest) = std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Send(_)));
        self.effects = rest;
        let sent: Vec<Effect> = sent;
        sent.into_iter()
            .filter_map(|e| if let Effect::Send(stanza) = e { Some(clean(tree(&stanza))) } else { None })
            .collect()
    }

    /// Bodies of messages sent since the last look, as `to: body`.
    pub fn heard(&mut self) -> Vec<String> {
        let sent = self.sent();
        let messages = sent.iter().filter(|e| e.name() == "message" && e.has_child("body", "jabber:client"));
        messages
            .map(|m| {
                format!("{}: {}", m.attr("to").unwrap_or("?"), m.get_child("body", "jabber:client").unwrap().text())
            })
            .collect()
    }

    /// The one reply to whom just spoke.
    pub fn reply(&mut self) -> String {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard[0].split_once(": ").unwrap().1.to_owned()
    }

    /// Asks by chat and hears the answer, with hardware that obeys.
    pub fn ask(&mut self, who: &str, text: &str) -> String {
        self.says(who, text);
        self.hardware_obeys();
        self.reply()
    }

    /// Log lines since the last look.
    pub fn logged(&mut self) -> Vec<String> {
        let (lines, rest) = std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Log(..)));
        self.effects = rest;
        let lines: Vec<Effect> = lines;
        lines.into_iter().filter_map(|e| if let Effect::Log(_, line) = e { Some(line) } else { None }).collect()
    }

    /// Those of them that an operator sees.
    pub fn logged_aloud(&mut self) -> Vec<String> {
        self.effects.retain(|effect| !matches!(effect, Effect::Log(Level::Debug, _)));
        self.logged()
    }

    /// Exactly these stanzas were sent since the last look, in this order.
    #[track_caller]
    pub fn expect(&mut self, xml: &[&str]) {
        let wanted: Vec<Element> = xml.iter().map(|xml| clean(tree(&stanza(xml)))).collect();
        let sent = self.sent();
        let show = |list: &[Element]| list.iter().map(String::from).collect::<Vec<_>>().join("\n");
        assert_eq!(sent, wanted, "\nsent:\n{}\nwanted:\n{}", show(&sent), show(&wanted));
    }
}

fn at(time: Duration) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000).unwrap() + jiff::SignedDuration::try_from(time).unwrap();
    Now { mono: Moment(time), wall, offset: Offset::constant(1) }
}

/// Parses a stanza; `jabber:client` need not be written.
pub fn stanza(xml: &str) -> Stanza {
    let name_ends = xml.find([' ', '>', '/']).unwrap();
    let xml = format!("{} xmlns='jabber:client'{}", &xml[..name_ends], &xml[name_ends..]);
    xso::from_bytes(xml.as_bytes()).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

pub fn tree(stanza: &Stanza) -> Element {
    let xml = String::from_utf8(xso::to_vec(stanza).unwrap()).unwrap();
    xml.parse().unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// Drops what differs from run to run: ids of our own making and origin ids.
fn clean(element: Element) -> Element {
    let mut bare = Element::builder(element.name(), element.ns()).build();
    for ((ns, name), value) in element.attrs() {
        if !(name.as_str() == "id" && value.starts_with('k') && value.len() == 17) {
            bare.set_attr(ns.clone(), name.clone(), value.clone());
        }
    }
    let text = element.text();
    if !text.is_empty() {
        bare.append_text_node(text);
    }
    for child in element.children().filter(|child| !child.is("origin-id", "urn:xmpp:sid:0")) {
        bare.append_child(clean(child.clone()));
    }
    bare
}
