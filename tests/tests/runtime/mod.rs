//! Promise 7: a guest can hurt only its own invocation. Real components in the real runtime, on a manual clock.

mod answers;
mod attacks;
mod c;
mod compiling;
mod credentials;
mod dates;
mod echoes;
mod egress;
mod frozen;
mod frozen_python;
mod go;
mod leads;
mod limits;
mod markers;
mod memory;
mod network;
mod packages;
mod pauses;
mod python;
mod reasons;
mod refused;
mod reuse;
mod server;
pub mod test_runtime;
mod tls;
mod typescript;
