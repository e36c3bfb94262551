//! A single invocation of an adapter: the host's sandbox against bare wasmtime with the same engine, and for the Rust
//! guest against Extism.
//!
//! The guests (`bench/guests/`) send no requests, so that figures contain no network. Invocations run in this process,
//! one after the other, except Extism's, which has its own process. Each measurement of memory has its own process,
//! whose memory nothing else has used before.
//!
//! The rows keep their older names, in which an invocation is a call, so that `--against` finds them in earlier files.

pub mod bare;
mod extism;
mod jackfield_guest;
pub mod memory;

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
use self::jackfield_guest::JackfieldGuest;
use self::memory::{MemoryItem, RuntimeKind};
use crate::context::Context;
use crate::others;
use crate::rounds::{Candidate, alternate, pairs};
use crate::rows::{Goal, Row};
use crate::sandbox::Sandbox;
use crate::variants::variant;

/// The highest ratio of the host's invocation to bare wasmtime's.
const GOAL: f64 = 1.3;

/// The lead and the call of every invocation.
const LEAD: &str = "L-1001";
const CALL: &str = "C-1001";

const BARE: &str = "bare wasmtime";
const EXTISM: &str = "Extism";

/// A guest of `bench/guests/`.
struct Language {
    name: &'static str,
    /// The name of its folder and the end of its component's name.
    guest: &'static str,
    /// Invocations per round: a round takes a tenth of a second to a second.
    invocations: usize,
    /// The number of adapters loaded at once to measure memory: each is compiled first.
    loaded: usize,
}

const LANGUAGES: [Language; 5] = [
    language("Rust", "rust", 5000, 20),
    language("C", "c", 5000, 20),
    language("Go", "go", 1000, 5),
    language("TypeScript", "ts", 500, 2),
    language("Python", "py", 300, 2),
];

const fn language(name: &'static str, guest: &'static str, invocations: usize, loaded: usize) -> Language {
    Language {
        name,
        guest,
        invocations,
        loaded,
    }
}

/// The timed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Creating and dropping an instance.
    Instantiate,
    /// A fresh instance answers a status query.
    Empty,
    /// A fresh instance gets a disposition of about a kilobyte.
    Kilobyte,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Instantiate, Self::Empty, Self::Kilobyte];

    /// The name in the table.
    const fn word(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Empty => "empty call",
            Self::Kilobyte => "1 KB call",
        }
    }

    /// How Extism differs.
    const fn extism(self) -> &'static str {
        match self {
            Self::Instantiate => "Extism starts the plug-in itself only with its first call",
            _ => "Extism's guest is a core module, and what crosses its boundary is JSON",
        }
    }

    /// The command for Extism's process.
    const fn order(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Empty => "empty",
            Self::Kilobyte => "kilobyte",
        }
    }
}

/// The disposition of about a kilobyte, as the agent sends it: every field of the contract and one field that the
/// contract does not know.
fn disposition() -> Value {
    let mut said = documents::disposition(CALL, "qualified_visit_booked");
    said["summary"] = summary().into();
    said
}

/// The call's summary, in 600 bytes.
fn summary() -> String {
    "asks for a flat with a view. ".chars().cycle().take(600).collect()
}

/// Measures every guest that was built.
pub async fn run(context: &Context) -> anyhow::Result<Vec<Row>> {
    let extism = others::extism(context).inspect_err(|why| context.skip(EXTISM, format!("{why:#}")));
    let mut rows = vec![];
    for language in &LANGUAGES {
        let component = components::path(&format!("bench-{}", language.guest));
        if !component.exists() {
            context.skip(language.name, "not built; run `cargo xtask adapters`");
            continue;
        }
        let beside = extism.as_ref().ok().filter(|_| language.guest == "rust");
        let bench = Bench::new(context, language, component, beside).await?;
        rows.extend(bench.invocations().await?);
        rows.extend(bench.loading().await?);
        rows.extend(bench.compiling().await?);
        for thing in MemoryItem::ALL {
            rows.extend(bench.weighing(thing).await?);
        }
    }
    Ok(rows)
}

