//! The device as an occupant of rooms.

use std::time::Duration;

use katydid::agent::Input;
use katydid::model::{Fault, Value};

use crate::talk::{GREENHOUSE, Talk, device};

const ROOM: &str = "household@rooms.home.example";

/// The greenhouse, asked to be let in.
fn knocking(more: &str) -> Talk {
    knocking_with(GREENHOUSE, more)
}

fn knocking_with(text: &str, more: &str) -> Talk {
    let mut talk = Talk::offline(&format!("{text}\n[[rooms]]\njid = \"{ROOM}\"\n{more}"));
    talk.settle();
    talk.online();
    talk
}

fn presence(nick: &str, more: &str) -> String {
    format!("<presence from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'>{more}</x></presence>")
}

const SELF: &str = "<item affiliation='member' role='participant'/><status code='110'/>";

/// The greenhouse in a room with anna and ben under other names, a stranger, and somebody who hides.
fn begin(more: &str) -> Talk {
    begin_with(GREENHOUSE, more)
}

fn begin_with(text: &str, more: &str) -> Talk {
    let mut talk = knocking_with(text, more);
    everybody_comes(&mut talk);
    talk.sent();
    talk
}

fn everybody_comes(talk: &mut Talk) {
    for (nick, jid) in [("Ännchen", "anna"), ("b", "ben"), ("mallory", "mallory"), ("carol", "carol")] {
        let jid = format!("<item affiliation='member' role='participant' jid='{jid}@home.example/x'/>");
        talk.recv(&presence(nick, &jid));
    }
    talk.recv(&presence("ghost", "<item affiliation='none' role='participant'/>"));
    talk.recv(&presence("greenhouse", SELF));
}

fn says(talk: &mut Talk, nick: &str, words: &str) {
    let id = talk.next();
    talk.recv(&format!("<message from='{ROOM}/{nick}' type='groupchat' id='{id}'><body>{words}</body></message>"));
}

fn whispers(talk: &mut Talk, nick: &str, words: &str) {
    let id = talk.next();
    talk.recv(&format!(
        "<message from='{ROOM}/{nick}' type='chat' id='{id}'><body>{words}</body>\
         <x xmlns='http://jabber.org/protocol/muc#user'/></message>"
    ));
}

/// Where it asked to be let in since the last look.
fn joins(talk: &mut Talk) -> Vec<String> {
    let sent = talk.sent();
    let joins = sent.iter().filter(|e| e.name() == "presence" && e.has_child("x", "http://jabber.org/protocol/muc"));
    joins.map(|e| e.attr("to").unwrap().to_owned()).collect()
}

/// The device is put out, with these codes.
fn gone(codes: &str) -> String {
    format!(
        "<presence from='{ROOM}/greenhouse' type='unavailable'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <item affiliation='none' role='none'/><status code='110'/>{codes}</x></presence>"
    )
}

#[test]
fn it_joins_without_history_and_unlocks_a_room_it_makes() {
    let mut talk = knocking("");
    let sent = talk.sent();
    let join = sent.iter().find(|e| e.attr("to") == Some("household@rooms.home.example/greenhouse")).unwrap();
    let muc = join.get_child("x", "http://jabber.org/protocol/muc").unwrap();
    assert_eq!(muc.get_child("history", "http://jabber.org/protocol/muc").unwrap().attr("maxstanzas"), Some("0"));
    talk.recv(&presence("greenhouse", &format!("{SELF}<status code='201'/>")));
    let sent = talk.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].attr("to"), Some(ROOM));
    let query = sent[0].get_child("query", "http://jabber.org/protocol/muc#owner").unwrap();
    assert_eq!(query.get_child("x", "jabber:x:data").unwrap().attr("type"), Some("submit"));
    assert!(talk.logged_aloud().contains(&format!("in the room {ROOM} as greenhouse")));
}

#[test]
fn contacts_are_known_by_their_real_address_and_answered_in_the_room() {
    let mut talk = begin("");
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    talk.hardware_obeys();
    let heard = talk.heard();
    assert!(heard.contains(&format!("{ROOM}: Ännchen: Pump: on, back to off in 1h")), "{heard:?}");
    says(&mut talk, "b", "@greenhouse pump off");
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.heard(), [format!("{ROOM}: b: Pump: that needs the role operator, and yours is viewer")]);
    says(&mut talk, "b", "Greenhouse, air");
    assert_eq!(talk.heard(), [format!("{ROOM}: b: Air: 20.0 °C")]);
    whispers(&mut talk, "b", "air");
    assert_eq!(talk.heard(), [format!("{ROOM}/b: Air: 20.0 °C")]);
}

