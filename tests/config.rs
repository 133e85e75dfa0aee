//! Configs beside the exact text each must give: `tests/config/NAME.toml` and `NAME.txt`. With `BLESS=1` in the
//! environment the texts are written instead of compared. Lines that begin with `#!` set the scene:
//! `env NAME=VALUE`, `compatible WORD …`, `password absent|unfit WHY`, `run`, `explain`. The examples in `docs/examples`
//! have theirs in `tests/config/examples`. `BOARDS` stands for the list of boards,
//! so that a further one changes no text here.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use katydid::config::{self, KNOWN_KEYS, Layers, Loaded, Purpose, SecretError};
use katydid::model::{Contact, Notify, Role, Secret, SimHabit, Source};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../systemd/katydid.toml");

/// What `katydid check` says of a text.
fn answer(name: &str, text: &str) -> String {
    let (mut environment, mut compatible) = (Vec::new(), Vec::new());
    let (mut password, mut purpose, mut explain) = (Ok(Secret::new("secret")), Purpose::Check, false);
    for line in text.lines().filter_map(|line| line.strip_prefix("#! ")) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "env" => environment.extend(rest.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))),
            "compatible" => compatible.extend(rest.split(' ').map(str::to_owned)),
            "password" => {
                password = Err(match rest.split_once(' ') {
                    Some(("absent", why)) => SecretError::Absent(why.to_owned()),
                    Some((_, why)) => SecretError::Unfit(why.to_owned()),
                    None => panic!("{name}: password absent|unfit WHY"),
                });
            }
            "run" => purpose = Purpose::Run,
            "explain" => explain = true,
            _ => panic!("{name}: “{line}” sets no scene"),
        }
    }
    let layers = [(name.to_owned(), text.to_owned())];
    let resolved = Loaded::of_texts(&layers, &environment, compatible)
        .and_then(|loaded| config::resolve(&loaded.with_password(password), purpose));
    let text = match resolved {
        Ok(resolved) if explain => config::check_text(&resolved) + &config::explain_text(&resolved.device),
        Ok(resolved) => config::check_text(&resolved),
        Err(mistakes) => format!("{mistakes}\n"),
    };
    let boards: Vec<_> = config::embedded().unwrap().into_iter().map(|file| file.board.name).collect();
    text.replace(&boards.join(", "), "BOARDS")
}

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    files
}

#[test]
fn every_config_gives_the_text_beside_it() {
    let mut wrong = Vec::new();
    for file in corpus("tests/config") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = answer(&name, &fs::read_to_string(&file).unwrap());
        assert_eq!(name.starts_with("ok-"), text.starts_with("ok\n"), "{name} gives\n{text}");
        wrong.extend(differs(&name, &file.with_extension("txt"), text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a text, if it is not the one in the file; or writes it there.
fn differs(name: &str, file: &Path, text: String) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, text).unwrap();
        return None;
    }
    (fs::read_to_string(file).unwrap_or_default() != text).then(|| format!("{name} gives\n{text}"))
}

