//! The attacks of a raw guest on its host, and how each must end.

use jackfield_domain::delivery::failure::FaultCause;

use super::{HOST_CALLS, encode, guest};

/// How the invocation must end.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedEnd {
    /// With a fault of this cause, whose detail contains these words.
    Fault(FaultCause, &'static str),
    /// With a status that contains these words.
    Answer(&'static str),
}

/// One attack.
#[derive(Debug)]
pub struct Attack {
    /// The name in reports. [`lead`] gives the lead id that triggers it.
    pub name: &'static str,
    /// The body of a WAT function that returns the address of a query's result.
    body: &'static str,
    /// How the invocation must end.
    pub end: ExpectedEnd,
}

const fn attack(name: &'static str, end: ExpectedEnd, body: &'static str) -> Attack {
    Attack { name, body, end }
}

const CPU: ExpectedEnd = ExpectedEnd::Fault(FaultCause::CpuDeadline, "it computed longer than");
const TABLE: ExpectedEnd = ExpectedEnd::Fault(FaultCause::MemoryCap, "elements");
const MEMORY: ExpectedEnd = ExpectedEnd::Fault(FaultCause::MemoryCap, "MiB of memory");
const TOO_MUCH: ExpectedEnd =
    ExpectedEnd::Fault(FaultCause::BadOutput, "it passed more than 4 MiB to the host at once");
const NO_TEXT: ExpectedEnd = ExpectedEnd::Fault(FaultCause::BadOutput, "utf-8");

const fn trap(words: &'static str) -> ExpectedEnd {
    ExpectedEnd::Fault(FaultCause::Trap, words)
}

const fn bad(words: &'static str) -> ExpectedEnd {
    ExpectedEnd::Fault(FaultCause::BadOutput, words)
}

/// The memory limit that the 100 MB strings need, in MiB. The guest never writes them, so they cost only address space.
pub const MEMORY_MIB: u32 = 128;

/// All attacks.
pub const ATTACKS: [Attack; 56] = [
    // CPU, stack and memory.
    attack("loop", CPU, "(loop $l (br $l))"),
    attack(
        "recursion",
        ExpectedEnd::Fault(FaultCause::Stack, "stack"),
        "(return (call $recurse))",
    ),
    attack(
        "memory",
        MEMORY,
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))",
    ),
    attack(
        "table",
        TABLE,
        "(loop $l (br_if $l (i32.ne (table.grow $grows (ref.null func) (i32.const 1000)) (i32.const -1))))",
    ),
    // Floods of host calls.
    attack(
        "settings",
        CPU,
        "(loop $l (call $fresh) (call $get (i32.const 56) (i32.const 8) (i32.const 900)) (br $l))",
    ),
    attack(
        "signing",
        CPU,
        "(loop $l (call $sign (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 131072)) (br $l))",
    ),
    attack(
        "log lines",
        CPU,
        "(loop $l (call $say (i32.const 131072) (i32.const 65536)) (br $l))",
    ),
    attack(
        "requests",
        CPU,
        "(call $base) (loop $l (call $fresh) (call $ask) (br $l))",
    ),
    attack("clock", CPU, "(loop $l (drop (call $now)) (br $l))"),
    attack(
        "random",
        CPU,
        "(loop $l (call $fresh) (call $random (i64.const 65536) (i32.const 900)) (br $l))",
    ),
    attack(
        "pollables",
        bad("resource table"),
        "(loop $l (drop (call $subscribe (i64.const 1))) (br $l))",
    ),
    attack(
        "random at once",
        bad("exceeds limit"),
        "(call $random (i64.const 100000000) (i32.const 900))",
    ),
    // Arguments and results of 100 MB.
    attack(
        "log message",
        TOO_MUCH,
        "(call $room) (call $say (i32.const 0) (global.get $huge))",
    ),
    attack(
        "log field",
        TOO_MUCH,
        "(call $room) (call $pair (i32.const 808) (i32.const 0) (global.get $huge)) \
         (call $fields (i32.const 800) (i32.const 1))",
    ),
    attack(
        "setting's name",
        TOO_MUCH,
        "(call $room) (call $get (i32.const 0) (global.get $huge) (i32.const 900))",
    ),
    attack(
        "key's name",
        TOO_MUCH,
        "(call $room) (call $sign (i32.const 0) (global.get $huge) (i32.const 0) (i32.const 0))",
    ),
    attack(
        "signed bytes",
        TOO_MUCH,
        "(call $room) (call $sign (i32.const 16) (i32.const 3) (i32.const 0) (global.get $huge))",
    ),
    attack(
        "method",
        TOO_MUCH,
        "(call $room) (call $base) (call $method (i32.const 0) (global.get $huge))",
    ),
    attack(
        "URL",
        TOO_MUCH,
        "(call $room) (call $call (i32.const 0) (global.get $huge))",
    ),
    attack(
        "header",
        TOO_MUCH,
        "(call $room) (call $base) (call $pair (i32.const 808) (i32.const 0) (global.get $huge)) \
         (call $headers (i32.const 800) (i32.const 1))",
    ),
    attack(
        "body",
        TOO_MUCH,
        "(call $room) (call $base) (call $body (i32.const 0) (global.get $huge))",
    ),
    attack(
        "status text",
        TOO_MUCH,
        "(call $room) (return (call $answer (i32.const 0) (global.get $huge)))",
    ),
    // Arguments that fit the transfer limit, but exceed the limit of their kind.
    attack(
        "long URL",
        ExpectedEnd::Answer("the URL is longer than"),
        "(call $more) (call $call (i32.const 131072) (i32.const 1000000)) (return (call $refusal))",
    ),
    attack(
        "large body",
        ExpectedEnd::Answer("the body is larger than"),
        "(call $more) (call $base) (call $body (i32.const 131072) (i32.const 3000000)) \
         (return (call $refusal))",
    ),
    attack(
        "large header",
        ExpectedEnd::Answer("headers are larger than"),
        "(call $more) (call $base) (call $pair (i32.const 808) (i32.const 131072) (i32.const 1000000)) \
         (call $headers (i32.const 800) (i32.const 1)) (return (call $refusal))",
    ),
    attack(
        "80,000 headers",
        ExpectedEnd::Answer("more than 64 headers"),
        "(call $more) (call $base) (call $headers (i32.const 262144) (i32.const 80000)) \
         (return (call $refusal))",
    ),
    attack(
        "long status text",
        bad("status"),
        "(call $more) (return (call $answer (i32.const 131072) (i32.const 3000000)))",
    ),
    // Lists of millions of empty items.
    attack(
        "headers",
        TOO_MUCH,
        "(call $room) (call $base) (call $headers (i32.const 131072) (i32.const 4000000))",
    ),
    attack(
        "log fields",
        TOO_MUCH,
        "(call $room) (call $fields (i32.const 131072) (i32.const 4000000))",
    ),
    attack(
        "extensions",
        TOO_MUCH,
        "(call $room) (drop (call $answer (i32.const 72) (i32.const 2))) \
         (call $pair (i32.const 1064) (i32.const 131072) (i32.const 4000000)) (return (i32.const 1024))",
    ),
    attack(
        "refused fields",
        TOO_MUCH,
        "(call $room) (i32.store8 (i32.const 1024) (i32.const 1)) \
         (i32.store8 (i32.const 1028) (i32.const 4)) \
         (call $pair (i32.const 1048) (i32.const 131072) (i32.const 4000000)) (return (i32.const 1024))",
    ),
    // Strings that are not UTF-8.
    attack(
        "log message of bytes",
        NO_TEXT,
        "(call $say (i32.const 64) (i32.const 3))",
    ),
    attack(
        "setting's name of bytes",
        NO_TEXT,
        "(call $get (i32.const 64) (i32.const 3) (i32.const 900))",
    ),
    attack("URL of bytes", NO_TEXT, "(call $call (i32.const 64) (i32.const 3))"),
    attack(
        "header of bytes",
        NO_TEXT,
        "(call $base) (call $pair (i32.const 800) (i32.const 64) (i32.const 3)) \
         (call $headers (i32.const 800) (i32.const 1))",
    ),
    attack(
        "status text of bytes",
        NO_TEXT,
        "(return (call $answer (i32.const 64) (i32.const 3)))",
    ),
    attack(
        "lead's id of bytes",
        NO_TEXT,
        "(drop (call $answer (i32.const 72) (i32.const 2))) \
         (call $pair (i32.const 1028) (i32.const 64) (i32.const 3)) (return (i32.const 1024))",
    ),
    // Invalid addresses and values.
    attack(
        "text beyond memory",
        bad("out of bounds"),
        "(call $say (i32.const -16) (i32.const 64))",
    ),
    attack("answer beyond memory", bad("out of bounds"), "(return (i32.const -16))"),
    attack("answer at an odd address", bad("aligned"), "(return (i32.const 1025))"),
    attack(
        "headers at an odd address",
        bad("aligned"),
        "(call $base) (call $headers (i32.const 801) (i32.const 1))",
    ),
    attack(
        "no such level",
        bad("discriminant"),
        "(call $log (i32.const 9) (i32.const 72) (i32.const 2) (i32.const 0) (i32.const 0))",
    ),
    attack(
        "no such case",
        bad("discriminant"),
        "(i32.store8 (i32.const 1024) (i32.const 7)) (return (i32.const 1024))",
    ),
    // Misbehaviour while the host writes a result into the guest.
    attack(
        "answers unread",
        ExpectedEnd::Answer("ok"),
        "(local $n i32) (call $base) \
         (loop $l (call $ask) (local.set $n (i32.add (local.get $n) (i32.const 1))) \
         (br_if $l (i32.lt_u (local.get $n) (i32.const 4)))) \
         (return (call $fine))",
    ),
    attack(
        "no room for an answer",
        trap("unreachable"),
        "(call $base) (global.set $mode (i32.const 1)) (call $ask)",
    ),
    attack(
        "a loop for an answer",
        CPU,
        "(call $base) (global.set $mode (i32.const 2)) (call $ask)",
    ),
    attack(
        "a host call for an answer",
        trap("cannot leave"),
        "(call $base) (global.set $mode (i32.const 3)) (call $ask)",
    ),
    attack(
        "an answer beyond memory",
        bad("beyond end of memory"),
        "(call $base) (global.set $mode (i32.const 4)) (call $ask)",
    ),
    // Traps.
    attack("unreachable", trap("unreachable"), "unreachable"),
    attack(
        "division",
        trap("divide by zero"),
        "(return (i32.div_u (i32.const 1) (i32.const 0)))",
    ),
    attack(
        "load",
        trap("out of bounds memory access"),
        "(return (i32.load (i32.const -4)))",
    ),
    attack(
        "no function",
        trap("uninitialized element"),
        "(return (call_indirect $grows (result i32) (i32.const 0)))",
    ),
    attack(
        "no element",
        trap("undefined element"),
        "(return (call_indirect $grows (result i32) (i32.const 70000)))",
    ),
    // The host refuses memory, and something else ends the invocation.
    attack(
        "refused, then a division",
        trap("divide by zero"),
        "(call $refused) (return (i32.div_u (i32.const 1) (i32.const 0)))",
    ),
    attack(
        "refused, granted, then unreachable",
        trap("unreachable"),
        "(call $refused) (drop (memory.grow (i32.const 1)))",
    ),
    attack(
        "refused, then answered",
        ExpectedEnd::Answer("ok"),
        "(call $refused) (return (call $fine))",
    ),
];

/// The id of the lead whose status query runs the attack at this index of [`ATTACKS`].
pub fn lead(index: usize) -> String {
    format!("{index:02}")
}

/// The adapter with all attacks.
pub fn component() -> Vec<u8> {
    let functions: Vec<_> = ATTACKS
        .iter()
        .enumerate()
        .map(|(index, attack)| format!("(func $attack{index} (result i32) {} unreachable)\n", attack.body))
        .collect();
    let names: Vec<_> = (0..ATTACKS.len()).map(|index| format!("$attack{index}")).collect();
    let more = format!(
        "(table funcref (elem {}))\n{HOST_CALLS}{}",
        names.join(" "),
        functions.concat()
    );
    encode("raw", &guest(QUERY, &more))
}

/// Runs the function at the index that the lead's id states in two digits.
const QUERY: &str = "(call_indirect (result i32) (i32.add
    (i32.mul (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 10))
    (i32.sub (i32.load8_u offset=1 (local.get $at)) (i32.const 48))))";
