//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

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
