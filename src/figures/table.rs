//! The numbers behind a picture: a plain table, and the same as CSV. Pure functions.

use crate::lab::export::csv::harmless;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in files, the same in every language: `log_prob_a`.
    pub key: &'static str,
    /// Its name for people, unit included.
    pub title: String,
}

/// What stands in one place of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text, such as a token, exactly.
    Text(String),
    /// A number, with full precision.
    Number(f64),
    /// Nothing is known.
    Empty,
}

/// Rows of cells, as many in each as there are columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FigureData {
    /// Names of the cells of a row.
    pub columns: Vec<Column>,
    /// The cells.
    pub rows: Vec<Vec<Cell>>,
}

impl FigureData {
    /// A table without rows.
    pub fn with_columns(columns: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let columns = columns.into_iter().map(|(key, title)| Column { key, title }).collect();
        Self { columns, rows: Vec::new() }
    }

    /// As RFC 4180 has it: a line of keys, texts in quotation marks, numbers so that they read back as the same. A text
    /// that a spreadsheet would take for a formula has a `'` before it.
    pub fn csv(&self) -> String {
        let mut out = self.columns.iter().map(|column| column.key).collect::<Vec<_>>().join(",");
        for row in &self.rows {
            out += "\r\n";
            out += &row.iter().map(field).collect::<Vec<_>>().join(",");
        }
        out + "\r\n"
    }
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => format!("\"{}\"", harmless(text).replace('"', "\"\"")),
        Cell::Number(value) => value.to_string(),
        Cell::Empty => String::new(),
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Number(count as f64)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_keeps_quotes_commas_lines_and_every_digit() {
        let mut table = FigureData::with_columns([
            ("token", "トークン".into()),
            ("log_prob_a", "log p".into()),
            ("rank", "rank".into()),
        ]);
        table.rows.push(vec!["a,\"b\"\n".into(), (-0.1 - 0.2).into(), 3_usize.into()]);
        table.rows.push(vec!["".into(), f64::NEG_INFINITY.into(), None::<f64>.into()]);
        table.rows.push(vec!["=1+1".into(), 0.0.into(), None::<f64>.into()]);
        let csv = table.csv();
        assert_eq!(
            csv,
            "token,log_prob_a,rank\r\n\"a,\"\"b\"\"\n\",-0.30000000000000004,3\r\n\"\",-inf,\r\n\"'=1+1\",0,\r\n"
        );
        let lines: Vec<&str> = csv.split("\r\n").collect();
        let number: f64 = lines[1].split(',').rev().nth(1).unwrap().parse().unwrap();
        assert_eq!(number, -0.1 - 0.2);
    }
}
