//! Compile bombs, against the real compiler process with limits that the tests can afford.

use std::path::PathBuf;
use std::time::Duration;

use jackfield_clock::{Clock as _, ManualClock};
use jackfield_sandbox::{CompileLimits, CompileRefusal, PackageError, RuntimeConfig};
use jackfield_tests::components::component;
use jackfield_tests::process::jackfield_binary;
use jackfield_tests::raw_guest::compile_bombs;

use super::server::Server;
use super::test_runtime::{TestRuntime, hostile, report};

/// A program that reads the component and then hangs.
const HANGING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/runtime/hanging-compiler.sh");

fn limited(cache: &tempfile::TempDir, compile: CompileLimits) -> TestRuntime {
    TestRuntime::with(RuntimeConfig {
        compile,
        ..RuntimeConfig::new(cache.path().to_owned(), jackfield_binary())
    })
}

/// Waits until a timer is pending on the clock.
async fn wait_for_pending_timer(clock: &ManualClock) {
    while clock.next_wake().is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn memory_bomb_is_refused_at_compile() {
    // A component that takes gigabytes to compile is refused.
    let cache = tempfile::tempdir().unwrap();
    let limits = CompileLimits {
        memory: 512 << 20,
        ..CompileLimits::default()
    };
    let test = limited(&cache, limits);
    let bomb = compile_bombs::memory(5_000, 20_000);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let refused = test.runtime.inspect(&bomb).await.unwrap_err();
    assert_eq!(refused, PackageError::Compile(CompileRefusal::Memory(512)));
    assert!(refused.to_string().contains("more than 512 MiB of memory"), "{refused}");
    // The next one compiles under the same limits.
    assert!(test.runtime.inspect(&component("hostile")).await.is_ok());
}

#[tokio::test]
async fn time_bomb_is_refused_at_compile() {
    // A component that takes minutes to compile is refused.
    let cache = tempfile::tempdir().unwrap();
    let limits = CompileLimits {
        cpu: Duration::from_secs(1),
        ..CompileLimits::default()
    };
    let test = limited(&cache, limits);
    let bomb = compile_bombs::time(2_000, 1_000);
    assert!(bomb.len() < 50_000, "{}", bomb.len());
    let refused = test.runtime.inspect(&bomb).await.unwrap_err();
    assert_eq!(refused, PackageError::Compile(CompileRefusal::Cpu(1)));
    assert!(
        refused.to_string().contains("more than 1 s of processor time"),
        "{refused}"
    );
}

#[tokio::test]
async fn hanging_compiler_is_killed() {
    let (cache, server) = (tempfile::tempdir().unwrap(), Server::friendly().await);
    // A component in the cache needs no compiler.
    hostile(&TestRuntime::over(cache.path()), &server, "").await;
    let test = TestRuntime::with(RuntimeConfig::new(cache.path().to_owned(), HANGING.into()));
    let loaded = hostile(&test, &server, "").await;
    let keystone = component("keystone");
    let pushed = test.runtime.inspect(&keystone);
    let meanwhile = async {
        for _ in 0..100 {
            assert_eq!(report(&loaded, "count").await.unwrap(), "1");
        }
        wait_for_pending_timer(&test.clock).await;
        test.clock.advance(CompileLimits::default().deadline);
    };
    let (refused, ()) = tokio::join!(pushed, meanwhile);
    assert_eq!(
        refused.unwrap_err(),
        PackageError::Compile(CompileRefusal::Deadline(300))
    );
    assert_eq!(test.clock.now().as_second(), 300);
    assert_eq!(report(&loaded, "count").await.unwrap(), "1");
}

#[tokio::test]
async fn without_compiler_nothing_is_compiled() {
    // Without the compiler process there is no fallback to compiling inside the host.
    let cache = tempfile::tempdir().unwrap();
    let nowhere = PathBuf::from("/nowhere/jackfield");
    let test = TestRuntime::with(RuntimeConfig::new(cache.path().to_owned(), nowhere));
    let refused = test.runtime.inspect(&component("hostile")).await.unwrap_err();
    assert!(
        matches!(&refused, PackageError::Host(why) if why.contains("cannot be started")),
        "{refused}"
    );
}
