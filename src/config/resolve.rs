//! The merged text to a [`Device`], or every mistake in it. Pure: what had to be read has been read.

use super::board::{self, BoardChoice};
use super::contact::{self, Wish};
use super::device::{self, SHOWN};
use super::lines::Lines;
use super::loaded::Loaded;
use super::mistake::{Mistake, Mistakes, Report};
use super::node::Item;
use super::points;
use super::schedule::Ground;
use super::{
    account, actuator, alarm, counter, filters, gestures, kernel, pulse, room, rule, schedule, secret, sensor,
};
use super::{guard, interlock};
use crate::model::{Contact, Device, DeviceParts, Draft, Notify, PointId, PresenceRules, Role, Room, Scope, Speaks};

const KEYS: &[&str] = &[
    "device",
    "xmpp",
    "presence",
    "pubsub",
    "limits",
    "store",
    "sim",
    "contacts",
    "rooms",
    "sensors",
    "actuators",
    "interlocks",
    "rules",
];

/// Every key that may be written, by the table it belongs to (`actuators.NAME.on_link_loss`).
pub const KNOWN_KEYS: &[(&str, &[&str])] = &[
    ("", KEYS),
    ("device", device::KEYS),
    ("xmpp", account::KEYS),
    ("xmpp.password", secret::KEYS),
    ("xmpp.component", account::COMPONENT_KEYS),
    ("presence", device::PRESENCE_KEYS),
    ("pubsub", device::PUBSUB_KEYS),
    ("limits", device::LIMITS_KEYS),
    ("store", device::STORE_KEYS),
    ("sim", device::SIM_KEYS),
    ("contacts", contact::KEYS),
    ("rooms", room::KEYS),
    ("sensors.NAME", sensor::KEYS),
    ("sensors.NAME.gpio", sensor::GPIO_KEYS),
    ("sensors.NAME.counter", counter::KEYS),
    ("sensors.NAME.hwmon", kernel::HWMON_KEYS),
    ("sensors.NAME.iio", kernel::IIO_KEYS),
    ("sensors.NAME.onewire", kernel::ONEWIRE_KEYS),
    ("sensors.NAME.file", kernel::FILE_KEYS),
    ("sensors.NAME.system", sensor::SYSTEM_KEYS),
    ("sensors.NAME.sim", sensor::SIM_KEYS),
    ("sensors.NAME.filters", filters::KEYS),
    ("sensors.NAME.filters.calibrate", filters::CALIBRATE_KEYS),
    ("sensors.NAME.filters.reject_jump", filters::JUMP_KEYS),
    ("sensors.NAME.filters.quantile", filters::QUANTILE_KEYS),
    ("sensors.NAME.gestures", gestures::KEYS),
    ("sensors.NAME.alarm", alarm::KEYS),
    ("actuators.NAME", actuator::KEYS),
    ("actuators.NAME.gpio", actuator::GPIO_KEYS),
    ("actuators.NAME.pwm", pulse::PWM_KEYS),
    ("actuators.NAME.servo", pulse::SERVO_KEYS),
    ("actuators.NAME.sim", actuator::SIM_KEYS),
    ("actuators.NAME.on_link_loss", actuator::LINK_LOSS_KEYS),
    ("actuators.NAME.alarm", alarm::KEYS),
    ("rules.NAME", rule::KEYS),
    ("rules.NAME.when", rule::WHEN_KEYS),
    ("rules.NAME.when.gesture", rule::GESTURE_KEYS),
    ("rules.NAME.set", rule::SET_KEYS),
    ("rules.NAME.pulse", rule::PULSE_KEYS),
    ("rules.NAME.say", rule::SAY_KEYS),
    ("rules.NAME.otherwise", rule::OTHERWISE_KEYS),
    ("actuators.NAME.ramp", guard::RAMP_KEYS),
    ("actuators.NAME.confirm", guard::CONFIRM_KEYS),
    ("interlocks.NAME", interlock::KEYS),
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
    let device::Described { name, board, timezone, location, trusts_clock } = device::read(device);
    // Without [device] nobody said that the board is to be found out.
    let chosen = described.then(|| board::choose(loaded, board)).flatten();
    let simulator = loaded.boards.iter().find(|file| file.simulated);
    let lines = Lines::new(chosen.as_ref().map(|(file, _)| *file), simulator.map(|file| &file.board));

    let (account, own) = account::read(table.need("xmpp", "add [xmpp] with jid and password"), loaded, purpose);
    let mut points = points::read(table.get("sensors"), table.get("actuators"), &lines);
    if points.names.is_empty() {
        root.wrong("no sensors and no actuators; add [sensors.NAME] or [actuators.NAME]");
    }
    interlock::read(table.get("interlocks"), table.get("actuators"), &mut points);
    let contacts = contact::read(&table, own.as_ref(), &points);
    let rooms = room::read(&table, name.as_deref(), &contacts, own.as_ref(), &points);
    let presence = device::presence(table.get("presence"), &points);
    let has_account = account.as_ref().is_none_or(|account| account.component.is_none());
    let pubsub = device::pubsub(table.get("pubsub"), has_account);
    let limits = device::limits(table.get("limits"));
    let zone = match timezone {
        Some(item) => schedule::zone(&item, loaded.zone.as_ref()),
        None => Some(loaded.system_zone.clone()),
    };
    let place = location.as_ref().map(schedule::place);
    let draft = Draft {
        sensors: &points.sensors,
        actuators: &points.actuators,
        alarms: &[],
        contacts: contacts.iter().map(|entry| &entry.jid).collect(),
    };
    let alarms = alarm::read(table.get("sensors"), table.get("actuators"), &draft);
    let draft = Draft { alarms: &alarms, ..draft };
    let ground = Ground { place: place.flatten(), placed: place.is_some() };
    let rules = rule::read(table.get("rules"), &rule::Scope { draft: &draft, names: &points.names, ground });
    let store = device::store(table.get("store"));
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
        alarms,
        rules,
        zone: zone?,
        place: place.flatten(),
        trusts_clock,
        presence: PresenceRules { points: Vec::new(), every: presence.every },
        pubsub: pubsub?,
        limits: limits?,
        store: store?,
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
        alarms: entry.alarms,
        speaks: entry.speaks,
    };
    let contacts = contacts.into_iter().map(contact).collect();
    let room = |room: room::Entered| {
        let viewer = |scope, notify, alarms| Contact {
            jid: room.jid.clone(),
            role: Role::Viewer,
            scope,
            notify,
            alarms,
            speaks: Speaks::Words,
        };
        let points = scope(room.points);
        let guest = match room.guests {
            Wish::Nothing => None,
            Wish::All => Some(viewer(points.clone(), Notify::Nothing, false)),
            Wish::Only(names) => Some(viewer(scope(Some(names)), Notify::Nothing, false)),
        };
        let audience = viewer(points, notify(room.notify), room.alarms);
        Room { jid: room.jid, nick: room.nick, audience, guest }
    };
    parts.rooms = rooms.into_iter().map(room).collect();
    parts.presence.points = shown;
    parts.contacts = contacts;
    Some((Device::assemble(parts), choice))
}
