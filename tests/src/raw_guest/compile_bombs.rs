//! Small components that are large to compile.

use std::fmt::Write as _;

/// Takes gigabytes: a compiler keeps a table of every local in every block, and each of the locals is set in the last.
/// 40,000 of both make half a megabyte.
pub fn memory(locals: usize, blocks: usize) -> Vec<u8> {
    let mut code = "block local.get 0 br_if 0 end\n".repeat(blocks);
    for local in 1..=locals {
        writeln!(code, "local.get 0 local.set {local}").unwrap();
    }
    code += &"block local.get 0 br_if 0 end\n".repeat(10);
    component(locals, &code)
}

/// Takes minutes: loops inside of loops, and locals that are alive in all of them. 2,000 of one thousand make 33 KB.
pub fn time(loops: usize, locals: usize) -> Vec<u8> {
    let mut code = String::new();
    for turn in 0..loops {
        let (from, to) = (1 + turn % locals, 1 + turn * 7 % locals);
        writeln!(code, "loop local.get {from} local.get 0 i32.add local.set {to}").unwrap();
    }
    for turn in 0..loops {
        writeln!(code, "local.get {} br_if 0 end", 1 + turn % locals).unwrap();
    }
    component(locals, &code)
}

fn component(locals: usize, code: &str) -> Vec<u8> {
    let locals = " i32".repeat(locals);
    let text =
        format!("(component (core module (func (param i32) (result i32) (local{locals})\n{code}\nlocal.get 0)))");
    wat::parse_str(text).unwrap()
}
