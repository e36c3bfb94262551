//! How a compiler process can end, and how that is reported. A script replaces the compiler; `runtime/compiling.rs` in
//! the integration tests uses the real one.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use jackfield_clock::ManualClock;

/// A script that runs the component as a shell script.
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/code/compiler/stand-in.sh");

fn compiler(program: &str) -> (Compiler, ManualClock) {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let shared = Arc::new(clock.clone());
    (Compiler::new(program.into(), CompileLimits::default(), shared), clock)
}

async fn ended(script: &str) -> Result<Vec<u8>, PackageError> {
    compiler(STAND_IN).0.compile(script.as_bytes()).await
}

#[tokio::test]
async fn its_output_is_the_native_code() {
    assert_eq!(ended("echo native").await.unwrap(), b"native\n");
    let named = ended(r#"echo "$1 $2 $3 $4 $5""#).await.unwrap();
    assert_eq!(named, b"compile-adapter --memory-mib 2048 --cpu-seconds 120\n");
}

#[tokio::test]
async fn its_exit_status_is_explained() {
    let refusal = async |text: &str| ended(text).await.unwrap_err();
    assert_eq!(
        refusal("echo 'unexpected end' >&2; exit 65").await,
        PackageError::Invalid("unexpected end".into())
    );
    let memory = PackageError::Compile(CompileRefusal::Memory(2048));
    assert_eq!(refusal("exit 71").await, memory);
    assert_eq!(
        refusal("echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$").await,
        memory
    );
    assert_eq!(
        refusal("kill -XCPU $$").await,
        PackageError::Compile(CompileRefusal::Cpu(120))
    );
    for crash in ["kill -SEGV $$", "kill -ABRT $$", "kill -KILL $$", "exit 101"] {
        let refused = refusal(crash).await;
        assert!(
            matches!(&refused, PackageError::Compile(CompileRefusal::Crash(_))),
            "{crash}: {refused}"
        );
    }
    let refused = refusal("echo 'no such command' >&2; exit 2").await;
    assert!(
        matches!(&refused, PackageError::Host(why) if why.contains("no such command")),
        "{refused}"
    );
}

#[tokio::test]
async fn its_output_is_bounded() {
    let refused = ended("exec cat /dev/zero").await.unwrap_err();
    assert_eq!(refused, PackageError::Compile(CompileRefusal::Size(NATIVE_AT_LEAST)));
    let PackageError::Invalid(words) = ended("yes | tr -d '\\n' >&2; exit 65").await.unwrap_err() else {
        panic!("it was refused");
    };
    assert_eq!(words.len(), 500);
}

#[test]
fn native_code_is_bounded_by_its_component() {
    assert_eq!(native_limit(0), NATIVE_AT_LEAST);
    assert_eq!(native_limit(1 << 20), 16 << 20);
    assert_eq!(native_limit(usize::MAX), NATIVE_AT_MOST);
}

#[tokio::test]
async fn it_has_no_environment() {
    let printed = ended("exec env").await.unwrap();
    let printed = String::from_utf8(printed).unwrap();
    // Variables that the shell sets itself.
    let own = ["PWD=", "SHLVL=", "_=", "OLDPWD="];
    let foreign: Vec<_> = printed
        .lines()
        .filter(|line| !own.iter().any(|name| line.starts_with(name)))
        .collect();
    assert_eq!(foreign, [""; 0]);
}

#[tokio::test]
async fn a_hanging_process_is_killed() {
    let (compiler, clock) = compiler(STAND_IN);
    let dir = tempfile::tempdir().unwrap();
    let started = dir.path().join("started");
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec tail -f /dev/null",
        started.display()
    );
    let time = async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        clock.advance(CompileLimits::default().deadline);
    };
    let (refused, ()) = tokio::join!(compiler.compile(script.as_bytes()), time);
    assert_eq!(
        refused.unwrap_err(),
        PackageError::Compile(CompileRefusal::Deadline(300))
    );
    let process = format!("/proc/{}", std::fs::read_to_string(started).unwrap().trim());
    while Path::new(&process).exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_missing_program_is_reported() {
    let (compiler, _clock) = compiler("/nowhere/jackfield");
    let refused = compiler.compile(b"component").await.unwrap_err().to_string();
    assert!(
        refused.contains("the compiler /nowhere/jackfield cannot be started"),
        "{refused}"
    );
}
