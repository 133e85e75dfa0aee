//! Limits, interlock groups, questions, ramps and the edges of life, on hand-moved time.

use std::collections::BTreeMap;
use std::time::Duration;

use katydid::agent::{Effect, Input};
use katydid::control::Past;
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk};

const ANNA: &str = "anna@home.example";
const BEN: &str = "ben@home.example";
const CAROL: &str = "carol@home.example";
const ON: Value = Value::Switch(true);
const OFF: Value = Value::Switch(false);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The greenhouse with another line for its pump, which has no other limit.
fn pump(keys: &str) -> String {
    GREENHOUSE.replace("max_on = \"1h\"", keys)
}

/// Two valves of one group, a pump and a lamp.
fn valves(keys: &str) -> String {
    let valve = |n: u8, label: &str| {
        format!(
            "[actuators.{label}]\nlabel = \"Valve {label}\"\nsim = {{ line = \"OUT{n}\" }}\nsafe = \"closed\"\nstates = [\"closed\", \"open\"]\ninterlock = \"water\"\n{keys}\n"
        )
    };
    format!("{GREENHOUSE}\n[interlocks.water]\ndead_time = \"2s\"\n{}{}", valve(4, "left"), valve(5, "right"))
}

fn begin(text: &str) -> Talk {
    let mut talk = Talk::offline(text);
    talk.settle();
    for valve in ["left", "right"] {
        if talk.agent.device().point_named(valve).is_some() {
            talk.report(valve, Ok(OFF));
        }
    }
    talk.online();
    talk.sent();
    talk.logged();
    talk
}

impl Talk {
    fn ask_calmly(&mut self, who: &str, text: &str) -> String {
        self.says(who, text);
        self.hardware_obeys();
        let heard = self.heard();
        let to = format!("{who}/phone: ");
        let mine: Vec<&String> = heard.iter().filter(|line| line.starts_with(&to)).collect();
        assert_eq!(mine.len(), 1, "{heard:?}");
        mine[0][to.len()..].to_owned()
    }

    /// The number in the question `who` was asked.
    fn number(&mut self) -> String {
        let heard = self.heard();
        let digits = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            let at = words.iter().position(|word| *word == "Answer")?;
            Some(words[at + 1].to_owned())
        };
        heard.iter().find_map(digits).unwrap_or_else(|| panic!("no number in {heard:?}"))
    }

    fn kept(&mut self) -> BTreeMap<String, String> {
        let mut kept = BTreeMap::new();
        for effect in self.effects() {
            if let Effect::Keep { key, value, .. } = effect {
                kept.insert(key.clone(), value.clone());
            }
        }
        kept
    }
}

#[test]
fn min_off_refuses_with_the_time_and_off_is_always_allowed() {
    let mut talk = begin(&pump("min_off = \"30s\""));
    let early = talk.ask_calmly(ANNA, "pump on");
    assert_eq!(early, "Pump: it may be switched on again in 30s", "nobody knows since when it was off");
    talk.pass(seconds(30));
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on");
    talk.pass(seconds(1));
    assert_eq!(talk.ask_calmly(ANNA, "pump off"), "Pump: off");
    talk.pass(millis(17_500));
    assert_eq!(talk.ask_calmly(ANNA, "pump on 10m"), "Pump: it may be switched on again in 13s");
    assert_eq!(talk.ask_calmly(ANNA, "pump off"), "Pump: off");
    talk.pass(millis(12_500));
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on");
}

#[test]
fn min_on_binds_timed_commands_but_nobodys_off() {
    let mut talk = begin(&pump("min_on = \"1m\""));
    assert_eq!(talk.ask_calmly(ANNA, "pump on 30s"), "Pump: 1m at least");
    assert_eq!(talk.ask_calmly(ANNA, "pump pulse"), "Pump: 1m at least");
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on");
    assert_eq!(talk.ask_calmly(ANNA, "pump off"), "Pump: off");
}

