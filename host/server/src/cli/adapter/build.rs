//! `jackfield adapter build`

use std::path::{Path, PathBuf};

use jackfield_kit::build::{FOLDER, build};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use serde_json::json;

use super::size;
use crate::cli::output::{Output, progress};

#[derive(Debug, clap::Args)]
pub struct BuildAdapterArgs {
    /// The adapter's folder, with its adapter.toml.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The folder for the component, instead of `build` in the adapter's folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl BuildAdapterArgs {
    pub fn run(self, output: &Output) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        let out = self.out.unwrap_or_else(|| self.folder.join(FOLDER));
        let name = &project.manifest().name;
        let report = |step: &str| progress(&format!("{name}: {step}…"));
        let built = build(&project, &out, &Tools::of_user()?, &Progress::new(report))?;
        let shown = Path::strip_prefix(&built.component, "./").unwrap_or(&built.component);
        let result = json!({ "component": shown, "size": built.size, "unchanged": built.unchanged });
        output.print_result(&result, || {
            let unchanged = if built.unchanged { ", unchanged" } else { "" };
            format!("{} ({}{unchanged})", shown.display(), size(built.size))
        })
    }
}
