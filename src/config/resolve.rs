//! The merged text to a [`Device`], or every mistake in it. Pure: what had to be read has been read.

use super::board::{self, BoardChoice};
use super::contact::{self, Wish};
use super::device::{self, SHOWN};
use super::lines::Lines;
use super::loaded::Loaded;
use super::mistake::{Mistake, Mistakes, Report};
use super::node::Item;
use super::points;
use super::{account, actuator, kernel, pulse, room, secret, sensor};
use crate::model::{Contact, Device, DeviceParts, Notify, PointId, PresenceRules, Role, Room, Scope, Speaks};

const KEYS: &[&str] = &["device", "xmpp", "presence", "limits", "sim", "contacts", "rooms", "sensors", "actuators"];

/// Every key that may be written, by the table it belongs to (`actuators.NAME.on_link_loss`).
pub const KNOWN_KEYS: &[(&str, &[&str])] = &[
    ("", KEYS),
    ("device", device::KEYS),
    ("xmpp", account::KEYS),
    ("xmpp.password", secret::KEYS),
    ("presence", device::PRESENCE_KEYS),
    ("limits", device::LIMITS_KEYS),
    ("sim", device::SIM_KEYS),
    ("contacts", contact::KEYS),
    ("rooms", room::KEYS),
    ("sensors.NAME", sensor::KEYS),
    ("sensors.NAME.gpio", sensor::GPIO_KEYS),
    ("sensors.NAME.hwmon", kernel::HWMON_KEYS),
    ("sensors.NAME.iio", kernel::IIO_KEYS),
    ("sensors.NAME.onewire", kernel::ONEWIRE_KEYS),
    ("sensors.NAME.file", kernel::FILE_KEYS),
    ("sensors.NAME.system", sensor::SYSTEM_KEYS),
    ("sensors.NAME.sim", sensor::SIM_KEYS),
    ("sensors.NAME.filters", sensor::FILTER_KEYS),
    ("actuators.NAME", actuator::KEYS),
    ("actuators.NAME.gpio", actuator::GPIO_KEYS),
    ("actuators.NAME.pwm", pulse::PWM_KEYS),
    ("actuators.NAME.servo", pulse::SERVO_KEYS),
    ("actuators.NAME.sim", actuator::SIM_KEYS),
    ("actuators.NAME.on_link_loss", actuator::LINK_LOSS_KEYS),
];

/// What the device is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To look at: the password may be out of reach.
    Check,
    /// To run: the password must be there.
    Run,
}

/// A device, and what its owner should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The device.
    pub device: Device,
    /// Why it has this board.
    pub choice: BoardChoice,
    /// What works but may surprise, one line each.
    pub notes: Vec<String>,
}

/// Checks everything and builds the device.
///
/// # Errors
/// All mistakes, each with its file, line and key path.
pub fn resolve(loaded: &Loaded, purpose: Purpose) -> Result<Resolved, Mistakes> {
    let report = Report::default();
    let root = Item::root(&loaded.tree, &report);
    let found = read(&root, loaded, purpose, &report);
    let notes = report.into_notes(&loaded.files)?;
    match found {
        Some((device, choice)) => Ok(Resolved { device, choice, notes }),
        None => Err(Mistakes(vec![Mistake {
            origin: None,
            path: String::new(),
            text: "the config is wrong in a way that has no words yet; please report it".into(),
        }])),
    }
}

fn read(root: &Item<'_>, loaded: &Loaded, purpose: Purpose, report: &Report) -> Option<(Device, BoardChoice)> {
    let table = root.table(KEYS)?;
    let device = table.need("device", "add [device] with a name");
    let described = device.is_some();
    let (name, board) = device::read(device);
    // Without [device] nobody said that the board is to be found out.
    let chosen = described.then(|| board::choose(loaded, board)).flatten();
    let simulator = loaded.boards.iter().find(|file| file.simulated);
    let lines = Lines::new(chosen.as_ref().map(|(file, _)| *file), simulator.map(|file| &file.board));

    let (account, own) = account::read(table.need("xmpp", "add [xmpp] with jid and password"), loaded, purpose);
    let points = points::read(table.get("sensors"), table.get("actuators"), &lines);
    if points.names.is_empty() {
        root.wrong("no sensors and no actuators; add [sensors.NAME] or [actuators.NAME]");
    }
    let contacts = contact::read(&table, own.as_ref(), &points);
    let rooms = room::read(&table, name.as_deref(), &contacts, own.as_ref(), &points);
    let presence = device::presence(table.get("presence"), &points);
    let limits = device::limits(table.get("limits"));
    let sim_socket = device::sim_socket(table.get("sim"), lines.simulated());

    if !report.is_clean() {
        return None;
    }
    let (file, choice) = chosen?;
    let presence = presence?;
    let mut parts = DeviceParts {
        name: name?,
        board: file.board.clone(),
        account: account?,
        contacts: Vec::new(),
        rooms: Vec::new(),
        sensors: points.sensors,
        actuators: points.actuators,
        presence: PresenceRules { points: Vec::new(), every: presence.every },
        limits: limits?,
        sim_socket,
    };
    let ids = |names: Vec<String>| names.iter().filter_map(|name| parts.point_named(name)).collect::<Vec<PointId>>();
    let shown = match presence.points {
        Some(names) => ids(names),
        None => parts.all_points().into_iter().take(SHOWN).collect(),
    };
    let scope =
        |names: Option<Vec<String>>| names.map_or(Scope::All, |names| Scope::Only(ids(names).into_iter().collect()));
    let notify = |wish| match wish {
        Wish::Nothing => Notify::Nothing,
        Wish::All => Notify::All,
        Wish::Only(names) => Notify::Only(ids(names).into_iter().collect()),
    };
    let contact = |entry: contact::Entry| Contact {
        jid: entry.jid,
        role: entry.role,
        scope: scope(entry.points),
        notify: notify(entry.notify),
        speaks: entry.speaks,
    };
    let contacts = contacts.into_iter().map(contact).collect();
    let room = |room: room::Entered| {
        let points = scope(room.points);
        let guest = |scope| Contact {
            jid: room.jid.clone(),
            role: Role::Viewer,
            scope,
            notify: Notify::Nothing,
            speaks: Speaks::Words,
        };
        let guest = match room.guests {
            Wish::Nothing => None,
            Wish::All => Some(guest(points.clone())),
            Wish::Only(names) => Some(guest(scope(Some(names)))),
        };
        Room { jid: room.jid, nick: room.nick, points, guest, notify: notify(room.notify) }
    };
    parts.rooms = rooms.into_iter().map(room).collect();
    parts.presence.points = shown;
    parts.contacts = contacts;
    Some((Device::assemble(parts), choice))
}