#[test]
fn cycles_are_counted_over_any_hour() {
    let mut talk = begin(&pump("cycles_per_hour = 2"));
    for _ in 0..2 {
        assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on");
        assert_eq!(talk.ask_calmly(ANNA, "pump on 5m"), "Pump: on, back to off in 5m", "on is on");
        talk.ask_calmly(ANNA, "pump off");
        talk.pass(seconds(600));
    }
    let refused = "Pump: it has been switched on 2 times within an hour; it may be again in 40m";
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), refused);
    talk.pass(seconds(2400));
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on");
}

#[test]
fn between_two_steps_there_is_nothing() {
    let mut talk = begin(&GREENHOUSE.replace("range = [0, 100]", "range = [0, 100]\nstep = 15"));
    assert_eq!(talk.ask_calmly(ANNA, "lamp 45"), "Lamp: 45%");
    assert_eq!(talk.ask_calmly(ANNA, "lamp 40"), "Lamp: it moves in steps; the nearest are 30% and 45%");
    assert_eq!(talk.ask_calmly(ANNA, "lamp 95"), "Lamp: it moves in steps; the nearest is 90%");
}

#[test]
fn a_ramp_moves_in_steps_of_a_tenth_of_a_second_and_back_to_safe_at_once() {
    let mut talk = begin(&GREENHOUSE.replace("range = [0, 100]", "range = [0, 100]\nramp = { over = \"1s\" }"));
    talk.says(ANNA, "lamp 35");
    let mut moved = Vec::new();
    for _ in 0..10 {
        for drive in talk.drives() {
            let Value::Number(level) = drive.value() else { panic!() };
            moved.push(level.round() as i64);
            talk.put_back([Effect::Drive(drive)].into_iter());
        }
        talk.hardware_obeys();
        talk.pass(millis(50));
    }
    assert_eq!(moved, [10, 20, 30, 35]);
    assert_eq!(talk.reply(), "Lamp: 35%");
    let lines = talk.logged_aloud();
    assert_eq!(lines, ["Lamp: 35% (anna@home.example)"], "steps are no news");
    talk.says(ANNA, "lamp 0");
    assert_eq!(talk.moved(), ["lamp 0"]);
}

#[test]
fn a_ramp_that_is_not_followed_ends_and_one_that_is_overtaken_says_so() {
    let text = GREENHOUSE.replace("range = [0, 100]", "range = [0, 100]\nramp = { over = \"10s\" }");
    let mut talk = begin(&text);
    talk.says(ANNA, "lamp 50");
    talk.hardware_obeys();
    talk.pass(millis(100));
    talk.hardware_says(Ok(Value::Number(7.0)));
    assert_eq!(talk.reply(), "Lamp reads 7%, not 50% as asked");
    talk.pass(seconds(10));
    assert_eq!(talk.moved(), Vec::<String>::new());

    let mut talk = begin(&text);
    talk.says(ANNA, "lamp 50");
    talk.hardware_obeys();
    talk.says(ANNA, "lamp 0");
    talk.hardware_obeys();
    let heard = talk.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].ends_with("Lamp: overtaken; something else was wanted before it arrived"), "{heard:?}");
    assert!(heard[1].ends_with("Lamp: 0%"), "{heard:?}");
}

#[test]
fn a_silent_driver_ends_a_ramp_without_filling_its_queue() {
    let mut talk = begin(&GREENHOUSE.replace("range = [0, 100]", "range = [0, 100]\nramp = { over = \"10s\" }"));
    talk.says(ANNA, "lamp 50");
    talk.pass(seconds(60));
    assert_eq!(talk.moved().len(), 1);
    assert_eq!(talk.reply(), "Lamp: no confirmation, it may or may not have moved");
}

