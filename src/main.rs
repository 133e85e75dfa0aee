//! `katydid run | check | board | init | adopt`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use katydid::args::{Args, Command};
use katydid::config::{self, Layers, Mistakes, Purpose};
use katydid::drivers::{inventory, pi};
use katydid::model::{Device, Inventory};
use katydid::run::EX_CONFIG;
use katydid::{first, logging, run};

fn main() -> ExitCode {
    let answer = match Args::parse().command {
        Command::Check { config, explain } => check(config.as_deref(), explain),
        Command::Board { config } => and_model(board(config.as_deref())),
        Command::Init(wishes) => return first::init(&wishes),
        Command::Adopt { file, config } => return first::adopt(file.as_deref(), config.as_deref()),
        Command::Run { config } => {
            logging::start();
            return run::run(&Layers::of_system(config.as_deref()));
        }
    };
    // Whoever closes the pipe early has seen enough.
    let _ = std::io::stdout().write_all(answer.text.as_bytes());
    let Some(mistakes) = answer.mistakes else { return ExitCode::SUCCESS };
    eprintln!("{mistakes}");
    ExitCode::from(EX_CONFIG)
}

/// What a command has to say: to whoever asked, and of the config.
struct Answer {
    text: String,
    mistakes: Option<Mistakes>,
}

fn check(file: Option<&Path>, explain: bool) -> Answer {
    let resolved = config::load(&Layers::of_system(file)).and_then(|loaded| config::resolve(&loaded, Purpose::Check));
    match resolved {
        Ok(resolved) => {
            let words = if explain { config::explain_text(&resolved.device) } else { String::new() };
            Answer { text: config::check_text(&resolved) + &words, mistakes: None }
        }
        Err(mistakes) => Answer { text: String::new(), mistakes: Some(mistakes) },
    }
}

/// Without `--config` the machine's own config counts if there is one. A config with mistakes does not hide the
/// board.
fn board(file: Option<&Path>) -> Answer {
    let layers = Layers::of_system(file);
    if file.is_none() && !layers.file.exists() {
        return board_alone(&layers, None);
    }
    let loaded = match config::load(&layers) {
        Ok(loaded) => loaded,
        Err(mistakes) => return board_alone(&layers, Some(mistakes)),
    };
    let resolved = config::resolve(&loaded, Purpose::Check);
    let inventory = look(resolved.as_ref().ok().map(|resolved| &resolved.device));
    let text = config::board_text(&loaded, resolved.as_ref().ok(), &inventory);
    Answer { text, mistakes: resolved.err() }
}

/// What rppal says of a Raspberry Pi, last.
fn and_model(mut answer: Answer) -> Answer {
    if let Some(model) = pi::model() {
        answer.text.push_str(&format!("\nrppal: {model}\n"));
    }
    answer
}

fn board_alone(layers: &Layers, mistakes: Option<Mistakes>) -> Answer {
    match config::load_boards(layers) {
        Ok(loaded) => Answer { text: config::board_text(&loaded, None, &look(None)), mistakes },
        // A board file's mistakes are among the config's.
        Err(wrong) => Answer { text: String::new(), mistakes: mistakes.or(Some(wrong)) },
    }
}

/// What there is, and of this device's points what is not.
fn look(device: Option<&Device>) -> Inventory {
    let (inventory, closed) = inventory(device, Path::new("/"));
    for error in closed {
        eprintln!("{error}");
    }
    inventory
}
