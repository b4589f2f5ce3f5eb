//! `[reference]`: files about places.

use super::Resolver;
use crate::job::problem::Problem;
use crate::job::reading::Section;
use crate::job::{DeprivationFile, PostcodeFile, ReferenceFiles};

impl Resolver<'_> {
    pub(super) fn reference(&mut self, root: &Section) -> ReferenceFiles {
        let Some(section) = root.section("reference") else { return ReferenceFiles::default() };
        let postcodes = section.section("postcodes").and_then(|table| {
            let column = |key: &str| table.text(key).map(|name| name.text);
            let path = table.text("file").and_then(|file| self.named_file(&file))?;
            let postcode = column("postcode").unwrap_or_else(|| "pcds".into());
            Some(PostcodeFile { path, postcode, lsoa: column("lsoa"), ward: column("ward"), icb: column("icb") })
        });
        let deprivation = section.section("deprivation").and_then(|table| {
            let path = table.text("file").and_then(|file| self.named_file(&file))?;
            Some(DeprivationFile { path, lsoa: table.text("lsoa")?.text, decile: table.text("decile")?.text })
        });
        let has_areas = postcodes.as_ref().is_some_and(|file| file.lsoa.is_some());
        if deprivation.is_some() && !has_areas {
            self.report(
                Problem::new(
                    section.key_span("deprivation"),
                    "`deprivation` needs `lsoa` in `postcodes`",
                    "of which areas?",
                )
                .help("Name the column of small areas in the postcode directory, such as lsoa = \"lsoa21\""),
            );
        }
        ReferenceFiles { postcodes, deprivation }
    }
}
