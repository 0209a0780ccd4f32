//! Text for the cells of Markdown tables; knows nothing of what the tables are about.

/// A text of a help or a description as the cell of a table: one line, and nothing in it is Markdown but code.
pub(super) fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cell = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            cell.push('`');
        }
        let is_code = index % 2 == 1;
        for c in part.chars() {
            if c == '|' || (!is_code && "<*$".contains(c)) {
                cell.push('\\');
            }
            cell.push(c);
        }
    }
    cell
}

/// A value as code, or a dash for none.
pub(super) fn code(value: &str) -> String {
    if value.is_empty() { "–".to_owned() } else { format!("`{}`", value.replace('|', "\\|")) }
}

#[test]
fn a_cell_is_one_line_of_plain_text() {
    assert_eq!(cell("a | b,\n  `x|y*` and *.yaml in <env>"), "a \\| b, `x\\|y*` and \\*.yaml in \\<env>");
    assert_eq!((code(""), code("a|b")), ("–".to_owned(), "`a\\|b`".to_owned()));
}
