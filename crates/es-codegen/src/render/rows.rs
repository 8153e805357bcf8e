//! The file of the rows of cat endpoints.

use crate::{model::Rows, names};

/// `types/cat_rows.rs`.
pub(super) fn render(rows: &[Rows]) -> String {
    let mut text = "//! The rows of cat endpoints, with their columns.\n\n\
                    use super::cat::rows;\n\nrows! {\n"
        .to_owned();
    for Rows { endpoint, columns } in rows {
        let name = names::camel(endpoint);
        text += &format!("    {name} of {name}Columns is {endpoint:?} {{\n");
        for (method, wire) in columns {
            text += &format!("        {method}({wire:?})\n");
        }
        text += "    }\n";
    }
    text + "}\n"
}
