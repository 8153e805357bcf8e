//! The file of enums.

use super::docs;
use crate::model::Enumeration;

/// `params/enums.rs`.
pub(super) fn render(enums: &[Enumeration]) -> String {
    let mut text = "//! The values that parameters may have, as the API names them.\n\n\
                    enumerations! {\n"
        .to_owned();
    for it in enums {
        let values: Vec<_> = it
            .members
            .iter()
            .map(|(_, value)| format!("`{value}`"))
            .collect();
        text += &docs("    ", [&*format!("One of {}.", values.join(", "))]);
        text += &format!("    {} {{\n", it.name);
        for (member, value) in &it.members {
            text += &format!("        {member} {value:?},\n");
        }
        text += "    }\n";
    }
    text + "}\n"
}
