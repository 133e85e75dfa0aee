//! Log lines on stderr: for journald with its level in front (sd-daemon(3)), for a terminal with the time.
//!
//! Level: RUST_LOG, e.g. `RUST_LOG=katydid=debug`.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless RUST_LOG says otherwise. The libraries below stay silent: what they say about a bad
/// stanza any stranger can make them say.
const DEFAULT: &str = "off,katydid=info";

/// Starts logging. A wrong RUST_LOG is told and ignored.
pub fn start() {
    let asked = std::env::var("RUST_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let (targets, complaint) = match asked.parse::<Targets>() {
        Ok(targets) => (targets, None),
        Err(error) => (Targets::new().with_target("katydid", Level::INFO), Some(error)),
    };
    let lines = Lines { journald: std::env::var_os("JOURNAL_STREAM").is_some() };
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).event_format(lines);
    if tracing_subscriber::registry().with(layer).with(targets).try_init().is_err() {
        eprintln!("logging has been started before");
    }
    if let Some(error) = complaint {
        tracing::warn!("RUST_LOG={asked} is ignored: {error}");
    }
}

struct Lines {
    journald: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = *event.metadata().level();
        if self.journald {
            let priority = match level {
                Level::ERROR => 3,
                Level::WARN => 4,
                Level::INFO => 6,
                _ => 7,
            };
            write!(writer, "<{priority}>")?;
        } else {
            SystemTime.format_time(&mut writer)?;
            write!(writer, " {level:>5} ")?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
