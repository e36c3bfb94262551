//! No circles: within each crate of the host, imports between the modules of one folder go one way.
//!
//! A module may use its parent and its children; the rule compares siblings, at every level, with all that lies below
//! them. A re-export counts as the module that it comes from. Unit tests are left out, and so are paths inside the
//! arguments of macros, which are tokens and not Rust.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree};

use crate::tree::{files, none};

/// A module's path below its crate's root.
type Module = Vec<String>;

/// What the modules of one crate import.
struct Crate {
    name: String,
    modules: BTreeMap<Module, Imports>,
}

/// What one module imports.
#[derive(Default)]
struct Imports {
    /// Paths as written, from `crate`, `self`, `super` or a child on.
    paths: Vec<Vec<String>>,
    /// Names that it brings into scope, with the paths that they stand for.
    names: BTreeMap<String, Vec<String>>,
    /// How many inline modules the visitor is in: a `super` there leads no higher than the file itself.
    inside: usize,
}

fn is_test(attributes: &[Attribute]) -> bool {
    let mut cfg = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    cfg.any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        condition.is_ok_and(|condition| condition == "test")
    })
}

impl Imports {
    fn flatten(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.flatten(&part.tree, path);
                path.pop();
            }
            UseTree::Name(name) if name.ident == "self" => self.paths.push(path.clone()),
            UseTree::Name(name) => self.name(path, &name.ident, &name.ident),
            UseTree::Rename(name) => self.name(path, &name.ident, &name.rename),
            UseTree::Glob(_) => self.paths.push(path.clone()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.flatten(tree, path)),
        }
    }

    fn name(&mut self, path: &[String], item: &syn::Ident, name: &syn::Ident) {
        let full = [path, &[item.to_string()]].concat();
        self.names.insert(name.to_string(), full.clone());
        self.paths.push(full);
    }
}

impl Visit<'_> for Imports {
    fn visit_item(&mut self, item: &Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        if !is_test(&item.attrs) {
            self.inside += 1;
            visit::visit_item_mod(self, item);
            self.inside -= 1;
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if self.inside == 0 {
            self.flatten(&item.tree, &mut vec![]);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if self.inside == 0 && path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.paths.push(segments.collect());
        }
        visit::visit_path(self, path);
    }
}

impl Crate {
    /// The host's crates.
    fn all() -> Vec<Self> {
        let mut crates: BTreeMap<&str, BTreeMap<Module, Imports>> = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for file in files() {
            let Some((name, path)) = file
                .path
                .strip_prefix("host/")
                .and_then(|path| path.split_once("/src/"))
            else {
                continue;
            };
            let Some(path) = path.strip_suffix(".rs").filter(|path| *path != "main") else {
                continue;
            };
            let path = path.strip_suffix("/mod").unwrap_or(path);
            let module: Module = match path {
                "lib" => vec![],
                _ => path.split('/').map(ToOwned::to_owned).collect(),
            };
            let source = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
            for item in &source.items {
                if let Item::Mod(declared) = item
                    && is_test(&declared.attrs)
                {
                    tests.insert((name, [module.as_slice(), &[declared.ident.to_string()]].concat()));
                }
            }
            let mut imports = Imports::default();
            imports.visit_file(&source);
            crates.entry(name).or_default().insert(module, imports);
        }
        let without_tests = |(name, mut modules): (&str, BTreeMap<Module, Imports>)| {
            let is_test =
                |module: &Module| (1..=module.len()).any(|end| tests.contains(&(name, module[..end].to_vec())));
            modules.retain(|module, _| !is_test(module));
            Self {
                name: name.to_owned(),
                modules,
            }
        };
        crates.into_iter().map(without_tests).collect()
    }

    /// The module that holds what `path` means inside `from`; none if that is outside the crate.
    fn resolve(&self, from: &Module, path: &[String], hops: usize) -> Option<Module> {
        let mut module = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (module, rest) = (vec![], &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    module.pop()?;
                    rest = &rest[1..];
                }
            }
            child => {
                let below = [from.as_slice(), &[child.to_owned()]].concat();
                let imported = self.modules[from].names.get(child);
                match imported.filter(|path| hops > 0 && path.first().is_some_and(|first| first != child)) {
                    Some(named) => return self.resolve(from, &[named, &path[1..]].concat(), hops - 1),
                    None if !self.modules.contains_key(&below) => return None,
                    None => {}
                }
            }
        }
        while let Some(part) = rest.first() {
            let below = [module.as_slice(), std::slice::from_ref(part)].concat();
            if self.modules.contains_key(&below) {
                module = below;
                rest = &rest[1..];
                continue;
            }
            let known = self.modules.get(&module)?.names.get(part);
            return match known {
                Some(named) if hops > 0 => self.resolve(&module, &[named, &rest[1..]].concat(), hops - 1),
                _ => Some(module),
            };
        }
        Some(module)
    }

    /// For each folder, which of its modules import which, with one example of each.
    fn edges(&self) -> BTreeMap<Module, BTreeMap<(String, String), String>> {
        let mut edges: BTreeMap<Module, BTreeMap<(String, String), String>> = BTreeMap::new();
        for (from, imports) in &self.modules {
            let resolved = imports
                .paths
                .iter()
                .filter_map(|path| Some((path, self.resolve(from, path, 8)?)));
            for (path, to) in resolved {
                let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                    let example = format!("{} imports {}", from.join("/"), path.join("::"));
                    let folder = edges.entry(from[..shared].to_vec()).or_default();
                    folder.entry((one.clone(), other.clone())).or_insert(example);
                }
            }
        }
        edges
    }
}

/// Every edge that lies on a circle: its end leads back to its beginning.
fn circular(edges: &BTreeMap<(String, String), String>) -> impl Iterator<Item = &String> {
    let leads_to = |from: &String, to: &String| {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(module) = open.pop() {
            let next = edges.keys().filter(|(one, _)| one == module).map(|(_, other)| other);
            open.extend(next.filter(|next| seen.insert(next)));
        }
        seen.contains(to)
    };
    edges
        .iter()
        .filter(move |((from, to), _)| leads_to(to, from))
        .map(|(_, example)| example)
}

#[test]
fn modules_form_no_circles() {
    let crates = Crate::all();
    let offenders = crates.iter().flat_map(|host| {
        let edges = host.edges();
        let found: Vec<_> = edges.values().flat_map(circular).cloned().collect();
        found.into_iter().map(move |edge| format!("{}: {edge}", host.name))
    });
    none(
        "break the circle: move what both need down, hand it in as an argument, or join the two modules",
        offenders,
    );
}

#[test]
fn a_circle_is_found_through_a_re_export() {
    let parse = |text: &str| {
        let mut imports = Imports::default();
        imports.visit_file(&syn::parse_file(text).unwrap());
        imports
    };
    let module = |path: &str| {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    let modules = [
        ("", "mod a;\nmod b;\nmod c;\npub use a::One;"),
        ("a", "use crate::b::Two;\npub struct One;"),
        ("b", "fn f(_: super::One) {}\npub struct Two;"),
        (
            "c",
            "use crate::a::One;\n#[cfg(test)]\nmod tests { use crate::b::Two; }",
        ),
    ];
    let host = Crate {
        name: "sample".into(),
        modules: modules.map(|(path, text)| (module(path), parse(text))).into(),
    };
    let edges = host.edges();
    let found: Vec<_> = circular(&edges[&vec![]]).collect();
    assert_eq!(found, ["a imports crate::b::Two", "b imports super::One"]);
}