#[test]
fn only_one_of_a_group_is_on_and_the_refusal_names_it() {
    let mut talk = begin(&valves(""));
    talk.pass(seconds(2));
    assert_eq!(talk.ask_calmly(ANNA, "left open"), "Valve left: open");
    let refused = "Valve right: Valve left is open; only one of the group may be on";
    assert_eq!(talk.ask_calmly(ANNA, "right open"), refused);
    assert_eq!(talk.moved(), Vec::<String>::new(), "a second one never switches the first off");
    talk.says(ANNA, "left closed");
    talk.says(ANNA, "right open");
    assert_eq!(talk.moved(), ["left closed"], "told to close is not closed yet");
}

#[test]
fn the_dead_time_counts_from_the_read_back() {
    let mut talk = begin(&valves(""));
    let refused = "Valve left: the other of its group was on a moment ago; it may be switched on in 2s";
    assert_eq!(talk.ask_calmly(ANNA, "left open"), refused, "nobody knows what was before the start");
    talk.pass(seconds(2));
    talk.ask_calmly(ANNA, "left open");
    talk.says(ANNA, "left closed");
    talk.pass(millis(900));
    talk.hardware_obeys();
    talk.sent();
    talk.pass(millis(1900));
    let refused = "Valve right: the other of its group was on a moment ago; it may be switched on in 1s";
    assert_eq!(talk.ask_calmly(ANNA, "right open"), refused);
    assert_eq!(talk.ask_calmly(ANNA, "left open"), "Valve left: open", "it was on itself");
    talk.ask_calmly(ANNA, "left closed");
    talk.pass(seconds(2));
    assert_eq!(talk.ask_calmly(ANNA, "right open"), "Valve right: open");
}

#[test]
fn a_member_that_is_not_known_to_be_safe_counts_as_on() {
    let mut talk = begin(&valves(""));
    talk.pass(seconds(2));
    talk.report("left", Err(Fault::new("cable")));
    let refused = "Valve right: Valve left is not known to be closed; only one of the group may be on";
    assert_eq!(talk.ask_calmly(ANNA, "right open"), refused);
    talk.report("left", Ok(OFF));
    talk.pass(seconds(2));
    assert_eq!(talk.ask_calmly(ANNA, "right open"), "Valve right: open");
}

#[test]
fn who_may_not_know_of_the_other_is_not_told_its_name() {
    let text = valves("").replace("points = [\"door\", \"pump\"]", "points = [\"door\", \"right\"]");
    let mut talk = begin(&text);
    talk.pass(seconds(2));
    talk.ask_calmly(ANNA, "left open");
    let refused = "Valve right: another one is on; only one of the group may be on";
    assert_eq!(talk.ask_calmly(CAROL, "right open"), refused);
}

#[test]
fn a_foreign_hand_that_opens_a_second_one_is_undone_at_once() {
    let mut talk = begin(&valves(""));
    talk.pass(seconds(2));
    talk.ask_calmly(ANNA, "left open");
    talk.pass(seconds(5));
    talk.logged();
    talk.report("right", Ok(ON));
    assert_eq!(talk.moved(), ["right closed"]);
    assert!(talk.logged()[0].starts_with("Valve right: fault: does not obey"), "and it is a fault");
    talk.pass(seconds(5));
    assert_eq!(talk.moved(), ["right closed"], "again until it is read as safe");
    talk.pass(seconds(5));
    talk.hardware_obeys();
    talk.pass(seconds(60));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.sent();
    assert_eq!(talk.ask_calmly(ANNA, "left"), "Valve left: open", "the older one stays");
}

#[test]
fn a_question_is_answered_with_its_number() {
    let mut talk = begin(&pump("confirm = true"));
    talk.says(ANNA, "pump on 10m");
    let question = talk.reply();
    assert!(question.starts_with("Really set Pump to on for 10m? Answer "), "{question}");
    let number = question.split(' ').find(|word| word.len() == 4 && word.parse::<u16>().is_ok()).unwrap().to_owned();
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.says(ANNA, &number);
    assert_eq!(talk.moved(), ["pump on"]);
    talk.says(ANNA, "pump off");
    talk.hardware_obeys();
    assert!(talk.heard().iter().any(|line| line.ends_with("Pump: off")), "the safe state needs no question");
    assert_eq!(talk.ask_calmly(ANNA, &number), "There is nothing to confirm.", "a number counts once");
}

