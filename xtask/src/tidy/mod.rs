//! Rules of the project that no compiler knows.

mod documents;
mod layout;
mod safety;
mod words;

use crate::tree::Tree;

/// Every rule, in the order in which they are reported.
const RULES: [fn(&Tree) -> Vec<String>; 12] = [
    layout::arrows,
    layout::dependencies_have_reasons,
    layout::sources_are_public,
    words::files_are_short,
    words::nothing_is_unfinished,
    words::names_say_something,
    safety::unsafe_is_forbidden,
    safety::programs_are_started_in_few_places,
    safety::sql_is_not_built_from_text,
    safety::text_is_never_markup,
    documents::named_paths_exist,
    documents::pages_are_linked,
];

/// What breaks a rule, each with its place.
pub fn findings(tree: &Tree) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule(tree)).collect()
}

#[cfg(test)]
mod tests;
