//! The server, the accounts and the config.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use katydid::model::Server;

const PROSODY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/prosody.sh");
/// Its usual 10 kB a second would be what is measured.
const UNLIMITED: &str = "limits = { c2s = { rate = \"10mb/s\"; burst = \"2s\" } }";
pub const PASSWORD: &str = "pencil";

/// A Prosody with two accounts, in a folder of its own, or one that somebody else keeps.
pub struct House {
    folder: tempfile::TempDir,
    pub server: Server,
    pub authorities: PathBuf,
    /// The program that is measured.
    pub program: PathBuf,
    ours: bool,
}

impl House {
    pub fn open() -> House {
        let folder = tempfile::tempdir().unwrap();
        let program = env::var_os("KATYDID").map_or(env!("CARGO_BIN_EXE_katydid").into(), PathBuf::from);
        let secret = folder.path().join("password");
        fs::write(&secret, PASSWORD).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        if let Ok(server) = env::var("SERVER") {
            let (host, port) = server.rsplit_once(':').unwrap();
            let server = Server { host: host.into(), port: port.parse().unwrap() };
            return House { folder, server, authorities: env::var_os("CA").unwrap().into(), program, ours: false };
        }
        let prosody = folder.path().join("prosody");
        let call = |arguments: &[&str]| {
            let mut command = Command::new("bash");
            command.arg(PROSODY).args(arguments).env("EXTRA_CONFIG", UNLIMITED).stdout(Stdio::null());
            assert!(command.status().unwrap().success(), "prosody.sh {arguments:?}");
        };
        let path = prosody.to_str().unwrap();
        call(&["start", path]);
        for account in ["device@home.example", "anna@home.example"] {
            call(&["adduser", path, account, PASSWORD]);
        }
        let env = fs::read_to_string(prosody.join("env")).unwrap();
        let of = |name: &str| env.lines().find_map(|l| l.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        let server = Server { host: "127.0.0.1".into(), port: of("PORT").parse().unwrap() };
        House { folder, server, authorities: of("CA").into(), program, ours: true }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The simulated board's 20 lines, and figures of the system beyond; nothing is asked more than once a day.
    pub fn config(&self, points: usize) -> PathBuf {
        let mut text = format!(
            "[device]\nname = \"bench\"\nboard = \"sim\"\n[xmpp]\njid = \"device@home.example\"\nserver = \"{}:{}\"\n\
             ca_file = {:?}\npassword = {{ file = {:?} }}\n[limits]\ncommands_per_minute = 100000\n[sim]\nsocket = {:?}\n\
             [store]\ndir = {:?}\n[[contacts]]\njid = \"anna@home.example\"\nrole = \"owner\"\nnotify = [\"s0\"]\n",
            self.server.host,
            self.server.port,
            self.authorities,
            self.path("password"),
            self.path("sim.sock"),
            self.path("store"),
        );
        for n in 0..8 {
            writeln!(text, "[sensors.s{n}]\nsim = {{ line = \"IN{}\" }}\nstates = [\"closed\", \"open\"]", n + 1)
                .unwrap();
            writeln!(text, "[actuators.a{n}]\nsim = {{ line = \"OUT{}\" }}\nsafe = \"off\"", n + 1).unwrap();
        }
        for n in 0..4 {
            writeln!(
                text,
                "[sensors.n{n}]\nsim = {{ line = \"AN{}\", at = 20 }}\nunit = \"°C\"\nevery = \"1d\"",
                n + 1
            )
            .unwrap();
        }
        for n in 20..points {
            writeln!(text, "[sensors.x{n}]\nsystem = \"load\"\nevery = \"1d\"").unwrap();
        }
        let file = self.path("katydid.toml");
        fs::write(&file, text).unwrap();
        file
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !self.ours {
            return;
        }
        let _ = Command::new("bash").arg(PROSODY).arg("stop").arg(self.path("prosody")).status();
    }
}
