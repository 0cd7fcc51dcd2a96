//! The memory of a process, as the kernel counts it.

use super::FunctionError;

/// Physical memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// In use now (`VmRSS`).
    pub resident: u64,
    /// The most that was ever in use (`VmHWM`).
    pub peak: u64,
}

pub(super) fn of(pid: u32) -> Result<Memory, FunctionError> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .map_err(|source| FunctionError::State { pid, source })?;
    let bytes = |field| field_bytes(&status, field).ok_or(FunctionError::Memory { pid, field });
    Ok(Memory { resident: bytes("VmRSS")?, peak: bytes("VmHWM")? })
}

/// The figure in a line such as `VmRSS:     5124 kB`, where kB means 1,024 bytes (`proc(5)`).
fn field_bytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then_some(value)
    })?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    5124 kB\nVmRSS:\t5000 kB\n";
        assert_eq!(field_bytes(status, "VmHWM"), Some(5124 * 1024));
        assert_eq!(field_bytes(status, "VmSwap"), None);
        assert_eq!(field_bytes("VmRSS: many", "VmRSS"), None);
    }

    #[test]
    fn this_process_has_some_and_an_absent_one_has_none() {
        let memory = of(std::process::id()).unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        assert!(of(u32::MAX).is_err());
    }
}
