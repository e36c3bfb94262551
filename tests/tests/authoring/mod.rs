//! The work of an adapter's author: new projects, builds, and the commands of the documentation.

mod c;
mod desk;
mod go;
mod python;
mod readmes;
mod rust;
mod typescript;
