//! What `katydid check` prints.

use std::fmt::Write;

use super::board::BoardChoice;
use super::resolve::Resolved;
use crate::model::{
    Account, Actuator, Board, Confirm, Device, Exit, HwmonChannel, Kind, Line, Notify, PointId, Pulse, Pulses,
    PwmChannel, PwmOutput, Role, Scope, Security, Server, Sink, Source, Speaks, Start, SystemFigure, show_duration,
};

/// The answer to a config without mistakes: device, board, account, points with their lines, contacts with their
/// rights, notes.
pub fn check_text(resolved: &Resolved) -> String {
    let device = &resolved.device;
    let mut text = String::from("ok\n\n");
    let pairs = [
        ("device", device.name().to_owned()),
        ("board", format!("{} ({}), {}", device.board().title, device.board().name, why(&resolved.choice))),
        ("account", account(device.account())),
    ];
    let pubsub = device.pubsub();
    let published = pubsub.enabled.then(|| {
        let service = pubsub.service.as_ref().map_or("its own account".to_owned(), ToString::to_string);
        ("published", format!("at {service}, each point every {} at most", show_duration(pubsub.every)))
    });
    push_table(&mut text, pairs.into_iter().chain(published).map(|(key, value)| vec![key.to_owned(), value]).collect());

    text.push_str("\npoints\n");
    push_table(&mut text, device.points().map(|point| point_row(device, point)).collect());

    text.push_str("\ncontacts\n");
    let rows = device.contacts().map(|(_, contact)| {
        vec![
            format!("  {}", contact.jid),
            contact.role.name().to_owned(),
            rights(contact.role, &contact.scope, device),
            told(&contact.notify, device),
            match contact.speaks {
                Speaks::Words => String::new(),
                Speaks::Lines => "a hub, by lines".to_owned(),
                Speaks::Json => "a hub, by JSON".to_owned(),
            },
        ]
    });
    push_table(&mut text, rows.collect());

    if !resolved.notes.is_empty() {
        text.push_str("\nnotes\n");
        for note in &resolved.notes {
            let _ = writeln!(text, "  {note}");
        }
    }
    text
}

pub(super) fn why(choice: &BoardChoice) -> String {
    match choice {
        BoardChoice::Named => "as the config says".into(),
        BoardChoice::Compatible(word) => format!("because the device tree says “{word}”"),
        BoardChoice::Fallback => "because no board file fits this machine".into(),
    }
}

fn account(account: &Account) -> String {
    let tls = match account.security {
        Security::Auto => "TLS as the server offers it",
        Security::StartTls => "STARTTLS",
        Security::Direct => "direct TLS",
    };
    let place = |server: &Server| match server.host.contains(':') {
        true => format!("[{}]:{}", server.host, server.port),
        false => format!("{}:{}", server.host, server.port),
    };
    if let Some(server) = &account.component {
        return format!("{}, a component at {}, not encrypted", account.jid, place(server));
    }
    let server = account.server.as_ref().map_or("server by DNS".into(), place);
    let trust = if account.authorities.is_some() { ", own authorities" } else { "" };
    let plain = if account.allow_plain { ", PLAIN allowed" } else { "" };
    format!("{}, {server}, {tls}{trust}{plain}", account.jid)
}

fn point_row(device: &Device, point: PointId) -> Vec<String> {
    let label = device.label(point);
    let (place, extra) = match point {
        PointId::Sensor(id) => {
            let sensor = device.sensor(id);
            let place = match &sensor.source {
                Source::Gpio(input) => line(device.board(), &input.line),
                Source::Counter(input) => match &input.pulses {
                    Pulses::Line(input) => format!("pulses on {}", line(device.board(), &input.line)),
                    Pulses::Of(name) => format!("pulses of {name}"),
                },
                Source::Sim(input) => format!("simulated {}", input.line.pin),
                Source::Hwmon(input) => match &input.channel {
                    HwmonChannel::Named(channel) => format!("hwmon {} {channel}", input.name),
                    HwmonChannel::Labelled(label) => format!("hwmon {} “{label}”", input.name),
                },
                Source::Iio(input) => format!("iio {} {}", input.device, input.channel),
                Source::OneWire(input) => format!("1-Wire {}", input.id.as_deref().unwrap_or("thermometer")),
                Source::Thermal(zone) => format!("thermal zone {zone}"),
                Source::File(input) => input.path.clone(),
                Source::System(figure) => figure_text(figure),
            };
            (place, sensor.every.map(|every| format!("every {}", show_duration(every))).unwrap_or_default())
        }
        PointId::Actuator(id) => {
            let actuator = device.actuator(id);
            let place = match &actuator.sink {
                Sink::Gpio(output) => line(device.board(), &output.line),
                Sink::Pwm(output) => pwm(device.board(), output),
                Sink::PiPwm(output) => format!("{}, by rppal", pwm(device.board(), output)),
                Sink::SoftPwm(output) => {
                    format!("{}, {} by software", line(device.board(), &output.output.line), frequency(&output.pulse))
                }
                Sink::Led(output) => format!("LED {}", output.name),
                Sink::Sim(output) => format!("simulated {}", output.line.pin),
            };
            let mut extra = format!("safe {}", actuator.kind.show(actuator.safe));
            match actuator.exit {
                Exit::Keep => extra.push_str(", kept at exit"),
                Exit::To(value) if value != actuator.safe => {
                    let _ = write!(extra, ", {} at exit", actuator.kind.show(value));
                }
                Exit::To(_) => {}
            }
            if let Some(time) = actuator.max_on {
                let _ = write!(extra, ", at most {}", show_duration(time));
            }
            if let Some(loss) = actuator.on_link_loss {
                let _ = write!(extra, ", {} after {} offline", actuator.kind.show(loss.to), show_duration(loss.after));
                if loss.back {
                    extra.push_str(" and then back");
                }
            }
            extra.push_str(&guard(actuator));
            (place, extra)
        }
    };
    let sort = if matches!(point, PointId::Sensor(_)) { "sensor" } else { "actuator" };
    vec![format!("  {}", label.name), sort.into(), label.text.clone(), kind(device.kind(point)), place, extra]
}

