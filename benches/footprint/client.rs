//! A contact, by the project's own link.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use katydid::link::{Link, LinkEvent};
use katydid::model::{Account, Secret, Security, Server};
use xmpp_parsers::message::{Lang, Message};
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;

use crate::house::{House, PASSWORD};

/// A day's traffic of a busy house, in each of a minute's seconds: in sum a question or a command for each minute of the
/// day, and a change of an input every 30 s.
const SECONDS: u64 = 60;
const SAID: usize = 24;
const EDGES: usize = 48;

pub struct Client {
    link: Link,
}

impl Client {
    pub async fn connect(house: &House) -> Client {
        let account = Account {
            jid: "anna@home.example/bench".parse().unwrap(),
            password: Secret::new(PASSWORD),
            server: Some(Server { host: house.server.host.clone(), port: house.server.port }),
            security: Security::StartTls,
            authorities: Some(fs::read_to_string(&house.authorities).unwrap()),
            allow_plain: false,
            component: None,
        };
        let mut link = Link::start(&account, 10).unwrap();
        while !matches!(link.next().await, LinkEvent::Online { .. }) {}
        link.post(Presence::available().into(), Timestamp::now());
        Client { link }
    }

    async fn body(&mut self) -> String {
        loop {
            if let LinkEvent::Stanza(Stanza::Message(message)) = self.link.next().await
                && let Some(body) = message.bodies.values().next()
            {
                return body.clone();
            }
        }
    }

    /// Says something, and waits for the answer that begins so. Notices may come before it.
    async fn ask(&mut self, words: &str, answer: &str) {
        let device: jid::Jid = "device@home.example/katydid".parse().unwrap();
        self.link.post(Message::chat(device).with_body(Lang::default(), words.into()).into(), Timestamp::now());
        while !self.body().await.starts_with(answer) {}
    }

    pub async fn round_trips(&mut self, count: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let begin = Instant::now();
            self.ask("s1", "s1: closed").await;
            times.push(begin.elapsed());
        }
        times
    }

    /// A day's traffic in a minute, or as fast as the machine can.
    pub async fn day(&mut self, house: &House) {
        let begin = tokio::time::Instant::now();
        let mut socket = UnixStream::connect(house.path("sim.sock")).unwrap();
        for second in 1..=SECONDS {
            for edge in 0..EDGES {
                writeln!(socket, "set IN{} {}", edge % 8 + 1, (edge / 8) % 2).unwrap();
            }
            for turn in 0..SAID {
                match turn % 4 {
                    0 => self.ask("s2", "s2: ").await,
                    1 => self.ask("a1 on", "a1: on").await,
                    2 => self.ask("n1", "n1: ").await,
                    _ => self.ask("a1 off", "a1: off").await,
                }
            }
            assert_eq!(BufReader::new(&socket).lines().take(EDGES).filter(Result::is_ok).count(), EDGES);
            tokio::time::sleep_until(begin + Duration::from_secs(second)).await;
        }
    }

    /// The simulator moves an input; the clock stops when the contact reads of it.
    pub async fn edges(&mut self, house: &House, count: usize) -> Vec<Duration> {
        let mut socket = UnixStream::connect(house.path("sim.sock")).unwrap();
        let mut times = Vec::with_capacity(count);
        for n in 1..=count {
            // Notices of one point are at least a second apart, and this is not what is measured.
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let begin = Instant::now();
            writeln!(socket, "set IN1 {}", n % 2).unwrap();
            self.body().await;
            times.push(begin.elapsed());
        }
        times
    }
}
