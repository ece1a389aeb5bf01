//! A report as drawings.

use super::Report;

/// None yet.
///
/// # Errors
/// None.
pub fn plots(_: &Report) -> Result<Vec<(&'static str, String)>, String> {
    Ok(Vec::new())
}