/// One guest with every runtime.
struct Bench<'a> {
    context: &'a Context,
    language: &'a Language,
    component: PathBuf,
    sandbox: Sandbox,
    bare: BareEngine,
    extism: Option<Extism<'a>>,
    folder: TempDir,
    /// The number of adapters loaded at once to measure memory.
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
        let config = RuntimeConfig::new(folder.path().join(memory::CACHE), context.host.clone());
        let sandbox = Sandbox::new(config, bytes.clone()).await?;
        let loaded = if context.quick {
            language.loaded.div_ceil(4)
        } else {
            language.loaded
        };
        // Compile these now, so that the measuring processes compile nothing.
        for number in 1..=loaded {
            drop(sandbox.with(variant(&bytes, number)).await?);
        }
        let bare = BareEngine::start()?;
        fs::write(folder.path().join(memory::NATIVE), bare.native(&bytes)?)?;
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

    /// Measures instances and invocations.
    async fn invocations(&self) -> anyhow::Result<Vec<Row>> {
        let (ours, bare) = (
            JackfieldGuest::new(&self.sandbox).await?,
            self.bare.load(&self.native())?,
        );
        let (receipt, same) = (ours.kilobyte().await?, bare.kilobyte().await?);
        ensure!(
            receipt == same,
            "the guest answers `{receipt}` to us and `{same}` to {BARE}"
        );
        let invocations = self.language.invocations / if self.context.quick { 10 } else { 1 };
        let mut rows = vec![];
        for what in Operation::ALL {
            let (ours, bare) = (&ours, &bare);
            let mut candidates = vec![
                Candidate::new("ours", move || ours.round(what, invocations)),
                Candidate::new(BARE, move || bare.round(what, invocations)),
            ];
            if let Some(extism) = &self.extism {
                candidates.push(Candidate::new(EXTISM, move || extism.times(what.order(), invocations)));
            }
            // Fill caches and pools first.
            let _ = alternate(&self.context.progress, "call · warming up", 1, &candidates).await?;
            let [mut beside_bare, beside_extism] = self.compare(what.word(), "µs", 9, &candidates).await?;
            if let Some(row) = beside_bare.take() {
                rows.push(row.goal(Goal::RatioAtMost(GOAL)));
            }
            rows.extend(beside_extism.map(|row| row.note(what.extism())));
        }
        Ok(rows)
    }

    /// From compiled code on disk to ready for invocations. No release of the adapter is loaded meanwhile, because the
    /// host would share its code.
    async fn loading(&self) -> anyhow::Result<Vec<Row>> {
        let (loads, native) = (10, self.native());
        let mut candidates = vec![
            Candidate::new("ours", || jackfield_guest::loads(&self.sandbox, loads)),
            Candidate::new(BARE, || self.bare.loads(&native, loads)),
        ];
        if let Some(extism) = &self.extism {
            candidates.push(Candidate::new(EXTISM, || extism.times("load", loads)));
        }
        let note = "ours verifies the code's HMAC, makes the tenant's HTTP client and asks `describe`";
        let rows = self.compare("cached load", "µs", 9, &candidates).await?;
        Ok(rows.into_iter().flatten().map(|row| row.note(note)).collect())
    }

    /// From a new component to ready for invocations.
    async fn compiling(&self) -> anyhow::Result<Vec<Row>> {
        let bytes = fs::read(&self.component)?;
        let next = AtomicUsize::new(self.loaded + 1);
        let unseen = || variant(&bytes, next.fetch_add(1, Ordering::Relaxed));
        let mut candidates = vec![
            Candidate::new("ours", || jackfield_guest::compile(&self.sandbox, unseen())),
            Candidate::new(BARE, || self.bare.compile(unseen())),
        ];
        if let Some(extism) = &self.extism {
            candidates.push(Candidate::new(EXTISM, || extism.times("compile", 1)));
        }
        let note = "ours compiles in a process of its own, within limits, keeps the code and asks `describe`";
        let rows = self.compare("compile", "µs", 3, &candidates).await?;
        Ok(rows.into_iter().flatten().map(|row| row.note(note)).collect())
    }

    /// The growth of a process.
    async fn weighing(&self, thing: MemoryItem) -> anyhow::Result<Vec<Row>> {
        let count = match thing {
            MemoryItem::Instance if self.context.quick => 20,
            MemoryItem::Instance => 100,
            MemoryItem::Adapter => self.loaded,
        };
        let (component, folder) = (&*self.component, self.folder.path());
        let weigh = |who| memory::apart(who, thing, component, folder, &self.context.host, count);
        let mut candidates = vec![
            Candidate::new("ours", move || weigh(RuntimeKind::Jackfield)),
            Candidate::new(BARE, move || weigh(RuntimeKind::BareWasmtime)),
        ];
        if let Some(extism) = &self.extism {
            candidates.push(Candidate::new(EXTISM, move || extism.weigh_afresh(thing, count)));
        }
        let [beside_bare, beside_extism] = self.compare(thing.word(), "KiB", 3, &candidates).await?;
        let note = thing.note();
        Ok([beside_bare, beside_extism]
            .into_iter()
            .flatten()
            .map(|row| row.note(note))
            .collect())
    }

    /// Runs rounds of all candidates: the host first, bare wasmtime second, possibly Extism third. Returns a row
    /// against each reference.
    async fn compare(
        &self,
        what: &str,
        unit: &'static str,
        rounds: usize,
        candidates: &[Candidate<'_, f64>],
    ) -> anyhow::Result<[Option<Row>; 2]> {
        let name = self.language.name;
        let step = format!("call · {name} · {what}");
        let measured = alternate(&self.context.progress, &step, self.context.rounds(rounds), candidates).await?;
        let row = |reference: usize, against| {
            (reference < candidates.len()).then(|| {
                let pairs = pairs(&measured, 0, reference, |figure| *figure);
                Row::of(format!("{name}: {what}"), unit, against, &pairs)
            })
        };
        Ok([row(1, BARE), row(2, EXTISM)])
    }

    /// The code that bare wasmtime compiled.
    fn native(&self) -> PathBuf {
        self.folder.path().join(memory::NATIVE)
    }
}
