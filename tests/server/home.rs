//! A server of one's own, ended with the value that stands for it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use katydid::model::{Account, Secret, Security, Server};
use tempfile::TempDir;

/// The server programs there are tests with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Prosody,
    Ejabberd,
}

pub struct Home {
    program: Program,
    dir: TempDir,
    pub port: u16,
    pub tls_port: u16,
    ca: String,
}

impl Home {
    pub fn prosody() -> Home {
        Home::start(Program::Prosody, &[])
    }

    /// `settings` are the environment variables that the script documents.
    pub fn prosody_with(settings: &[(&str, &str)]) -> Home {
        Home::start(Program::Prosody, settings)
    }

    /// `settings` are the environment variables that the program's script documents.
    pub fn start(program: Program, settings: &[(&str, &str)]) -> Home {
        let dir = TempDir::new().unwrap();
        script(program, "start", dir.path(), settings);
        let text = std::fs::read_to_string(dir.path().join("env")).unwrap();
        let env: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
        Home {
            program,
            port: env["PORT"].parse().unwrap(),
            tls_port: env["TLS_PORT"].parse().unwrap(),
            ca: std::fs::read_to_string(env["CA"]).unwrap(),
            dir,
        }
    }

    /// An account that is there from the start: greenhouse, anna, ben. By STARTTLS.
    pub fn account(&self, user: &str) -> Account {
        Account {
            jid: format!("{user}@home.example/katydid").parse().unwrap(),
            password: Secret::new("pencil"),
            server: Some(Server { host: "127.0.0.1".to_owned(), port: self.port }),
            security: Security::StartTls,
            authorities: Some(self.ca.clone()),
            allow_plain: false,
            component: None,
        }
    }

    /// Prosody's log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("prosody.log")).unwrap()
    }

    /// A link that lets one account be made; with Prosody's modules for that.
    pub fn invite(&self) -> String {
        let config = self.dir.path().join("prosody.cfg.lua");
        let mut prosodyctl = Command::new("prosodyctl");
        prosodyctl.arg("--config").arg(config).args(["mod_invites", "generate", "home.example"]);
        let said = String::from_utf8(prosodyctl.output().unwrap().stdout).unwrap();
        said.lines().find(|line| line.starts_with("xmpp:")).expect("no invitation").to_owned()
    }

    pub fn kill(&self) {
        script(self.program, "kill", self.dir.path(), &[]);
    }

    pub fn restart(&self) {
        script(self.program, "restart", self.dir.path(), &[]);
    }

    pub fn pause(&self) {
        script(self.program, "pause", self.dir.path(), &[]);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.kill();
    }
}

fn script(program: Program, verb: &str, dir: &Path, settings: &[(&str, &str)]) {
    let name = match program {
        Program::Prosody => "prosody.sh",
        Program::Ejabberd => "ejabberd.sh",
    };
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "server", name].iter().collect();
    let status = Command::new(path).arg(verb).arg(dir).envs(settings.iter().copied()).status().unwrap();
    assert!(status.success(), "{name} {verb} failed");
}
