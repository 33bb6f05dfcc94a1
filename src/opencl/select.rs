//! The choice of devices by the text of a context's key `device`.

use super::device::{Device, Found, look};
use super::loader;
use crate::error::{Error, Result};

/// Forms of the text that `select` accepts.
pub const FORMS: &str = "'opencl', 'opencl:0', 'opencl:0,1', 'opencl:NAME' or 'opencl:all'";

/// The choice that a text stands for.
#[derive(Debug, PartialEq)]
enum Choice<'a> {
    /// `opencl`: the first GPU, or else the first device, that can run programs.
    Best,
    /// `opencl:all`: all that can run programs.
    All,
    /// `opencl:0,1`: indices in the list of devices; None for a number too large for any list.
    Places(Vec<Option<usize>>),
    /// `opencl:H200`: part of the name of a device or platform; letters count as equal in both cases.
    Named(&'a str),
}

impl<'a> Choice<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("opencl")?;
        if rest.is_empty() {
            return Some(Self::Best);
        }
        let which = rest.strip_prefix(':')?.trim();
        let is_place = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        match which {
            "" => None,
            "all" => Some(Self::All),
            _ if which.split(',').all(|part| is_place(part.trim())) => {
                Some(Self::Places(which.split(',').map(|part| part.trim().parse().ok()).collect()))
            }
            _ => Some(Self::Named(which)),
        }
    }

    /// Indices of the chosen devices, if all are found. Where several devices match, those that can run programs are
    /// preferred.
    fn places(&self, devices: &[Device], is_double: bool) -> Option<Vec<usize>> {
        let able: Vec<usize> = (0..devices.len()).filter(|&at| devices[at].fault(is_double).is_none()).collect();
        match self {
            Self::Best => {
                let gpu = able.iter().copied().find(|&at| devices[at].is_gpu);
                Some(vec![gpu.or(able.first().copied()).unwrap_or(0)])
            }
            Self::All if able.is_empty() => Some(vec![0]),
            Self::All => Some(able),
            Self::Places(places) => places.iter().map(|place| place.filter(|at| *at < devices.len())).collect(),
            Self::Named(part) => {
                let part = part.to_lowercase();
                let holds = |text: &String| text.to_lowercase().contains(&part);
                let at = devices.iter().position(|device| holds(&device.name) || holds(&device.platform_name));
                at.map(|at| vec![at])
            }
        }
    }
}

/// The devices that a text selects: at least one.
///
/// * `opencl`: the first GPU, or else the first device, that can run programs, in double precision where `is_double`;
/// * `opencl:1`, `opencl:0,1`: by the place in `devices()`;
/// * `opencl:H200`: the first that has this in its name or its platform's, in capitals or not;
/// * `opencl:all`: all that can.
///
/// `Error::NoDevice` where one is missing or cannot run programs: the message lists the devices, or what it lacks.
/// `Error::BadSpec` for any other text, and where a device is named twice.
pub fn select(text: &str, is_double: bool) -> Result<Vec<Device>> {
    let Some(choice) = Choice::read(text) else {
        return Err(Error::BadSpec(format!("expected {FORMS}, got '{text}'")));
    };
    // A missing loader is reported first, since all else follows from it.
    let file = loader::open().map_err(|reason| {
        let expected = "expected OpenCL's loader (INSTANTON_OPENCL may name its file)";
        Error::NoDevice(format!("{expected} for '{text}', got none: {reason}"))
    })?;
    Wish { text, choice, is_double }.choose(&file, look())
}

/// A request: the text, the choice that it stands for, and whether double precision is needed.
struct Wish<'a> {
    text: &'a str,
    choice: Choice<'a>,
    is_double: bool,
}

