//! What the measurements share: [`answers`] and [`server`] make the local
//! server, [`clients`] the clients under one name each, [`ours`] is our own,
//! [`process`] and [`callgrind`] run and count a child process; [`selecting`] and
//! [`gzipping`] are what their names say, without any request.

pub mod answers;
pub mod callgrind;
pub mod clients;
pub mod gzipping;
pub mod ours;
pub mod process;
pub mod selecting;
pub mod server;
