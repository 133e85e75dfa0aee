//! What the new device is to be: from the command line, and from the person for what that leaves open.
//!
//! Invariant: without a person nothing is asked and nothing is guessed that matters; all that is missing is named at
//! once.

use std::io;

use jid::BareJid;

use super::failure::Failure;
use super::invitation::{self, Invitation};
use super::terminal::Person;
use crate::args::Init;
use crate::model::Secret;

/// See the module.
#[derive(Debug)]
pub struct Wanted {
    /// The device's account.
    pub jid: BareJid,
    /// How it comes to have one.
    pub standing: Standing,
    /// Who may do everything.
    pub owner: BareJid,
    /// The device's name.
    pub name: String,
    /// `auto` or a board's name.
    pub board: String,
}

/// The account's state.
#[derive(Debug, PartialEq)]
pub enum Standing {
    /// It is there, with this password.
    Has(Secret),
    /// It is to be made: by this token, if any, and with this password, if one was given.
    New {
        /// Of an invitation.
        token: Option<String>,
        /// `None`: one is made up.
        password: Option<Secret>,
    },
}

/// Completes what `args` say. `password` is what they name a file for; `board` is for people.
///
/// # Errors
/// [`Failure::Said`].
pub fn settle(
    args: &Init,
    password: Option<Secret>,
    board: &str,
    person: Option<&mut dyn Person>,
) -> Result<Wanted, Failure> {
    let invitation = args.invite.as_deref().map(parse).transpose()?;
    match person {
        Some(person) => by_asking(args, invitation, password, board, person),
        None => by_flags(args, invitation, password),
    }
}

fn parse(link: &str) -> Result<Invitation, Failure> {
    invitation::parse(link).map_err(|why| Failure::Said(format!("--invite {link}: {why}")))
}

fn by_flags(args: &Init, invitation: Option<Invitation>, password: Option<Secret>) -> Result<Wanted, Failure> {
    let jid = args.jid.clone().or_else(|| invitation.as_ref()?.account.clone());
    let owner = args.owner.clone().or_else(|| invitation.as_ref()?.inviter.clone());
    let registers = args.register || invitation.is_some();
    let mut missing = Vec::new();
    if jid.is_none() {
        missing.push("--jid (the device's own address)");
    }
    if owner.is_none() {
        missing.push("--owner (your address)");
    }
    if !registers && password.is_none() {
        missing.push("--password-file (or --register or --invite for a new account)");
    }
    let (Some(jid), Some(owner)) = (jid, owner) else { return Err(nobody_to_ask(&missing)) };
    if !missing.is_empty() {
        return Err(nobody_to_ask(&missing));
    }
    check(&jid, &owner, invitation.as_ref()).map_err(Failure::Said)?;
    let standing = match password {
        Some(password) if !registers => Standing::Has(password),
        password => Standing::New { token: invitation.map(|invitation| invitation.token), password },
    };
    let name = args.name.clone().unwrap_or_else(|| name_of(&jid));
    Ok(Wanted { jid, standing, owner, name, board: args.board.clone().unwrap_or_else(|| "auto".to_owned()) })
}

fn nobody_to_ask(missing: &[&str]) -> Failure {
    Failure::Said(format!(
        "nobody can be asked here (standard input is no terminal), and missing are: {}",
        missing.join(", ")
    ))
}

fn by_asking(
    args: &Init,
    mut invitation: Option<Invitation>,
    password: Option<Secret>,
    board: &str,
    person: &mut dyn Person,
) -> Result<Wanted, Failure> {
    let ended = |error: io::Error| Failure::Said(error.to_string());
    if invitation.is_none() && args.jid.is_none() {
        invitation = until(person, "Invitation to a server (a link; empty if you have none)", Some(""), |answer| {
            if answer.is_empty() {
                return Ok(None);
            }
            invitation::parse(answer).map(Some).map_err(|why| why.to_string())
        })
        .map_err(ended)?;
    }
    let fixed = args.jid.clone().or_else(|| invitation.as_ref()?.account.clone());
    let jid = match (fixed, &invitation) {
        (Some(jid), _) => jid,
        (None, Some(Invitation { domain, .. })) => {
            let question = format!("The device's name at {domain} (or its whole address)");
            until(person, &question, args.name.as_deref(), |answer| {
                let whole = if answer.contains('@') { answer.to_owned() } else { format!("{answer}@{domain}") };
                address(&whole)
            })
            .map_err(ended)?
        }
        (None, None) => {
            until(person, "The device's own address, like greenhouse@home.example", None, address).map_err(ended)?
        }
    };
    let standing = standing(args, &invitation, password, &jid, person).map_err(ended)?;
    let inviter = invitation.as_ref().and_then(|invitation| invitation.inviter.clone());
    let owner = match &args.owner {
        Some(owner) => owner.clone(),
        None => {
            let suggested = inviter.as_ref().map(|jid| jid.as_str());
            until(person, "Your address; you will own the device", suggested, |answer| {
                let owner = address(answer)?;
                check(&jid, &owner, None).map(|()| owner)
            })
            .map_err(ended)?
        }
    };
    check(&jid, &owner, invitation.as_ref()).map_err(Failure::Said)?;
    let board = match &args.board {
        Some(board) => board.clone(),
        None => person.ask(&format!("Board (auto is {board})"), Some("auto")).map_err(ended)?,
    };
    let name = args.name.clone().unwrap_or_else(|| name_of(&jid));
    Ok(Wanted { jid, standing, owner, name, board })
}

