//! `jackfield adapter build`

use std::path::{Path, PathBuf};

use jackfield_kit::build::{FOLDER, build};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use serde_json::json;

use super::size;
use crate::cli::screen::{Screen, progress};

#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// The adapter's folder, with its adapter.toml.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Where the component goes, in place of the folder's `build`.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl BuildArgs {
    pub fn run(self, screen: &Screen) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        let out = self.out.unwrap_or_else(|| self.folder.join(FOLDER));
        let name = &project.manifest().name;
        let tell = |step: &str| progress(&format!("{name}: {step}…"));
        let built = build(&project, &out, &Tools::of_user()?, &Progress::new(tell))?;
        let shown = Path::strip_prefix(&built.component, "./").unwrap_or(&built.component);
        let answer = json!({ "component": shown, "size": built.size, "unchanged": built.unchanged });
        screen.tell(&answer, || {
            let unchanged = if built.unchanged { ", unchanged" } else { "" };
            format!("{} ({}{unchanged})", shown.display(), size(built.size))
        })
    }
}
