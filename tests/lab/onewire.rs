//! Thermometers of the kernel's w1_therm, on a simulated 1-Wire bus (oot/hwlab_w1.c) that can fail in all their ways.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use katydid::model::{Fault, Line, OneWireInput, Source, Value};
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep};

use crate::rig::{Point, trial};
use crate::sensors::hwmon;
use crate::stub::{Chip, modprobe};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("thermometers_are_told_in_degrees_and_followed", thermometers_are_told_in_degrees_and_followed),
        trial("a_thermometer_that_is_not_named_must_be_the_only_one", a_thermometer_that_is_not_named),
        trial("a_wrong_checksum_is_a_fault_and_never_a_number", a_wrong_checksum_is_a_fault),
        trial("an_unplugged_thermometer_is_one_fault_and_comes_back", an_unplugged_thermometer_is_one_fault),
        trial("85_degrees_after_power_up_is_a_fault_and_85_degrees_on_the_way_are_not", power_up_is_a_fault),
        trial("a_line_on_ground_is_not_0_degrees", a_line_on_ground_is_not_0_degrees),
        trial("a_slow_thermometer_holds_up_nobody", a_slow_thermometer_holds_up_nobody),
        trial("a_bus_that_goes_says_what_brings_it", a_bus_that_goes),
    ]
}

const ONE: &str = "28-00ab00000001";
const TWO: &str = "28-00ab00000002";
const ALL: [&str; 3] = [ONE, TWO, "28-00ab00000003"];

fn thermometer(id: &str) -> Source<Line> {
    Source::OneWire(OneWireInput { id: Some(id.into()) })
}

/// What a thermometer says when nothing or rubbish comes from it.
fn silent(id: &str) -> Fault {
    Fault::new(format!("{id} does not answer rightly: unplugged, or a bad connection"))
}

/// The simulated bus with three thermometers, all well again.
struct Bus;

impl Bus {
    async fn ready() -> Bus {
        // It looks for new ones each second, not each ten, and forgets one after two looks.
        modprobe(&["wire", "timeout=1", "slave_ttl=2"]);
        modprobe(&["w1_therm"]);
        modprobe(&["hwlab_w1", "temps=21500,-1250,0"]);
        let bus = Bus;
        for fault in ["badcrc", "absent", "reset", "shorted"] {
            bus.set(fault, "0");
        }
        bus.set("temps", "21500,-1250,0");
        let begun = Instant::now();
        while !ALL.iter().all(|id| bus.lists(id)) {
            assert!(begun.elapsed() < Duration::from_secs(30), "the kernel does not find the thermometers");
            sleep(Duration::from_millis(100)).await;
        }
        bus
    }

    fn set(&self, parameter: &str, value: &str) {
        fs::write(Path::new("/sys/module/hwlab_w1/parameters").join(parameter), value).unwrap();
    }

    fn lists(&self, id: &str) -> bool {
        PathBuf::from("/sys/bus/w1/devices").join(id).join("temperature").exists()
    }
}

async fn thermometers_are_told_in_degrees_and_followed() {
    let bus = Bus::ready().await;
    let [mut one, mut two, mut three] = ALL.map(|id| Point::asking(thermometer(id)));
    assert_eq!(one.next().await, Ok(Value::Number(21.5)));
    assert_eq!(two.next().await, Ok(Value::Number(-1.25)));
    assert_eq!(three.next().await, Ok(Value::Number(0.0)));
    bus.set("temps", "23062,-10000,125000");
    one.until(Ok(Value::Number(23.062))).await;
    two.until(Ok(Value::Number(-10.0))).await;
    three.until(Ok(Value::Number(125.0))).await;
}

async fn a_thermometer_that_is_not_named() {
    let _bus = Bus::ready().await;
    let fault = Point::asking(Source::OneWire(OneWireInput { id: None })).next().await.unwrap_err();
    let list = ALL.join(", ");
    let words = "several thermometers on the 1-Wire bus; the config must name one by its id";
    assert_eq!(fault.0, format!("{words}: {list}"));
}

