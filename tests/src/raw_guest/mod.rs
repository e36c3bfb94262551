//! Raw guests: adapters written in the WebAssembly text format (WAT), for what no compiler emits: strings that are not
//! UTF-8, lists of millions, invalid pointers.
//!
//! The text is the guest's side of the canonical ABI: numbers and memory. [`encode`] wraps it into a component with the
//! types of `wit/`, as every toolchain does.

pub mod attacks;
pub mod compile_bombs;

use std::path::PathBuf;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The WASI packages that raw guests import, each after its dependencies.
const WASI: [&str; 4] = [
    "package wasi:io@0.2.0;
     interface poll { resource pollable { block: func(); } }",
    "package wasi:clocks@0.2.0;
     interface monotonic-clock {
       use wasi:io/poll@0.2.0.{pollable};
       now: func() -> u64;
       subscribe-duration: func(when: u64) -> pollable;
     }",
    "package wasi:random@0.2.0;
     interface random { get-random-bytes: func(len: u64) -> list<u8>; }",
    "package wasi:http@0.2.0;
     interface outgoing-handler { handle: func(); }",
];

/// The first line of each file of the contract.
const PACKAGE: &str = "package jackfield:crm@0.1.0;\n";

/// The worlds of raw guests, in addition to those of the contract.
const WORLDS: &str = r"
world raw {
  include adapter;
  import wasi:io/poll@0.2.0;
  import wasi:clocks/monotonic-clock@0.2.0;
  import wasi:random/random@0.2.0;
}
world raw-lookup { include raw; include adapter-lookup; }
world raw-leads { include raw; include adapter-leads; }
world raw-full { include raw-lookup; include raw-leads; }
world raw-foreign { include raw; import wasi:http/outgoing-handler@0.2.0; }
";

/// Encodes a core module in WAT as a component of a world.
///
/// # Panics
/// The text is invalid, or lacks the world's imports or exports.
pub fn encode(world: &str, module: &str) -> Vec<u8> {
    encode_with_contract(world, module, |wit| wit)
}

/// Like [`encode`], with a modified copy of the contract in `wit/`.
///
/// # Panics
/// As [`encode`].
pub fn encode_with_contract(world: &str, module: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut resolve = Resolve::default();
    for package in WASI {
        let _ = resolve.push_str("wasi.wit", package).unwrap();
    }
    let files = ["model", "imports", "exports", "world"].map(|name| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../wit/0.1/{name}.wit"));
        std::fs::read_to_string(path).unwrap().replace(PACKAGE, "")
    });
    let contract = [PACKAGE, &change(files.concat()), WORLDS].concat();
    let package = resolve.push_str("contract.wit", &contract).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut bytes = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder
        .module(&bytes)
        .and_then(ComponentEncoder::encode)
        .unwrap_or_else(|error| panic!("{error:?}\n{module}"))
}

/// The WAT of a guest whose status query runs `query`: code that gets the address (`$at`) and length of the lead's id
/// and leaves the address of the result. `more` holds further items of the module: functions, tables, globals.
///
/// `$answer` builds a query's result from a status text. `$alloc` allocates memory from `$next` on, beyond the first
/// two pages. It also implements `cabi_realloc` for the host, which misbehaves if `$mode` is not 0. Memory holds
/// constants: `raw` at 16, `1.0.0` at 32, `GET` at 48, `base_url` at 56, bytes that are not UTF-8 at 64, `ok` at 72.
pub fn guest(query: &str, more: &str) -> String {
    GUEST.replace("QUERY", query).replace("MORE", more)
}

/// The optional exports of world `raw-full`, each of which traps: for `more` of a [`guest`].
pub const TRAPPING_EXPORTS: &str = r#"
  (func (export "jackfield:crm/lookup@0.1.0#find") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "jackfield:crm/leads@0.1.0#parse") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)"#;

