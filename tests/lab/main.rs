//! The drivers on the kernel's own: simulated GPIO chips, real sensor drivers on simulated chips and buses.
//!
//! On a host this is one test, which boots a virtual machine (`hwlab.py`) and runs this same program in there; in the
//! machine it is the tests. `KATYDID_LAB=word` runs only the tests with that word in their names. On an emulated Raspberry
//! Pi (`tests/lab/pi`) it is the tests of that board.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests, though without cargo's harness")]

mod chip;
mod counters;
mod expanders;
mod host;
mod inputs;
mod leds;
mod loss;
mod onewire;
mod outputs;
mod pi;
mod pwm;
mod rates;
mod rig;
mod sensors;
mod softpwm;
mod stub;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trials = if host::is_the_lab() {
        [
            inputs::trials(),
            counters::trials(),
            rates::trials(),
            outputs::trials(),
            loss::trials(),
            expanders::trials(),
            sensors::trials(),
            onewire::trials(),
            pwm::trials(),
            leds::trials(),
            softpwm::trials(),
        ]
        .into_iter()
        .flatten()
        .collect()
    } else if host::is_the_pi() {
        pi::trials()
    } else {
        vec![Trial::test("in_the_lab", host::run)]
    };
    libtest_mimic::run(&arguments, trials).exit();
}