#[test]
fn every_example_in_the_docs_is_right_has_no_notes_and_is_explained_as_written() {
    let mut wrong = Vec::new();
    let examples = corpus("docs/examples");
    assert_eq!(examples.len(), 4);
    for file in examples {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = answer(&name, &("#! explain\n".to_owned() + &fs::read_to_string(&file).unwrap()));
        assert!(text.starts_with("ok\n"), "{name} gives\n{text}");
        assert!(!text.contains("\nnotes\n"), "{name} gives\n{text}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/examples");
        wrong.extend(differs(&name, &folder.join(&name).with_extension("txt"), text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The examples as their comments say they are on a Raspberry Pi.
#[test]
fn every_example_in_the_docs_is_right_on_real_pins_too() {
    for file in corpus("docs/examples") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let (mut real, mut skip): (Vec<String>, _) = (Vec::new(), false);
        for line in text.lines() {
            skip = line == "[sim]" || skip && !line.starts_with('[');
            let (key, said) = (line.split(' ').next().unwrap(), line.split_once("# real: ").map(|(_, said)| said));
            match said {
                Some(_) if key == "board" => real.push("board = \"raspberry-pi-4b\"".to_owned()),
                Some(said) if key == "sim" => {
                    let (said, without_unit) =
                        said.strip_suffix(", without `unit`").map_or((said, false), |said| (said, true));
                    real.retain(|line| !without_unit || !line.starts_with("unit "));
                    real.push(said.to_owned());
                }
                _ if skip => {}
                _ => real.push(line.to_owned()),
            }
        }
        let real = real.join("\n");
        let resolved = resolve(&[(&name, &real)], &[]).unwrap_or_else(|mistakes| panic!("{mistakes}\n{real}"));
        assert!(!config::check_text(&resolved).contains("simulated"), "{real}");
    }
}

fn resolve(layers: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<config::Resolved, config::Mistakes> {
    let layers: Vec<_> = layers.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let environment: Vec<_> = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let loaded = Loaded::of_texts(&layers, &environment, vec!["raspberrypi,4-model-b".into()])?;
    config::resolve(&loaded.with_password(Ok(Secret::new("secret"))), Purpose::Run)
}

#[test]
fn the_shipped_example_is_right_and_gives_no_notes() {
    let resolved = resolve(&[("katydid.toml", EXAMPLE)], &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(resolved.notes, Vec::<String>::new());
    assert_eq!(resolved.device.points().count(), 29);
    let Contact { role, notify, .. } = resolved.device.contacts().next().unwrap().1;
    assert_eq!((*role, notify), (Role::Owner, &Notify::All));
}

#[test]
fn the_shipped_example_shows_every_key() {
    let words: Vec<&str> = EXAMPLE.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for (table, keys) in KNOWN_KEYS {
        for key in *keys {
            assert!(words.contains(key), "{table}.{key} is not in systemd/katydid.toml");
        }
    }
}

#[test]
fn what_the_example_shows_as_a_comment_is_right_too() {
    // Two authorities' files would have to be read; the rest is switched on.
    let lines = EXAMPLE.lines().filter(|line| !line.starts_with("#ca_file"));
    let shown = lines.map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    let text: Vec<&str> = shown.collect();
    assert_ne!(text.join("\n"), EXAMPLE.trim_end());
    resolve(&[("katydid.toml", &text.join("\n"))], &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
}

const COUNTER: &str = "[sensors.t]\ncounter.line = 'GPIO22'";

#[test]
fn every_filter_in_the_guide_is_right() {
    let guide = include_str!("../docs/filters.md");
    let is_filter = |text: &&str| {
        let key = text.strip_prefix("{ ").and_then(|rest| rest.split(" = ").next());
        let (_, keys) = KNOWN_KEYS.iter().find(|(table, _)| *table == "sensors.NAME.filters").unwrap();
        key.is_some_and(|key| keys.contains(&key)) && !text.contains("...")
    };
    let shown: Vec<&str> = guide.split('`').filter(is_filter).collect();
    assert!(shown.len() > 20, "{shown:?}");
    for filter in shown {
        let states = ["settle", "delayed"].iter().any(|key| filter.contains(key));
        let source = if states { "sim.line = 'IN4'" } else { "system = 'load'" };
        let text = format!("[sensors.guide]\n{source}\nfilters = [{filter}]");
        resolve(&[("katydid.toml", EXAMPLE), ("guide", &text)], &[])
            .unwrap_or_else(|wrong| panic!("{filter}: {wrong}"));
    }
    for block in guide.split("```toml").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let block = block.replace("GPIO17", "GPIO25");
        let text = format!("[sensors.water]\nonewire.id = '28-0316a2795bff'\n{block}");
        resolve(&[("katydid.toml", EXAMPLE), ("guide", &text)], &[]).unwrap_or_else(|wrong| panic!("{block}: {wrong}"));
    }
}
const NUMBERS: &str = "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]";
const BRIGHT: &str = "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm.above = 2";

/// For each key a config without it (or with another value) and one with it.
const EFFECTS: &[(&str, &str, &str)] = &[
    ("device.name", "[device]\nname = 'greenhouse'", "[device]\nname = 'house'"),
    ("device.timezone", "", "[device]\ntimezone = 'CET-1CEST,M3.5.0,M10.5.0/3'"),
    ("device.location", "", "[device]\nlocation = [52.5, 13.4]"),
    ("device.clock", "", "[device]\nclock = 'trust'"),
    ("contacts.alarms", "", "[[contacts]]\njid = 'anna@home.example'\nrole = 'owner'\nalarms = false"),
    ("device.board", "", "[device]\nboard = 'raspberry-pi-5'"),
    ("xmpp.jid", "", "[xmpp]\njid = 'house@home.example'"),
    ("xmpp.resource", "", "[xmpp]\nresource = 'device'"),
    ("xmpp.component", "", "[xmpp]\ncomponent.server = '127.0.0.1'"),
    (
        "xmpp.component.server",
        "[xmpp]\ncomponent.server = '127.0.0.1:5347'",
        "[xmpp]\ncomponent.server = '127.0.0.1:5348'",
    ),
    ("xmpp.server", "", "[xmpp]\nserver = '192.0.2.7'"),
    ("xmpp.tls", "", "[xmpp]\ntls = 'direct'"),
    ("xmpp.plain", "", "[xmpp]\nplain = true"),
    ("presence.points", "", "[presence]\npoints = ['s']"),
    ("presence.every", "", "[presence]\nevery = '1m'"),
    ("pubsub.enabled", "", "[pubsub]\nenabled = true"),
    ("pubsub.service", "[pubsub]\nenabled = true", "[pubsub]\nenabled = true\nservice = 'pubsub.home.example'"),
    ("pubsub.every", "[pubsub]\nenabled = true", "[pubsub]\nenabled = true\nevery = '1m'"),
    ("limits.commands_per_minute", "", "[limits]\ncommands_per_minute = 5"),
    ("limits.outbox", "", "[limits]\noutbox = 50"),
    ("store.dir", "", "[store]\ndir = '/srv/katydid'"),
    ("store.every", "", "[store]\nevery = '1h'"),
    (
        "sim.socket",
        "[sensors.t]\nsim = { line = 'IN1' }",
        "[sensors.t]\nsim = { line = 'IN1' }\n[sim]\nsocket = '/run/s'",
    ),
    ("contacts.jid", "", "[[contacts]]\njid = 'ben@home.example'\nrole = 'owner'"),
    ("contacts.role", "", "[[contacts]]\njid = 'anna@home.example'\nrole = 'viewer'"),
    ("contacts.points", "", "[[contacts]]\njid = 'anna@home.example'\nrole = 'owner'\npoints = ['s']"),
    ("contacts.notify", "", "[[contacts]]\njid = 'anna@home.example'\nrole = 'owner'\nnotify = ['s']"),
    ("rooms.jid", "", "[[rooms]]\njid = 'household@rooms.home.example'"),
    (
        "rooms.nick",
        "[[rooms]]\njid = 'household@rooms.home.example'",
        "[[rooms]]\njid = 'household@rooms.home.example'\nnick = 'green'",
    ),
    (
        "rooms.points",
        "[[rooms]]\njid = 'household@rooms.home.example'",
        "[[rooms]]\njid = 'household@rooms.home.example'\npoints = ['s']",
    ),
    (
        "rooms.guests",
        "[[rooms]]\njid = 'household@rooms.home.example'",
        "[[rooms]]\njid = 'household@rooms.home.example'\nguests = ['s']",
    ),
    (
        "rooms.notify",
        "[[rooms]]\njid = 'household@rooms.home.example'",
        "[[rooms]]\njid = 'household@rooms.home.example'\nnotify = 'all'",
    ),
    (
        "rooms.alarms",
        "[[rooms]]\njid = 'household@rooms.home.example'",
        "[[rooms]]\njid = 'household@rooms.home.example'\nalarms = false",
    ),
    ("contacts.speaks", "", "[[contacts]]\njid = 'anna@home.example'\nrole = 'owner'\nspeaks = 'json'"),
    ("sensors.NAME.label", "", "[sensors.s]\nlabel = 'S'\ngpio.line = 'GPIO17'"),
    ("sensors.NAME.gpio", "", "[sensors.t]\ngpio.line = 'GPIO22'"),
    ("sensors.NAME.counter", "", "[sensors.t]\ncounter.line = 'GPIO22'"),
    ("sensors.NAME.hwmon", "", "[sensors.t]\nhwmon = { name = 'lm75', channel = 'temp1' }"),
    ("sensors.NAME.iio", "", "[sensors.t]\niio = { device = 'bme280', channel = 'temp' }"),
    ("sensors.NAME.onewire", "", "[sensors.t]\nonewire = {}"),
    ("sensors.NAME.thermal", "[sensors.t]\nthermal = 'soc'", "[sensors.t]\nthermal = 'cpu-thermal'"),
    ("sensors.NAME.file", "", "[sensors.t]\nfile.path = '/sys/a'"),
    ("sensors.NAME.system", "", "[sensors.t]\nsystem = 'load'"),
    ("sensors.NAME.sim", "", "[sensors.t]\nsim.line = 'IN1'"),
    ("sensors.NAME.states", "", "[sensors.s]\nstates = ['closed', 'open']"),
    ("sensors.NAME.unit", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\nunit = 'jobs'"),
    ("sensors.NAME.decimals", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\ndecimals = 1"),
    ("sensors.NAME.range", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\nrange = [0, 9]"),
    ("sensors.NAME.every", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\nevery = '1s'"),
    ("sensors.NAME.filters", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\nfilters = [{ delta = 1 }]"),
    ("sensors.NAME.gpio.line", "", "[sensors.s]\ngpio.line = 'GPIO22'"),
    ("sensors.NAME.gpio.chip", "", "[sensors.s]\ngpio = { line = 'GPIO17', chip = 'expander' }"),
    ("sensors.NAME.gpio.pin", "", "[sensors.t]\ngpio = { pin = 3, chip = 'expander' }"),
    ("sensors.NAME.gpio.bias", "", "[sensors.s]\ngpio.bias = 'pull-up'"),
    ("sensors.NAME.gpio.active", "", "[sensors.s]\ngpio.active = 'low'"),
    ("sensors.NAME.gpio.debounce", "", "[sensors.s]\ngpio.debounce = '20ms'"),
    ("sensors.NAME.counter.line", COUNTER, "[sensors.t]\ncounter.line = 'GPIO23'"),
    (
        "sensors.NAME.counter.pin",
        "[sensors.t]\ncounter = { chip = 'expander', pin = 1 }",
        "[sensors.t]\ncounter = { chip = 'expander', pin = 2 }",
    ),
    ("sensors.NAME.counter.chip", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', chip = 'expander' }"),
    ("sensors.NAME.counter.bias", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', bias = 'pull-up' }"),
    ("sensors.NAME.counter.active", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', active = 'low' }"),
    ("sensors.NAME.counter.debounce", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', debounce = '5ms' }"),
    (
        "sensors.NAME.counter.of",
        "[sensors.t]\ncounter.line = 'GPIO22'\n[sensors.u]\ncounter.line = 'GPIO23'",
        "[sensors.t]\ncounter.line = 'GPIO22'\n[sensors.u]\ncounter.of = 't'",
    ),
    (
        "sensors.NAME.counter.pulses_per_unit",
        COUNTER,
        "[sensors.t]\ncounter = { line = 'GPIO22', pulses_per_unit = 450 }",
    ),
    ("sensors.NAME.counter.factor", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', factor = 0.5 }"),
    ("sensors.NAME.counter.gives", COUNTER, "[sensors.t]\ncounter = { line = 'GPIO22', gives = 'rate' }"),
    (
        "sensors.NAME.counter.per",
        "[sensors.t]\ncounter = { line = 'GPIO22', gives = 'rate' }",
        "[sensors.t]\ncounter = { line = 'GPIO22', gives = 'rate', per = '1m' }",
    ),
    (
        "sensors.NAME.hwmon.name",
        "[sensors.t]\nhwmon = { name = 'lm75', channel = 'temp1' }",
        "[sensors.t]\nhwmon = { name = 'tmp102', channel = 'temp1' }",
    ),
    (
        "sensors.NAME.hwmon.channel",
        "[sensors.t]\nhwmon = { name = 'lm75', channel = 'temp1' }",
        "[sensors.t]\nhwmon = { name = 'lm75', channel = 'in1' }",
    ),
    (
        "sensors.NAME.hwmon.label",
        "[sensors.t]\nhwmon = { name = 'lm75', label = 'a' }",
        "[sensors.t]\nhwmon = { name = 'lm75', label = 'b' }",
    ),
    (
        "sensors.NAME.iio.device",
        "[sensors.t]\niio = { device = 'bme280', channel = 'temp' }",
        "[sensors.t]\niio = { device = 'bmp280', channel = 'temp' }",
    ),
    (
        "sensors.NAME.iio.channel",
        "[sensors.t]\niio = { device = 'bme280', channel = 'temp' }",
        "[sensors.t]\niio = { device = 'bme280', channel = 'pressure' }",
    ),
    ("sensors.NAME.onewire.id", "[sensors.t]\nonewire = {}", "[sensors.t]\nonewire.id = '28-0316a2795bff'"),
    ("sensors.NAME.file.path", "[sensors.t]\nfile.path = '/sys/a'", "[sensors.t]\nfile.path = '/sys/b'"),
    (
        "sensors.NAME.file.pattern",
        "[sensors.t]\nfile.path = '/sys/a'",
        "[sensors.t]\nfile = { path = '/sys/a', pattern = 't={}' }",
    ),
    (
        "sensors.NAME.file.factor",
        "[sensors.t]\nfile.path = '/sys/a'",
        "[sensors.t]\nfile = { path = '/sys/a', factor = 0.001 }",
    ),
    (
        "sensors.NAME.file.offset",
        "[sensors.t]\nfile.path = '/sys/a'",
        "[sensors.t]\nfile = { path = '/sys/a', offset = -273.15 }",
    ),
    ("sensors.NAME.system.disk", "[sensors.t]\nsystem.disk = '/'", "[sensors.t]\nsystem.disk = '/home'"),
    ("sensors.NAME.sim.line", "[sensors.t]\nsim.line = 'IN1'", "[sensors.t]\nsim.line = 'IN2'"),
    (
        "sensors.NAME.sim.toggles",
        "[sensors.t]\nsim.line = 'IN1'",
        "[sensors.t]\nsim = { line = 'IN1', toggles = '1s' }",
    ),
    (
        "sensors.NAME.sim.drifts",
        "[sensors.t]\nunit = 'V'\nsim.line = 'AN1'",
        "[sensors.t]\nunit = 'V'\nsim = { line = 'AN1', drifts = [1, 2] }",
    ),
    (
        "sensors.NAME.sim.over",
        "[sensors.t]\nsim = { line = 'AN1', drifts = [1, 2] }",
        "[sensors.t]\nsim = { line = 'AN1', drifts = [1, 2], over = '5s' }",
    ),
    ("sensors.NAME.sim.at", "[sensors.t]\nsim.line = 'IN1'", "[sensors.t]\nsim = { line = 'IN1', at = true }"),
    (
        "sensors.NAME.filters.delta",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ delta = 1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ delta = 2 }]",
    ),
    (
        "sensors.NAME.filters.median",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ median = 3 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ median = 5 }]",
    ),
    (
        "sensors.NAME.filters.offset",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ offset = 1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ offset = 2 }]",
    ),
    (
        "sensors.NAME.filters.multiply",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ multiply = 2 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ multiply = 3 }]",
    ),
    (
        "sensors.NAME.filters.calibrate",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = [[0, 1], [2, 3]] }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = [[0, 1], [2, 4]] }]",
    ),
    (
        "sensors.NAME.filters.clamp",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ clamp = [0, 1] }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ clamp = [0, 2] }]",
    ),
    (
        "sensors.NAME.filters.reject_outside",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_outside = [0, 1] }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_outside = [0, 2] }]",
    ),
    (
        "sensors.NAME.filters.reject_jump",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = 1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = 2 }]",
    ),
    (
        "sensors.NAME.filters.round",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ round = 1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ round = 2 }]",
    ),
    (
        "sensors.NAME.filters.min",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ min = 2 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ min = 3 }]",
    ),
    (
        "sensors.NAME.filters.max",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ max = 2 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ max = 3 }]",
    ),
    (
        "sensors.NAME.filters.quantile",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 3, q = 0.1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 3, q = 0.2 } }]",
    ),
    (
        "sensors.NAME.filters.average",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ average = 2 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ average = 3 }]",
    ),
    (
        "sensors.NAME.filters.smooth",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ smooth = 0.1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ smooth = 0.2 }]",
    ),
    (
        "sensors.NAME.filters.throttle",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ throttle = '1s' }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ throttle = '2s' }]",
    ),
    (
        "sensors.NAME.filters.throttle_average",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ throttle_average = '1s' }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ throttle_average = '2s' }]",
    ),
    (
        "sensors.NAME.filters.heartbeat",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ heartbeat = '1s' }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ heartbeat = '2s' }]",
    ),
    (
        "sensors.NAME.filters.timeout",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ timeout = '1s' }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ timeout = '2s' }]",
    ),
    (
        "sensors.NAME.filters.skip_first",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ skip_first = 1 }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ skip_first = 2 }]",
    ),
    (
        "sensors.NAME.filters.map",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ map = [[0, 'a'], [1, 'b']] }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ map = [[0, 'a'], [2, 'b']] }]",
    ),
    (
        "sensors.NAME.filters.settle",
        "[sensors.s]\nfilters = [{ settle = '1s' }]",
        "[sensors.s]\nfilters = [{ settle = '2s' }]",
    ),
    (
        "sensors.NAME.filters.delayed_on",
        "[sensors.s]\nfilters = [{ delayed_on = '1s' }]",
        "[sensors.s]\nfilters = [{ delayed_on = '2s' }]",
    ),
    (
        "sensors.NAME.filters.delayed_off",
        "[sensors.s]\nfilters = [{ delayed_off = '1s' }]",
        "[sensors.s]\nfilters = [{ delayed_off = '2s' }]",
    ),
    (
        "sensors.NAME.filters.delayed_on_off",
        "[sensors.s]\nfilters = [{ delayed_on_off = '1s' }]",
        "[sensors.s]\nfilters = [{ delayed_on_off = '2s' }]",
    ),
    (
        "sensors.NAME.filters.calibrate.points",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = { points = [[0, 0], [1, 2]], degree = 1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = { points = [[0, 0], [1, 3]], degree = 1 } }]",
    ),
    (
        "sensors.NAME.filters.calibrate.degree",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = { points = [[0, 0], [1, 2], [2, 3], [3, 7]], degree = 1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ calibrate = { points = [[0, 0], [1, 2], [2, 3], [3, 7]], degree = 2 } }]",
    ),
    (
        "sensors.NAME.filters.reject_jump.by",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = { by = 1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = { by = 2 } }]",
    ),
    (
        "sensors.NAME.filters.reject_jump.agree",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = { by = 1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ reject_jump = { by = 1, agree = 5 } }]",
    ),
    (
        "sensors.NAME.filters.quantile.of",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 3, q = 0.1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 4, q = 0.1 } }]",
    ),
    (
        "sensors.NAME.filters.quantile.q",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 3, q = 0.1 } }]",
        "[sensors.t]\nsystem = 'load'\nfilters = [{ quantile = { of = 3, q = 0.2 } }]",
    ),
    ("sensors.NAME.gestures", "", "[sensors.s]\ngestures = {}"),
    ("sensors.NAME.gestures.clicks", "[sensors.s]\ngestures = {}", "[sensors.s]\ngestures = { clicks = 3 }"),
    ("sensors.NAME.gestures.gap", "[sensors.s]\ngestures = {}", "[sensors.s]\ngestures = { gap = '400ms' }"),
    ("sensors.NAME.gestures.long", "[sensors.s]\ngestures = {}", "[sensors.s]\ngestures = { long = '2s' }"),
    ("actuators.NAME.label", "", "[actuators.a]\nlabel = 'A'"),
    ("actuators.NAME.gpio", "", "[actuators.b]\nsafe = 'off'\ngpio.line = 'GPIO22'"),
    ("actuators.NAME.pwm", "", "[actuators.b]\nsafe = 0\npwm.line = 'GPIO18'"),
    ("actuators.NAME.servo", "", "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'] }"),
    ("actuators.NAME.led", "[actuators.b]\nsafe = 'off'\nled = 'ACT'", "[actuators.b]\nsafe = 'off'\nled = 'PWR'"),
    (
        "actuators.NAME.pwm.line",
        "[actuators.b]\nsafe = 0\npwm.line = 'GPIO18'",
        "[actuators.b]\nsafe = 0\npwm.line = 'GPIO19'",
    ),
    (
        "actuators.NAME.pwm.chip",
        "[actuators.b]\nsafe = 0\npwm.chip = 'fe20c000.pwm'",
        "[actuators.b]\nsafe = 0\npwm.chip = 'fe20c800.pwm'",
    ),
    (
        "actuators.NAME.pwm.channel",
        "[actuators.b]\nsafe = 0\npwm.chip = 'fe20c000.pwm'",
        "[actuators.b]\nsafe = 0\npwm = { chip = 'fe20c000.pwm', channel = 1 }",
    ),
    (
        "actuators.NAME.pwm.frequency",
        "[actuators.b]\nsafe = 0\npwm.line = 'GPIO18'",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18', frequency = '25kHz' }",
    ),
    (
        "actuators.NAME.pwm.active",
        "[actuators.b]\nsafe = 0\npwm.line = 'GPIO18'",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18', active = 'low' }",
    ),
    (
        "actuators.NAME.pwm.software",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18', frequency = '10Hz' }",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18', frequency = '10Hz', software = true }",
    ),
    (
        "actuators.NAME.pwm.pin",
        "[actuators.b]\nsafe = 0\npwm = { chip = 'mcp23017', pin = 1, software = true }",
        "[actuators.b]\nsafe = 0\npwm = { chip = 'mcp23017', pin = 2, software = true }",
    ),
    (
        "actuators.NAME.pwm.by",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18' }",
        "[actuators.b]\nsafe = 0\npwm = { line = 'GPIO18', by = 'rppal' }",
    ),
    (
        "actuators.NAME.servo.line",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO19', pulse = ['1ms', '2ms'] }",
    ),
    (
        "actuators.NAME.servo.chip",
        "[actuators.b]\nsafe = 0\nservo = { chip = 'a', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { chip = 'b', pulse = ['1ms', '2ms'] }",
    ),
    (
        "actuators.NAME.servo.channel",
        "[actuators.b]\nsafe = 0\nservo = { chip = 'a', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { chip = 'a', channel = 1, pulse = ['1ms', '2ms'] }",
    ),
    (
        "actuators.NAME.servo.frequency",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', frequency = '60Hz', pulse = ['1ms', '2ms'] }",
    ),
    (
        "actuators.NAME.servo.pulse",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['2ms', '1ms'] }",
    ),
    (
        "actuators.NAME.servo.by",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'] }",
        "[actuators.b]\nsafe = 0\nservo = { line = 'GPIO18', pulse = ['1ms', '2ms'], by = 'rppal' }",
    ),
    ("actuators.NAME.sim", "", "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'"),
    ("actuators.NAME.states", "", "[actuators.a]\nstates = ['closed', 'open']"),
    (
        "actuators.NAME.options",
        "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
        "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'\noptions = ['off', 'on']",
    ),
    (
        "actuators.NAME.unit",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nunit = 'V'",
    ),
    (
        "actuators.NAME.decimals",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\ndecimals = 3",
    ),
    (
        "actuators.NAME.range",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 2]",
    ),
    ("actuators.NAME.safe", "", "[actuators.a]\nsafe = 'on'"),
    ("actuators.NAME.exit", "", "[actuators.a]\nexit = 'keep'"),
    ("actuators.NAME.max_on", "", "[actuators.a]\nmax_on = '10m'"),
    ("actuators.NAME.on_link_loss", "", "[actuators.a]\non_link_loss.after = '5m'"),
    ("actuators.NAME.gpio.line", "", "[actuators.a]\ngpio.line = 'GPIO22'"),
    ("actuators.NAME.gpio.chip", "", "[actuators.a]\ngpio.chip = 'expander'"),
    ("actuators.NAME.gpio.pin", "", "[actuators.b]\nsafe = 'off'\ngpio = { pin = 3, chip = 'expander' }"),
    ("actuators.NAME.gpio.active", "", "[actuators.a]\ngpio.active = 'low'"),
    ("actuators.NAME.gpio.drive", "", "[actuators.a]\ngpio.drive = 'open-drain'"),
    (
        "actuators.NAME.sim.line",
        "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
        "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT2'",
    ),
    (
        "actuators.NAME.on_link_loss.after",
        "[actuators.a]\non_link_loss.after = '5m'",
        "[actuators.a]\non_link_loss.after = '6m'",
    ),
    (
        "actuators.NAME.on_link_loss.to",
        "[actuators.a]\non_link_loss.after = '5m'",
        "[actuators.a]\non_link_loss = { after = '5m', to = 'on' }",
    ),
    (
        "actuators.NAME.on_link_loss.back",
        "[actuators.a]\non_link_loss.after = '5m'",
        "[actuators.a]\non_link_loss = { after = '5m', back = true }",
    ),
    ("actuators.NAME.start", "", "[actuators.a]\nstart = 'last'"),
    ("actuators.NAME.min_on", "", "[actuators.a]\nmin_on = '1m'"),
    ("actuators.NAME.min_off", "", "[actuators.a]\nmin_off = '1m'"),
    ("actuators.NAME.cycles_per_hour", "", "[actuators.a]\ncycles_per_hour = 6"),
    ("actuators.NAME.step", DIMMER, "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nstep = 0.5"),
    ("actuators.NAME.ramp", DIMMER, "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nramp.over = '2s'"),
    (
        "actuators.NAME.ramp.over",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nramp.over = '2s'",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nramp.over = '3s'",
    ),
    (
        "actuators.NAME.ramp.safe",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nramp.over = '2s'",
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]\nramp = { over = '2s', safe = true }",
    ),
    ("actuators.NAME.confirm", "", "[actuators.a]\nconfirm = true"),
    ("actuators.NAME.confirm.second", "[actuators.a]\nconfirm = true", "[actuators.a]\nconfirm.second = true"),
    ("actuators.NAME.interlock", LONE, GROUP),
    ("interlocks.NAME.dead_time", GROUP, GROUP_WITH_DEAD_TIME),
    (
        "sensors.NAME.alarm.above",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 3 }",
    ),
    (
        "sensors.NAME.alarm.below",
        "[sensors.t]\nsystem = 'load'\nalarm = { below = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { below = 3 }",
    ),
    (
        "sensors.NAME.alarm.outside",
        "[sensors.t]\nsystem = 'load'\nalarm = { outside = [1, 2] }",
        "[sensors.t]\nsystem = 'load'\nalarm = { outside = [1, 3] }",
    ),
    (
        "sensors.NAME.alarm.equals",
        "[sensors.t]\nsystem = 'load'\nalarm = { equals = 1 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { equals = 2 }",
    ),
    (
        "sensors.NAME.alarm.stale",
        "[sensors.t]\nsystem = 'load'\nalarm = { fault = true }",
        "[sensors.t]\nsystem = 'load'\nalarm = { stale = true }",
    ),
    (
        "sensors.NAME.alarm.fault",
        "[sensors.t]\nsystem = 'load'\nalarm = { stale = true }",
        "[sensors.t]\nsystem = 'load'\nalarm = { fault = true }",
    ),
    (
        "sensors.NAME.alarm.clear",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, clear = 1 }",
    ),
    (
        "sensors.NAME.alarm.for",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, for = '1m' }",
    ),
    (
        "sensors.NAME.alarm.repeat",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, repeat = '1h' }",
    ),
    (
        "sensors.NAME.alarm.say",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, say = 'High' }",
    ),
    (
        "sensors.NAME.alarm.priority",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, priority = 'low' }",
    ),
    (
        "sensors.NAME.alarm.name",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = { above = 2, name = 'high' }",
    ),
    ("sensors.NAME.alarm", "[sensors.t]\nsystem = 'load'", "[sensors.t]\nsystem = 'load'\nalarm.above = 2"),
    ("actuators.NAME.alarm", "", "[actuators.a]\nalarm.equals = 'on'"),
    (
        "actuators.NAME.alarm.above",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2 }",
    ),
    (
        "actuators.NAME.alarm.below",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { below = 2 }",
    ),
    (
        "actuators.NAME.alarm.outside",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { outside = [1, 2] }",
    ),
    (
        "actuators.NAME.alarm.equals",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { equals = 2 }",
    ),
    (
        "actuators.NAME.alarm.stale",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { stale = true }",
    ),
    (
        "actuators.NAME.alarm.fault",
        NUMBERS,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { fault = true }",
    ),
    (
        "actuators.NAME.alarm.clear",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, clear = 1 }",
    ),
    (
        "actuators.NAME.alarm.for",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, for = '1m' }",
    ),
    (
        "actuators.NAME.alarm.repeat",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, repeat = '1h' }",
    ),
    (
        "actuators.NAME.alarm.say",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, say = 'On' }",
    ),
    (
        "actuators.NAME.alarm.priority",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, priority = 'high' }",
    ),
    (
        "actuators.NAME.alarm.name",
        BRIGHT,
        "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 9]\nalarm = { above = 2, name = 'high' }",
    ),
    (
        "rules.NAME.when",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'on' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'off' }\nset = { actuator = 'a', to = 'on' }",
    ),
    (
        "rules.NAME.set",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\nset = { actuator = 'a', to = 'on' }",
    ),
    (
        "rules.NAME.pulse",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\npulse = { actuator = 'a' }",
    ),
    (
        "rules.NAME.toggle",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = 'x'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = 'x'\ntoggle = 'a'",
    ),
    (
        "rules.NAME.say",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\nsay = 'x'",
    ),
    (
        "rules.NAME.otherwise",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x' }",
    ),
    (
        "rules.NAME.otherwise.set",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x', set = { actuator = 'a', to = 'on' } }",
    ),
    (
        "rules.NAME.otherwise.pulse",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x', pulse = { actuator = 'a' } }",
    ),
    (
        "rules.NAME.otherwise.toggle",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { say = 'x', toggle = 'a' }",
    ),
    (
        "rules.NAME.otherwise.say",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { toggle = 'a' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\ntoggle = 'a'\notherwise = { toggle = 'a', say = 'y' }",
    ),
    (
        "rules.NAME.set.actuator",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'on' }\n[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'b', to = 'on' }\n[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
    ),
    (
        "rules.NAME.set.to",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'on' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'off' }",
    ),
    (
        "rules.NAME.set.for",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'on' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nset = { actuator = 'a', to = 'on', for = '1m' }",
    ),
    (
        "rules.NAME.pulse.actuator",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\npulse = { actuator = 'a' }\n[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\npulse = { actuator = 'b' }\n[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'",
    ),
    (
        "rules.NAME.pulse.for",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\npulse = { actuator = 'a' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\npulse = { actuator = 'a', for = '1s' }",
    ),
    (
        "rules.NAME.say.text",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = { text = 'x' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = { text = 'y' }",
    ),
    (
        "rules.NAME.say.to",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = { text = 'x' }",
        "[rules.r]\nwhen = { sensor = 's', equals = 'on' }\nsay = { text = 'x', to = 'anna@home.example' }",
    ),
    (
        "rules.NAME.when.all",
        "[rules.r]\ntoggle = 'a'\nwhen = { any = [{ sensor = 's', fault = true }, { link = 'lost' }] }",
        "[rules.r]\ntoggle = 'a'\nwhen = { all = [{ sensor = 's', fault = true }, { link = 'lost' }] }",
    ),
    (
        "rules.NAME.when.any",
        "[rules.r]\ntoggle = 'a'\nwhen = { all = [{ sensor = 's', fault = true }, { link = 'lost' }] }",
        "[rules.r]\ntoggle = 'a'\nwhen = { any = [{ sensor = 's', fault = true }, { link = 'lost' }] }",
    ),
    (
        "rules.NAME.when.sensor",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 's', fault = true }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', fault = true }",
    ),
    (
        "rules.NAME.when.above",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 1 }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 2 }",
    ),
    (
        "rules.NAME.when.below",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', below = 1 }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', below = 2 }",
    ),
    (
        "rules.NAME.when.outside",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', outside = [1, 2] }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', outside = [1, 3] }",
    ),
    (
        "rules.NAME.when.equals",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', equals = 1 }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', equals = 2 }",
    ),
    (
        "rules.NAME.when.stale",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', fault = true }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', stale = true }",
    ),
    (
        "rules.NAME.when.fault",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', stale = true }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', fault = true }",
    ),
    (
        "rules.NAME.when.clear",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 2, clear = 1 }",
    ),
    (
        "rules.NAME.when.for",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 2 }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { sensor = 't', above = 2, for = '1m' }",
    ),
    (
        "rules.NAME.when.alarm",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { alarm = 't-above' }",
        "[sensors.t]\nsystem = 'load'\nalarm = [{ above = 1 }, { below = 0 }]\n[rules.r]\ntoggle = 'a'\nwhen = { alarm = 't-below' }",
    ),
    (
        "rules.NAME.when.contact",
        "[rules.r]\ntoggle = 'a'\nwhen = { link = 'lost' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { contact = 'anna@home.example', is = 'gone' }",
    ),
    (
        "rules.NAME.when.is",
        "[rules.r]\ntoggle = 'a'\nwhen = { contact = 'anna@home.example', is = 'online' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { contact = 'anna@home.example', is = 'gone' }",
    ),
    (
        "rules.NAME.when.link",
        "[rules.r]\ntoggle = 'a'\nwhen = { link = 'up' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { link = 'lost' }",
    ),
    (
        "rules.NAME.when.at",
        "[rules.r]\ntoggle = 'a'\nwhen = { at = '07:30' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { at = '08:30' }",
    ),
    (
        "rules.NAME.when.every",
        "[rules.r]\ntoggle = 'a'\nwhen = { every = '1m' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { every = '2m' }",
    ),
    (
        "rules.NAME.when.sun",
        "[device]\nlocation = [52.5, 13.4]\n[rules.r]\ntoggle = 'a'\nwhen = { sun = 'rise' }",
        "[device]\nlocation = [52.5, 13.4]\n[rules.r]\ntoggle = 'a'\nwhen = { sun = 'set' }",
    ),
    (
        "rules.NAME.when.between",
        "[rules.r]\ntoggle = 'a'\nwhen = { between = ['22:00', '06:00'] }",
        "[rules.r]\ntoggle = 'a'\nwhen = { between = ['22:00', '07:00'] }",
    ),
    (
        "rules.NAME.when.on",
        "[rules.r]\ntoggle = 'a'\nwhen = { on = 'mon' }",
        "[rules.r]\ntoggle = 'a'\nwhen = { on = 'tue' }",
    ),
    (
        "rules.NAME.when.gesture",
        "[sensors.s]\ngestures = {}\n[rules.r]\ntoggle = 'a'\nwhen = { every = '1m' }",
        "[sensors.s]\ngestures = {}\n[rules.r]\ntoggle = 'a'\nwhen = { gesture = { sensor = 's', is = 'click' } }",
    ),
    (
        "rules.NAME.when.gesture.sensor",
        "[sensors.s]\ngestures = {}\n[sensors.t]\nsim.line = 'IN1'\ngestures = {}
[rules.r]\ntoggle = 'a'\nwhen = { gesture = { sensor = 's', is = 'click' } }",
        "[sensors.s]\ngestures = {}\n[sensors.t]\nsim.line = 'IN1'\ngestures = {}
[rules.r]\ntoggle = 'a'\nwhen = { gesture = { sensor = 't', is = 'click' } }",
    ),
    (
        "rules.NAME.when.gesture.is",
        "[sensors.s]\ngestures = {}\n[rules.r]\ntoggle = 'a'\nwhen = { gesture = { sensor = 's', is = 'click' } }",
        "[sensors.s]\ngestures = {}\n[rules.r]\ntoggle = 'a'\nwhen = { gesture = { sensor = 's', is = 'long-press' } }",
    ),
];

