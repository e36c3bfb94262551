//! How fast deliveries may go.
