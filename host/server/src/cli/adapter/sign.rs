//! `jackfield adapter sign`

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::rehearsal::RehearsalArgs;
use crate::cli::output::{Output, progress};
use jackfield_conformance::{SignError, SignedFixture, sign};

#[derive(Debug, clap::Args)]
pub struct SignAdapterArgs {
    #[command(flatten)]
    rehearsal: RehearsalArgs,
}

impl SignAdapterArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<()> {
        let bytes = self.rehearsal.component()?;
        let Some(folder) = self.rehearsal.cassette() else {
            bail!("there is no folder of fixtures: name it with --cassette");
        };
        progress(&format!("{}: compiling…", self.rehearsal.file.display()));
        let runtime = RehearsalArgs::runtime()?;
        let signed = match sign(&runtime, &bytes, &folder, self.rehearsal.options()).await {
            Ok(signed) => signed,
            Err(SignError::Component(error)) => bail!("not an adapter that this host runs: {error}"),
            Err(SignError::Folder(error)) => bail!("cannot read {}: {error}", folder.display()),
            Err(SignError::Fixture(file, why)) => bail!("{} {why}; nothing was written", folder.join(file).display()),
        };
        for fixture in &signed {
            let path = &fixture.path;
            fs::write(path, &fixture.text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let member = |fixture: &SignedFixture| json!({ "file": fixture.path, "signatures": fixture.signatures });
        let files: Vec<_> = signed.iter().map(member).collect();
        output.print_result(&json!({ "files": files }), || render(&signed))
    }
}

fn render(signed: &[SignedFixture]) -> String {
    if signed.is_empty() {
        return "Nothing was written: no fixture with `keys` differs from the adapter's requests by a signature alone"
            .to_owned();
    }
    let mut text = String::new();
    for fixture in signed {
        let noun = if fixture.signatures == 1 {
            "signature"
        } else {
            "signatures"
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}: {} {noun}", fixture.path.display(), fixture.signatures);
    }
    text + "\nNext: jackfield adapter check"
}
