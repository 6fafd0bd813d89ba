//! A table of a report, as Markdown for people and as CSV with all digits.

use crate::cli::error::CliError;

/// Longest table that is also written as Markdown.
const MOST_MARKDOWN_ROWS: usize = 120;

/// Rows of cells under names.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Of its files.
    pub name: &'static str,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Nothing,
    Text(String),
    Count(u64),
    Number(f64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Self::Count(n as u64)
    }
}

impl From<u64> for Cell {
    fn from(n: u64) -> Self {
        Self::Count(n)
    }
}

impl From<f64> for Cell {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

impl Cell {
    /// Three significant digits, for people.
    fn short(&self) -> String {
        match self {
            Self::Nothing => "–".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(n) => n.to_string(),
            Self::Number(x) => number(*x),
        }
    }

    fn full(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(n) => n.to_string(),
            Self::Number(x) => super::rows::rounded(*x).map(|x| x.to_string()).unwrap_or_default(),
        }
    }
}

/// A number with three significant digits.
pub fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    // The exponent of the rounded number: 99.96 has that of 100.
    let scientific = format!("{x:.2e}");
    let size = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    match size {
        Some(size @ -4..6) => format!("{x:.*}", usize::try_from(2 - size).unwrap_or(0)),
        _ => scientific,
    }
}

impl Table {
    pub fn new(name: &'static str, columns: &[&str]) -> Self {
        Self { name, columns: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// For a document; none where it would be too long for one.
    pub fn markdown(&self) -> Option<String> {
        if self.rows.len() > MOST_MARKDOWN_ROWS {
            return None;
        }
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
        let mut text = line(self.columns.clone());
        text += &line(self.columns.iter().map(|_| "---".to_owned()).collect());
        for row in &self.rows {
            text += &line(row.iter().map(|cell| cell.short().replace('|', "\\|")).collect());
        }
        Some(text)
    }

    /// All digits.
    pub fn csv(&self) -> Result<Vec<u8>, CliError> {
        let internal = |error: String| CliError::Internal(error);
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(&self.columns).map_err(|error| internal(error.to_string()))?;
        for row in &self.rows {
            table.write_record(row.iter().map(Cell::full)).map_err(|error| internal(error.to_string()))?;
        }
        table.into_inner().map_err(|error| internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people_have_three_digits() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (-0.012_345, "-0.0123"),
            (1234.6, "1235"),
            (1.5e-7, "1.50e-7"),
            (99.96, "100"),
            (-0.000_999_9, "-0.00100"),
            (1e6, "1.00e6"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn markdown_and_csv_hold_the_same_cells() {
        let mut table = Table::new("t", &["a|b", "x"]);
        table.row(["p|q".into(), (1.0 / 3.0).into()]);
        table.row([Cell::Nothing, 7_usize.into()]);
        let markdown = table.markdown().unwrap();
        assert_eq!(markdown.lines().skip(2).collect::<Vec<_>>(), ["| p\\|q | 0.333 |", "| – | 7 |"]);
        assert_eq!(String::from_utf8(table.csv().unwrap()).unwrap(), "a|b,x\np|q,0.3333333333\n,7\n");
        table.rows = vec![vec![Cell::Nothing; 2]; MOST_MARKDOWN_ROWS + 1];
        assert_eq!(table.markdown(), None);
    }
}
