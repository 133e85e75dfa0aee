//! Rules: conditions, moments, the clock, and what they may not do.

use std::time::Duration;

use katydid::agent::Input;
use katydid::control::{Cause, Past};
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk};

const ANNA: &str = "anna@home.example";

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The greenhouse with these rules, in Berlin, with a day between looks at the air.
fn greenhouse(rules: &str) -> Talk {
    Talk::begin_with(&config(rules))
}

fn config(rules: &str) -> String {
    let berlin = "board = \"sim\"\ntimezone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nlocation = [52.52, 13.405]";
    let text = GREENHOUSE
        .replace("notify = \"all\"", "")
        .replace("board = \"sim\"", berlin)
        .replace("every = \"30s\"", "every = \"1d\"");
    format!("{text}\n{rules}")
}

/// The time passes with hardware that obeys; what rules have moved, and when.
fn live(talk: &mut Talk, minutes: u64) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..minutes {
        talk.pass(secs(60));
        let drives = talk.drives();
        for drive in drives.iter().filter(|drive| matches!(drive.cause(), Cause::Rule { .. })) {
            let local = talk.now().wall + jiff::SignedDuration::from_hours(1);
            let value = talk.agent.device().actuator(drive.actuator()).kind.bare(drive.value());
            seen.push(format!("{} {} {value}", local.strftime("%a %H:%M"), talk.name(drive)));
        }
        talk.put_back(drives.into_iter().map(katydid::agent::Effect::Drive));
        while !talk.peek_moved().is_empty() {
            talk.hardware_obeys();
        }
    }
    seen
}

fn air(talk: &mut Talk, number: f64) {
    talk.report("air", Ok(Value::Number(number)));
}

fn door(talk: &mut Talk, open: bool) {
    talk.report("door", Ok(Value::Switch(open)));
}

/// What has moved, and the hardware obeys.
fn moved(talk: &mut Talk) -> Vec<String> {
    let copy = talk.peek_moved();
    talk.hardware_obeys();
    copy
}

#[test]
fn a_rule_acts_when_its_condition_has_lasted_and_says_why() {
    let mut talk = greenhouse(
        "[rules.cool]\nwhen = { sensor = \"air\", above = 30.0, for = \"2m\" }\nset = { actuator = \"fan\", to = \"high\", for = \"10m\" }",
    );
    air(&mut talk, 31.0);
    talk.pass(secs(119));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.logged();
    talk.pass(secs(1));
    let drives = talk.drives();
    let why = Cause::Rule { rule: "cool".into(), why: "Air is 31.0 °C, above 30.0 °C for 2m".into() };
    assert_eq!((drives.len(), drives[0].cause()), (1, &why));
    talk.put_back(drives.into_iter().map(katydid::agent::Effect::Drive));
    talk.hardware_obeys();
    let log = talk.logged_aloud();
    let line = "rule cool: Fan is set to high for 10m, because Air is 31.0 °C, above 30.0 °C for 2m";
    assert!(log.iter().any(|l| l == line), "{log:?}");
    assert!(talk.ask(ANNA, "log").contains("(rule cool: Air is 31.0 °C, above 30.0 °C for 2m)"));
    talk.pass(secs(600));
    assert_eq!(moved(&mut talk), ["fan off"], "its time is the actuator's own");
}

#[test]
fn otherwise_comes_when_it_is_over_and_not_at_the_start() {
    let rule = "[rules.cool]\nwhen = { sensor = \"air\", above = 30, clear = 28 }\nset = { actuator = \"fan\", to = \"low\" }\notherwise = { set = { actuator = \"fan\", to = \"off\" } }";
    let mut talk = greenhouse(rule);
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    air(&mut talk, 31.0);
    assert_eq!(moved(&mut talk), ["fan low"]);
    air(&mut talk, 29.0);
    talk.report("air", Err(Fault::new("gone")));
    talk.pass(secs(60));
    assert_eq!(moved(&mut talk), Vec::<String>::new(), "a broken sensor says nothing");
    air(&mut talk, 28.0);
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["fan off"]);
}

#[test]
fn a_peak_that_then_stays_between_the_limits_sets_off_no_rule() {
    let mut talk = greenhouse(
        "[rules.cool]\nwhen = { sensor = \"air\", above = 30, clear = 28, for = \"1m\" }\nset = { actuator = \"fan\", to = \"low\" }\notherwise = { set = { actuator = \"fan\", to = \"off\" } }",
    );
    air(&mut talk, 20.0);
    air(&mut talk, 31.0);
    talk.pass(secs(1));
    air(&mut talk, 29.0);
    talk.pass(secs(120));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    air(&mut talk, 31.0);
    talk.pass(secs(60));
    assert_eq!(moved(&mut talk), ["fan low"]);
    air(&mut talk, 29.0);
    talk.pass(secs(120));
    assert_eq!(moved(&mut talk), Vec::<String>::new(), "what has lasted ends at its other limit");
    air(&mut talk, 28.0);
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["fan off"]);
}

