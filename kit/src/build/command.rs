//! Running what recipes run: quietly, and with its last words when it fails.

use std::io;
use std::path::Path;
use std::process::Command;

use super::BuildError;

/// Lines of a failed command's output that are shown: a compiler says the most important at its end.
const SHOWN_LINES: usize = 60;

/// Runs a command to its end and answers its standard output. `words` is what it is called when it fails.
///
/// # Errors
/// It cannot be run, or it failed; then with the end of what it wrote.
pub fn run(words: &str, command: &mut Command) -> Result<String, BuildError> {
    let program = command.get_program().to_owned();
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BuildError::Missing {
            what: format!("`{}`", program.to_string_lossy()),
            remedy: format!("install it and make sure that it is on the PATH; it is needed for `{words}`"),
        },
        _ => BuildError::io(Path::new(&program), error),
    })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = text + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = all.trim_end().lines().collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    Err(BuildError::Failed {
        command: words.into(),
        output: shown.join("\n"),
    })
}
