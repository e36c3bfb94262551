//! Compile bombs: small components that take much memory or time to compile.

use std::fmt::Write as _;

/// Takes gigabytes of memory: the compiler keeps a table of every local in every block, and the last block sets all
/// locals. 40,000 locals and blocks make a component of half a megabyte.
pub fn memory(locals: usize, blocks: usize) -> Vec<u8> {
    let mut code = "block local.get 0 br_if 0 end\n".repeat(blocks);
    for local in 1..=locals {
        writeln!(code, "local.get 0 local.set {local}").unwrap();
    }
    code += &"block local.get 0 br_if 0 end\n".repeat(10);
    component(locals, &code)
}

/// Takes minutes: nested loops, with locals that are live in all of them. 2,000 loops with 1,000 locals make a
/// component of 33 KB.
pub fn time(loops: usize, locals: usize) -> Vec<u8> {
    let mut code = String::new();
    for depth in 0..loops {
        let (from, to) = (1 + depth % locals, 1 + depth * 7 % locals);
        writeln!(code, "loop local.get {from} local.get 0 i32.add local.set {to}").unwrap();
    }
    for depth in 0..loops {
        writeln!(code, "local.get {} br_if 0 end", 1 + depth % locals).unwrap();
    }
    component(locals, &code)
}

fn component(locals: usize, code: &str) -> Vec<u8> {
    let locals = " i32".repeat(locals);
    let text =
        format!("(component (core module (func (param i32) (result i32) (local{locals})\n{code}\nlocal.get 0)))");
    wat::parse_str(text).unwrap()
}
