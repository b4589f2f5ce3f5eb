//! What a job says of files about places.

use std::path::PathBuf;

/// `[reference]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceFiles {
    pub postcodes: Option<PostcodeFile>,
    /// Only with a small area in `postcodes`.
    pub deprivation: Option<DeprivationFile>,
}

/// The postcode directory of the Office for National Statistics, or one in its form: a row a postcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostcodeFile {
    pub path: PathBuf,
    /// Names of columns; each that is named becomes one of people.parquet.
    pub postcode: String,
    pub lsoa: Option<String>,
    pub ward: Option<String>,
    pub icb: Option<String>,
}

/// The English indices of deprivation: a row a small area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeprivationFile {
    pub path: PathBuf,
    pub lsoa: String,
    /// 1 the most deprived tenth.
    pub decile: String,
}

impl ReferenceFiles {
    /// The columns of people.parquet that come of them, in its order.
    pub fn columns(&self) -> Vec<&'static str> {
        let named =
            |of: fn(&PostcodeFile) -> &Option<String>| self.postcodes.as_ref().is_some_and(|file| of(file).is_some());
        let all = [
            ("lsoa", named(|file| &file.lsoa)),
            ("ward", named(|file| &file.ward)),
            ("icb", named(|file| &file.icb)),
            ("imd_decile", self.deprivation.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }
}
