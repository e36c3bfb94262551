//! What an author of adapters does, done as an author would: new projects, building, the documentation's own commands.

mod desk;
mod rust;