#[test]
fn a_double_click_and_no_other_gesture_toggles_the_lamp() {
    let button = "[sensors.button]\nsim = { line = \"IN2\" }\ngestures = {}\n[actuators.light]\nsim = { line = \"OUT4\" }\nsafe = \"off\"\n";
    let rule = "[rules.light]\nwhen = { gesture = { sensor = \"button\", is = \"double-click\" } }\ntoggle = \"light\"";
    let mut talk = greenhouse(&format!("{button}{rule}"));
    talk.report("light", Ok(Value::Switch(false)));
    talk.report("button", Ok(Value::Switch(false)));
    let click = |talk: &mut Talk| {
        talk.report("button", Ok(Value::Switch(true)));
        talk.pass(Duration::from_millis(60));
        talk.report("button", Ok(Value::Switch(false)));
        talk.pass(Duration::from_millis(60));
    };
    talk.hardware_obeys();
    click(&mut talk);
    talk.pass(secs(1));
    talk.report("button", Ok(Value::Switch(true)));
    talk.pass(secs(1));
    talk.report("button", Ok(Value::Switch(false)));
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), Vec::<String>::new(), "a click and a long press are something else");
    for state in ["on", "off"] {
        click(&mut talk);
        click(&mut talk);
        talk.pass(secs(1));
        assert_eq!(moved(&mut talk), [format!("light {state}")]);
    }
    let log = talk.logged_aloud();
    let line = "rule light: light is toggled, because double-click of button";
    assert!(log.iter().any(|l| l.starts_with(line)), "{log:?}");
}

#[test]
fn a_rule_that_wants_what_a_person_changed_does_not_insist() {
    let mut talk = greenhouse(
        "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }",
    );
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), ["pump on"]);
    talk.ask(ANNA, "pump off");
    talk.pass(secs(60));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
}

#[test]
fn all_and_any_are_what_they_say() {
    let all = "[rules.a]\nwhen.all = [{ sensor = \"door\", equals = \"open\" }, { sensor = \"air\", below = 5 }]\nset = { actuator = \"pump\", to = \"on\" }\notherwise = { set = { actuator = \"pump\", to = \"off\" } }";
    let mut talk = greenhouse(all);
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    air(&mut talk, 4.0);
    assert_eq!(moved(&mut talk), ["pump on"]);
    door(&mut talk, false);
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["pump off"]);
    let mut talk = greenhouse(&all.replace("when.all", "when.any"));
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), ["pump on"]);
    air(&mut talk, 4.0);
    door(&mut talk, false);
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    air(&mut talk, 6.0);
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["pump off"]);
}

#[test]
fn an_alarm_and_the_link_are_conditions() {
    let rules = "[rules.a]\nwhen = { alarm = \"air\" }\nset = { actuator = \"fan\", to = \"high\" }\n[rules.b]\nwhen = { link = \"lost\", for = \"5m\" }\nset = { actuator = \"lamp\", to = 50 }\notherwise = { set = { actuator = \"lamp\", to = 0 } }";
    let text = config(rules).replace("every = \"1d\"", "every = \"1d\"\nalarm = { above = 35 }");
    let mut talk = Talk::begin_with(&text);
    air(&mut talk, 36.0);
    assert_eq!(moved(&mut talk), ["fan high"]);
    talk.feed(Input::Offline);
    talk.pass(secs(299));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["lamp 50"]);
    talk.online();
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["lamp 0"]);
}

#[test]
fn a_contact_that_comes_or_is_gone_is_a_condition() {
    let mut talk = greenhouse(
        "[rules.a]\nwhen = { contact = \"anna@home.example\", is = \"gone\", for = \"10m\" }\nset = { actuator = \"pump\", to = \"on\" }\notherwise = { set = { actuator = \"pump\", to = \"off\" } }",
    );
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.pass(secs(3600));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.recv("<presence from='anna@home.example/phone' type='unavailable'/>");
    talk.pass(secs(600));
    assert_eq!(moved(&mut talk), ["pump on"]);
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["pump off"]);
    // Without a server nobody knows.
    talk.feed(Input::Offline);
    talk.pass(secs(3600));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
}

#[test]
fn who_is_online_is_not_told_to_others() {
    let rule = "[rules.a]\nwhen = { contact = \"anna@home.example\", is = \"online\" }\nset = { actuator = \"pump\", to = \"on\" }";
    let mut talk = Talk::begin_with(
        &config(rule).replace("points = [\"door\", \"pump\"]", "points = [\"door\", \"pump\"]\nnotify = \"all\""),
    );
    talk.recv("<presence from='anna@home.example/phone'/>");
    talk.hardware_obeys();
    let heard = talk.heard();
    assert!(heard.contains(&"carol@home.example: Pump: on, back to off in 1h (a rule)".to_owned()), "{heard:?}");
    talk.sent();
    assert!(!talk.ask("carol@home.example", "log").contains("anna"));
    assert!(talk.ask(ANNA, "log").contains("anna@home.example is online"));
}

