//! The OpenCL devices of this machine, and processes that have no driver or no loader. These tests need a driver:
//! scripts/prerequisites.sh installs one for the CPU.

use instanton::context::{Accelerators, Context, Precision};
use instanton::error::Error;
use instanton::opencl::{devices, select};
use std::process::Command;
use std::thread;

/// Runs `loader_and_devices_are_reported` in a process with one more environment variable; returns its lines that begin with
/// `told: `.
fn told(variable: &str, value: &str) -> Vec<String> {
    let arguments = ["--exact", "loader_and_devices_are_reported", "--nocapture", "--test-threads=1"];
    let mut process = Command::new(std::env::current_exe().unwrap());
    let output = process.args(arguments).env(variable, value).output().unwrap();
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{text}{errors}");
    // The harness may print the name of the test on the same line.
    text.lines().filter_map(|line| Some(line.split_once("told: ")?.1.to_string())).collect()
}

/// In every process: all threads get the same list, listed devices can be chosen, and others are INST_NO_DEVICE.
#[test]
fn loader_and_devices_are_reported() {
    let counts: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| devices().unwrap().len())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let devices = devices().unwrap();
    assert_eq!(counts, vec![devices.len(); counts.len()]);
    println!("told: {}", devices.len());
    for (at, device) in devices.iter().enumerate() {
        assert_eq!(select(&format!("opencl:{at}"), true).unwrap()[0].name, device.name);
    }
    match select("opencl", true) {
        Ok(chosen) => assert!(chosen.len() == 1 && !devices.is_empty()),
        Err(Error::NoDevice(message)) => {
            assert!(devices.is_empty(), "{message}");
            println!("told: {message}");
        }
        Err(other) => panic!("{other:?}"),
    }
    let error = select(&format!("opencl:{}", devices.len()), true).unwrap_err();
    assert!(matches!(error, Error::NoDevice(_)), "{error:?}");
}

#[test]
fn without_a_driver_there_is_no_device() {
    let expected = "expected an OpenCL platform for 'opencl', got none: libOpenCL.so.1 finds no driver";
    assert_eq!(told("OCL_ICD_VENDORS", "/nonexistent"), ["0", expected]);
}

#[test]
fn without_a_loader_there_is_no_device() {
    let expected = "expected OpenCL's loader (INSTANTON_OPENCL may name its file) for 'opencl', got none: ";
    let lines = told("INSTANTON_OPENCL", "/nonexistent/libOpenCL.so");
    assert_eq!((lines.len(), lines[0].as_str()), (2, "0"));
    let reason = lines[1].strip_prefix(expected).unwrap_or_else(|| panic!("{}", lines[1]));
    assert!(reason.starts_with("/nonexistent/libOpenCL.so: "), "{reason}");
    // A library that is not an OpenCL loader.
    let reason = "libm.so.6: holds no function clGetPlatformIDs";
    assert_eq!(told("INSTANTON_OPENCL", "libm.so.6"), ["0".to_string(), format!("{expected}{reason}")]);
}

#[test]
fn the_variable_names_the_loader() {
    let count = devices().unwrap().len().to_string();
    assert_eq!(told("INSTANTON_OPENCL", "libOpenCL.so.1"), [count.as_str()]);
    assert_eq!(told("INSTANTON_OPENCL", ""), [count.as_str()]);
}

#[test]
fn a_device_tells_its_properties() {
    let devices = devices().unwrap();
    assert!(!devices.is_empty(), "expected an OpenCL device: scripts/prerequisites.sh installs a driver for the CPU");
    for device in &devices {
        assert!(!device.name.is_empty() && !device.platform_name.is_empty() && !device.driver.is_empty());
        assert!(device.version.starts_with("OpenCL "), "{}", device.version);
        assert!(device.memory >= device.max_allocation && device.max_allocation >= 1 << 20, "{device:?}");
        assert!(device.local_memory >= 1 << 10, "{device:?}");
        assert!(device.compute_units >= 1 && device.max_group >= 1 && device.width_f32 >= 1, "{device:?}");
        assert!(!device.has_f64 || device.width_f64 >= 1, "{device:?}");
        // The handles belong to the device whose properties were read.
        assert_eq!(device.ocl().name().unwrap().trim(), device.name);
        assert_eq!(device.platform().name().unwrap().trim(), device.platform_name);
    }
}

#[test]
fn devices_are_chosen_by_place_and_name() {
    let devices = devices().unwrap();
    assert_eq!(select("opencl:all", true).unwrap().len(), devices.len());
    let name = &devices[0].name;
    assert_eq!(&select(&format!("opencl:{}", name.to_uppercase()), true).unwrap()[0].name, name);
    let entry = |(at, device): (usize, &instanton::opencl::Device)| {
        format!("opencl:{at} '{}' ({})", device.name, device.platform_name)
    };
    let list = devices.iter().enumerate().map(entry).collect::<Vec<_>>().join(", ");
    for text in ["opencl:99", "opencl:nonsense"] {
        let expected = Error::NoDevice(format!("expected one of {list}, got '{text}'"));
        assert_eq!(select(text, true).unwrap_err(), expected);
    }
}

#[test]
fn contexts_hold_their_devices() {
    assert!(Context::new(1, Precision::F64, 1).unwrap().devices().is_empty());
    let accelerators = Accelerators { devices: select("opencl:0", true).unwrap(), ..Accelerators::default() };
    let context = Context::with_devices(1, Precision::F64, 1, accelerators).unwrap();
    assert_eq!(context.devices().len(), 1);
    assert_eq!(context.devices()[0].name, devices().unwrap()[0].name);
}