#[test]
fn who_asked_and_who_confirmed_is_in_the_log() {
    let mut talk = begin(&pump("confirm = { second = true }"));
    for who in [ANNA, BEN, CAROL] {
        talk.recv(&format!("<presence from='{who}/phone'/>"));
    }
    talk.sent();
    talk.says(ANNA, "pump toggle");
    let heard = talk.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(
        heard[0].starts_with("carol@home.example: anna@home.example wants to set Pump to on. Answer "),
        "{heard:?}"
    );
    assert!(heard[1].ends_with("A second person must confirm Pump to on within 30s; I have asked one other person."));
    let number = heard[0].split(' ').find(|word| word.len() == 4 && word.parse::<u16>().is_ok()).unwrap().to_owned();
    let refused = "Pump: a second person must confirm that first";
    assert_eq!(talk.ask_calmly(ANNA, &number), refused, "not by the same person");
    let refused = talk.ask_calmly(BEN, &number);
    assert_eq!(refused, "Pump: that needs the role operator, and yours is viewer", "nor without the right");
    talk.logged();
    talk.says(CAROL, &number);
    talk.hardware_obeys();
    let heard = talk.heard();
    assert!(heard.contains(&"anna@home.example/phone: Pump: on".to_owned()), "{heard:?}");
    assert!(heard.contains(&"carol@home.example/phone: Pump: on".to_owned()), "{heard:?}");
    assert_eq!(talk.logged(), ["Pump: on (anna@home.example, confirmed by carol@home.example)"]);
}

#[test]
fn a_second_person_must_be_there() {
    let mut talk = begin(&pump("confirm = { second = true }"));
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: nobody else who may confirm that is online");
}