#[test]
fn a_nick_gives_no_rights_and_who_hides_has_none() {
    let mut talk = begin("");
    // Mallory takes the name of somebody with rights, and of the owner's address.
    for nick in ["anna", "anna@home.example"] {
        talk.recv(&presence(nick, "<item affiliation='none' role='participant' jid='mallory@home.example/x'/>"));
    }
    for nick in ["anna", "anna@home.example", "mallory", "ghost", "nobody"] {
        says(&mut talk, nick, "greenhouse: pump on");
        whispers(&mut talk, nick, "pump on");
        says(&mut talk, nick, "greenhouse: status");
        assert_eq!(talk.moved(), Vec::<String>::new(), "{nick}");
        assert_eq!(talk.heard(), Vec::<String>::new(), "{nick}");
    }
}

#[test]
fn guests_read_what_the_room_is_for_and_move_nothing() {
    let mut talk = begin("points = [\"air\", \"door\", \"pump\"]\nguests = [\"air\"]\n");
    says(&mut talk, "ghost", "greenhouse: air");
    assert_eq!(talk.heard(), [format!("{ROOM}: ghost: Air: 20.0 °C")]);
    for words in ["pump", "pump on", "air 30"] {
        says(&mut talk, "mallory", &format!("greenhouse: {words}"));
        let heard = talk.heard();
        assert_eq!(heard, [format!("{ROOM}: mallory: here you may only read: say status, or the name of a point")]);
    }
    for words in ["who", "log"] {
        says(&mut talk, "mallory", &format!("greenhouse: {words}"));
        assert!(talk.heard()[0].contains("only read"));
    }
    says(&mut talk, "mallory", "greenhouse: status");
    assert_eq!(talk.heard(), [format!("{ROOM}: mallory: greenhouse: all well\nAir: 20.0 °C")]);
    // Not even the owner makes it speak of what is not for the room.
    says(&mut talk, "Ännchen", "greenhouse: lamp");
    assert!(talk.heard()[0].contains("I do not know “lamp”"));
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn real_addresses_that_can_be_known_from_now_on_are_asked_for_at_once_and_once() {
    let mut talk = knocking("");
    let hidden = "<item affiliation='member' role='participant'/>";
    let known = "<item affiliation='owner' role='moderator' jid='anna@home.example/x'/>";
    talk.recv(&presence("Ännchen", hidden));
    talk.recv(&presence("greenhouse", SELF));
    talk.sent();
    let here = "household@rooms.home.example/greenhouse";
    let moderator = SELF.replace("participant", "moderator");
    let open = "<x xmlns='http://jabber.org/protocol/muc#user'><status code='172'/></x>";
    for (news, answer) in [
        (format!("<message from='{ROOM}' type='groupchat'>{open}</message>"), SELF),
        (presence("greenhouse", &moderator), &*moderator),
    ] {
        // Nobody but the room can say that.
        talk.recv(&format!("<message from='{ROOM}/Ännchen' type='groupchat'>{open}</message>"));
        assert_eq!(joins(&mut talk), Vec::<String>::new());
        talk.recv(&news);
        assert_eq!(joins(&mut talk), [here]);
        talk.recv(&presence("Ännchen", known));
        talk.recv(&presence("greenhouse", answer));
        assert_eq!(joins(&mut talk), Vec::<String>::new());
        says(&mut talk, "Ännchen", "greenhouse: air");
        assert_eq!(talk.heard(), [format!("{ROOM}: Ännchen: Air: 20.0 °C")]);
        talk.recv(&presence("Ännchen", hidden));
    }
    assert_eq!(talk.logged_aloud().iter().filter(|line| line.contains("in the room")).count(), 1);
}

#[test]
fn history_echoes_corrections_and_talk_among_people_are_not_commands() {
    let mut talk = begin("");
    says(&mut talk, "Ännchen", "pump on");
    says(&mut talk, "Ännchen", "is the greenhouse: warm?");
    says(&mut talk, "greenhouse", "greenhouse: pump on");
    for old in [
        "<delay xmlns='urn:xmpp:delay' stamp='2027-01-15T08:00:00Z'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='a'/>",
    ] {
        talk.recv(&format!(
            "<message from='{ROOM}/Ännchen' type='groupchat'><body>greenhouse: pump on</body>{old}</message>"
        ));
    }
    talk.recv(&format!("<message from='{ROOM}' type='groupchat'><body>greenhouse: pump on</body></message>"));
    talk.recv(&format!("<message from='{ROOM}/Ännchen' type='error'><body>greenhouse: pump on</body></message>"));
    // A room we are not in.
    talk.recv(
        "<message from='other@rooms.home.example/anna' type='groupchat'><body>greenhouse: pump on</body></message>",
    );
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.heard(), Vec::<String>::new());
}

