//! A made-up town, as the driver of a run would describe it: nobody in it exists. Seeded, so that pictures can be compared.

use onefolk::intake::QuarantineCode;
use onefolk::job::Setting;
use onefolk::summary::{
    Changes, Estimate, EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, People, Provider, Sex, Status,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