const MORNING: &str = "[rules.morning]\nwhen = { at = \"07:30\", on = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"] }\npulse = { actuator = \"pump\", for = \"1s\" }";

#[test]
fn until_the_time_is_known_schedules_wait_and_say_so() {
    let mut talk = Talk::offline(&config(MORNING));
    talk.settle();
    talk.feed(Input::Clock { known: false });
    let log = talk.logged_aloud();
    assert!(log.contains(&"the time is not known yet; 1 rule by the clock must wait".to_owned()), "{log:?}");
    talk.online();
    talk.pass(secs(86400 * 3));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.sent();
    assert!(talk.ask(ANNA, "status").contains("the time is not known yet; 1 rule by the clock must wait"));
    talk.feed(Input::Clock { known: true });
    let log = talk.logged_aloud();
    assert!(log.iter().any(|line| line.starts_with("the time is known: it is 2027-01-18 ")), "{log:?}");
    assert!(log.iter().any(|line| line.starts_with("rule morning did not run at ")), "{log:?}");
    assert_eq!(live(&mut talk, 1440), ["Tue 07:30 pump on"]);
}

#[test]
fn a_weekday_rule_runs_on_weekdays_at_local_time() {
    // 2027-01-15 is a Friday; 08:00 UTC is 09:00 in Berlin.
    let mut talk = greenhouse(MORNING);
    talk.feed(Input::Clock { known: true });
    let seen = live(&mut talk, 7 * 24 * 60);
    let wanted = ["Mon", "Tue", "Wed", "Thu", "Fri"].map(|day| format!("{day} 07:30 pump on"));
    assert_eq!(seen, wanted);
}

#[test]
fn a_clock_that_is_set_forward_runs_late_what_it_passed_and_back_does_not_repeat_it() {
    let mut talk = greenhouse("[rules.a]\nwhen = { at = \"09:05\" }\npulse = { actuator = \"pump\" }");
    talk.feed(Input::Clock { known: true });
    talk.pass(secs(60));
    talk.set_clock(secs(6 * 60));
    talk.feed(Input::Tick);
    let drives = talk.drives();
    assert_eq!(drives.len(), 1);
    assert!(drives[0].cause().to_string().contains("it is 09:05 (2m late)"), "{}", drives[0].cause());
    talk.set_clock(secs(0));
    talk.pass(secs(3600));
    assert_eq!(talk.drives().iter().filter(|d| matches!(d.cause(), Cause::Rule { .. })).count(), 0);
    // Far beyond it: skipped, and said.
    talk.set_clock(secs(86400));
    talk.logged();
    talk.feed(Input::Tick);
    assert!(talk.logged_aloud().iter().any(|line| line.starts_with("rule a did not run at 2027-01-16 09:05")));
}

#[test]
fn windows_and_the_sun_are_conditions() {
    let mut talk = greenhouse(
        "[rules.night]\nwhen = { between = [\"sunset-30m\", \"23:00\"] }\nset = { actuator = \"lamp\", to = 40 }\notherwise = { set = { actuator = \"lamp\", to = 0 } }",
    );
    talk.feed(Input::Clock { known: true });
    // Sunset in Berlin on that day: 16:22.
    assert_eq!(live(&mut talk, 24 * 60), ["Fri 15:52 lamp 40", "Fri 23:00 lamp 0"]);
}

#[test]
fn a_timer_and_a_moment_with_a_state() {
    let rules = "[rules.a]\nwhen.all = [{ every = \"15m\" }, { sensor = \"door\", equals = \"open\" }]\nset = { actuator = \"lamp\", to = 10 }\notherwise = { set = { actuator = \"lamp\", to = 0 } }";
    let mut talk = greenhouse(rules);
    talk.pass(secs(899));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.pass(secs(1));
    assert_eq!(moved(&mut talk), ["lamp 0"], "the door is closed");
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.pass(secs(900));
    assert_eq!(moved(&mut talk), ["lamp 10"]);
}

#[test]
fn a_rule_passes_the_same_limits_and_its_refusal_is_said_once() {
    let text = config(
        "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }",
    );
    let mut talk = Talk::begin_with(&text);
    talk.report("pump", Err(Fault::new("the wire is cut")));
    talk.logged();
    door(&mut talk, true);
    talk.pass(secs(300));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    let log = talk.logged_aloud();
    let refused = log.iter().filter(|line| line.contains("refused")).count();
    assert_eq!(refused, 1, "{log:?}");
    talk.report("pump", Ok(Value::Switch(false)));
    talk.pass(secs(30));
    assert_eq!(moved(&mut talk), ["pump on"], "it is tried again while the rule still wants it");
}

#[test]
fn a_rule_that_flutters_is_slowed_down_and_ends_right() {
    let mut talk = greenhouse(
        "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"lamp\", to = 100 }\notherwise = { set = { actuator = \"lamp\", to = 0 } }",
    );
    let mut moves = 0;
    for n in 0..1200 {
        door(&mut talk, n % 2 == 0);
        moves += moved(&mut talk).len();
        talk.pass(Duration::from_millis(50));
    }
    assert!(moves <= 60 && moves > 20, "{moves}");
    door(&mut talk, true);
    talk.pass(secs(10));
    moved(&mut talk);
    talk.sent();
    assert_eq!(talk.ask(ANNA, "lamp"), "Lamp: 100%");
    assert_eq!(talk.logged_aloud().iter().filter(|line| line.contains("slowed down")).count(), 1);
}

#[test]
fn suspended_rules_look_but_do_not_act() {
    let mut talk = greenhouse(
        "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }",
    );
    let now = talk.now();
    talk.agent.suspend_rules(true, now);
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.sent();
    assert!(talk.ask(ANNA, "status").contains("rules are off"));
    let now = talk.now();
    let effects = talk.agent.suspend_rules(false, now);
    talk.put_back(effects.into_iter());
    assert_eq!(moved(&mut talk), ["pump on"]);
}

#[test]
fn a_rule_speaks_to_whom_it_should() {
    let rules = "[rules.a]\nwhen = { sensor = \"air\", above = 30 }\nsay = \"It is warm\"\n[rules.b]\nwhen = { sensor = \"door\", equals = \"open\" }\nsay = { text = \"Somebody is here\", to = \"ben@home.example\" }";
    let mut talk = greenhouse(rules);
    air(&mut talk, 31.0);
    assert_eq!(talk.heard(), ["anna@home.example: It is warm"], "Carol may not know of the air, and Ben only reads");
    door(&mut talk, true);
    assert!(talk.heard().contains(&"ben@home.example: Somebody is here".to_owned()));
}

#[test]
fn a_reload_does_not_repeat_what_a_rule_has_done() {
    let rule = "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }";
    let mut talk = greenhouse(rule);
    door(&mut talk, true);
    assert_eq!(moved(&mut talk), ["pump on"]);
    talk.ask(ANNA, "pump off");
    talk.feed(Input::Reload(Box::new(crate::talk::device(&config(rule)))));
    assert_eq!(moved(&mut talk), Vec::<String>::new());
    talk.feed(Input::Reload(Box::new(crate::talk::device(&config(&rule.replace("rules.a", "rules.b"))))));
    assert_eq!(moved(&mut talk), ["pump on"], "another rule begins anew");
}

#[test]
fn a_refusal_whose_time_runs_down_is_said_once() {
    let text = config(
        "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }",
    );
    let mut talk = Talk::begin_with(&text.replace("max_on = \"1h\"", "min_off = \"10m\""));
    talk.logged();
    door(&mut talk, true);
    talk.pass(secs(400));
    let log = talk.logged_aloud();
    assert_eq!(log.iter().filter(|line| line.contains("refused")).count(), 1, "{log:?}");
    talk.pass(secs(230));
    assert_eq!(moved(&mut talk), ["pump on"]);
}

#[test]
fn safe_mode_is_left_by_a_form_that_only_owners_have_and_rules_act_again() {
    let rule = "[rules.a]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"pump\", to = \"on\" }";
    let past = Past { safe_mode: true, ..Past::default() };
    let mut talk = Talk::after(&past, &config(rule));
    talk.settle();
    talk.online();
    door(&mut talk, true);
    talk.pass(secs(60));
    assert_eq!(moved(&mut talk), Vec::<String>::new(), "rules are off");
    let command = |talk: &mut Talk, who: &str| {
        talk.sent();
        let id = talk.next();
        let node = "<command xmlns='http://jabber.org/protocol/commands' node='leave-safe-mode'/>";
        talk.recv(&format!("<iq from='{who}/pc' type='set' id='{id}'>{node}</iq>"));
        talk.sent().iter().find(|e| e.name() == "iq").map(String::from).unwrap_or_default()
    };
    assert!(command(&mut talk, "carol@home.example").contains("item-not-found"));
    assert!(talk.agent.is_in_safe_mode());
    let answer = command(&mut talk, ANNA);
    assert!(answer.contains("Safe mode is over; rules are on again."), "{answer}");
    assert!(!talk.agent.is_in_safe_mode());
    assert_eq!(moved(&mut talk), ["pump on"]);
    assert!(command(&mut talk, ANNA).contains("item-not-found"), "there is nothing to leave");
}