fn guard(actuator: &Actuator) -> String {
    let guard = &actuator.guard;
    let start = match guard.start {
        Start::Safe => None,
        Start::Last => Some("starts as it was".to_owned()),
        Start::To(value) => Some(format!("starts {}", actuator.kind.show(value))),
    };
    let confirm = guard.confirm.map(|confirm| match confirm {
        Confirm::Anyone => "asks first".to_owned(),
        Confirm::Second => "asks a second person first".to_owned(),
    });
    let interlock = guard.interlock.as_ref().map(|interlock| match interlock.dead_time.is_zero() {
        true => format!("one of {}", interlock.group),
        false => format!("one of {} with {} between", interlock.group, show_duration(interlock.dead_time)),
    });
    let time = |text: &str, time: Option<std::time::Duration>| time.map(|t| format!("{text} {}", show_duration(t)));
    let parts = [
        start,
        time("on for at least", guard.min_on),
        time("off for at least", guard.min_off),
        guard.cycles_per_hour.map(|most| format!("{most} times an hour")),
        guard.step.map(|step| format!("in steps of {step}")),
        guard.ramp.map(|_| "gradually".to_owned()),
        interlock,
        confirm,
    ];
    parts.into_iter().flatten().map(|part| format!(", {part}")).collect()
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Number { unit, range, .. } => {
            let unit = if unit.is_empty() { "number" } else { unit };
            match range {
                Some((low, high)) => format!("{unit} {low} to {high}"),
                None => unit.to_owned(),
            }
        }
        _ => kind.words().join("/"),
    }
}

fn line(board: &Board, line: &Line) -> String {
    let number = board.pins.iter().find(|pin| pin.line == *line).and_then(|pin| pin.number);
    match number {
        Some(number) => format!("{} (pin {number})", line.pin),
        None => format!("{} on {}", line.pin, line.chip),
    }
}

fn pwm(board: &Board, output: &PwmOutput) -> String {
    let PwmChannel { chip, channel } = &output.channel;
    let frequency = frequency(&output.pulse);
    let pin = output.pin.as_ref().and_then(|name| board.pin(name));
    match pin {
        Some(pin) => format!("{}, {frequency}, PWM channel {channel} of {chip}", line(board, &pin.line)),
        None => format!("PWM channel {channel} of {chip}, {frequency}"),
    }
}

fn frequency(pulse: &Pulse) -> String {
    let hertz = 1e9 / pulse.period as f64;
    let (number, unit) = match hertz {
        hertz if hertz >= 1e6 => (hertz / 1e6, "MHz"),
        hertz if hertz >= 1e3 => (hertz / 1e3, "kHz"),
        hertz => (hertz, "Hz"),
    };
    format!("{} {unit}", (number * 1000.0).round() / 1000.0)
}

fn figure_text(figure: &SystemFigure) -> String {
    match figure {
        SystemFigure::CpuTemperature => "the processor's temperature".into(),
        SystemFigure::Load => "the load".into(),
        SystemFigure::Memory => "memory in use".into(),
        SystemFigure::Disk(path) => format!("space in use on {path}"),
        SystemFigure::Uptime => "uptime".into(),
    }
}

fn rights(role: Role, scope: &Scope, device: &Device) -> String {
    let verb = if role == Role::Viewer { "reads" } else { "reads and sets" };
    match scope {
        Scope::All => format!("{verb} everything"),
        Scope::Only(points) => format!("{verb} {}", names(points, device)),
    }
}

fn told(notify: &Notify, device: &Device) -> String {
    match notify {
        Notify::Nothing => String::new(),
        Notify::All => "told of every change".into(),
        Notify::Only(points) => format!("told of {}", names(points, device)),
    }
}

fn names<'a>(points: impl IntoIterator<Item = &'a PointId>, device: &Device) -> String {
    points.into_iter().map(|point| device.label(*point).name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Columns as wide as their widest cell; the last one as it is.
pub(super) fn push_table(text: &mut String, rows: Vec<Vec<String>>) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let mut out = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}  ");
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
}
