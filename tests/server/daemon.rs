//! The whole program against a real server, with people on other connections.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use xmpp_parsers::delay::Delay;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoItemsQuery};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::ping::Ping;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::version::VersionQuery;

use katydid::link::LinkEvent;

use crate::home::Home;
use crate::peer::{Peer, words};
use crate::raw::Raw;

const PATIENCE: Duration = Duration::from_secs(90);
const DEVICE: &str = "greenhouse@home.example/katydid";

/// `katydid run` on the simulated board, with Anna as its owner.
pub struct Daemon {
    process: Child,
    folder: TempDir,
}

impl Daemon {
    fn start(prosody: &Home, password: &str) -> Daemon {
        Daemon::start_with(prosody, password, "")
    }

    /// `more` is config beside the usual.
    pub fn start_with(prosody: &Home, password: &str, more: &str) -> Daemon {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path
        };
        let account = prosody.account("greenhouse");
        let ca = write("ca.pem", account.authorities.as_deref().unwrap());
        let password = write("password", password);
        let (socket, store) = (folder.path().join("sim.sock"), folder.path().join("store"));
        let config = write(
            "katydid.toml",
            &format!(
                "[device]\nname = \"greenhouse\"\nboard = \"sim\"\n[xmpp]\njid = \"greenhouse@home.example\"\n\
                 server = \"127.0.0.1:{}\"\nca_file = {ca:?}\npassword = {{ file = {password:?} }}\n\
                 [limits]\ncommands_per_minute = 100000\n[sim]\nsocket = {socket:?}\n[store]\ndir = {store:?}\n\
                 [[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\nnotify = [\"door\"]\n\
                 [sensors.door]\nsim = {{ line = \"IN1\" }}\nstates = [\"closed\", \"open\"]\n\
                 [actuators.pump]\nsim = {{ line = \"OUT1\" }}\nsafe = \"off\"\nexit = \"on\"\n{more}",
                prosody.port
            ),
        );
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_katydid"))
            .args(["run", "--config"])
            .arg(config)
            // KATYDID_… in the environment is config, also that of whoever runs the tests.
            .env_clear()
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { process, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for a line of its log.
    pub async fn logs(&self, text: &str) {
        let search = async {
            while !self.log().contains(text) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(timeout(PATIENCE, search).await.is_ok(), "“{text}” was never logged:\n{}", self.log());
    }

    /// Tells the simulator something and returns its answer.
    pub fn sim(&self, line: &str) -> String {
        let socket: PathBuf = self.folder.path().join("sim.sock");
        let mut stream = UnixStream::connect(socket).unwrap();
        writeln!(stream, "{line}").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer.trim().to_owned()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap().success());
    }

    async fn ends(&mut self) -> ExitStatus {
        let search = async {
            loop {
                if let Some(status) = self.process.try_wait().unwrap() {
                    return status;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, search).await.expect("it did not end")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_thousand_commands_get_a_thousand_answers_in_order() {
    let prosody = Home::prosody();
    let daemon = Daemon::start(&prosody, "pencil");
    let mut anna = Peer::online(&prosody.account("anna")).await;
    daemon.logs("online as").await;
    for number in 0..1000 {
        // Who is never understood is not answered for ever.
        let nonsense = number % 2 == 0;
        anna.say("greenhouse", &if nonsense { format!("x{number}") } else { "door".to_owned() });
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let heard = anna.hear(1000).await;
    for (number, message) in heard.iter().enumerate() {
        let nonsense = number % 2 == 0;
        let wanted =
            if nonsense { format!("I do not know “x{number}”. Say help.") } else { "door: closed".to_owned() };
        assert_eq!(words(message), wanted);
    }
    anna.say("greenhouse", "door");
    assert_eq!(words(&anna.hear(1).await[0]), "door: closed", "nothing may come twice");
    anna.close().await;
}

#[tokio::test]
async fn a_conversation_survives_the_servers_death_and_notices_are_kept() {
    let prosody = Home::prosody();
    let daemon = Daemon::start(&prosody, "pencil");
    let mut anna = Peer::online(&prosody.account("anna")).await;
    daemon.logs("online as").await;
    anna.say("greenhouse", "pump on");
    assert_eq!(words(&anna.hear(1).await[0]), "pump: on");
    prosody.kill();
    daemon.logs("the connection to the server is lost").await;
    assert_eq!(daemon.sim("get OUT1"), "on", "losing the server disturbs nothing");
    assert_eq!(daemon.sim("set IN1 1"), "ok");
    daemon.logs("door: open").await;
    anna.goes_offline().await;
    prosody.restart();
    daemon.logs("online again").await;
    anna.comes_online().await;
    let notice = anna.hear(1).await.remove(0);
    assert_eq!(words(&notice), "door: open");
    assert!(notice.payloads.iter().any(|p| Delay::try_from(p.clone()).is_ok()), "it says when it happened");
    anna.say("greenhouse", "pump off");
    assert_eq!(words(&anna.hear(1).await[0]), "pump: off");
    anna.close().await;
}

#[tokio::test]
async fn a_stranger_who_sends_everything_learns_nothing_and_harms_nothing() {
    let prosody = Home::prosody();
    let daemon = Daemon::start(&prosody, "pencil");
    let mut anna = Peer::online(&prosody.account("anna")).await;
    let mut ben = Peer::online(&prosody.account("ben")).await;
    daemon.logs("online as").await;
    let device: jid::Jid = DEVICE.parse().unwrap();
    for text in ["help", "status", "pump on", "door", "log", "\u{feff}", &"x".repeat(100_000)] {
        for type_ in [MessageType::Chat, MessageType::Normal, MessageType::Headline, MessageType::Groupchat] {
            let mut message = Message::new_with_type(type_, device.clone());
            message.bodies.insert(Default::default(), text.to_owned());
            ben.post(message);
        }
    }
    for type_ in [Type::Subscribe, Type::Subscribed, Type::Unsubscribe, Type::Unsubscribed, Type::Probe, Type::None] {
        ben.post(Presence::new(type_.clone()).with_to(device.to_bare()));
        ben.post(Presence::new(type_).with_to(device.clone()));
    }
    let node = |node: &str| Some(node.to_owned());
    let asked = [
        Iq::from_get("1", Ping),
        Iq::from_get("2", VersionQuery),
        Iq::from_get("3", DiscoInfoQuery { node: None }),
        Iq::from_get("4", DiscoInfoQuery { node: node("pump") }),
        Iq::from_get("5", DiscoItemsQuery { node: None, rsm: None }),
        Iq::from_get("6", DiscoItemsQuery { node: node("http://jabber.org/protocol/commands"), rsm: None }),
        command("7", "pump"),
        command("8", "nonsense"),
    ];
    let count = asked.len();
    asked.into_iter().for_each(|iq| ben.post(iq.with_to(device.clone())));
    let mut errors = 0;
    ben.until(|event| {
        match event {
            LinkEvent::Stanza(Stanza::Iq(Iq::Error { from, error, .. })) if from.as_ref() == Some(&device) => {
                let name = format!("{:?}", error.defined_condition);
                assert!(name.contains("ServiceUnavailable") && error.texts.is_empty(), "{error:?}");
                errors += 1;
            }
            LinkEvent::Stanza(Stanza::Iq(Iq::Result { from, .. })) => assert_ne!(from.as_ref(), Some(&device)),
            LinkEvent::Stanza(Stanza::Message(message)) => assert_ne!(message.from.as_ref(), Some(&device)),
            LinkEvent::Stanza(Stanza::Presence(presence)) => {
                let from = presence.from.map(|from| from.to_bare());
                let available = presence.type_ == Type::None;
                assert!(!(available && from == Some(device.to_bare())), "a stranger saw the device's presence");
            }
            _ => {}
        }
        (errors == count).then_some(())
    })
    .await;
    assert_eq!(daemon.sim("get OUT1"), "off");
    anna.say("greenhouse", "pump");
    assert_eq!(words(&anna.hear(1).await[0]), "pump: off");
    tokio::join!(anna.close(), ben.close());
}

#[tokio::test]
async fn a_stranger_whose_stanzas_are_bottomless_does_not_end_it() {
    let prosody = Home::prosody();
    let mut daemon = Daemon::start(&prosody, "pencil");
    let mut anna = Peer::online(&prosody.account("anna")).await;
    let mut ben = Raw::online(&prosody, "ben").await;
    daemon.logs("online as").await;
    let nested = |levels| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    let long = "x".repeat(9000);
    let contents = [
        nested(5_000),
        nested(20_000),
        "<a/>".repeat(40_000),
        format!("<a b='{long}'/>"),
        format!("<{long}/>"),
        format!("<a {long}='b'/>"),
        format!("<a xmlns='{long}'/>"),
    ];
    for content in contents {
        for head in ["message type='chat'", "iq type='set' id='1'", "iq type='result' id='2'", "presence"] {
            let name = head.split(' ').next().unwrap();
            ben.send(&format!("<{head} to='{DEVICE}'><x xmlns='a'>{content}</x></{name}>")).await;
        }
    }
    for name in ["message", "iq", "presence"] {
        ben.send(&format!("<{name} to='{DEVICE}' type='set' id='{long}' {long}='{long}'><a/></{name}>")).await;
    }
    // Its answer says that all of this is behind it.
    ben.send(&format!("<iq to='{DEVICE}' type='get' id='the-last'><ping xmlns='urn:xmpp:ping'/></iq>")).await;
    ben.hear("the-last").await;
    assert!(daemon.process.try_wait().unwrap().is_none(), "it ended:\n{}", daemon.log());
    anna.say("greenhouse", "door");
    assert_eq!(words(&anna.hear(1).await[0]), "door: closed");
    assert!(!daemon.log().contains("lost"), "{}", daemon.log());
    anna.close().await;
}

#[tokio::test]
async fn sigterm_leaves_as_the_config_says() {
    let prosody = Home::prosody();
    let mut daemon = Daemon::start(&prosody, "pencil");
    let mut anna = Peer::online(&prosody.account("anna")).await;
    daemon.logs("online as").await;
    // The device asks for our presence and gives us its own.
    anna.post(Presence::new(Type::Subscribe).with_to("greenhouse@home.example".parse::<jid::Jid>().unwrap()));
    let from_device = |presence: &Presence| presence.from.as_ref().is_some_and(|from| from.to_string() == DEVICE);
    anna.until(|event| match event {
        LinkEvent::Stanza(Stanza::Presence(p)) if from_device(&p) && p.type_ == Type::None => Some(()),
        _ => None,
    })
    .await;
    daemon.signal("TERM");
    anna.until(|event| match event {
        LinkEvent::Stanza(Stanza::Presence(p)) if from_device(&p) && p.type_ == Type::Unavailable => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(daemon.ends().await.code(), Some(0));
    anna.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_once_and_the_lines_stay_held() {
    let prosody = Home::prosody();
    let daemon = Daemon::start(&prosody, "wrong");
    daemon.logs("the server refused the password of greenhouse@home.example").await;
    assert_eq!(daemon.sim("get OUT1"), "off");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(daemon.log().matches("refused the password").count(), 1, "{}", daemon.log());
}

fn command(id: &str, node: &str) -> Iq {
    let xml = format!("<command xmlns='http://jabber.org/protocol/commands' node='{node}' action='execute'/>");
    let payload: xmpp_parsers::minidom::Element = xml.parse().unwrap();
    Iq::Set { from: None, to: None, id: id.to_owned(), payload }
}
