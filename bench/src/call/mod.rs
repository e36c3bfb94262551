//! One call of an adapter, alone: what the host's sandbox takes, beside bare wasmtime with the same engine, and for the
//! guest in Rust beside Extism.
//!
//! The guests (`bench/guests/`) ask nobody, so no network is in the figures. Everything runs inside this process, calls
//! one after the other, except Extism, which has a process of its own, and what is weighed: each weighing has a process
//! of its own, whose memory nobody has used before.

pub mod bare;
mod extism;
mod ours;
pub mod weigh;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use jackfield_sandbox::RuntimeConfig;
use jackfield_tests::{components, documents};
use serde_json::Value;
use tempfile::TempDir;

use self::bare::BareEngine;
use self::extism::Extism;
use self::ours::Ours;
use self::weigh::{Thing, Who};
use crate::context::Context;
use crate::others;
use crate::rounds::{Contestant, alternate, pairs};
use crate::rows::{Goal, Row};
use crate::sandbox::Sandbox;
use crate::variants::variant;

/// What the host may add to a call.
const GOAL: f64 = 1.3;

/// What every call is about.
const LEAD: &str = "L-1001";
const CALL: &str = "C-1001";

const BARE: &str = "bare wasmtime";
const EXTISM: &str = "Extism";

/// A guest of `bench/guests/`.
struct Language {
    name: &'static str,
    /// Of its folder, and at the end of its component's name.
    guest: &'static str,
    /// Calls of a round, of a tenth of a second to a second.
    calls: usize,
    /// Adapters that are loaded at once when they are weighed: each is compiled first.
    loaded: usize,
}

const LANGUAGES: [Language; 5] = [
    language("Rust", "rust", 5000, 20),
    language("C", "c", 5000, 20),
    language("Go", "go", 1000, 5),
    language("TypeScript", "ts", 500, 2),
    language("Python", "py", 300, 2),
];

const fn language(name: &'static str, guest: &'static str, calls: usize, loaded: usize) -> Language {
    Language {
        name,
        guest,
        calls,
        loaded,
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A fresh instance, and its end.
    Instantiate,
    /// A fresh instance that answers a status query.
    Empty,
    /// A fresh instance that takes a disposition of about a kilobyte.
    Kilobyte,
}

impl What {
    const ALL: [Self; 3] = [Self::Instantiate, Self::Empty, Self::Kilobyte];

    /// In the table.
    const fn word(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Empty => "empty call",
            Self::Kilobyte => "1 KB call",
        }
    }

    /// What makes Extism another thing.
    const fn extism(self) -> &'static str {
        match self {
            Self::Instantiate => "Extism starts the plug-in itself only with its first call",
            _ => "Extism's guest is a core module, and what crosses its boundary is JSON",
        }
    }

    /// What Extism's process is asked for.
    const fn order(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Empty => "empty",
            Self::Kilobyte => "kilobyte",
        }
    }
}

/// The disposition of about a kilobyte, as the agent sends it: every field of the contract, and a field that the
/// contract does not name.
fn disposition() -> Value {
    let mut said = documents::disposition(CALL, "qualified_visit_booked");
    said["summary"] = summary().into();
    said
}

/// What was said in the call, in 600 bytes.
fn summary() -> String {
    "asks for a flat with a view. ".chars().cycle().take(600).collect()
}

/// Measures every guest that is there.
pub async fn run(context: &Context) -> anyhow::Result<Vec<Row>> {
    let extism = others::extism(context).inspect_err(|why| context.leave_out(EXTISM, format!("{why:#}")));
    let mut rows = vec![];
    for language in &LANGUAGES {
        let component = components::path(&format!("bench-{}", language.guest));
        if !component.exists() {
            context.leave_out(language.name, "`cargo xtask adapters` has not made it");
            continue;
        }
        let beside = extism.as_ref().ok().filter(|_| language.guest == "rust");
        let bench = Bench::new(context, language, component, beside).await?;
        rows.extend(bench.calls().await?);
        rows.extend(bench.loading().await?);
        rows.extend(bench.compiling().await?);
        for thing in Thing::ALL {
            rows.extend(bench.weighing(thing).await?);
        }
    }
    Ok(rows)
}

/// One guest, with everybody who runs it.
struct Bench<'a> {
    context: &'a Context,
    language: &'a Language,
    component: PathBuf,
    sandbox: Sandbox,
    bare: BareEngine,
    extism: Option<Extism<'a>>,
    folder: TempDir,
    /// Adapters that are loaded at once when they are weighed.
    loaded: usize,
}

impl<'a> Bench<'a> {
    async fn new(
        context: &'a Context,
        language: &'a Language,
        component: PathBuf,
        beside: Option<&'a others::Extism>,
    ) -> anyhow::Result<Self> {
        context.progress.step(&format!("call · {} · compiling", language.name));
        let (bytes, folder) = (fs::read(&component)?, tempfile::tempdir()?);
        let config = RuntimeConfig::new(folder.path().join(weigh::CACHE), context.host.clone());
        let sandbox = Sandbox::new(config, bytes.clone()).await?;
        let loaded = if context.quick {
            language.loaded.div_ceil(4)
        } else {
            language.loaded
        };
        // Those that are weighed together, so that their processes compile nothing.
        for number in 1..=loaded {
            drop(sandbox.with(variant(&bytes, number)).await?);
        }
        let bare = BareEngine::start()?;
        fs::write(folder.path().join(weigh::NATIVE), bare.native(&bytes)?)?;
        let extism = match beside {
            Some(built) => Some(Extism::start(built, folder.path())?),
            None => None,
        };
        Ok(Self {
            context,
            language,
            component,
            sandbox,
            bare,
            extism,
            folder,
            loaded,
        })
    }