impl Wish<'_> {
    /// The devices among those that were found.
    fn choose(&self, loader: &str, found: Found) -> Result<Vec<Device>> {
        let &Wish { text, ref choice, is_double } = self;
        let faults: String = found.faults.iter().map(|fault| format!("; {fault}")).collect();
        let missing = |message: String| Err(Error::NoDevice(message + &faults));
        if found.platforms.is_empty() {
            return missing(format!("expected an OpenCL platform for '{text}', got none: {loader} finds no driver"));
        }
        if found.devices.is_empty() {
            return missing(format!(
                "expected an OpenCL device for '{text}', got none of {}",
                found.platforms.join(", ")
            ));
        }
        let Some(places) = choice.places(&found.devices, is_double) else {
            return missing(format!("expected one of {}, got '{text}'", listed(&found.devices)));
        };
        if let Some(twice) = (1..places.len()).find(|at| places[..*at].contains(&places[*at])) {
            let place = places[twice];
            return Err(Error::BadSpec(format!(
                "expected each device once, got '{text}', which names opencl:{place} twice"
            )));
        }
        for &at in &places {
            if let Some(fault) = found.devices[at].fault(is_double) {
                let device = entry(at, &found.devices[at]);
                return missing(format!(
                    "expected a device that runs programs for '{text}', got {device}, which {fault}"
                ));
            }
        }
        Ok(places.into_iter().map(|at| found.devices[at].clone()).collect())
    }
}

/// `opencl:0 'name' (platform)`
fn entry(at: usize, device: &Device) -> String {
    format!("opencl:{at} '{}' ({})", device.name, device.platform_name)
}

