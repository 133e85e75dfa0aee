//! The first config of a device, in the words of `systemd/katydid.toml`. Pure.

use std::path::PathBuf;

use jid::BareJid;

use crate::model::Board;

/// Where the config says that the password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A credential of the service, from this file.
    Credential(PathBuf),
    /// A file that the program reads itself.
    File(PathBuf),
}

/// What the first config says.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The device's name.
    pub name: &'a str,
    /// What is written for the board: `auto` or a name.
    pub board: &'a str,
    /// The board that this is now, if one is known.
    pub header: Option<&'a Board>,
    /// The account.
    pub jid: &'a BareJid,
    /// The password's place.
    pub place: Place,
    /// `host:port` instead of the DNS.
    pub server: Option<&'a str>,
    /// A private authority.
    pub ca_file: Option<&'a str>,
    /// Who may do everything.
    pub owner: &'a BareJid,
    /// The machine tells the temperature of its processor.
    pub has_thermometer: bool,
}

/// The text.
pub fn text(facts: &Facts<'_>) -> String {
    let Facts { name, board, jid, owner, .. } = facts;
    let title = facts.header.map_or("", |header| header.title.as_str());
    let mut text = format!(
        "# Katydid's configuration, as `katydid init` wrote it. Every key: man 5 katydid.toml. `katydid check` says\n\
         # what is wrong, all of it at once; `systemctl reload katydid` takes what is new.\n\n\
         [device]\nname  = {name}\nboard = {board}   # {title}; `katydid board` shows its pins\n\n\
         [xmpp]\njid      = {jid}\n",
        name = quoted(name),
        board = quoted(board),
        title = if title.is_empty() { "not known yet" } else { title },
        jid = quoted(jid.as_str()),
    );
    match &facts.place {
        Place::Credential(file) => {
            let file = file.display();
            text.push_str(&format!(
                "password = {{ credential = \"xmpp-password\" }}   # {file}, by the service's unit\n"
            ));
        }
        Place::File(file) => {
            text.push_str(&format!("password = {{ file = {} }}\n", quoted(&file.to_string_lossy())));
        }
    }
    for (key, value) in [("server  ", facts.server), ("ca_file ", facts.ca_file)] {
        if let Some(value) = value {
            text.push_str(&format!("{key} = {}\n", quoted(value)));
        }
    }
    text.push_str(&format!(
        "\n# Who may talk to the device; nobody else learns that it exists. Roles: viewer, operator, owner.\n\
         [[contacts]]\njid  = {}\nrole = \"owner\"\n\n",
        quoted(owner.as_str())
    ));
    text.push_str(match facts.has_thermometer {
        true => "[sensors.cpu]\nlabel  = \"Processor\"\nsystem = \"cpu-temperature\"\n",
        false => "[sensors.load]\nlabel  = \"Load of the processor\"\nsystem = \"load\"\n",
    });
    text.push_str(&examples(facts.header));
    text
}

/// A switch and a relay on pins that this board has and does not need itself.
fn examples(header: Option<&Board>) -> String {
    if header.is_some_and(|header| header.open) {
        return "\n# A relay, to begin with (`katydid board` shows the chips and their lines; docs/add-an-actuator.md):\n\
                #[actuators.pump]\n#gpio   = { chip = \"LABEL\", line = \"NAME\" }\n\
                #safe   = \"off\"    # at start, and when control is lost\n#max_on = \"10m\"\n"
            .to_owned();
    }
    let pins = header.map_or(&[][..], |header| header.pins.as_slice());
    let mut free = pins.iter().filter(|pin| pin.reserved.is_none()).map(|pin| pin.name.as_str());
    let usual = ["GPIO17", "GPIO27"];
    let known = |name: &str| header.is_some_and(|header| header.pin(name).is_some_and(|pin| pin.reserved.is_none()));
    let mut pin = |wanted: &'static str| match known(wanted) {
        true => wanted.to_owned(),
        false => free.next().unwrap_or(wanted).to_owned(),
    };
    let (input, output) = (pin(usual[0]), pin(usual[1]));
    format!(
        "\n# A contact and a relay, to begin with (docs/add-a-sensor.md, docs/add-an-actuator.md):\n\
         #[sensors.door]\n#label  = \"Front door\"\n\
         #gpio   = {{ line = {}, bias = \"pull-up\", active = \"low\", debounce = \"20ms\" }}\n\
         #states = [\"closed\", \"open\"]\n\n\
         #[actuators.pump]\n#gpio   = {{ line = {} }}\n#safe   = \"off\"    # at start, and when control is lost\n\
         #max_on = \"10m\"\n",
        quoted(&input),
        quoted(&output)
    )
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Loaded, Purpose};
    use crate::model::Secret;

    fn resolved(text: &str) -> config::Resolved {
        let layers = [("katydid.toml".to_owned(), text.to_owned())];
        let loaded = Loaded::of_texts(&layers, &[], Vec::new()).unwrap().with_password(Ok(Secret::new("pencil")));
        config::resolve(&loaded, Purpose::Run).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
    }

    #[test]
    fn on_every_board_the_text_is_a_device_and_so_are_its_examples() {
        let (jid, owner) = ("greenhouse@home.example".parse().unwrap(), "anna@home.example".parse().unwrap());
        for file in config::embedded().unwrap() {
            let name = file.board.name.clone();
            let text = text(&Facts {
                name: "greenhouse",
                board: &name,
                header: Some(&file.board),
                jid: &jid,
                place: Place::Credential("/etc/katydid/xmpp-password".into()),
                server: None,
                ca_file: None,
                owner: &owner,
                has_thermometer: name.contains('4'),
            });
            let device = resolved(&text).device;
            assert_eq!(device.account().jid.to_string(), "greenhouse@home.example/katydid");
            assert_eq!(device.points().count(), 1);
            if file.simulated || file.board.open {
                continue;
            }
            let shown: String =
                text.lines().map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line))).collect();
            let shown: String =
                shown.lines().filter(|line| !line.starts_with(' ')).map(|line| format!("{line}\n")).collect();
            assert_eq!(resolved(&shown).device.points().count(), 3, "{name}");
        }
    }

    #[test]
    fn whatever_is_said_stays_within_its_quotes() {
        for text in ["a", "a\"b", "a\\", "a\nb", "\u{7f}", "ü"] {
            let table: toml::Table = format!("key = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["key"].as_str(), Some(text));
        }
    }
}