const DIMMER: &str = "[actuators.b]\nsafe = 0\nsim.line = 'OUT1'\nrange = [0, 1]";
const LONE: &str = "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'";
const GROUP: &str = "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'\ninterlock = 'w'\n[actuators.a]\ninterlock = 'w'";
const GROUP_WITH_DEAD_TIME: &str = "[actuators.b]\nsafe = 'off'\nsim.line = 'OUT1'\ninterlock = 'w'
[actuators.a]\ninterlock = 'w'\n[interlocks.w]\ndead_time = '2s'";

/// What the effects above are laid over.
const PLAIN: &str = "device.name = 'greenhouse'
xmpp = { jid = 'greenhouse@home.example', password = { env = 'PASSWORD' } }
contacts = [{ jid = 'anna@home.example', role = 'owner' }]
sensors.s.gpio.line = 'GPIO17'
actuators.a = { gpio = { line = 'GPIO27' }, safe = 'off' }
";

#[test]
fn no_key_does_nothing() {
    for (key, without, with) in EFFECTS {
        let device = |text| match resolve(&[("plain.toml", PLAIN), ("over.toml", text)], &[]) {
            Ok(resolved) => resolved.device,
            Err(mistakes) => panic!("{key}: {mistakes}"),
        };
        assert!(device(without) != device(with), "{key} does nothing");
    }
    for (table, keys) in KNOWN_KEYS {
        // Tables count by their keys; passwords and authorities are files, see below.
        for key in keys.iter().filter(|_| !table.is_empty() && *table != "xmpp.password") {
            let path = format!("{table}.{key}");
            let read = ["xmpp.password", "xmpp.ca_file"].contains(&path.as_str());
            assert!(read || EFFECTS.iter().any(|(known, ..)| *known == path), "{path} is not tested");
        }
    }
}