#[test]
fn a_question_ends_after_half_a_minute_by_no_and_after_three_wrong_numbers() {
    let mut talk = begin(&pump("confirm = true"));
    talk.says(ANNA, "pump on");
    let number = talk.number();
    talk.pass(seconds(30));
    assert_eq!(talk.reply(), "Pump: nobody confirmed it in time; nothing has moved");
    assert_eq!(talk.ask_calmly(ANNA, &number), "There is nothing to confirm.");

    talk.says(ANNA, "pump on");
    talk.heard();
    assert_eq!(talk.ask_calmly(ANNA, "no"), "Pump: not confirmed; nothing has moved");
    assert_eq!(talk.ask_calmly(ANNA, "no"), "There is nothing to confirm.");

    talk.says(ANNA, "pump on");
    let number = talk.number();
    let wrong = if number == "1234" { "4321" } else { "1234" };
    assert_eq!(talk.ask_calmly(ANNA, "yes"), "Answer with the number, please.");
    assert_eq!(talk.ask_calmly(ANNA, wrong), "Not that number.");
    assert_eq!(talk.ask_calmly(BEN, wrong), "There is nothing to confirm.", "who may not answer cannot spoil it");
    assert_eq!(talk.ask_calmly(ANNA, wrong), "Not that number.");
    talk.says(ANNA, wrong);
    assert!(talk.heard().iter().any(|line| line.ends_with("Pump: not confirmed; nothing has moved")));
    assert_eq!(talk.ask_calmly(ANNA, &number), "There is nothing to confirm.");
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn limits_are_asked_again_when_it_is_confirmed() {
    let mut talk = begin(&valves("confirm = true"));
    talk.pass(seconds(2));
    talk.says(ANNA, "left open");
    let left = talk.number();
    talk.says(CAROL, "pump on");
    talk.hardware_obeys();
    talk.heard();
    talk.says(ANNA, "right open");
    let right = talk.number();
    talk.says(ANNA, &right);
    talk.hardware_obeys();
    talk.heard();
    let refused = "Valve left: Valve right is open; only one of the group may be on";
    assert_eq!(talk.ask_calmly(ANNA, &left), refused);
}

#[test]
fn a_form_asks_in_a_second_step() {
    let text = pump("confirm = true");
    let run = |id: u8, session: &str, fields: &str| {
        format!(
            "<iq from='{ANNA}/phone' type='set' id='{id}'><command xmlns='http://jabber.org/protocol/commands' node='pump'{session}><x xmlns='jabber:x:data' type='submit'>{fields}</x></command></iq>"
        )
    };
    let ns = "http://jabber.org/protocol/commands";
    for (yes, note) in [("1", "Pump: on"), ("0", "not confirmed; nothing has moved")] {
        let mut talk = begin(&text);
        talk.recv(&run(1, "", "<field var='value'><value>1</value></field>"));
        let sent = talk.sent();
        assert_eq!(sent.len(), 1);
        let command = sent[0].get_child("command", ns).unwrap();
        assert_eq!(command.attr("status"), Some("executing"));
        assert!(String::from(command).contains("Really set Pump to on? Confirm within 30s."));
        assert_eq!(talk.moved(), Vec::<String>::new());
        let session = format!(" sessionid='{}'", command.attr("sessionid").unwrap());
        talk.recv(&run(2, &session, &format!("<field var='confirm'><value>{yes}</value></field>")));
        talk.hardware_obeys();
        let sent = talk.sent();
        let command = sent[0].get_child("command", ns).unwrap();
        assert_eq!(command.attr("status"), Some("completed"));
        assert_eq!(command.get_child("note", ns).unwrap().text(), note);
    }
}

#[test]
fn what_a_lost_link_ended_goes_on_when_it_returns_and_limits_still_count() {
    let text = pump("min_off = \"1m\"\non_link_loss = { after = \"10s\", back = true }");
    let mut talk = begin(&text);
    talk.pass(seconds(60));
    talk.ask_calmly(ANNA, "pump on");
    talk.feed(Input::Offline);
    talk.pass(seconds(10));
    talk.hardware_obeys();
    talk.pass(seconds(20));
    talk.online();
    assert_eq!(talk.moved(), Vec::<String>::new(), "it must rest");
    talk.pass(seconds(39));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(seconds(1));
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn what_somebody_wanted_meanwhile_stays() {
    let text = pump("on_link_loss = { after = \"10s\", back = true }");
    let mut talk = begin(&text);
    talk.ask_calmly(ANNA, "pump on 1m");
    talk.feed(Input::Offline);
    talk.pass(seconds(10));
    talk.hardware_obeys();
    talk.pass(seconds(60));
    talk.online();
    talk.pass(seconds(60));
    assert_eq!(talk.moved(), Vec::<String>::new(), "the minute was over");
}

fn past(kept: &[(&str, &str)], clean: bool) -> Past {
    let kept = kept.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Past { kept, clean, safe_mode: false }
}

/// The wall clock at the start of every test.
const START: i64 = 1_800_000_000;

#[test]
fn the_last_state_is_taken_up_with_its_times() {
    let text = pump("start = \"last\"\nmax_on = \"10m\"");
    let mut talk = begin(&text);
    talk.ask_calmly(ANNA, "pump on");
    let kept = talk.kept();
    assert_eq!(kept["actuators/pump"], format!("value=on away={START} cycles={START}"));

    // Eight minutes later, in another run.
    let began = START - 480;
    let kept = format!("value=on away={began}");
    let mut talk = Talk::after(&past(&[("actuators/pump", &kept)], false), &text);
    assert_eq!(talk.agent.starts()["pump"], ON);
    talk.report("pump", Ok(ON));
    talk.pass(seconds(119));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(seconds(1));
    assert_eq!(talk.moved(), ["pump off"], "max_on counts across the restart");
}

#[test]
fn a_last_state_that_is_spent_unknown_or_from_the_future_is_safe() {
    let text = pump("start = \"last\"\nmax_on = \"10m\"");
    for kept in [
        format!("value=on away={}", START - 600),
        format!("value=on away={}", START + 5),
        format!("value=on away={} until={}", START - 60, START - 1),
        format!("away={}", START - 60),
        "value=on".to_owned(),
        "value=ajar away=1".to_owned(),
        String::new(),
    ] {
        let talk = Talk::after(&past(&[("actuators/pump", &kept)], true), &text);
        assert_eq!(talk.agent.starts()["pump"], OFF, "{kept}");
    }
}

#[test]
fn a_timed_command_ends_in_the_next_run() {
    let text = pump("start = \"last\"");
    let kept = format!("value=on away={} until={}", START - 60, START + 30);
    let mut talk = Talk::after(&past(&[("actuators/pump", &kept)], false), &text);
    talk.report("pump", Ok(ON));
    talk.pass(seconds(29));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(seconds(1));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_line_that_came_late_is_safe_whatever_it_was() {
    let text = pump("start = \"last\"");
    let kept = format!("value=on away={}", START - 60);
    let mut talk = Talk::after(&past(&[("actuators/pump", &kept)], false), &text);
    talk.settle();
    talk.report("pump", Err(Fault::new("no chip")));
    talk.report("pump", Ok(OFF));
    talk.online();
    talk.sent();
    assert_eq!(talk.ask_calmly(ANNA, "pump"), "Pump: off");
}

#[test]
fn of_a_group_at_most_one_starts_away_from_safe() {
    let text = valves("start = \"last\"");
    let kept = format!("value=open away={}", START - 60);
    let talk = Talk::after(&past(&[("actuators/left", &kept), ("actuators/right", &kept)], true), &text);
    let starts = talk.agent.starts();
    assert_eq!((starts["left"], starts["right"]), (ON, OFF));
}

#[test]
fn the_dead_time_is_held_across_restarts() {
    let text = valves("");
    for (kept, clean, waits) in [
        // Kept times are good to three seconds.
        (format!("safe={}", START - 4), true, Some("1s")),
        (format!("safe={}", START - 5), true, None),
        // After a crash the last word may not have been the last.
        (format!("safe={}", START - 5), false, Some("2s")),
        (format!("safe={}", START + 5), true, Some("2s")),
        (format!("away={}", START - 5), true, Some("2s")),
    ] {
        let mut talk = Talk::after(&past(&[("actuators/left", &kept), ("actuators/right", &kept)], clean), &text);
        talk.settle();
        talk.report("left", Ok(OFF));
        talk.report("right", Ok(OFF));
        talk.online();
        talk.sent();
        let answer = talk.ask_calmly(ANNA, "left open");
        match waits {
            Some(time) => assert!(answer.ends_with(&format!("it may be switched on in {time}")), "{kept}: {answer}"),
            None => assert_eq!(answer, "Valve left: open", "{kept}"),
        }
    }
}

#[test]
fn cycles_and_rest_are_known_after_a_clean_restart() {
    let text = pump("cycles_per_hour = 2\nmin_off = \"1m\"");
    let kept = format!("value=off safe={} cycles={},1000", START - 50, START - 2000);
    let mut talk = Talk::after(&past(&[("actuators/pump", &kept)], true), &text);
    talk.settle();
    talk.online();
    talk.sent();
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: it may be switched on again in 13s");
    talk.pass(seconds(13));
    let answer = talk.ask_calmly(ANNA, "pump on");
    assert!(answer.ends_with("it may be again in 26m30s"), "{answer}");
}

#[test]
fn safe_mode_starts_safe_says_so_and_is_left_by_an_owner() {
    let text = pump("start = \"on\"");
    let mut talk = Talk::after(&Past { safe_mode: true, ..Past::default() }, &text);
    assert_eq!(talk.agent.starts()["pump"], OFF);
    talk.settle();
    talk.online();
    let presence = talk.sent().iter().map(String::from).collect::<String>();
    assert!(presence.contains("safe mode") && presence.contains("<show>away</show>"), "{presence}");
    assert!(talk.ask_calmly(ANNA, "status").contains("safe mode: the program crashed again and again"));
    assert_eq!(talk.ask_calmly(ANNA, "pump on"), "Pump: on", "chat is alive");
    let refused = talk.ask_calmly(CAROL, "leave safe mode");
    assert_eq!(refused, "that needs the role owner, and yours is operator");
    assert_eq!(talk.ask_calmly(ANNA, "leave safe mode"), "Safe mode is over; rules are on again.");
    assert!(!talk.agent.is_in_safe_mode());
    assert_eq!(talk.ask_calmly(ANNA, "leave safe mode"), "This is not safe mode.");
}

#[test]
fn a_start_value_is_not_disobedience() {
    let mut talk = Talk::after(&Past::default(), &pump("start = \"on\"\nmax_on = \"1m\""));
    talk.settle();
    talk.report("pump", Ok(ON));
    talk.online();
    talk.sent();
    assert_eq!(talk.ask_calmly(ANNA, "pump"), "Pump: on, back to off in 1m");
    talk.pass(seconds(60));
    assert_eq!(talk.moved(), ["pump off"]);
}

#[test]
fn a_clock_that_jumps_takes_what_is_kept_along() {
    let mut talk = begin(&pump("start = \"last\""));
    talk.ask_calmly(ANNA, "pump on 10m");
    talk.pass(seconds(60));
    talk.kept();
    talk.wall_jumps(-3600);
    talk.pass(seconds(1));
    let kept = talk.kept();
    let (away, until) = (START - 3600, START - 3000);
    assert_eq!(kept["actuators/pump"], format!("value=on away={away} until={until} cycles={away}"));
    talk.pass(seconds(539));
    assert_eq!(talk.moved(), ["pump off"], "and no deadline moves");
}

#[test]
fn a_lost_link_switches_nothing_on_before_its_rest_is_over() {
    let text = pump("min_off = \"1m\"\non_link_loss = { after = \"10s\", to = \"on\" }");
    let mut talk = begin(&text);
    talk.pass(seconds(60));
    talk.ask_calmly(ANNA, "pump on");
    talk.ask_calmly(ANNA, "pump off");
    talk.feed(Input::Offline);
    talk.pass(seconds(59));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.pass(seconds(1));
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn the_log_does_not_name_the_other_of_a_group_to_who_may_not_know_of_it() {
    let text = valves("").replace("points = [\"door\", \"pump\"]", "points = [\"left\"]");
    let rule =
        "[rules.wet]\nwhen = { sensor = \"door\", equals = \"open\" }\nset = { actuator = \"left\", to = \"open\" }";
    let mut talk = begin(&format!("{text}\n{rule}").replace("role = \"operator\"", "role = \"owner\""));
    talk.pass(seconds(3));
    talk.ask_calmly(ANNA, "right open");
    assert!(talk.ask_calmly(ANNA, "left open").contains("Valve right is open"));
    talk.report("door", Ok(ON));
    talk.sent();
    let log = talk.ask_calmly(CAROL, "log");
    assert!(log.contains("refused") && !log.contains("right"), "{log}");
}

#[test]
fn a_rule_that_overtakes_a_gradual_movement_leaves_no_deadline_behind() {
    let dimmer = "safe = 0\nramp = { over = \"10s\" }";
    let rule = "[rules.dark]\nwhen = { sensor = \"door\", equals = \"open\", for = \"3s\" }\nset = { actuator = \"lamp\", to = 10 }";
    let text = format!("{}\n{rule}", GREENHOUSE.replace("safe = 0", dimmer));
    let mut talk = begin(&text);
    talk.report("door", Ok(ON));
    talk.says(ANNA, "lamp 100");
    for _ in 0..40 {
        talk.hardware_obeys();
        talk.pass(millis(100));
    }
    let heard = talk.heard();
    assert!(heard.iter().any(|line| line.contains("something else was wanted")), "{heard:?}");
}