async fn a_wrong_checksum_is_a_fault() {
    let bus = Bus::ready().await;
    let [mut one, mut two] = [ONE, TWO].map(|id| Point::asking(thermometer(id)));
    assert_eq!(one.next().await, Ok(Value::Number(21.5)));
    bus.set("badcrc", "1");
    one.until(Err(silent(ONE))).await;
    assert_eq!(one.next().await, Err(silent(ONE)));
    two.rest_now();
    assert_eq!(two.next().await, Ok(Value::Number(-1.25)));
    bus.set("badcrc", "0");
    assert_eq!(one.next_good().await, Value::Number(21.5));
}

async fn an_unplugged_thermometer_is_one_fault() {
    let bus = Bus::ready().await;
    let mut one = Point::asking(thermometer(ONE));
    assert_eq!(one.next().await, Ok(Value::Number(21.5)));
    bus.set("absent", "1");
    one.until(Err(silent(ONE))).await;
    assert!(bus.lists(ONE), "the kernel has forgotten it already");
    let begun = Instant::now();
    while bus.lists(ONE) {
        assert_eq!(one.next().await, Err(silent(ONE)));
        assert!(begun.elapsed() < Duration::from_secs(60), "the kernel never forgets it");
    }
    println!("      forgotten by the kernel after {:?}", begun.elapsed());
    one.rest_now();
    assert_eq!(one.next().await, Err(silent(ONE)));
    bus.set("absent", "0");
    assert_eq!(one.next_good().await, Value::Number(21.5));
}

async fn power_up_is_a_fault() {
    let bus = Bus::ready().await;
    let fault = Fault::new(format!("{ONE} says 85 °C, which it also does when it has just got its power"));
    bus.set("reset", "1");
    let mut one = Point::asking(thermometer(ONE));
    assert_eq!(one.next().await, Err(fault.clone()));
    bus.set("reset", "0");
    assert_eq!(one.next_good().await, Value::Number(21.5));
    bus.set("reset", "1");
    one.until(Err(fault)).await;
    bus.set("reset", "0");
    bus.set("temps", "84000,-1250,0");
    one.until(Ok(Value::Number(84.0))).await;
    bus.set("temps", "85000,-1250,0");
    one.until(Ok(Value::Number(85.0))).await;
}

async fn a_line_on_ground_is_not_0_degrees() {
    let bus = Bus::ready().await;
    let mut one = Point::asking(thermometer(ONE));
    assert_eq!(one.next().await, Ok(Value::Number(21.5)));
    bus.set("shorted", "1");
    one.until(Err(silent(ONE))).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        assert_eq!(one.next().await, Err(silent(ONE)));
    }
    bus.set("shorted", "0");
    assert_eq!(one.next_good().await, Value::Number(21.5));
}

async fn a_slow_thermometer_holds_up_nobody() {
    let _bus = Bus::ready().await;
    let _chip = Chip::lm75(0x48, 408);
    let begun = Instant::now();
    let mut slow = ALL.map(|id| Point::asking(thermometer(id)));
    let mut air = Point::asking(hwmon("lm75", "temp1"));
    for point in &mut slow {
        point.next_good().await;
    }
    let slow = begun.elapsed();
    let quick = air.rest_now().len();
    println!("      three conversions in {slow:?}, {quick} readings of the other meanwhile");
    assert!(slow > Duration::from_millis(500), "no conversion takes {slow:?}");
    assert!(quick >= 5, "the others were held up: {quick} readings in {slow:?}");
}

async fn a_bus_that_goes() {
    let _bus = Bus::ready().await;
    let mut one = Point::asking(thermometer(ONE));
    one.next_good().await;
    let gone = std::process::Command::new("rmmod").arg("hwlab_w1").status().unwrap();
    assert!(gone.success());
    let cure = "the kernel's module w1-gpio and an entry in the device tree, or the adapter's own module, enable it";
    one.until(Err(Fault::new(format!("no 1-Wire bus; {cure}")))).await;
    modprobe(&["hwlab_w1", "temps=21500,-1250,0"]);
    assert_eq!(one.next_good().await, Value::Number(21.5));
}