#[test]
fn later_layers_win_tables_merge_and_lists_replace() {
    let over =
        "limits.outbox = 50\nsensors.s.gpio.active = 'low'\n[[contacts]]\njid = 'ben@home.example'\nrole = 'viewer'\n";
    let environment = [("KATYDID_LIMITS__OUTBOX", "60"), ("KATYDID_XMPP__PLAIN", "true"), ("LIMITS__OUTBOX", "70")];
    let device = resolve(&[("plain.toml", PLAIN), ("over.toml", over)], &environment).unwrap().device;
    assert_eq!(device.limits().outbox, 60);
    assert!(device.account().allow_plain);
    let contacts: Vec<_> = device.contacts().map(|(_, contact)| contact.jid.to_string()).collect();
    assert_eq!(contacts, ["ben@home.example"]);
    let Source::Gpio(input) = &device.sensors().next().unwrap().1.source else { panic!("not a line") };
    assert!(input.active_low && input.line.pin == "GPIO17");
}

#[test]
fn a_mistake_names_the_layer_that_made_it() {
    let layers =
        [("plain.toml", PLAIN), ("over.toml", "\n[limits]\noutbox = 5\n"), ("last.toml", "[presence]\nevry = '1m'")];
    let mistakes = resolve(&layers, &[("KATYDID_DEVICE__NAME", "No!")]).unwrap_err().to_string();
    let expected = "over.toml:3: limits.outbox: must be a whole number from 10 to 100000
last.toml:2: presence.evry: unknown; did you mean “every”?
environment KATYDID_DEVICE__NAME: device.name: must be 1 to 32 of a-z, 0-9 and -";
    assert_eq!(mistakes, expected);
}

