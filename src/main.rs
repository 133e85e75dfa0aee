//! `katydid run | check | board`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use katydid::args::{Args, Command};
use katydid::config::{self, Layers, Mistakes, Purpose};
use katydid::run::EX_CONFIG;
use katydid::{logging, run};

fn main() -> ExitCode {
    let text = match Args::parse().command {
        Command::Check { config } => check(config.as_deref()),
        Command::Board { config } => board(config.as_deref()),
        Command::Run { config } => {
            logging::start();
            return run::run(&Layers::of_system(config.as_deref()));
        }
    };
    match text {
        Ok(text) => {
            // Whoever closes the pipe early has seen enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            eprintln!("{mistakes}");
            ExitCode::from(EX_CONFIG)
        }
    }
}

fn check(file: Option<&Path>) -> Result<String, Mistakes> {
    let loaded = config::load(&Layers::of_system(file))?;
    Ok(config::check_text(&config::resolve(&loaded, Purpose::Check)?))
}

/// Without `--config` the machine's own config counts if there is one; without that the board alone.
fn board(file: Option<&Path>) -> Result<String, Mistakes> {
    let layers = Layers::of_system(file);
    if file.is_none() && !layers.file.exists() {
        return Ok(config::board_text(&config::load_boards(&layers)?, None));
    }
    let loaded = config::load(&layers)?;
    let resolved = config::resolve(&loaded, Purpose::Check)?;
    Ok(config::board_text(&loaded, Some(&resolved)))
}