#[test]
fn requests_through_the_room_go_by_the_real_address() {
    let mut talk = begin("points = [\"pump\", \"air\"]\n");
    let ask = |nick: &str| {
        format!(
            "<iq from='{ROOM}/{nick}' type='get' id='q'>\
             <query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>"
        )
    };
    talk.recv(&ask("Ännchen"));
    let items = String::from(&talk.sent()[0]);
    assert!(items.contains("node=\"pump\"") || items.contains("node='pump'"), "{items}");
    assert!(!items.contains("lamp"), "not for this room: {items}");
    // Gajim runs a command where its item says it is.
    assert!(items.contains(&format!("{ROOM}/greenhouse")) && !items.contains("@home.example"), "{items}");
    for nick in ["mallory", "ghost"] {
        talk.recv(&ask(nick));
        let sent = talk.sent();
        assert_eq!(sent[0].attr("type"), Some("error"), "{nick}");
        assert!(String::from(&sent[0]).contains("service-unavailable"), "{nick}");
    }
}

#[test]
fn it_asks_whether_it_is_still_in_and_comes_back() {
    let mut talk = begin("");
    talk.pass(Duration::from_secs(15 * 60 + 1));
    let id = talk.question();
    let ping = talk.sent().into_iter().find(|e| e.has_child("ping", "urn:xmpp:ping")).unwrap();
    assert_eq!(ping.attr("to"), Some("household@rooms.home.example/greenhouse"));
    let error = |condition: &str| {
        format!(
            "<iq from='{ROOM}/greenhouse' type='error' id='{id}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    talk.recv(&error("not-acceptable"));
    assert_eq!(joins(&mut talk).len(), 1, "XEP-0410: not in any more");
    talk.recv(&presence("greenhouse", SELF));
    talk.pass(Duration::from_secs(15 * 60 + 1));
    let id = talk.question();
    talk.recv(&format!(
        "<iq from='{ROOM}/greenhouse' type='error' id='{id}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert_eq!(joins(&mut talk).len(), 1, "servers say so of a room that is no more");
    talk.recv(&presence("greenhouse", SELF));
    talk.feed(Input::Offline);
    talk.connect(true);
    let asked = talk.sent().iter().any(|e| e.has_child("ping", "urn:xmpp:ping"));
    assert!(asked, "after a resumed stream the room is asked at once");
    talk.feed(Input::Offline);
    talk.online();
    assert_eq!(joins(&mut talk).len(), 1, "after a new login it joins again");
}

#[test]
fn being_kicked_is_said_once_and_tried_again_and_being_banned_is_not() {
    let mut talk = begin("");
    talk.logged();
    talk.recv(&gone("<status code='307'/>"));
    assert_eq!(talk.logged_aloud(), [format!("not in the room {ROOM}: the device was kicked")]);
    assert_eq!(joins(&mut talk).len(), 0);
    talk.pass(Duration::from_secs(61));
    assert_eq!(joins(&mut talk).len(), 1);
    talk.recv(&presence("greenhouse", SELF));
    talk.recv(&gone("<status code='301'/>"));
    talk.pass(Duration::from_secs(86400));
    assert_eq!(joins(&mut talk).len(), 0);
}

fn refused(nick: &str, condition: &str) -> String {
    format!(
        "<presence from='{ROOM}/{nick}' type='error'><error type='cancel'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    )
}

#[test]
fn who_was_banned_while_it_was_away_stays_out_until_the_config_is_read_anew() {
    let mut talk = knocking("");
    talk.sent();
    talk.recv(&refused("greenhouse", "forbidden"));
    let line = format!("not in the room {ROOM}: the device is banned from it");
    assert_eq!(talk.logged_aloud().iter().filter(|said| **said == line).count(), 1);
    talk.pass(Duration::from_secs(86400));
    talk.feed(Input::Offline);
    talk.online();
    assert_eq!(joins(&mut talk), Vec::<String>::new());
    talk.feed(Input::Reload(Box::new(device(&format!("{GREENHOUSE}\n[[rooms]]\njid = \"{ROOM}\"\n")))));
    talk.roster("");
    assert_eq!(joins(&mut talk).len(), 1);
}

#[test]
fn a_room_may_give_it_another_nick() {
    let mut talk = knocking("");
    talk.recv(&presence("b", "<item affiliation='member' role='participant' jid='ben@home.example/x'/>"));
    talk.recv(&presence("green", &format!("{SELF}<status code='210'/>")));
    talk.sent();
    says(&mut talk, "b", "green: air");
    assert_eq!(talk.heard(), [format!("{ROOM}: b: Air: 20.0 °C")]);
}

#[test]
fn after_a_reload_the_end_of_its_old_nick_is_not_the_end_of_its_new_one() {
    // Asked to be let in, and not answered yet.
    let mut talk = knocking("");
    talk.feed(Input::Reload(Box::new(device(&format!(
        "{GREENHOUSE}\n[[rooms]]\njid = \"{ROOM}\"\nnick = \"shed\"\n"
    )))));
    talk.recv(&presence("greenhouse", SELF));
    talk.roster("");
    assert_eq!(joins(&mut talk).last().unwrap(), "household@rooms.home.example/shed");
    talk.recv(&gone(""));
    talk.recv(&presence("b", "<item affiliation='member' role='participant' jid='ben@home.example/x'/>"));
    talk.recv(&presence("shed", SELF));
    says(&mut talk, "b", "shed: air");
    assert!(to_room(&mut talk).contains(&format!("{ROOM}: b: Air: 20.0 °C")));
    assert!(!talk.logged_aloud().iter().any(|line| line.contains("not in the room")));
}

#[test]
fn a_nick_that_is_no_address_is_given_back() {
    let mut talk = begin("");
    talk.recv(&gone("<status code='303'/>").replace("role='none'", "role='participant' nick='🌱 shed'"));
    talk.pass(Duration::from_secs(17 * 60));
    assert_eq!(joins(&mut talk), ["household@rooms.home.example/greenhouse"]);
}

#[test]
fn it_goes_by_the_form_of_its_nick_that_the_room_uses() {
    let mut talk = knocking("nick = \"Haus²\"\n");
    assert_eq!(joins(&mut talk), ["household@rooms.home.example/Haus2"]);
    everybody_comes(&mut talk);
    talk.recv(&presence("Haus2", SELF));
    talk.sent();
    says(&mut talk, "b", "haus2: air");
    assert_eq!(talk.heard(), [format!("{ROOM}: b: Air: 20.0 °C")]);
}

#[test]
fn a_taken_nick_gets_a_tail_and_a_locked_out_device_does_not_hammer() {
    let mut talk = knocking("");
    talk.sent();
    talk.recv(&refused("greenhouse", "conflict"));
    assert_eq!(talk.sent()[0].attr("to"), Some("household@rooms.home.example/greenhouse_"));
    talk.recv(&presence("greenhouse_", SELF));
    says(&mut talk, "greenhouse", "greenhouse_: status");
    assert_eq!(talk.heard(), Vec::<String>::new());

    let mut talk = knocking("");
    talk.sent();
    talk.logged();
    let mut tries = 0;
    for _ in 0..24 {
        talk.recv(&refused("greenhouse", "registration-required"));
        talk.pass(Duration::from_secs(3600));
        tries += talk.sent().iter().filter(|e| e.name() == "presence").count();
    }
    assert!((20..40).contains(&tries), "{tries} tries in a day");
    let line = format!("not in the room {ROOM}: it is for members only, and the device is none");
    assert_eq!(talk.logged_aloud().iter().filter(|said| **said == line).count(), 1);
}

#[test]
fn owners_invite_and_nobody_else() {
    let mut talk = Talk::begin();
    let direct = |who: &str| {
        format!("<message from='{who}@home.example/x'><x xmlns='jabber:x:conference' jid='{ROOM}'/></message>")
    };
    let mediated = |room: &str, who: &str| {
        format!(
            "<message from='{room}'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <invite from='{who}@home.example/x'/></x><x xmlns='jabber:x:conference' jid='{room}'/></message>"
        )
    };
    talk.recv(&direct("mallory"));
    // A room on another server can say anything of who invited.
    talk.recv(&mediated("trap@rooms.evil.example", "anna"));
    talk.recv(&mediated("trap@notrooms.evilhome.example", "anna"));
    assert_eq!(talk.sent().len(), 0);
    for invitation in [direct("ben"), mediated(ROOM, "ben")] {
        talk.recv(&invitation);
        assert_eq!(talk.heard(), ["ben@home.example/x: Only owners invite me into rooms."]);
    }
    // It would also say anything of who speaks.
    talk.recv(&direct("anna").replace(ROOM, "trap@rooms.evil.example"));
    assert!(talk.reply().contains("not on my own server"));
    assert_eq!(joins(&mut talk), Vec::<String>::new());
    talk.recv(&direct("anna"));
    assert_eq!(joins(&mut talk), ["household@rooms.home.example/greenhouse"]);
    talk.recv(&mediated("kitchen@rooms.home.example", "anna"));
    assert_eq!(joins(&mut talk), ["kitchen@rooms.home.example/greenhouse"]);
    talk.recv(&direct("anna"));
    assert_eq!(joins(&mut talk), Vec::<String>::new(), "it is coming already");
}

#[test]
fn whoever_is_put_out_of_a_room_it_was_invited_to_stays_out_until_invited_again() {
    let mut talk = Talk::begin();
    let invitation =
        format!("<message from='anna@home.example/x'><x xmlns='jabber:x:conference' jid='{ROOM}'/></message>");
    talk.recv(&invitation);
    talk.recv(&presence("greenhouse", SELF));
    talk.sent();
    talk.recv(&gone("<status code='307'/>"));
    talk.pass(Duration::from_secs(86400));
    talk.feed(Input::Offline);
    talk.online();
    assert_eq!(joins(&mut talk), Vec::<String>::new());
    talk.recv(&invitation);
    assert_eq!(joins(&mut talk).len(), 1);
}

#[test]
fn a_room_it_was_invited_to_that_does_not_let_it_in_is_left_alone() {
    let mut talk = Talk::begin();
    talk.recv(&format!("<message from='anna@home.example/x'><x xmlns='jabber:x:conference' jid='{ROOM}'/></message>"));
    assert_eq!(joins(&mut talk).len(), 1);
    talk.recv(&refused("greenhouse", "registration-required"));
    talk.pass(Duration::from_secs(86400));
    assert_eq!(joins(&mut talk), Vec::<String>::new());
}

#[test]
fn only_rooms_it_is_in_count_when_it_is_invited() {
    let mut talk = Talk::begin();
    for n in 0..30 {
        talk.pass(Duration::from_secs(60));
        let room = format!("r{n}@rooms.home.example");
        talk.recv(&format!(
            "<message from='anna@home.example/x'><x xmlns='jabber:x:conference' jid='{room}'/></message>"
        ));
        let told = talk.reply();
        // The first ones put it out again.
        assert_eq!(told.contains("I am in too many rooms"), n >= 28, "{told}");
        if n < 20 {
            talk.recv(&presence("greenhouse", SELF).replace(ROOM, &room));
            talk.recv(&gone("<status code='307'/>").replace(ROOM, &room));
        }
    }
}

#[test]
fn before_everybody_nobody_is_named_by_an_address() {
    let mut talk = begin("");
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    talk.hardware_obeys();
    talk.says("carol@home.example", "pump off");
    talk.hardware_obeys();
    talk.says("ben@home.example", "lamp 10");
    talk.sent();
    for words in ["who", "log", "status"] {
        says(&mut talk, "Ännchen", &format!("greenhouse: {words}"));
        let heard = talk.heard();
        let (_, text) = heard[0].split_once(": ").unwrap();
        assert!(!text.contains('@'), "{text}");
    }
    says(&mut talk, "Ännchen", "greenhouse: log");
    assert!(talk.heard()[0].contains("(Ännchen)"));
    // To one alone it says who.
    whispers(&mut talk, "Ännchen", "who");
    assert!(talk.heard()[0].contains("ben@home.example"));
}

#[test]
fn two_devices_that_are_each_others_guests_fall_silent() {
    let mut talk = begin("guests = \"all\"\n");
    let mut answers = 0;
    for _ in 0..50 {
        says(&mut talk, "ghost", "greenhouse: here you may only read: say status, or the name of a point");
        answers += talk.heard().len();
    }
    assert!((1..=10).contains(&answers), "{answers}");
}

#[test]
fn a_message_that_came_twice_moves_once() {
    let mut talk = begin("");
    let toggle = format!(
        "<message from='{ROOM}/Ännchen' type='groupchat' id='a'><body>greenhouse: pump toggle</body></message>"
    );
    talk.recv(&toggle);
    talk.recv(&toggle);
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn who_takes_the_nick_of_an_owner_that_left_is_somebody_else() {
    let mut talk = begin("");
    talk.recv(&format!("<presence from='{ROOM}/Ännchen' type='unavailable'/>"));
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    talk.recv(&presence("Ännchen", "<item affiliation='none' role='participant'/>"));
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    // Told twice who somebody is, the device believes neither.
    let anna = "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='anna@home.example/x'/></x>";
    talk.recv(&format!("<presence from='{ROOM}/Ännchen'>{anna}{anna}</presence>"));
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    assert_eq!(talk.moved(), Vec::<String>::new());
}

#[test]
fn what_is_said_in_a_room_the_device_is_out_of_is_nothing() {
    let mut talk = begin("guests = \"all\"\n");
    talk.recv(&gone("<status code='307'/>"));
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    says(&mut talk, "ghost", "greenhouse: status");
    whispers(&mut talk, "Ännchen", "pump on");
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.heard(), Vec::<String>::new());
}

#[test]
fn words_the_room_does_not_take_make_it_ask_whether_it_is_still_in() {
    let mut talk = begin("");
    says(&mut talk, "Ännchen", "greenhouse: air");
    talk.sent();
    talk.recv(&format!(
        "<message from='{ROOM}' type='error'><body>x</body><error type='cancel'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    assert!(talk.sent()[0].has_child("ping", "urn:xmpp:ping"));
}

#[test]
fn every_kick_makes_it_more_patient() {
    let mut talk = begin("");
    let mut times = 0;
    for _ in 0..24 * 60 {
        talk.pass(Duration::from_secs(60));
        if !joins(&mut talk).is_empty() {
            times += 1;
            talk.recv(&presence("greenhouse", SELF));
            talk.recv(&gone("<status code='307'/>"));
        }
        if times == 0 {
            talk.recv(&gone("<status code='307'/>"));
        }
    }
    assert!((20..40).contains(&times), "{times} times in a day");
}

#[test]
fn a_room_is_told_of_changes_it_wants_and_may_know() {
    let mut talk = begin("points = [\"door\", \"pump\"]\nnotify = \"all\"\n");
    talk.report("door", Ok(Value::Switch(true)));
    talk.report("lamp", Ok(Value::Number(7.0)));
    talk.report("air", Err(Fault::new("cable cut")));
    let told = |talk: &mut Talk| -> Vec<String> {
        let heard = talk.heard();
        heard.into_iter().filter_map(|line| Some(line.strip_prefix(&format!("{ROOM}: "))?.to_owned())).collect()
    };
    assert_eq!(told(&mut talk), ["Front door: open"]);
    // By whom, but never by an address.
    talk.says("anna@home.example", "pump on");
    talk.hardware_obeys();
    assert_eq!(told(&mut talk), ["Pump: on, back to off in 1h (Ännchen)"]);
    talk.pass(Duration::from_secs(2));
    // What was answered there is not told there again.
    says(&mut talk, "Ännchen", "greenhouse: pump off");
    talk.hardware_obeys();
    assert_eq!(told(&mut talk), ["Ännchen: Pump: off"]);
    talk.pass(Duration::from_secs(60));
    assert_eq!(told(&mut talk), Vec::<String>::new());
}

#[test]
fn after_an_absence_the_room_hears_the_last_state_once() {
    let mut talk = begin("notify = [\"door\", \"pump\"]\n");
    let change = |talk: &mut Talk, open: bool| {
        talk.report("door", Ok(Value::Switch(open)));
        talk.pass(Duration::from_secs(5));
    };
    for resumed in [true, false] {
        talk.feed(Input::Offline);
        change(&mut talk, true);
        change(&mut talk, false);
        change(&mut talk, resumed);
        talk.sent();
        if resumed {
            talk.connect(true);
        } else {
            talk.online();
            everybody_comes(&mut talk);
        }
        let state = if resumed { "open" } else { "closed" };
        assert_eq!(talk.heard(), [format!("{ROOM}: Front door: {state}")], "resumed: {resumed}");
    }
    talk.feed(Input::Offline);
    change(&mut talk, true);
    change(&mut talk, false);
    talk.online();
    everybody_comes(&mut talk);
    assert_eq!(to_room(&mut talk), Vec::<String>::new(), "it is as it was told");
    talk.recv(&gone("<status code='307'/>"));
    change(&mut talk, true);
    assert_eq!(to_room(&mut talk), Vec::<String>::new());
}

#[test]
fn what_a_room_sends_back_it_has_not_heard() {
    let mut talk = begin_with(&with_alarm(), "notify = [\"door\", \"pump\"]\n");
    talk.pass(Duration::from_secs(120));
    talk.report("door", Ok(Value::Switch(true)));
    talk.report("air", Ok(Value::Number(36.0)));
    talk.sent();
    // Thrown out before it said so, and told of that later.
    talk.recv(&format!(
        "<message from='{ROOM}' type='error' id='x'><error type='modify'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    ));
    talk.recv(&gone("<status code='307'/>"));
    talk.pass(Duration::from_secs(61));
    talk.sent();
    everybody_comes(&mut talk);
    let heard = to_room(&mut talk).join("\n");
    assert!(heard.contains("Front door: open") && heard.contains("Air: 36.0 °C, above 35.0 °C"), "{heard}");
    assert!(!heard.contains("Pump"), "{heard}");
}

fn with_alarm() -> String {
    GREENHOUSE.replace("every = \"30s\"", "every = \"1d\"\nalarm = { above = 35.0 }")
}

fn to_room(talk: &mut Talk) -> Vec<String> {
    talk.heard().into_iter().filter(|line| line.starts_with(ROOM)).collect()
}

#[test]
fn alarms_are_told_to_the_room_and_acknowledged_there() {
    let mut talk = begin_with(&with_alarm(), "");
    talk.report("air", Ok(Value::Number(36.0)));
    assert_eq!(to_room(&mut talk), [format!("{ROOM}: ALARM Air: 36.0 °C, above 35.0 °C")]);
    says(&mut talk, "b", "greenhouse: ack air");
    assert!(to_room(&mut talk)[0].contains("operator"));
    says(&mut talk, "Ännchen", "greenhouse: ack air");
    let told = to_room(&mut talk);
    assert!(told.contains(&format!("{ROOM}: The alarm “air” was acknowledged by Ännchen")), "{told:?}");
    talk.report("air", Ok(Value::Number(30.0)));
    assert_eq!(to_room(&mut talk), [format!("{ROOM}: Over: Air: 30.0 °C")]);
    for (alarms, points) in [("alarms = false", ""), ("", "points = [\"door\"]")] {
        let mut talk = begin_with(&with_alarm(), &format!("{alarms}\n{points}\n"));
        talk.report("air", Ok(Value::Number(36.0)));
        assert_eq!(to_room(&mut talk), Vec::<String>::new());
    }
}

#[test]
fn guests_are_not_told_who_has_seen_an_alarm() {
    let mut talk = begin_with(&with_alarm(), "guests = [\"air\"]\n");
    talk.report("air", Ok(Value::Number(36.0)));
    says(&mut talk, "Ännchen", "greenhouse: ack air");
    talk.sent();
    let line = "Air: 36.0 °C, above 35.0 °C, since 15 09:00 (seen";
    for words in ["alarms", "status"] {
        whispers(&mut talk, "ghost", words);
        let heard = talk.heard();
        assert!(heard[0].contains(&format!("{line} at 09:00)")), "{heard:?}");
        whispers(&mut talk, "b", words);
        let heard = talk.heard();
        assert!(heard[0].contains(&format!("{line} by anna@home.example at 09:00)")), "{heard:?}");
    }
}

#[test]
fn who_is_no_contact_any_more_is_not_named_before_everybody() {
    let more = format!("\n[[rooms]]\njid = \"{ROOM}\"\nnotify = [\"pump\"]\n");
    let mut talk = begin_with(&with_alarm(), "notify = [\"pump\"]\n");
    talk.report("air", Ok(Value::Number(36.0)));
    says(&mut talk, "Ännchen", "greenhouse: ack air");
    whispers(&mut talk, "Ännchen", "pump on");
    let text = with_alarm().replace("jid = \"anna@home.example\"", "jid = \"anne@home.example\"");
    talk.sent();
    talk.feed(Input::Reload(Box::new(device(&(text + &more)))));
    talk.hardware_obeys();
    talk.recv(&presence("Anne", "<item affiliation='none' role='participant' jid='anne@home.example/x'/>"));
    says(&mut talk, "Anne", "greenhouse: ack air");
    says(&mut talk, "b", "greenhouse: alarms");
    let told = to_room(&mut talk);
    assert!(told.iter().any(|line| line.contains("(seen at 09:00)")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("was acknowledged at 09:00")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("anna@")), "{told:?}");
}

#[test]
fn an_alarm_that_came_while_the_device_was_away_is_told_when_it_is_back() {
    let mut talk = knocking_with(&with_alarm(), "");
    talk.report("air", Ok(Value::Number(36.0)));
    assert_eq!(to_room(&mut talk), Vec::<String>::new());
    everybody_comes(&mut talk);
    let told = to_room(&mut talk);
    assert!(told[0].contains("ALARM Air: 36.0 °C"), "{told:?}");
    talk.feed(Input::Offline);
    talk.report("air", Ok(Value::Number(30.0)));
    talk.sent();
    talk.connect(true);
    assert_eq!(to_room(&mut talk), [format!("{ROOM}: No alarm is up.")]);
}

#[test]
fn a_question_in_a_room_is_answered_by_the_real_address() {
    let text = GREENHOUSE.replace("max_on = \"1h\"", "max_on = \"1h\"\nconfirm = true");
    let mut talk = begin_with(&text, "");
    says(&mut talk, "Ännchen", "greenhouse: pump on");
    let question = to_room(&mut talk).remove(0);
    assert!(question.starts_with(&format!("{ROOM}: Ännchen: Really set")), "{question}");
    let number = question.split("Answer ").nth(1).unwrap()[..4].to_owned();
    for nick in ["mallory", "ghost", "b"] {
        says(&mut talk, nick, &format!("greenhouse: {number}"));
    }
    // Somebody else under her nick.
    talk.recv(&presence("Ännchen", "<item affiliation='none' role='participant' jid='mallory@home.example/x'/>"));
    says(&mut talk, "Ännchen", &format!("greenhouse: {number}"));
    assert_eq!(talk.moved(), Vec::<String>::new());
    talk.sent();
    talk.recv(&presence("anna", "<item affiliation='none' role='participant' jid='anna@home.example/y'/>"));
    says(&mut talk, "anna", &format!("greenhouse: {number}"));
    talk.hardware_obeys();
    assert_eq!(to_room(&mut talk), [format!("{ROOM}: anna: Pump: on, back to off in 1h")]);
}

#[test]
fn a_late_answer_for_one_alone_is_nothing_for_whoever_has_the_nick_by_then() {
    let text = GREENHOUSE.replace("max_on = \"1h\"", "max_on = \"1h\"\nconfirm = true");
    let question = |talk: &mut Talk| whispers(talk, "Ännchen", "pump on");
    let words = |talk: &mut Talk| whispers(talk, "Ännchen", "lamp 10");
    let command = |talk: &mut Talk| {
        talk.recv(&format!(
            "<iq from='{ROOM}/Ännchen' type='set' id='q'>\
             <command xmlns='http://jabber.org/protocol/commands' node='lamp'><x xmlns='jabber:x:data' type='submit'>\
             <field var='value'><value>10</value></field></x></command></iq>"
        ));
    };
    let set = |talk: &mut Talk| {
        talk.recv(&format!(
            "<iq from='{ROOM}/Ännchen' type='set' id='q'>\
             <set xmlns='urn:xmpp:iot:control'><int name='lamp' value='10'/></set></iq>"
        ));
    };
    let asks: [&dyn Fn(&mut Talk); 4] = [&question, &words, &command, &set];
    for (case, ask) in asks.iter().enumerate() {
        for (who, answers) in [("anna", 1), ("mallory", 0)] {
            let mut talk = begin_with(&text, "");
            ask(&mut talk);
            let for_her = |e: &xmpp_parsers::minidom::Element| e.attr("to") == Some(&*format!("{ROOM}/Ännchen"));
            talk.sent();
            let item = format!("<item affiliation='none' role='participant' jid='{who}@home.example/y'/>");
            talk.recv(&presence("Ännchen", &item));
            talk.hardware_obeys();
            talk.pass(Duration::from_secs(600));
            assert_eq!(talk.sent().into_iter().filter(for_her).count(), answers, "{case} {who}");
        }
    }
}

#[test]
fn a_question_asked_elsewhere_is_not_answered_in_a_room_that_may_not_know() {
    let text = GREENHOUSE.replace("max_on = \"1h\"", "max_on = \"1h\"\nconfirm = true");
    let mut talk = begin_with(&text, "points = [\"air\"]\n");
    talk.says("anna@home.example", "pump on");
    let number = talk.reply().split("Answer ").nth(1).unwrap()[..4].to_owned();
    says(&mut talk, "Ännchen", &format!("greenhouse: {number}"));
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert!(!to_room(&mut talk)[0].to_lowercase().contains("pump"));
}

#[test]
fn a_command_through_the_room_is_logged_under_the_real_address() {
    let mut talk = begin("");
    talk.recv(&format!(
        "<iq from='{ROOM}/Ännchen' type='set' id='q'>\
         <command xmlns='http://jabber.org/protocol/commands' node='pump'><x xmlns='jabber:x:data' type='submit'>\
         <field var='value'><value>0</value></field></x></command></iq>"
    ));
    talk.hardware_obeys();
    let log = talk.logged_aloud();
    assert!(log.iter().any(|line| line.contains("anna@home.example")), "{log:?}");
    assert!(!log.iter().any(|line| line.contains(ROOM) && line.contains("Pump")), "{log:?}");
}

#[test]
fn a_machine_in_a_room_reads_now_and_not_later() {
    let mut talk = begin("points = [\"air\"]\n");
    let req = |when: &str| {
        format!(
            "<iq from='{ROOM}/Ännchen' type='get' id='q'>\
             <req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true' {when}/></iq>"
        )
    };
    talk.recv(&req(""));
    let sent = talk.sent();
    assert!(
        sent[0].attr("type") == Some("result") && sent[1].has_child("fields", "urn:xmpp:iot:sensordata"),
        "{sent:?}"
    );
    talk.recv(&req("when='2027-01-15T09:00:00Z'"));
    assert!(String::from(&talk.sent()[0]).contains("feature-not-implemented"));
}

#[test]
fn a_machine_in_a_room_sets_with_the_rights_of_its_address() {
    let mut talk = begin("points = [\"pump\"]\n");
    let set = |nick: &str, point: &str| {
        format!(
            "<iq from='{ROOM}/{nick}' type='set' id='q{point}'>\
             <set xmlns='urn:xmpp:iot:control'><boolean name='{point}' value='true'/></set></iq>"
        )
    };
    for (nick, point) in [("mallory", "pump"), ("ghost", "pump"), ("b", "pump"), ("Ännchen", "lamp")] {
        talk.recv(&set(nick, point));
        assert_eq!(talk.moved(), Vec::<String>::new(), "{nick}");
        assert_eq!(talk.sent()[0].attr("type"), Some("error"), "{nick}");
    }
    talk.recv(&set("Ännchen", "pump"));
    talk.hardware_obeys();
    let sent = talk.sent();
    let answer = sent.iter().find(|e| e.name() == "iq").unwrap();
    assert_eq!((answer.attr("type"), answer.attr("to")), (Some("result"), Some(&*format!("{ROOM}/Ännchen"))));
    assert!(talk.logged_aloud().iter().any(|line| line.contains("Pump: on") && line.contains("anna@home.example")));
}

#[test]
fn readings_go_on_while_a_room_is_silent() {
    let mut talk = knocking("");
    talk.sent();
    talk.pass(Duration::from_secs(59));
    talk.report("door", Ok(Value::Switch(true)));
    talk.pass(Duration::from_secs(600));
    let joins = talk.sent().iter().filter(|e| e.has_child("x", "http://jabber.org/protocol/muc")).count();
    assert!((2..6).contains(&joins), "{joins}");
}