#[test]
fn a_simulated_number_starts_at_the_low_end_of_its_range() {
    let over = "[sensors.t]\nrange = [5, 9]\nsim.line = 'AN1'";
    let device = resolve(&[("plain.toml", PLAIN), ("over.toml", over)], &[]).unwrap().device;
    let sensor = device.point_named("t").map(|_| device.sensors().last().unwrap().1).unwrap();
    let Source::Sim(input) = &sensor.source else { panic!("not simulated") };
    assert_eq!(input.habit, SimHabit::Still(5.0));
}

mod files {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct Machine {
        folder: tempfile::TempDir,
        layers: Layers,
    }

    impl Machine {
        /// A machine with this config.
        fn with(config: &str) -> Machine {
            let folder = tempfile::tempdir().unwrap();
            let layers = Layers {
                file: folder.path().join("katydid.toml"),
                folder: Some(folder.path().join("conf.d")),
                boards: folder.path().join("boards"),
                compatible: folder.path().join("compatible"),
                environment: vec![("CREDENTIALS_DIRECTORY".into(), folder.path().display().to_string())],
            };
            let machine = Machine { folder, layers };
            machine.write("katydid.toml", config, 0o644);
            machine
        }

        fn write(&self, name: &str, text: &str, mode: u32) {
            let path = self.folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }

