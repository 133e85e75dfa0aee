//! Old commands never run again.

use crate::talk::Talk;

const NOW: &str = "<message from='anna@home.example/phone' type='chat' id='1'><body>pump on</body></message>";

#[test]
fn the_same_words_sent_now_do_run() {
    let mut talk = Talk::begin();
    talk.recv(NOW);
    assert_eq!(talk.moved(), ["pump on"]);
}

#[test]
fn a_delayed_command_does_not_run_and_its_sender_is_told() {
    let mut talk = Talk::begin();
    for delay in [
        "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>",
        "<x xmlns='jabber:x:delay' stamp='20260101T00:00:00'/>",
    ] {
        talk.recv(&NOW.replace("</message>", &format!("{delay}</message>")));
        assert_eq!(talk.moved(), Vec::<String>::new());
        talk.pass(std::time::Duration::from_secs(30));
        assert_eq!(talk.reply(), "“pump on” came late, so I did nothing. What you still want, say again.");
    }
}

#[test]
fn a_corrected_command_does_not_run() {
    let mut talk = Talk::begin();
    talk.recv(&NOW.replace("</message>", "<replace xmlns='urn:xmpp:message-correct:0' id='0'/></message>"));
    assert_eq!(talk.moved(), Vec::<String>::new());
    assert_eq!(talk.reply(), "I do not run corrections. Send it as a new message.");
}

#[test]
fn copies_archives_and_forwards_do_not_run_and_get_no_answer() {
    let inner =
        "<message xmlns='jabber:client' from='anna@home.example/phone' type='chat'><body>pump on</body></message>";
    let forwarded = format!("<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>");
    for wrapper in [
        format!("<received xmlns='urn:xmpp:carbons:2'>{forwarded}</received>"),
        format!("<sent xmlns='urn:xmpp:carbons:2'>{forwarded}</sent>"),
        format!("<result xmlns='urn:xmpp:mam:2' id='a'>{forwarded}</result>"),
        forwarded.clone(),
    ] {
        for from in ["greenhouse@home.example", "anna@home.example", "anna@home.example/phone"] {
            let mut talk = Talk::begin();
            talk.recv(&format!("<message from='{from}' type='chat'><body>pump on</body>{wrapper}</message>"));
            assert_eq!((talk.moved(), talk.heard()), (vec![], vec![]), "{wrapper}");
        }
    }
}

#[test]
fn errors_headlines_and_room_talk_do_not_run() {
    for type_ in ["error", "headline", "groupchat"] {
        let mut talk = Talk::begin();
        talk.recv(&NOW.replace("type='chat'", &format!("type='{type_}'")));
        assert_eq!((talk.moved(), talk.heard()), (vec![], vec![]), "{type_}");
    }
}

#[test]
fn typing_notices_and_empty_bodies_get_no_answer() {
    let mut talk = Talk::begin();
    talk.recv("<message from='anna@home.example/phone' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
    talk.recv("<message from='anna@home.example/phone' type='chat'><body> </body></message>");
    talk.expect(&[]);
}

#[test]
fn ten_late_commands_get_one_answer() {
    let mut talk = Talk::begin();
    for _ in 0..10 {
        talk.recv(&NOW.replace("</message>", "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>"));
    }
    assert_eq!((talk.moved().len(), talk.heard().len()), (0, 1));
}

#[test]
fn a_command_that_a_client_sends_again_runs_once() {
    let mut talk = Talk::begin();
    let toggle = "<message from='anna@home.example/phone' type='chat' id='a'><body>pump toggle</body></message>";
    talk.recv(toggle);
    talk.recv(toggle);
    assert_eq!(talk.moved(), ["pump on"]);
    talk.recv(&toggle.replace("id='a'", "id='b'"));
    assert_eq!(talk.moved(), ["pump off"], "another message with the same words is another wish");
    talk.recv(&toggle.replace("/phone", "/pc"));
    assert_eq!(talk.moved(), ["pump on"], "and so is another client's");
}
