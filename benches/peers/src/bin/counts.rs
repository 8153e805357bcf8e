//! `counts [client…] [operation…]`: see [`programs::counts`].

use es_benches::{operation::BoxError, programs};
use peers::Peers;

fn main() -> Result<(), BoxError> {
    programs::counts::<Peers>()
}