const GUEST: &str = r#"(module
  (import "jackfield:crm/http@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "jackfield:crm/settings@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "jackfield:crm/credentials@0.1.0" "hmac-sha256" (func $hmac (param i32 i32 i32 i32 i32)))
  (import "jackfield:crm/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))

  (memory (export "memory") 3)
  (global $next (mut i32) (i32.const 131072))
  (global $mode (mut i32) (i32.const 0))
  (global $lead (mut i32) (i32.const 0))
  (global $lead_length (mut i32) (i32.const 0))

  (data (i32.const 16) "raw")
  (data (i32.const 32) "1.0.0")
  (data (i32.const 48) "GET")
  (data (i32.const 56) "base_url")
  (data (i32.const 64) "\ff\fe\fd")
  (data (i32.const 72) "ok")

  (func $pair (param $at i32) (param $one i32) (param $two i32)
    (i32.store (local.get $at) (local.get $one))
    (i32.store offset=4 (local.get $at) (local.get $two)))

  ;; Allocates memory, aligned to eight bytes. Traps if there is none left.
  (func $alloc (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.shl (memory.size) (i32.const 16))))
      (br_if $fits (i32.ne (i32.const -1)
        (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))))
      unreachable)
    (local.get $at))

  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (block $beyond (block $calls (block $loops (block $traps (block $right
      (br_table $right $traps $loops $calls $beyond (global.get $mode)))
      (return (call $alloc (local.get 3))))
      unreachable)
      (loop $for_ever (br $for_ever)))
      (call $log (i32.const 0) (i32.const 72) (i32.const 2) (i32.const 0) (i32.const 0)))
    (i32.const -8))

  ;; A query's result with this status text, for the queried lead.
  (func $answer (param $text i32) (param $length i32) (result i32)
    (memory.fill (i32.const 1024) (i32.const 0) (i32.const 64))
    (call $pair (i32.const 1028) (global.get $lead) (global.get $lead_length))
    (i32.store8 (i32.const 1036) (i32.const 1))
    (call $pair (i32.const 1040) (local.get $text) (local.get $length))
    (i32.const 1024))

  (func (export "jackfield:crm/about@0.1.0#describe") (result i32)
    (call $pair (i32.const 512) (i32.const 16) (i32.const 3))
    (call $pair (i32.const 520) (i32.const 32) (i32.const 5))
    (call $pair (i32.const 528) (i32.const 600) (i32.const 1))
    (call $pair (i32.const 544) (i32.const 640) (i32.const 1))
    (call $pair (i32.const 600) (i32.const 56) (i32.const 8))
    (i32.store8 (i32.const 608) (i32.const 3))
    (call $pair (i32.const 612) (i32.const 72) (i32.const 2))
    (call $pair (i32.const 640) (i32.const 56) (i32.const 8))
    (i32.const 512))

  (func (export "jackfield:crm/dispositions@0.1.0#write") (param i32) (result i32) unreachable)

  (func (export "jackfield:crm/status@0.1.0#query") (param $at i32) (param $length i32) (result i32)
    (global.set $lead (local.get $at))
    (global.set $lead_length (local.get $length))
    QUERY)
  MORE)
"#;

/// Functions that call the host with one argument under test, and memory for large arguments: `more` of a [`guest`].
pub const HOST_CALLS: &str = "
  (table $grows 1 funcref)
  (global $url (mut i32) (i32.const 0))
  (global $url_length (mut i32) (i32.const 0))
  (global $kept (mut i32) (i32.const 131072))
  (global $huge i32 (i32.const 100000000))
  (func $recurse (result i32) (i32.add (call $recurse) (i32.const 1)))
  ;; Grow the memory by 100 MiB and by 4 MiB.
  (func $room (if (i32.eq (memory.grow (i32.const 1600)) (i32.const -1)) (then unreachable)))
  (func $more (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable)))
  ;; Frees what the host returned.
  (func $fresh (global.set $next (global.get $kept)))
  ;; Sets `$url` to the tenant's server.
  (func $base
    (call $get (i32.const 56) (i32.const 8) (i32.const 900))
    (global.set $url (i32.load (i32.const 904)))
    (global.set $url_length (i32.load (i32.const 908)))
    (global.set $kept (global.get $next)))
  ;; Host calls with one argument under test.
  (func $say (param $at i32) (param $length i32)
    (call $log (i32.const 3) (local.get $at) (local.get $length) (i32.const 0) (i32.const 0)))
  (func $fields (param $at i32) (param $count i32)
    (call $log (i32.const 3) (i32.const 72) (i32.const 2) (local.get $at) (local.get $count)))
  (func $sign (param $at i32) (param $length i32) (param $bytes i32) (param $count i32)
    (call $hmac (local.get $at) (local.get $length) (local.get $bytes) (local.get $count) (i32.const 900)))
  (func $method (param $at i32) (param $length i32)
    (call $send (local.get $at) (local.get $length) (global.get $url) (global.get $url_length)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 900)))
  (func $call (param $at i32) (param $length i32)
    (call $send (i32.const 48) (i32.const 3) (local.get $at) (local.get $length)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 900)))
  (func $headers (param $at i32) (param $count i32)
    (call $send (i32.const 48) (i32.const 3) (global.get $url) (global.get $url_length)
      (local.get $at) (local.get $count) (i32.const 0) (i32.const 0) (i32.const 900)))
  (func $body (param $at i32) (param $length i32)
    (call $send (i32.const 48) (i32.const 3) (global.get $url) (global.get $url_length)
      (i32.const 0) (i32.const 0) (local.get $at) (local.get $length) (i32.const 900)))
  (func $ask (call $headers (i32.const 0) (i32.const 0)))
  ;; Asks for 4 GiB, which must be refused.
  (func $refused (if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then unreachable)))
  (func $fine (result i32) (call $answer (i32.const 72) (i32.const 2)))
  ;; A query's result with the reason why a request was denied.
  (func $refusal (result i32)
    (if (i32.ne (i32.load8_u (i32.const 900)) (i32.const 1)) (then unreachable))
    (call $answer (i32.load (i32.const 908)) (i32.load (i32.const 912))))
";
