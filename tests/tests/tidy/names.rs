//! A public type's name means one thing in all crates of the host.

use std::collections::BTreeMap;

use syn::visit::Visit;
use syn::{Ident, Visibility};

use crate::tree::{none, rust};

/// Names that stand twice on purpose, with the reason.
const TWICE: &[(&str, &str)] = &[];

/// The public types of a file.
#[derive(Default)]
struct PublicTypes(Vec<String>);

impl PublicTypes {
    fn add(&mut self, visibility: &Visibility, name: &Ident) {
        if matches!(visibility, Visibility::Public(_)) {
            self.0.push(name.to_string());
        }
    }
}

impl Visit<'_> for PublicTypes {
    fn visit_item_struct(&mut self, item: &syn::ItemStruct) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_enum(&mut self, item: &syn::ItemEnum) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_trait(&mut self, item: &syn::ItemTrait) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_type(&mut self, item: &syn::ItemType) {
        self.add(&item.vis, &item.ident);
    }

    // Types inside functions are nobody else's.
    fn visit_block(&mut self, _: &syn::Block) {}
}

#[test]
fn public_type_names_are_unique() {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (file, _) in rust().filter(|(file, _)| file.is_in(&["host/"])) {
        let source = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut types = PublicTypes::default();
        types.visit_file(&source);
        for name in types.0 {
            places.entry(name).or_default().push(&file.path);
        }
    }
    let unused = TWICE
        .iter()
        .filter(|(name, _)| places.get(*name).is_none_or(|files| files.len() < 2))
        .map(|(name, _)| format!("`{name}` stands once: remove it from TWICE"));
    let is_allowed = |name: &str| TWICE.iter().any(|(allowed, _)| *allowed == name);
    let twice = places
        .iter()
        .filter(|(name, files)| files.len() > 1 && !is_allowed(name))
        .map(|(name, files)| format!("`{name}`: {}", files.join(", ")));
    none(
        "rename the type so that its name says what it is without its module",
        twice.chain(unused),
    );
}
