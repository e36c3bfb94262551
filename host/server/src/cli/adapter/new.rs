//! `jackfield adapter new`

use std::path::PathBuf;

use jackfield_kit::languages::Language;
use jackfield_kit::scaffold;
use serde_json::json;

use crate::cli::output::Output;

#[derive(Debug, clap::Args)]
pub struct NewAdapterArgs {
    /// The adapter's name: lower-case letters, digits and dashes. Its folder has the same name.
    #[arg(value_name = "NAME")]
    name: String,
    /// The language to write it in: rust, ts, py, go or c.
    #[arg(long, value_name = "LANG", value_parser = language)]
    lang: Language,
    /// The folder to create instead of NAME.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

fn language(word: &str) -> Result<Language, String> {
    Language::from_word(word).ok_or_else(|| "must be rust, ts, py, go or c".to_owned())
}

impl NewAdapterArgs {
    pub fn run(self, output: &Output) -> anyhow::Result<()> {
        let folder = self.into.unwrap_or_else(|| PathBuf::from(&self.name));
        let written = scaffold::create(&self.name, self.lang, &folder)?;
        let shown = folder.display();
        let result = json!({ "folder": folder, "language": self.lang.word(), "files": written });
        output.print_result(&result, || {
            let files: Vec<_> = written.iter().map(|file| format!("  {shown}/{file}")).collect();
            let files = files.join("\n");
            format!(
                "An adapter in {}:\n{files}\n\nNext:\n  cd {shown}\n  jackfield adapter build\n  jackfield adapter \
                 check \
                 build/{}.wasm\n\nREADME.md there says what to change first.",
                self.lang, self.name
            )
        })
    }
}
