//! Nothing that one tenant leaves in memory can be read by another.

use jackfield_sandbox::LoadedRelease;
use jackfield_tests::raw_guest::{encode, guest};

use super::test_runtime::{TestRuntime, report};

/// Invocations that search.
const SEARCHES: usize = 100_000;

/// Fills all of its memory with a marker, the initial pages and those that it grows by; or searches all of its memory
/// for anything but zeros, since fresh memory holds nothing else. The lead's id says which: `mark`, `seek`, or `both`,
/// one after the other.
const MARKER: &str = r#"
  (func $wide (if (i32.eq (memory.grow (i32.const 4)) (i32.const -1)) (then unreachable)))
  (func $size (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func $mark (memory.fill (i32.const 2048) (i32.const 0xa5) (i32.sub (call $size) (i32.const 2048))))
  (func $seek (result i32) (local $at i32) (local $end i32) (local $found v128)
    (local.set $at (i32.const 2048))
    (local.set $end (call $size))
    (loop $next
      (local.set $found (v128.or (local.get $found) (v128.or
        (v128.or (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
        (v128.or (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at))))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
    (v128.any_true (local.get $found)))
  (data (i32.const 80) "nothing")
  (data (i32.const 96) "marker")"#;

const QUERY: &str = r"
    (call $wide)
    ;; What the host handed over is moved below what is marked and searched.
    (memory.copy (i32.const 1536) (local.get $at) (local.get $length))
    (memory.fill (local.get $at) (i32.const 0) (local.get $length))
    (global.set $lead (i32.const 1536))
    (local.set $at (i32.const 1536))
    ;; m, s or b
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x73)) (then (call $mark)))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x6d))
      (then (return (call $answer (i32.const 72) (i32.const 2)))))
    (if (call $seek) (then (return (call $answer (i32.const 96) (i32.const 6)))))
    (call $answer (i32.const 80) (i32.const 7))";

/// A tenant on one of several components that differ in a constant.
async fn tenant(test: &TestRuntime, component: u8) -> LoadedRelease {
    let more = format!("{MARKER} (data (i32.const 112) \"{component}\")");
    let bytes = encode("raw", &guest(QUERY, &more));
    test.load_bytes(bytes, "limits.cpu_ms = 10000\n").await
}

#[tokio::test]
async fn memory_is_wiped_between_invocations() {
    // One invocation at a time, from a pool with two memories. Three components in turn each get the memory that has
    // been free longest, which is the marked one; the same component gets its own again.
    let test = TestRuntime::with_one_instance();
    let marks = tenant(&test, 1).await;
    let seek = [tenant(&test, 1).await, tenant(&test, 2).await, tenant(&test, 3).await];
    assert_eq!(
        report(&marks, "both").await.unwrap(),
        "marker",
        "the search finds a marker that is there"
    );
    for invocation in 0..SEARCHES {
        if invocation % (4 * seek.len()) == 0 {
            assert_eq!(report(&marks, "mark").await.unwrap(), "ok");
        }
        assert_eq!(
            report(&seek[invocation % seek.len()], "seek").await.unwrap(),
            "nothing",
            "invocation {invocation}"
        );
    }
}
