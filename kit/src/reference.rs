//! Generates the reference of the contract from the documentation in its files, so that the two cannot differ.

use std::fmt::Write as _;

use wit_parser::{Docs, Function, Handle, Interface, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey};

use crate::contract;

/// The beginning of the page.
const OPENING: &str = "# The contract: reference

Every interface, function and type of `jackfield:crm`. `cargo xtask reference` generates this page from the
documentation in [`wit/`](../wit); change the files there, not this page. See also [how the contract may
change](../wit/README.md).
";

/// The whole page, as Markdown.
#[must_use]
pub fn page() -> String {
    let (resolve, package) = contract::resolve();
    let package = &resolve.packages[package];
    let mut page = Page {
        resolve: &resolve,
        text: format!("{OPENING}\nVersion: `{}`.\n", package.name),
    };
    page.contents(&package.interfaces.keys().map(String::as_str).collect::<Vec<_>>());
    page.line("\n## Worlds\n");
    page.prose(&package.docs);
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        page.line(&format!("\n### World `{name}`\n"));
        page.prose(&world.docs);
        page.items("imports", world.imports.iter());
        page.items("exports", world.exports.iter());
    }
    for (name, id) in &package.interfaces {
        page.interface(name, &resolve.interfaces[*id]);
    }
    page.text
}

/// A page under construction.
struct Page<'a> {
    resolve: &'a Resolve,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn prose(&mut self, docs: &Docs) {
        if let Some(docs) = &docs.contents {
            self.line(docs.trim());
        }
    }

    fn contents(&mut self, interfaces: &[&str]) {
        self.line("\n| interface | functions | types |\n| --- | --- | --- |");
        for name in interfaces {
            let found = self
                .resolve
                .interfaces
                .iter()
                .find(|(_, it)| it.name.as_deref() == Some(name));
            let Some((_, interface)) = found else { continue };
            let functions = interface.functions.keys().map(|function| linked(name, function));
            let types = interface.types.iter();
            let types = types
                .filter(|(_, id)| self.is_own(**id))
                .map(|(word, _)| linked(name, word));
            let row = format!(
                "| [`{name}`](#{name}) | {} | {} |",
                functions.collect::<Vec<_>>().join(", "),
                types.collect::<Vec<_>>().join(", "),
            );
            self.line(&row);
        }
    }

    /// What a world imports or exports, in one sentence.
    fn items<'b>(&mut self, verb: &str, items: impl Iterator<Item = (&'b WorldKey, &'b WorldItem)>) {
        let names = items.filter_map(|(_, item)| match item {
            WorldItem::Interface { id, .. } => self.resolve.interfaces[*id].name.as_deref(),
            _ => None,
        });
        let links: Vec<_> = names.map(|name| format!("[`{name}`](#{name})")).collect();
        if !links.is_empty() {
            self.line(&format!("\nIt {verb} {}.", links.join(", ")));
        }
    }

    fn interface(&mut self, name: &str, interface: &Interface) {
        self.line(&format!("\n<a id=\"{name}\"></a>\n## Interface `{name}`\n"));
        self.prose(&interface.docs);
        for (word, function) in &interface.functions {
            self.function(name, word, function);
        }
        for (word, id) in &interface.types {
            if self.is_own(*id) {
                self.definition(name, word, *id);
            }
        }
    }

    fn function(&mut self, interface: &str, word: &str, function: &Function) {
        let parameters: Vec<_> = function
            .params
            .iter()
            .map(|parameter| format!("{}: {}", parameter.name, self.type_of(&parameter.ty)))
            .collect();
        let result = function.result.as_ref().map(|result| self.type_of(result));
        self.heading(interface, word);
        let result = result.map(|result| format!(" → {result}")).unwrap_or_default();
        self.line(&format!("*function* ({}){result}\n", parameters.join(", ")));
        self.prose(&function.docs);
    }

    fn definition(&mut self, interface: &str, word: &str, id: TypeId) {
        let definition = &self.resolve.types[id];
        self.heading(interface, word);
        self.line(&format!("*{}*\n", definition.kind.as_str()));
        self.prose(&definition.docs);
        let rows: Vec<_> = match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                fields
                    .map(|field| row(&field.name, &self.type_of(&field.ty), &field.docs))
                    .collect()
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                let payload = |payload: &Type| self.type_of(payload);
                let row = |name: &str, ty: &Option<Type>, docs| {
                    row(name, &ty.as_ref().map(payload).unwrap_or_default(), docs)
                };
                cases.map(|case| row(&case.name, &case.ty, &case.docs)).collect()
            }
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| row(&case.name, "", &case.docs)).collect(),
            _ => Vec::new(),
        };
        if !rows.is_empty() {
            let what = if matches!(definition.kind, TypeDefKind::Record(_)) {
                "field"
            } else {
                "case"
            };
            self.line(&format!(
                "\n| {what} | type | meaning |\n| --- | --- | --- |\n{}",
                rows.join("\n")
            ));
        }
    }

    fn heading(&mut self, interface: &str, word: &str) {
        self.line(&format!(
            "\n<a id=\"{interface}.{word}\"></a>\n### `{interface}.{word}`\n"
        ));
    }

    /// Whether an interface defines a type, rather than using another's.
    fn is_own(&self, id: TypeId) -> bool {
        !matches!(self.resolve.types[id].kind, TypeDefKind::Type(_))
    }

    /// A type in the contract's notation, with links.
    fn type_of(&self, ty: &Type) -> String {
        let Type::Id(id) = ty else {
            return match ty {
                Type::String => "string".into(),
                Type::Bool => "bool".into(),
                Type::U8 => "u8".into(),
                Type::U16 => "u16".into(),
                Type::U32 => "u32".into(),
                Type::U64 => "u64".into(),
                Type::S64 => "s64".into(),
                other => format!("{other:?}").to_lowercase(),
            };
        };
        let definition = &self.resolve.types[*id];
        match (&definition.kind, &definition.name) {
            (TypeDefKind::Type(other), _) => self.type_of(other),
            (_, Some(name)) => {
                let owner = match definition.owner {
                    wit_parser::TypeOwner::Interface(id) => self.resolve.interfaces[id].name.clone(),
                    _ => None,
                };
                linked(&owner.unwrap_or_default(), name)
            }
            (TypeDefKind::Option(some), None) => format!("option&lt;{}>", self.type_of(some)),
            (TypeDefKind::List(item), None) => format!("list&lt;{}>", self.type_of(item)),
            (TypeDefKind::Result(result), None) => {
                let part = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".into(), |ty| self.type_of(ty));
                format!("result&lt;{}, {}>", part(&result.ok), part(&result.err))
            }
            (TypeDefKind::Handle(Handle::Own(_) | Handle::Borrow(_)), None) => "handle".into(),
            (kind, None) => kind.as_str().into(),
        }
    }
}

