//! Where a sealed value belongs.

use std::fmt;

use sea_orm::ColumnTrait;
use temps_model::DataKeyId;

/// A table, a row of it and a column: the only place where a value that was sealed for it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    table: String,
    row: String,
    column: String,
}

impl Place {
    /// `row` is the primary key.
    pub fn new(column: impl ColumnTrait, row: impl fmt::Display) -> Self {
        Self { table: column.entity_name().to_string(), row: row.to_string(), column: column.as_str().to_owned() }
    }

    /// A part of a structured column.
    pub fn part(column: impl ColumnTrait, row: impl fmt::Display, part: &str) -> Self {
        let mut place = Self::new(column, row);
        place.column = format!("{}.{part}", place.column);
        place
    }

    /// The associated data `table|row|column|key id|version`. Each text is preceded by its length, so no two places are
    /// written alike.
    pub(super) fn associated_data(&self, key: DataKeyId, version: i32) -> Vec<u8> {
        let mut data = Vec::with_capacity(128);
        for text in [&self.table, &self.row, &self.column] {
            data.extend((text.len() as u64).to_be_bytes());
            data.extend(text.as_bytes());
        }
        data.extend(key.uuid().as_bytes());
        data.extend(version.to_be_bytes());
        data
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} of {}", self.table, self.column, self.row)
    }
}
