//! Runs the commands of recipes quietly, and shows the end of their output if they fail.

use std::io;
use std::path::Path;
use std::process::Command;

use super::BuildError;

/// Lines shown of a failed command's output: a compiler prints the most important ones last.
const SHOWN_LINES: usize = 60;

/// Runs a command to its end and returns its standard output. `words` names the command in errors.
///
/// # Errors
/// The command cannot be run or failed; a failure has the end of its output.
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