        fn resolve(&self, purpose: Purpose) -> Result<config::Resolved, String> {
            let resolved = config::load(&self.layers).and_then(|loaded| config::resolve(&loaded, purpose));
            resolved.map_err(|mistakes| mistakes.to_string().replace(&self.folder.path().display().to_string(), ""))
        }
    }

    fn config_with(password: &str) -> String {
        let from = "password = { env = 'PASSWORD' }";
        assert!(PLAIN.contains(from));
        PLAIN.replace(from, password).replace("device.name", "device.board = 'raspberry-pi-4b'\ndevice.name")
    }

    #[test]
    fn a_private_credential_is_the_password_without_its_newline() {
        let machine = Machine::with(&config_with("password = { credential = 'xmpp' }"));
        machine.write("xmpp", "two words\n", 0o400);
        let device = machine.resolve(Purpose::Run).unwrap().device;
        assert_eq!(device.account().password.reveal(), "two words");
    }

    #[test]
    fn a_password_that_others_can_read_is_refused_with_the_cure() {
        let machine = Machine::with("");
        let folder = machine.folder.path().display().to_string();
        machine.write("katydid.toml", &config_with(&format!("password = {{ file = '{folder}/xmpp' }}")), 0o644);
        machine.write("xmpp", "secret\n", 0o640);
        for purpose in [Purpose::Run, Purpose::Check] {
            let wrong = machine.resolve(purpose).unwrap_err();
            let text = "/katydid.toml:3: xmpp.password: /xmpp can be read by others; run: chmod go= /xmpp";
            assert_eq!(wrong, text);
        }
    }

