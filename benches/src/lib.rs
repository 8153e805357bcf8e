//! What the measurements share: [`answers`] and [`server`] make the local
//! server, [`clients`] the clients under one name each, [`ours`] is our own,
//! [`process`] and [`callgrind`] run and count a child process.

pub mod answers;
pub mod callgrind;
pub mod clients;
pub mod ours;
pub mod process;
pub mod server;
