//! The log: JSON lines, or a readable format on a terminal.

mod guest_fields;
mod log_writer;

use std::io::{IsTerminal as _, Stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use guest_fields::GuestFieldsAsObject;
pub use log_writer::LogGuard;
use log_writer::LogWriter;

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log` is not a list of directives.
    #[error("log is not understood; write a level (error, warn, info, debug) or `target=level,…`")]
    Directives,
    /// The process has a log already.
    #[error("a log is set up already")]
    Twice,
    /// The thread that writes the log does not start.
    #[error("the log's thread does not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// Sends the log to standard error from now on. Lines below the level of a warning may be written a few milliseconds
/// late, until the guard that this returns is dropped.
///
/// # Errors
/// The directives are wrong, the process has a log already, or the thread that writes it cannot be started.
pub fn start(config: &Config) -> Result<LogGuard<Stderr>, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log).map_err(|_| TelemetryError::Directives)?;
    let pretty = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let (writer, guard) = LogWriter::to(std::io::stderr())?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if pretty {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .map_event_format(GuestFieldsAsObject)
            .try_init()
    };
    started.map_err(|_| TelemetryError::Twice)?;
    Ok(guard)
}