    #[test]
    fn a_credential_may_be_readable_by_an_access_list_but_not_by_everybody() {
        let machine = Machine::with(&config_with("password = { credential = 'xmpp' }"));
        machine.write("xmpp", "secret\n", 0o440);
        assert!(machine.resolve(Purpose::Run).is_ok());
        machine.write("xmpp", "secret\n", 0o444);
        assert!(machine.resolve(Purpose::Run).unwrap_err().contains("can be read by others"));
    }

    #[test]
    fn a_missing_password_stops_a_run_and_is_a_note_in_a_check() {
        let mut machine = Machine::with(&config_with("password = { credential = 'xmpp' }"));
        assert!(machine.resolve(Purpose::Run).unwrap_err().contains("cannot be read"));
        machine.layers.environment.clear();
        assert!(machine.resolve(Purpose::Run).unwrap_err().contains("when systemd starts the service"));
        assert_eq!(machine.resolve(Purpose::Check).unwrap().notes.len(), 1);
    }

    #[test]
    fn a_password_may_be_in_the_environment_and_must_not_be_empty() {
        let mut machine = Machine::with(&config_with("password = { env = 'PASSWORD' }"));
        machine.layers.environment.push(("PASSWORD".into(), "secret".into()));
        assert_eq!(machine.resolve(Purpose::Run).unwrap().device.account().password.reveal(), "secret");
        machine.layers.environment[1].1 = String::new();
        assert!(machine.resolve(Purpose::Check).unwrap_err().contains("the password is empty"));
    }

    #[test]
    fn authorities_are_read_and_must_be_certificates() {
        let password = "password = { env = 'PASSWORD' }, ca_file = '/FOLDER/ca.pem'";
        let machine = Machine::with("");
        let folder = machine.folder.path().display().to_string();
        machine.write("katydid.toml", &config_with(password).replace("/FOLDER", &folder), 0o644);
        assert!(machine.resolve(Purpose::Check).unwrap_err().contains("xmpp.ca_file: /ca.pem cannot be read"));
        machine.write("ca.pem", "nothing", 0o644);
        assert!(machine.resolve(Purpose::Check).unwrap_err().contains("holds no certificate"));
        let pem = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        machine.write("ca.pem", pem, 0o644);
        assert_eq!(machine.resolve(Purpose::Check).unwrap().device.account().authorities.as_deref(), Some(pem));
    }

