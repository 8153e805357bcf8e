//! Shared by the programs of this package: nothing except a type. Each links what
//! it uses and no more, since a process pays for what it carries.

/// Every error of a measurement.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
