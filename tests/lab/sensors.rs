//! Sensors of the kernel's own drivers: hwmon's lm75 and Industrial I/O's bmp280, on chips of nothing but registers.

use std::time::Duration;

use katydid::model::{Fault, FileInput, HWMON, HwmonChannel, HwmonInput, IIO, IioInput, Line, Quantity, Source, Value};
use libtest_mimic::Trial;
use tokio::time::Instant;

use crate::rig::{Point, trial};
use crate::stub::Chip;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("an_lm75_is_told_in_degrees_and_followed", an_lm75_is_told_in_degrees_and_followed),
        trial("an_lm75_that_goes_is_one_fault_and_comes_back", an_lm75_goes_and_comes_back),
        trial("two_chips_of_one_name_are_told_apart_by_their_place", two_chips_of_one_name),
        trial("a_bmp280_gives_degrees_and_hectopascals", a_bmp280_gives_degrees_and_hectopascals),
        trial("a_bmp280_that_goes_is_one_fault_and_comes_back", a_bmp280_goes_and_comes_back),
        trial("a_broken_sensor_leaves_the_others_alone", a_broken_sensor_leaves_the_others_alone),
        trial("a_file_of_the_kernel_is_a_number", a_file_of_the_kernel_is_a_number),
        trial("a_machine_without_thermal_zones_says_so", a_machine_without_thermal_zones_says_so),
    ]
}

pub fn hwmon(name: &str, channel: &str) -> Source<Line> {
    let quantity = Quantity::of(channel, HWMON).unwrap();
    Source::Hwmon(HwmonInput { name: name.into(), channel: HwmonChannel::Named(channel.into()), quantity })
}

fn iio(device: &str, channel: &str) -> Source<Line> {
    let quantity = Quantity::of(channel, IIO).unwrap();
    Source::Iio(IioInput { device: device.into(), channel: channel.into(), quantity })
}

async fn an_lm75_is_told_in_degrees_and_followed() {
    let chip = Chip::lm75(0x48, 408);
    let mut air = Point::asking(hwmon("lm75", "temp1"));
    for (sixteenths, degrees) in [(408, 25.5), (-24, -1.5), (0, 0.0)] {
        chip.lm75_measures(sixteenths);
        air.until(Ok(Value::Number(degrees))).await;
    }
}

async fn an_lm75_goes_and_comes_back() {
    let chip = Chip::lm75(0x48, 408);
    let mut air = Point::asking(hwmon("lm75", "temp1"));
    assert_eq!(air.next().await, Ok(Value::Number(25.5)));
    chip.unplug();
    let cure = "the kernel's module lm75 and an entry in the device tree enable it";
    let fault = Err(Fault::new(format!("no hwmon chip “lm75”; {cure}")));
    air.until(fault.clone()).await;
    for _ in 0..3 {
        assert_eq!(air.next().await, fault);
    }
    chip.plug();
    assert_eq!(air.next_good().await, Value::Number(25.5));
}

async fn two_chips_of_one_name() {
    let (one, other) = (Chip::lm75(0x48, 160), Chip::lm75(0x49, 320));
    let fault = Point::asking(hwmon("lm75", "temp1")).next().await.unwrap_err();
    let places = format!("{}, {}", one.place(), other.place());
    assert_eq!(fault.0, format!("more than one hwmon chip “lm75”; name one by its address: {places}"));
    assert_eq!(Point::asking(hwmon(&other.place(), "temp1")).next().await, Ok(Value::Number(20.0)));
}

async fn a_bmp280_gives_degrees_and_hectopascals() {
    let chip = Chip::bmp280();
    let mut degrees = Point::asking(iio("bmp280", "temp"));
    let mut pressure = Point::asking(iio("bmp280", "pressure"));
    assert_near(degrees.next_good().await, 25.08);
    assert_near(pressure.next_good().await, 1006.53);
    chip.bytes(0xfa, &[0x80]);
    let begun = Instant::now();
    while let Value::Number(number) = degrees.next_good().await {
        // Half a degree is what one step of that byte means.
        if (number - 25.08).abs() > 0.4 {
            return println!("      then {number} °C");
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "it stays at {number}");
    }
}

fn assert_near(value: Value, expected: f64) {
    let Value::Number(number) = value else { panic!("{value:?}") };
    assert!((number - expected).abs() < 0.02, "{number} is not {expected}");
}

async fn a_bmp280_goes_and_comes_back() {
    let chip = Chip::bmp280();
    let mut air = Point::asking(iio("bmp280", "temp"));
    air.next_good().await;
    chip.unplug();
    let cure = "the kernel's module bmp280-i2c and an entry in the device tree enable it";
    let fault = Err(Fault::new(format!("no IIO device “bmp280”; {cure}")));
    air.until(fault.clone()).await;
    assert_eq!(air.next().await, fault);
    chip.plug();
    assert_near(air.next_good().await, 25.08);
}

async fn a_broken_sensor_leaves_the_others_alone() {
    let (_chip, barometer) = (Chip::lm75(0x48, 408), Chip::bmp280());
    let mut air = Point::asking(hwmon("lm75", "temp1"));
    let mut pressure = Point::asking(iio("bmp280", "pressure"));
    pressure.next_good().await;
    barometer.unplug();
    pressure.next_fault().await;
    air.rest_now();
    for _ in 0..5 {
        assert_eq!(air.next().await, Ok(Value::Number(25.5)));
    }
}

async fn a_file_of_the_kernel_is_a_number() {
    let around = Some(("MemTotal: ".to_owned(), " kB".to_owned()));
    let input = FileInput { path: "/proc/meminfo".into(), around, factor: 0.001, offset: 0.0 };
    let Ok(Value::Number(megabytes)) = Point::asking(Source::File(input)).next().await else { panic!("no number") };
    assert!((150.0..=270.0).contains(&megabytes), "{megabytes} MB");
    let path = "/sys/module/i2c_stub/none".to_owned();
    let input = FileInput { path: path.clone(), around: None, factor: 1.0, offset: 0.0 };
    let fault = Point::asking(Source::File(input)).next().await.unwrap_err();
    assert_eq!(fault.0, format!("{path}: No such file or directory"));
}

async fn a_machine_without_thermal_zones_says_so() {
    let mut soc = Point::asking(Source::Thermal("cpu-thermal".into()));
    let fault = soc.next().await.unwrap_err();
    assert_eq!(fault.0, "no thermal zone “cpu-thermal”; the board's device tree or firmware makes them");
}
