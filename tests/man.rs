//! The man pages: `katydid.1` is what the command line says of itself (written by `BLESS=1`), `katydid.toml.5`
//! is written by hand and names every key. The shells' completions are written by `BLESS=1` as well.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use katydid::args::Args;
use katydid::config::{self, KNOWN_KEYS, Loaded, Purpose};
use katydid::model::Secret;

/// What the parts expect to be defined.
const APOSTROPHES: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// What the command line does not know of itself.
const REST: &str = r#".SH EXIT STATUS
.TP
.B 0
All is well; after \fBkatydid run\fR: it was told to stop.
.TP
.B 2
The command line is wrong.
.TP
.B 69
\fBkatydid init\fR, \fBadopt\fR: the server refused the account, the password or the certificate.
.TP
.B 70
A part of the program ended that should not have.
.TP
.B 73
\fBkatydid init\fR, \fBadopt\fR: a file cannot be read or written.
.TP
.B 75
\fBkatydid init\fR, \fBadopt\fR: the server is out of reach, makes no account now, or has a certificate that this board's clock finds expired or not valid yet; another try may go well.
.TP
.B 78
The configuration has mistakes. They are on standard error, all of them.
.PP
However \fBkatydid run\fR ends, actuators are left as the configuration says (see \fBexit\fR in
.BR katydid.toml (5)).
.SH ENVIRONMENT
.TP
.BI KATYDID_ KEY
Laid over the configuration's files, see
.BR katydid.toml (5).
.TP
.B RUST_LOG
What is logged to standard error, by default \(lqoff,katydid=info\(rq. For more: \(lqkatydid=debug\(rq.
.TP
.B CREDENTIALS_DIRECTORY
Where systemd puts the credentials that the configuration may name.
.SH FILES
.TP
.I /etc/katydid/katydid.toml
The configuration, see
.BR katydid.toml (5).
.TP
.I /etc/katydid/xmpp-password
The account's password, for root alone; the service gets it as a credential.
.TP
.I /boot/firmware/katydid.toml
Taken over by \fBkatydid adopt\fR. If it is wrong,
.I katydid-error.txt
beside it says why.
.TP
.I /etc/katydid/conf.d/*.toml
Laid over it in alphabetical order.
.TP
.I /etc/katydid/boards/*.toml
Boards that do not come with the program.
.SH SEE ALSO
.BR katydid.toml (5),
.BR gpioinfo (1),
.BR systemctl (1),
.BR journalctl (1)
"#;

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(name)
}

/// A part of a page, without the lines that begin each of them and without its own heading.
fn part(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    render(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with(".SH ")).skip(1);
    lines.map(|line| format!("{line}\n")).collect()
}

fn command_line() -> String {
    let mut program = Args::command().mut_subcommands(|command| command.disable_help_flag(true));
    program.build();
    let about = program.get_about().unwrap().to_string();
    let short = about.split(':').next().unwrap();
    let (mut synopsis, mut commands) = (String::new(), String::new());
    for (index, command) in program.get_subcommands().filter(|command| command.get_name() != "help").enumerate() {
        let man = Man::new(command.clone());
        synopsis.push_str(if index > 0 { ".br\n" } else { "" });
        // It leaves out what the option takes.
        let line = part(|out| man.render_synopsis_section(out));
        let mut line = line.trim_end().to_owned();
        for option in command.get_arguments().filter(|option| option.get_action().takes_values()) {
            let (Some(long), Some([value])) = (option.get_long(), option.get_value_names()) else { continue };
            let name = format!("\\-\\-{}\\fR", long.replace('-', "\\-"));
            line = line.replace(&format!("{name}]"), &format!("{name} \\fI{value}\\fR]"));
        }
        synopsis.push_str(&format!("{line}\n"));
        commands.push_str(&format!(".SS \"katydid {}\"\n", command.get_name()));
        commands.push_str(&part(|out| man.render_description_section(out)));
        commands.push_str(&part(|out| man.render_options_section(out)));
    }
    let description = part(|out| Man::new(program).render_description_section(out));
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{APOSTROPHES}.TH KATYDID 1 \"\" \"katydid {version}\" \"Katydid\"\n.nh\n.ad l\n.SH NAME\nkatydid \\- {short}\n\
         .SH SYNOPSIS\n{synopsis}.SH DESCRIPTION\n{description}.SH COMMANDS\n{commands}{REST}"
    )
}

#[test]
fn the_page_of_the_program_says_what_its_command_line_says() {
    let text = command_line();
    for word in ["katydid run", "katydid check", "katydid board", "\\-\\-config", "FILE"] {
        assert!(text.contains(word), "{word}");
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(page("katydid.1"), text).unwrap();
    } else {
        assert!(fs::read_to_string(page("katydid.1")).unwrap() == text, "write it anew: BLESS=1 cargo test --test man");
    }
}

#[test]
fn the_shells_complete_what_the_command_line_takes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, ending) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "katydid", &mut text);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("config") && text.contains("board"), "{shell}: {text}");
        let path = folder.join(format!("katydid.{ending}"));
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(path, text).unwrap();
        } else {
            assert!(fs::read_to_string(path).unwrap() == text, "write {shell}'s anew: BLESS=1 cargo test --test man");
        }
    }
}

/// The keys of each table: `.SS [sensors.NAME]`, then each `.B key` behind a `.TP`.
fn documented(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut table = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(".SS ") {
            table = Some(tables.entry(name.trim_matches(['[', ']']).to_owned()).or_default());
        } else if line.starts_with(".SH ") {
            table = None;
        } else if let (".TP", Some(keys)) = (line, &mut table) {
            keys.insert(lines.next().unwrap().strip_prefix(".B ").unwrap().to_owned());
        }
    }
    tables
}

#[test]
fn the_page_of_the_config_has_every_key_and_no_other() {
    let found = documented(&fs::read_to_string(page("katydid.toml.5")).unwrap());
    let known: BTreeMap<String, BTreeSet<String>> = KNOWN_KEYS
        .iter()
        .filter(|(table, _)| !table.is_empty())
        .map(|(table, keys)| ((*table).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()))
        .collect();
    for (table, keys) in &known {
        assert_eq!(found.get(table), Some(keys), "[{table}]");
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
    let (_, top) = KNOWN_KEYS.iter().find(|(table, _)| table.is_empty()).unwrap();
    let tables: BTreeSet<_> = found.keys().map(|table| table.split('.').next().unwrap()).collect();
    assert_eq!(tables, top.iter().copied().collect());
}

#[test]
fn the_example_in_the_page_of_the_config_is_right() {
    let page = fs::read_to_string(page("katydid.toml.5")).unwrap();
    let example = page.split(".EX\n").nth(1).unwrap().split(".EE\n").next().unwrap();
    let example = example.replace("\\(dq", "\"").replace("\\-", "-");
    let loaded = Loaded::of_texts(&[("example".into(), example)], &[], vec!["raspberrypi,4-model-b".into()]).unwrap();
    let resolved = config::resolve(&loaded.with_password(Ok(Secret::new("p"))), Purpose::Run);
    assert_eq!(resolved.unwrap_or_else(|mistakes| panic!("{mistakes}")).notes, Vec::<String>::new());
}

#[test]
fn the_pages_are_plain_and_groff_has_nothing_to_say() {
    for name in ["katydid.1", "katydid.toml.5"] {
        let text = fs::read_to_string(page(name)).unwrap();
        assert!(text.is_ascii(), "{name}: groff reads letters beyond ASCII only when told");
        let groff = Command::new("groff")
            .args(["-ww", "-man", "-Tutf8", "-rLL=80n"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut groff = groff.unwrap_or_else(|error| panic!("groff (Debian: groff-base) renders the pages: {error}"));
        groff.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let said = String::from_utf8(groff.wait_with_output().unwrap().stderr).unwrap();
        assert_eq!(said, "", "{name}");
    }
}
