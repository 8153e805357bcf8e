//! `counts [client…] [operation…]`: see [`programs::counts`].

use es_benches::{clients::Own, operation::BoxError, programs};

fn main() -> Result<(), BoxError> {
    programs::counts::<Own>()
}