fn standing(
    args: &Init,
    invitation: &Option<Invitation>,
    password: Option<Secret>,
    jid: &BareJid,
    person: &mut dyn Person,
) -> io::Result<Standing> {
    if let Some(invitation) = invitation {
        return Ok(Standing::New { token: Some(invitation.token.clone()), password });
    }
    if args.register {
        return Ok(Standing::New { token: None, password });
    }
    if let Some(password) = password {
        return Ok(Standing::Has(password));
    }
    let exists = until(person, &format!("Does the account {jid} exist already? (yes or no)"), None, |answer| {
        match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("yes or no".to_owned()),
        }
    })?;
    if !exists {
        return Ok(Standing::New { token: None, password: None });
    }
    loop {
        let password = person.ask_secret(&format!("Password of {jid}"))?;
        if !password.is_empty() {
            return Ok(Standing::Has(Secret::new(password)));
        }
        person.tell("An account has a password.");
    }
}

/// Asks until the answer is one.
fn until<T>(
    person: &mut dyn Person,
    question: &str,
    default: Option<&str>,
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> io::Result<T> {
    loop {
        match read(&person.ask(question, default)?) {
            Ok(value) => return Ok(value),
            Err(why) => person.tell(&why),
        }
    }
}

fn address(text: &str) -> Result<BareJid, String> {
    let jid: BareJid = text.parse().map_err(|error| format!("{text} is no address: {error}"))?;
    if jid.node().is_none() {
        return Err(format!("{text} is a server; an address has a name and an @ in front"));
    }
    Ok(jid)
}

/// What does not fit together.
fn check(jid: &BareJid, owner: &BareJid, invitation: Option<&Invitation>) -> Result<(), String> {
    if jid.node().is_none() || owner.node().is_none() {
        return Err("an address has a name and an @ in front of the server".to_owned());
    }
    if jid == owner {
        return Err("the device needs an account of its own, not yours".to_owned());
    }
    let Some(invitation) = invitation else { return Ok(()) };
    if let Some(account) = invitation.account.as_ref().filter(|account| *account != jid) {
        return Err(format!("the invitation is for {account}, not for {jid}"));
    }
    if invitation.is_certain && invitation.domain != jid.domain().as_str() {
        return Err(format!("the invitation is to {}, not to {}", invitation.domain, jid.domain()));
    }
    Ok(())
}

/// A name as the config allows it, from the account's.
fn name_of(jid: &BareJid) -> String {
    let node = jid.node().map(|node| node.as_str().to_ascii_lowercase()).unwrap_or_default();
    let fit = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let name: String = node.chars().map(fit).take(32).collect();
    match name.trim_matches('-') {
        "" => "katydid".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    /// Answers in their order, and what was asked and told.
    struct Script(VecDeque<&'static str>, Vec<String>);

    impl Person for Script {
        fn ask(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
            self.1.push(question.to_owned());
            let answer = self.0.pop_front().ok_or_else(|| io::Error::other("one question too many"))?;
            Ok(if answer.is_empty() { default.unwrap_or_default() } else { answer }.to_owned())
        }

        fn ask_secret(&mut self, question: &str) -> io::Result<String> {
            self.ask(&format!("secret: {question}"), None)
        }

        fn tell(&mut self, words: &str) {
            self.1.push(format!("told: {words}"));
        }
    }

    fn args(words: &str) -> Init {
        let words = ["katydid", "init"].into_iter().chain(words.split_whitespace());
        let Command::Init(init) = Args::try_parse_from(words).unwrap().command else { panic!("another command") };
        init
    }

    fn asked(flags: &str, answers: &[&'static str]) -> (Result<Wanted, String>, Vec<String>) {
        let mut script = Script(answers.iter().copied().collect(), Vec::new());
        let wanted = settle(&args(flags), None, "Raspberry Pi 4", Some(&mut script)).map_err(|why| why.to_string());
        assert!(script.0.is_empty(), "{:?} were not asked for", script.0);
        (wanted, script.1)
    }

    fn flagged(flags: &str, password: Option<&str>) -> Result<Wanted, String> {
        settle(&args(flags), password.map(Secret::new), "", None).map_err(|why| why.to_string())
    }

    const INVITE: &str = "xmpp:home.example?register;preauth=k7";

    #[test]
    fn without_a_terminal_all_that_is_missing_is_named_at_once() {
        let why = flagged("", None).unwrap_err();
        for flag in ["--jid", "--owner", "--password-file", "--register", "--invite"] {
            assert!(why.contains(flag), "{why}");
        }
        let why = flagged(&format!("--invite {INVITE} --owner anna@home.example"), None).unwrap_err();
        assert!(why.contains("--jid") && !why.contains("--password-file"), "{why}");
    }

    #[test]
    fn flags_alone_say_everything() {
        let wanted = flagged("--jid boiler@home.example --owner anna@home.example", Some("pencil")).unwrap();
        assert_eq!(wanted.standing, Standing::Has(Secret::new("pencil")));
        assert_eq!((wanted.name.as_str(), wanted.board.as_str()), ("boiler", "auto"));
        let wanted = flagged("--invite xmpp:anna@home.example?roster;preauth=k7;ibr=y --jid b@home.example", None);
        let wanted = wanted.unwrap();
        assert_eq!(wanted.owner.as_str(), "anna@home.example", "who invites owns");
        assert_eq!(wanted.standing, Standing::New { token: Some("k7".to_owned()), password: None });
        let wanted = flagged("--register --jid b@home.example --owner anna@home.example", Some("pencil")).unwrap();
        assert_eq!(wanted.standing, Standing::New { token: None, password: Some(Secret::new("pencil")) });
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        let invite = |rest: &str| flagged(&format!("--invite {INVITE} {rest}"), None).unwrap_err();
        assert_eq!(
            invite("--jid b@else.example --owner anna@home.example"),
            "the invitation is to home.example, not to else.example"
        );
        assert_eq!(
            invite("--jid b@home.example --owner b@home.example"),
            "the device needs an account of its own, not yours"
        );
        let fixed = "--invite xmpp:a@home.example?register;preauth=k --jid b@home.example --owner anna@home.example";
        assert_eq!(flagged(fixed, None).unwrap_err(), "the invitation is for a@home.example, not for b@home.example");
        let bad = flagged("--invite hello --jid b@home.example --owner anna@home.example", None).unwrap_err();
        assert!(bad.starts_with("--invite hello: an invitation is a link"), "{bad}");
    }

    #[test]
    fn an_invited_device_is_asked_for_its_name_its_owner_and_its_board() {
        let (wanted, said) = asked("", &[INVITE, "boiler", "anna@home.example", ""]);
        let wanted = wanted.unwrap();
        assert_eq!(wanted.jid.as_str(), "boiler@home.example");
        assert_eq!(wanted.standing, Standing::New { token: Some("k7".to_owned()), password: None });
        assert_eq!(wanted.board, "auto");
        assert!(said[3].contains("Raspberry Pi 4"), "{said:?}");
    }

    #[test]
    fn a_wrong_answer_is_told_and_asked_again() {
        let answers = [
            "hello",
            "",
            "greenhouse",
            "g@home.example",
            "perhaps",
            "yes",
            "",
            "pencil",
            "g@home.example",
            "anna@home.example",
            "sim",
        ];
        let (wanted, said) = asked("", &answers);
        let wanted = wanted.unwrap();
        assert_eq!(wanted.standing, Standing::Has(Secret::new("pencil")));
        assert_eq!((wanted.owner.as_str(), wanted.board.as_str()), ("anna@home.example", "sim"));
        let told: Vec<&String> = said.iter().filter(|line| line.starts_with("told: ")).collect();
        assert_eq!(told.len(), 5, "{told:?}");
    }

    #[test]
    fn only_what_flags_leave_open_is_asked() {
        let (wanted, said) = asked("--jid g@home.example --owner anna@home.example --board sim", &["no"]);
        assert_eq!(wanted.unwrap().standing, Standing::New { token: None, password: None });
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn a_name_is_made_fit_for_the_config() {
        let name = |jid: &str| name_of(&jid.parse().unwrap());
        assert_eq!(name("my.boiler_2@home.example"), "my-boiler-2");
        assert_eq!(name("ä@home.example"), "katydid");
    }
}