fn linked(interface: &str, word: &str) -> String {
    format!("[`{word}`](#{interface}.{word})")
}

fn row(name: &str, ty: &str, docs: &Docs) -> String {
    let mut row = format!("| `{name}` | {ty} |");
    let words = docs.contents.as_deref().unwrap_or_default().split_whitespace();
    for word in words {
        // An unescaped bar would end the cell.
        let _ = write!(row, " {}", word.replace('|', "\\|"));
    }
    row + " |"
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn page_has_everything_with_its_docs() {
        let page = page();
        for expected in [
            "### World `adapter-lookup`",
            "It exports [`about`](#about), [`status`](#status), [`dispositions`](#dispositions).",
            "*function* (disposition: [`disposition`](#model.disposition), idempotency-key: string) → \
             result&lt;[`receipt`](#model.receipt), [`failure`](#model.failure)>",
            "| `rate-limited` | option&lt;u32> | The CRM asks to slow down.",
            "| `qualification` | [`qualification`](#model.qualification) | What was learned. |",
            "| `high` |  | Before all others. |",
        ] {
            assert!(page.contains(expected), "{expected}");
        }
    }

    #[test]
    fn every_link_has_a_target() {
        let page = page();
        let targets = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets {
            assert!(page.contains(&format!("<a id=\"{target}\"></a>")), "{target}");
        }
    }
}
