//! Nothing here: the dependency in Cargo.toml is what matters.