    #[test]
    fn a_file_given_by_hand_stands_alone() {
        let system = Layers::of_system(None);
        assert_eq!(system.file, Path::new("/etc/katydid/katydid.toml"));
        assert_eq!(system.folder.as_deref(), Some(Path::new("/etc/katydid/conf.d")));
        let given = Layers::of_system(Some(Path::new("mine.toml")));
        assert_eq!((given.file.as_path(), given.folder), (Path::new("mine.toml"), None));
    }

    /// Exit code, output and error output of the program.
    fn program(words: &[&str]) -> (Option<i32>, String, String) {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_katydid")).args(words).env_clear().output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    #[test]
    fn check_says_ok_on_stdout_or_the_mistakes_on_stderr_with_exit_code_78() {
        let machine = Machine::with(&config_with("password = { env = 'PASSWORD' }"));
        let file = machine.layers.file.display().to_string();
        let (code, out, err) = program(&["check", &file]);
        assert_eq!((code, out.starts_with("ok\n\ndevice   greenhouse\n"), err.as_str()), (Some(0), true, ""));
        machine.write("katydid.toml", "a = 1\n", 0o644);
        let (code, out, err) = program(&["check", &file]);
        assert_eq!((code, out.as_str()), (Some(78), ""));
        assert!(err.starts_with(&format!("{file}: device: missing; add [device] with a name\n")), "{err}");
        assert!(err.contains(&format!("{file}:1: a: unknown\n")), "{err}");
    }

    #[test]
    fn board_says_which_points_use_the_header() {
        let machine = Machine::with(&config_with("password = { env = 'PASSWORD' }"));
        let (code, out, _) = program(&["board", "--config", &machine.layers.file.display().to_string()]);
        assert_eq!(code, Some(0));
        assert!(out.starts_with("Raspberry Pi 4 Model B (raspberry-pi-4b), as the config says\n"), "{out}");
        assert!(out.lines().any(|line| line.starts_with("11 ") && line.ends_with(" s")), "{out}");
    }

    #[test]
    fn a_config_with_mistakes_does_not_hide_the_board() {
        let machine = Machine::with("device.board = 'raspberry-pi-4b'\na = 1\n");
        let file = machine.layers.file.display().to_string();
        let (code, out, err) = program(&["board", "--config", &file]);
        assert_eq!(code, Some(78));
        assert!(out.starts_with("Raspberry Pi 4 Model B (raspberry-pi-4b), as the config says\n"), "{out}");
        assert!(err.contains(&format!("{file}:2: a: unknown\n")), "{err}");
        machine.write("katydid.toml", "a = \n", 0o644);
        let (code, out, err) = program(&["board", "--config", &file]);
        assert_eq!((code, out.lines().count() > 2), (Some(78), true), "{out}");
        assert!(err.starts_with(&format!("{file}:1: not TOML")), "{err}");
    }

    #[test]
    fn conf_d_is_laid_over_the_file_in_alphabetical_order() {
        let machine = Machine::with(&config_with("password = { env = 'PASSWORD' }"));
        machine.write("conf.d/20-b.toml", "limits.outbox = 20", 0o644);
        machine.write("conf.d/10-a.toml", "limits.outbox = 10\nlimits.commands_per_minute = 3", 0o644);
        machine.write("conf.d/30-c.toml.off", "limits.outbox = 30", 0o644);
        let limits = machine.resolve(Purpose::Check).unwrap().device.limits();
        assert_eq!((limits.outbox, limits.commands_per_minute), (20, 3));
    }

    #[test]
    fn every_file_that_is_not_toml_is_named() {
        let machine = Machine::with("a = \n");
        machine.write("conf.d/b.toml", "[b\n", 0o644);
        let wrong = machine.resolve(Purpose::Check).unwrap_err();
        assert!(wrong.contains("/katydid.toml:1: not TOML") && wrong.contains("/conf.d/b.toml:1: not TOML"), "{wrong}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let mut machine = Machine::with("");
        machine.layers.file.set_file_name("other.toml");
        let wrong = machine.resolve(Purpose::Check).unwrap_err();
        assert_eq!(wrong, "/other.toml: cannot be read: No such file or directory (os error 2)");
    }

    #[test]
    fn a_board_of_the_machine_is_known_without_code() {
        let text = config_with("password = { env = 'PASSWORD' }").replace("device.board = 'raspberry-pi-4b'\n", "");
        let machine = Machine::with(&text.replace("GPIO", "PA"));
        let pin = |n: u8| format!("[[pins]]\nname = 'PA{n}'\nchip = 'soc'\nlines = ['PA{n}']\n");
        let board = format!("title = 'My board'\ncompatible = ['maker,board']\n{}{}", pin(17), pin(27));
        machine.write("boards/mine.toml", &board, 0o644);
        machine.write("compatible", "maker,board-v2\0maker,board\0", 0o644);
        let resolved = machine.resolve(Purpose::Check).unwrap();
        assert_eq!(resolved.device.board().name, "mine");
        assert_eq!(resolved.choice, config::BoardChoice::Compatible("maker,board".into()));
    }
}

#[test]
fn a_text_of_nothing_but_brackets_is_a_mistake_and_no_overflow() {
    for text in [format!("a = {}", "[".repeat(100_000)), format!("a = {}", "{b=".repeat(100_000)), "a.".repeat(50_000)]
    {
        assert!(resolve(&[("deep.toml", &text)], &[]).is_err());
    }
    let deep = format!("{} = 1", vec!["a"; 20_000].join("."));
    assert!(resolve(&[("deep.toml", &deep)], &[]).is_err());
    let name = format!("KATYDID_{}", vec!["A"; 20_000].join("__"));
    assert!(resolve(&[("plain.toml", PLAIN)], &[(&name, "1")]).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = resolve(&[("any.toml", &text)], &[]);
    }

    #[test]
    fn no_toml_makes_it_panic(lines in prop::collection::vec("(\\[{0,2}[a-z.\"]{1,9}\\]{0,2}|[a-z.\"\\[\\]]{1,9} ?= ?[-0-9a-z'\"{}\\[\\]=,. ]{0,20})", 0..12)) {
        let _ = resolve(&[("any.toml", &lines.join("\n"))], &[]);
    }

    #[test]
    fn no_edit_of_the_example_makes_it_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, "[a-z0-9\"'=.{}\\[\\]\n -]{0,6}"), 1..5)) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, length, new) in edits {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(mistakes) = resolve(&[("katydid.toml", &text)], &[]) {
            prop_assert!(!mistakes.to_string().contains("has no words"), "{text}");
        }
    }

    #[test]
    fn no_environment_makes_it_panic(name in "[A-Z_\\[\\]0-9.-]{0,20}", value in "\\PC{0,20}") {
        let _ = resolve(&[("plain.toml", PLAIN)], &[(&format!("KATYDID_{name}"), &value)]);
    }
}