/// `opencl:0 'name' (platform), opencl:1 ...`
fn listed(devices: &[Device]) -> String {
    devices.iter().enumerate().map(|(at, device)| entry(at, device)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::device::invented;
    use super::*;

    fn found() -> Found {
        let devices = vec![
            invented("pthread-skylake", "Portable Computing Language", false),
            invented("NVIDIA H200", "NVIDIA CUDA", true),
            invented("NVIDIA A100", "NVIDIA CUDA", true),
        ];
        let platforms = vec!["Portable Computing Language".into(), "NVIDIA CUDA".into()];
        Found { devices, platforms, faults: vec![] }
    }

    fn chosen(text: &str) -> Result<Vec<String>> {
        let chosen =
            Wish { text, choice: Choice::read(text).unwrap(), is_double: true }.choose("loader.so", found())?;
        Ok(chosen.into_iter().map(|device| device.name).collect())
    }

    const LIST: &str = "opencl:0 'pthread-skylake' (Portable Computing Language), opencl:1 'NVIDIA H200' (NVIDIA CUDA), \
                        opencl:2 'NVIDIA A100' (NVIDIA CUDA)";

    #[test]
    fn texts_choose_by_place_name_and_kind() {
        let all = ["pthread-skylake", "NVIDIA H200", "NVIDIA A100"];
        for (text, places) in [
            ("opencl", vec![1]),
            ("opencl:0", vec![0]),
            ("opencl:2", vec![2]),
            ("opencl:2,0", vec![2, 0]),
            ("opencl: 0, 1", vec![0, 1]),
            ("opencl:h200", vec![1]),
            ("opencl:A100", vec![2]),
            ("opencl:nvidia", vec![1]),
            ("opencl:portable computing", vec![0]),
            ("opencl:all", vec![0, 1, 2]),
        ] {
            let names: Vec<&str> = places.into_iter().map(|at: usize| all[at]).collect();
            assert_eq!(chosen(text).unwrap(), names, "{text}");
        }
    }

    #[test]
    fn without_a_gpu_the_first_device_is_chosen() {
        let mut found = found();
        found.devices.truncate(1);
        let devices =
            Wish { text: "opencl", choice: Choice::Best, is_double: true }.choose("loader.so", found).unwrap();
        assert_eq!((devices.len(), devices[0].name.as_str()), (1, "pthread-skylake"));
    }

    #[test]
    fn devices_that_cannot_run_programs_are_passed_over_or_reported() {
        let mut all = found();
        all.devices[1].is_available = false;
        all.devices[2].has_f64 = false;
        let chosen = |text: &str, is_double| {
            let found = Found { devices: all.devices.clone(), platforms: all.platforms.clone(), faults: vec![] };
            let devices = Wish { text, choice: Choice::read(text).unwrap(), is_double }.choose("loader.so", found)?;
            Ok::<_, Error>(devices.into_iter().map(|device| device.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen("opencl", true).unwrap(), ["pthread-skylake"]);
        assert_eq!(chosen("opencl", false).unwrap(), ["NVIDIA A100"]);
        assert_eq!(chosen("opencl:all", false).unwrap(), ["pthread-skylake", "NVIDIA A100"]);
        let expect = |text: &str, is_double, device: &str, fault: &str| {
            let expected = format!("expected a device that runs programs for '{text}', got {device}, which {fault}");
            assert_eq!(chosen(text, is_double).unwrap_err(), Error::NoDevice(expected));
        };
        let (h200, a100) = ("opencl:1 'NVIDIA H200' (NVIDIA CUDA)", "opencl:2 'NVIDIA A100' (NVIDIA CUDA)");
        expect("opencl:h200", false, h200, "is not available");
        expect("opencl:0,2", true, a100, "has no numbers of 64 bits for precision 'f64'");
        for version in ["OpenCL 1.1 CUDA", "OpenCL 1", "nonsense", ""] {
            all.devices.truncate(1);
            all.devices[0].version = version.into();
            let fault = format!("has no OpenCL 1.2: '{version}'");
            let choose = |text: &str| {
                let found = Found { devices: all.devices.clone(), platforms: all.platforms.clone(), faults: vec![] };
                Wish { text, choice: Choice::read(text).unwrap(), is_double: true }.choose("loader.so", found)
            };
            for text in ["opencl", "opencl:all", "opencl:0"] {
                let device = "opencl:0 'pthread-skylake' (Portable Computing Language)";
                let expected =
                    format!("expected a device that runs programs for '{text}', got {device}, which {fault}");
                assert_eq!(choose(text).unwrap_err(), Error::NoDevice(expected));
            }
        }
    }

    #[test]
    fn a_missing_device_is_reported_with_those_that_are_there() {
        for text in ["opencl:3", "opencl:0,3", "opencl:99999999999999999999999", "opencl:nonsense", "opencl:-1"] {
            let expected = Error::NoDevice(format!("expected one of {LIST}, got '{text}'"));
            assert_eq!(chosen(text).unwrap_err(), expected);
        }
        let empty = |platforms: &[&str], faults: &[&str]| {
            let text = |list: &[&str]| list.iter().map(|name| name.to_string()).collect();
            let found = Found { devices: vec![], platforms: text(platforms), faults: text(faults) };
            Wish { text: "opencl", choice: Choice::Best, is_double: true }.choose("loader.so", found).unwrap_err()
        };
        let expected = "expected an OpenCL platform for 'opencl', got none: loader.so finds no driver";
        assert_eq!(empty(&[], &[]), Error::NoDevice(expected.into()));
        let expected = "expected an OpenCL device for 'opencl', got none of A, B; the devices of 'B' gave status -6";
        assert_eq!(empty(&["A", "B"], &["the devices of 'B' gave status -6"]), Error::NoDevice(expected.into()));
    }

    #[test]
    fn texts_without_meaning_are_refused() {
        for text in ["", "OpenCL", "openclx", "opencl:", "opencl: ", "opencl 0", "gpu"] {
            let expected = Error::BadSpec(format!("expected {FORMS}, got '{text}'"));
            assert_eq!(select(text, true).unwrap_err(), expected);
        }
        let expected = "expected each device once, got 'opencl:1,0,1', which names opencl:1 twice";
        assert_eq!(chosen("opencl:1,0,1").unwrap_err(), Error::BadSpec(expected.into()));
    }
}
