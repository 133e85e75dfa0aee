//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use jid::BareJid;

/// The pins of an embedded Linux board as an XMPP contact.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Be the device: hold its lines and stay online
    Run {
        /// This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Say everything that is wrong with a config, without hardware and without the network
    ///
    /// Exits with 0 and a summary if it is right, and with 78 and the list of mistakes if it is not.
    Check {
        /// This config only, instead of /etc/katydid/katydid.toml and /etc/katydid/conf.d/*.toml
        #[arg(value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also say in words what each alarm and each rule does
        #[arg(long)]
        explain: bool,
    },
    /// Say which board this is, what is on its header and who holds it now, and what else there is
    ///
    /// Who holds a pin is shown where the header's chips are. Below are other GPIO chips, and the sensors and outputs
    /// that the kernel has a driver for, each as a config writes it, with what it reads now. A config with mistakes
    /// does not hide the board: they follow on standard error, and the exit status is 78.
    Board {
        /// Also say which points use the pins, by this config, and for those whose device is not there what brings it
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Make a contact of this board: its account, its config, and you as its owner
    ///
    /// What the options leave open is asked on the terminal; without a terminal, what is missing is named. Writes the
    /// config and, beside it, the password in a file of its own (mode 0600), checks them, logs in once and adds the owner,
    /// then shows the device's address as a link and as a QR code.
    Init(Init),
    /// Take over a config that was put on the boot partition with another computer (docs/first-start.md)
    ///
    /// Moves FILE to /etc/katydid/katydid.toml and a password in it to /etc/katydid/xmpp-password. If something is wrong,
    /// FILE stays where it is, with katydid-error.txt beside it. Without a file there is nothing to do. Ends with 75 if
    /// another try may go well.
    Adopt {
        /// By default /boot/firmware/katydid.toml, or /boot/katydid.toml
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Move it here instead
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// The options of `katydid init`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Init {
    /// The device's own address, like greenhouse@home.example
    #[arg(long, value_name = "ADDRESS")]
    pub jid: Option<BareJid>,
    /// An invitation to the server, with which the account is made: a link that begins with xmpp: or https:
    #[arg(long, value_name = "LINK")]
    pub invite: Option<String>,
    /// Make the account without an invitation, where the server allows that
    #[arg(long)]
    pub register: bool,
    /// The account's password is in this file (- is standard input); a new account has one made up without this
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Your address: who may do everything with the device
    #[arg(long, value_name = "ADDRESS")]
    pub owner: Option<BareJid>,
    /// A name that `katydid board` knows, instead of asking the device tree
    #[arg(long)]
    pub board: Option<String>,
    /// What the device is called (a-z, 0-9 and -), if not as its account
    #[arg(long)]
    pub name: Option<String>,
    /// host:port instead of asking the DNS for the server
    #[arg(long, value_name = "HOST")]
    pub server: Option<String>,
    /// Trust this authority (PEM) instead of the public ones
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Write this config instead of /etc/katydid/katydid.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Replace a config or password that is there; the old ones are kept as .bak
    #[arg(long)]
    pub force: bool,
    /// Only write the files, without logging in; not for a new account
    #[arg(long, conflicts_with_all = ["register", "invite"])]
    pub offline: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn run_check_and_board_take_a_config() {
        let command = |words: &[&str]| Args::try_parse_from(words).map(|args| args.command);
        let config = Some(PathBuf::from("a.toml"));
        assert_eq!(
            command(&["katydid", "run", "--config", "a.toml"]).unwrap(),
            Command::Run { config: config.clone() }
        );
        assert_eq!(
            command(&["katydid", "check", "a.toml"]).unwrap(),
            Command::Check { config: config.clone(), explain: false }
        );
        let explained = command(&["katydid", "check", "--explain", "a.toml"]).unwrap();
        assert_eq!(explained, Command::Check { config: config.clone(), explain: true });
        assert_eq!(command(&["katydid", "board", "--config", "a.toml"]).unwrap(), Command::Board { config });
        assert!(command(&["katydid"]).is_err());
    }
}
