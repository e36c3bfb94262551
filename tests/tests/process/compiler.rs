//! The compiler's process: its limits are set before it reads a byte.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};

use jackfield_tests::components::component;

use super::BINARY;

fn start() -> Child {
    Command::new(BINARY)
        .args(["compile-adapter", "--memory-mib", "768", "--cpu-seconds", "77"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Feeds it a component; returns its exit status, the size of the native code and its errors.
fn feed(mut child: Child, component: &[u8]) -> (ExitStatus, usize, String) {
    child.stdin.take().unwrap().write_all(component).unwrap();
    let mut native = vec![];
    child.stdout.take().unwrap().read_to_end(&mut native).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status, native.len(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn limits_are_set_before_reading() {
    let child = start();
    let process = format!("/proc/{}", child.id());
    let file = |name: &str| std::fs::read_to_string(format!("{process}/{name}")).unwrap();
    // The soft and the hard limit in a line of the table.
    let limit = |name: &str| {
        let table = file("limits");
        let line = table.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let mut words = line.split_whitespace().map(str::to_owned);
        (words.next().unwrap(), words.next().unwrap())
    };
    let same = |value: &str| (value.to_owned(), value.to_owned());
    // These are set last.
    while limit("Max core file size") != same("0") || limit("Max processes") != same("0") {
        std::thread::yield_now();
    }
    assert_eq!(limit("Max cpu time"), ("77".into(), "78".into()));
    assert_eq!(limit("Max address space"), same("805306368"));
    assert_eq!(limit("Max open files"), same("3"));
    assert_eq!(limit("Max file size"), same("0"));
    assert_eq!(file("oom_score_adj").trim(), "1000");
    // It can compile within its limits.
    let (status, native, words) = feed(child, &component("hostile"));
    assert_eq!((status.code(), words.as_str()), (Some(0), ""));
    assert!(native > 100_000, "{native}");
}

#[test]
fn error_says_why_a_component_is_invalid() {
    let whole = component("hostile");
    let (status, native, words) = feed(start(), &whole[..whole.len() / 2]);
    assert_eq!((status.code(), native), (Some(65), 0), "{words}");
    assert!(words.contains("out of bounds"), "{words}");
}