    /// Instances and calls.
    async fn calls(&self) -> anyhow::Result<Vec<Row>> {
        let (ours, bare) = (Ours::new(&self.sandbox).await?, self.bare.load(&self.native())?);
        let (receipt, same) = (ours.kilobyte().await?, bare.kilobyte().await?);
        ensure!(
            receipt == same,
            "the guest answers `{receipt}` to us and `{same}` to {BARE}"
        );
        let calls = self.language.calls / if self.context.quick { 10 } else { 1 };
        let mut rows = vec![];
        for what in What::ALL {
            let (ours, bare) = (&ours, &bare);
            let mut contestants = vec![
                Contestant::new("ours", move || ours.round(what, calls)),
                Contestant::new(BARE, move || bare.round(what, calls)),
            ];
            if let Some(extism) = &self.extism {
                contestants.push(Contestant::new(EXTISM, move || extism.times(what.order(), calls)));
            }
            // Caches and pools are filled first.
            let _ = alternate(&self.context.progress, "call · warming up", 1, &contestants).await?;
            let [mut beside_bare, beside_extism] = self.compare(what.word(), "µs", 9, &contestants).await?;
            if let Some(row) = beside_bare.take() {
                rows.push(row.goal(Goal::RatioAtMost(GOAL)));
            }
            rows.extend(beside_extism.map(|row| row.note(what.extism())));
        }
        Ok(rows)
    }

    /// From compiled code on disk to ready to be called. No release of the adapter is loaded meanwhile, whose code the
    /// host would use again.
    async fn loading(&self) -> anyhow::Result<Vec<Row>> {
        let (loads, native) = (10, self.native());
        let mut contestants = vec![
            Contestant::new("ours", || ours::loads(&self.sandbox, loads)),
            Contestant::new(BARE, || self.bare.loads(&native, loads)),
        ];
        if let Some(extism) = &self.extism {
            contestants.push(Contestant::new(EXTISM, || extism.times("load", loads)));
        }
        let note = "ours verifies the code's HMAC, makes the tenant's HTTP client and asks `describe`";
        let rows = self.compare("cached load", "µs", 9, &contestants).await?;
        Ok(rows.into_iter().flatten().map(|row| row.note(note)).collect())
    }

    /// From a component that nobody has seen to ready to be called.
    async fn compiling(&self) -> anyhow::Result<Vec<Row>> {
        let bytes = fs::read(&self.component)?;
        let next = AtomicUsize::new(self.loaded + 1);
        let unseen = || variant(&bytes, next.fetch_add(1, Ordering::Relaxed));
        let mut contestants = vec![
            Contestant::new("ours", || ours::compile(&self.sandbox, unseen())),
            Contestant::new(BARE, || self.bare.compile(unseen())),
        ];
        if let Some(extism) = &self.extism {
            contestants.push(Contestant::new(EXTISM, || extism.times("compile", 1)));
        }
        let note = "ours compiles in a process of its own, within limits, keeps the code and asks `describe`";
        let rows = self.compare("compile", "µs", 3, &contestants).await?;
        Ok(rows.into_iter().flatten().map(|row| row.note(note)).collect())
    }

    /// What a process grows by.
    async fn weighing(&self, thing: Thing) -> anyhow::Result<Vec<Row>> {
        let count = match thing {
            Thing::Instance if self.context.quick => 20,
            Thing::Instance => 100,
            Thing::Adapter => self.loaded,
        };
        let (component, folder) = (&*self.component, self.folder.path());
        let weigh = |who| weigh::apart(who, thing, component, folder, &self.context.host, count);
        let mut contestants = vec![
            Contestant::new("ours", move || weigh(Who::Ours)),
            Contestant::new(BARE, move || weigh(Who::Bare)),
        ];
        if let Some(extism) = &self.extism {
            contestants.push(Contestant::new(EXTISM, move || extism.weigh_afresh(thing, count)));
        }
        let [beside_bare, beside_extism] = self.compare(thing.word(), "KiB", 3, &contestants).await?;
        let note = thing.note();
        Ok([beside_bare, beside_extism]
            .into_iter()
            .flatten()
            .map(|row| row.note(note))
            .collect())
    }

    /// Rounds of all contestants: we are the first, bare wasmtime is the second, Extism may be the third. A row against
    /// each of the others.
    async fn compare(
        &self,
        what: &str,
        unit: &'static str,
        rounds: usize,
        contestants: &[Contestant<'_, f64>],
    ) -> anyhow::Result<[Option<Row>; 2]> {
        let name = self.language.name;
        let step = format!("call · {name} · {what}");
        let measured = alternate(&self.context.progress, &step, self.context.rounds(rounds), contestants).await?;
        let row = |reference: usize, against| {
            (reference < contestants.len()).then(|| {
                let pairs = pairs(&measured, 0, reference, |figure| *figure);
                Row::of(format!("{name}: {what}"), unit, against, &pairs)
            })
        };
        Ok([row(1, BARE), row(2, EXTISM)])
    }

    /// Compiled by bare wasmtime.
    fn native(&self) -> PathBuf {
        self.folder.path().join(weigh::NATIVE)
    }
}
