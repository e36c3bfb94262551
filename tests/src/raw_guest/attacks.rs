//! What a raw guest does to its host, harm by harm, and how each must end.

use jackfield_domain::failure::FaultCause;

use super::{HOST_CALLS, encode, guest};

/// How a call must end.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedEnd {
    /// In a fault of this cause, whose detail holds these words.
    Fault(FaultCause, &'static str),
    /// In an answer whose status holds these words.
    Answer(&'static str),
}

/// One way to do harm.
#[derive(Debug)]
pub struct Attack {
    /// For people. The lead's id asks for it by [`lead`].
    pub name: &'static str,
    /// The body of a function without parameters to the address of an answer.
    body: &'static str,
    /// How the call must end.
    pub end: ExpectedEnd,
}

const fn attack(name: &'static str, end: ExpectedEnd, body: &'static str) -> Attack {
    Attack { name, body, end }
}

const CPU: ExpectedEnd = ExpectedEnd::Fault(FaultCause::CpuDeadline, "it computed longer than");
const TABLE: ExpectedEnd = ExpectedEnd::Fault(FaultCause::MemoryCap, "elements");
const MEMORY: ExpectedEnd = ExpectedEnd::Fault(FaultCause::MemoryCap, "MiB of memory");
const TOO_MUCH: ExpectedEnd = ExpectedEnd::Fault(FaultCause::BadOutput, "it handed the host more than 4 MiB at once");
const NO_TEXT: ExpectedEnd = ExpectedEnd::Fault(FaultCause::BadOutput, "utf-8");

const fn trap(words: &'static str) -> ExpectedEnd {
    ExpectedEnd::Fault(FaultCause::Trap, words)
}

const fn bad(words: &'static str) -> ExpectedEnd {
    ExpectedEnd::Fault(FaultCause::BadOutput, words)
}

/// Memory that the 100 MB strings need, in MiB: they are never written, so they cost address space only.
pub const MEMORY_MIB: u32 = 128;

/// All of them.
pub const ATTACKS: [Attack; 56] = [
    // Computing and growing.
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
    // Storms of host calls.
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
    // 100 MB to the host.
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
    // Within what may be handed over, and beyond what may be asked for.
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
    // Lists of millions, of nothing.
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
    // Bytes where text is due.
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
    // Addresses and values that mean nothing.
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
    // What the host hands over is not taken.
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
    // Memory is refused, and something else ends the call.
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

/// The lead whose status query does the harm at this place of [`ATTACKS`].
pub fn lead(index: usize) -> String {
    format!("{index:02}")
}

/// The adapter that does them all.
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

/// Two digits, and the function at that place.
const QUERY: &str = "(call_indirect (result i32) (i32.add
    (i32.mul (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 10))
    (i32.sub (i32.load8_u offset=1 (local.get $at)) (i32.const 48))))";
