//! Types of partitions and their names: those that are met in practice, with
//! the names and numbers of fdisk of util-linux 2.38.

/// Types of an MBR, a line each: two digits and the name.
const DOS: &[u8] = b"\
00 Empty\n\
01 FAT12\n\
02 XENIX root\n\
03 XENIX usr\n\
04 FAT16 <32M\n\
05 Extended\n\
06 FAT16\n\
07 HPFS/NTFS/exFAT\n\
08 AIX\n\
09 AIX bootable\n\
0a OS/2 Boot Manager\n\
0b W95 FAT32\n\
0c W95 FAT32 (LBA)\n\
0e W95 FAT16 (LBA)\n\
0f W95 Ext'd (LBA)\n\
11 Hidden FAT12\n\
12 Compaq diagnostics\n\
14 Hidden FAT16 <32M\n\
16 Hidden FAT16\n\
17 Hidden HPFS/NTFS\n\
1b Hidden W95 FAT32\n\
1c Hidden W95 FAT32 (LBA)\n\
1e Hidden W95 FAT16 (LBA)\n\
27 Hidden NTFS WinRE\n\
39 Plan 9\n\
41 PPC PReP Boot\n\
42 SFS\n\
63 GNU HURD or SysV\n\
80 Old Minix\n\
81 Minix / old Linux\n\
82 Linux swap / Solaris\n\
83 Linux\n\
84 OS/2 hidden or Intel hibernation\n\
85 Linux extended\n\
86 NTFS volume set\n\
87 NTFS volume set\n\
88 Linux plaintext\n\
8e Linux LVM\n\
a0 IBM Thinkpad hibernation\n\
a5 FreeBSD\n\
a6 OpenBSD\n\
a8 Darwin UFS\n\
a9 NetBSD\n\
ab Darwin boot\n\
af HFS / HFS+\n\
be Solaris boot\n\
bf Solaris\n\
da Non-FS data\n\
de Dell Utility\n\
ea Linux extended boot\n\
eb BeOS fs\n\
ee GPT\n\
ef EFI (FAT-12/16/32)\n\
fb VMware VMFS\n\
fc VMware VMKCORE\n\
fd Linux raid autodetect\n\
ff BBT\n\
";

/// Types of a GPT, a line each: fdisk's number, GUID and name.
const GPT: &[u8] = b"\
1 C12A7328-F81F-11D2-BA4B-00A0C93EC93B EFI System\n\
2 024DEE41-33E7-11D3-9D69-0008C781F39F MBR partition scheme\n\
3 D3BFE2DE-3DAF-11DF-BA40-E3A556D89593 Intel Fast Flash\n\
4 21686148-6449-6E6F-744E-656564454649 BIOS boot\n\
5 F4019732-066E-4E12-8273-346C5641494F Sony boot partition\n\
6 BFBFAFE7-A34F-448A-9A5B-6213EB736C22 Lenovo boot partition\n\
7 9E1A2D38-C612-4316-AA26-8B49521E5A8B PowerPC PReP boot\n\
8 7412F7D5-A156-4B13-81DC-867174929325 ONIE boot\n\
9 D4E6E2CD-4469-46F3-B5CB-1BFF57AFC149 ONIE config\n\
10 E3C9E316-0B5C-4DB8-817D-F92DF00215AE Microsoft reserved\n\
11 EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 Microsoft basic data\n\
12 5808C8AA-7E8F-42E0-85D2-E1E90434CFB3 Microsoft LDM metadata\n\
13 AF9B60A0-1431-4F62-BC68-3311714A69AD Microsoft LDM data\n\
14 DE94BBA4-06D1-4D40-A16A-BFD50179D6AC Windows recovery environment\n\
15 37AFFC90-EF7D-4E96-91C3-2D7AE055B174 IBM General Parallel Fs\n\
16 E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D Microsoft Storage Spaces\n\
17 75894C1E-3AEB-11D3-B7C1-7B03A0000000 HP-UX data\n\
18 E2A1E728-32E3-11D6-A682-7B03A0000000 HP-UX service\n\
19 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F Linux swap\n\
20 0FC63DAF-8483-4772-8E79-3D69D8477DE4 Linux filesystem\n\
21 3B8F8425-20E0-4F3B-907F-1A25A76F98E8 Linux server data\n\
22 44479540-F297-41B2-9AF7-D131D5F0458A Linux root (x86)\n\
23 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 Linux root (x86-64)\n\
26 69DAD710-2CE4-4E3C-B16C-21A1D49ABED3 Linux root (ARM)\n\
27 B921B045-1DF0-41C3-AF44-4C6F280D3FAE Linux root (ARM-64)\n\
36 72EC70A6-CF74-40E6-BD49-4BDA08E8F224 Linux root (RISC-V-64)\n\
40 8DA63339-0007-60C0-C436-083AC8230908 Linux reserved\n\
41 933AC7E1-2EB4-4F13-B844-0E14E2AEF915 Linux home\n\
42 A19D880F-05FC-4D3B-A006-743F0F84911E Linux RAID\n\
43 E6D6D379-F507-44C2-A23C-238F2A3DF928 Linux LVM\n\
44 4D21B016-B534-45C2-A9FB-5C16E091FD2D Linux variable data\n\
45 7EC6F557-3BC5-4ACA-B293-16EF5DF639D1 Linux temporary data\n\
46 75250D76-8CC6-458E-BD66-BD47CC81A812 Linux /usr (x86)\n\
47 8484680C-9521-48C6-9C11-B0720656F69E Linux /usr (x86-64)\n\
51 B0E01050-EE5F-4390-949A-9101B17104E9 Linux /usr (ARM-64)\n\
65 2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5 Linux root verity (x86-64)\n\
83 77FF5F63-E7B6-4633-ACF4-1565B864C0E6 Linux /usr verity (x86-64)\n\
101 41092B05-9FC8-4523-994F-2DEF0408B176 Linux root verity sign. (x86-64)\n\
119 E7BB33FB-06CF-4E81-8273-E543B413E2E2 Linux /usr verity sign. (x86-64)\n\
136 BC13C2FF-59E6-4262-A352-B275FD6F7172 Linux extended boot\n\
137 773F91EF-66D4-49B5-BD83-D683BF40AD16 Linux user's home\n\
138 516E7CB4-6ECF-11D6-8FF8-00022D09712B FreeBSD data\n\
139 83BD6B9D-7F41-11DC-BE0B-001560B84F0F FreeBSD boot\n\
140 516E7CB5-6ECF-11D6-8FF8-00022D09712B FreeBSD swap\n\
141 516E7CB6-6ECF-11D6-8FF8-00022D09712B FreeBSD UFS\n\
142 516E7CBA-6ECF-11D6-8FF8-00022D09712B FreeBSD ZFS\n\
144 48465300-0000-11AA-AA11-00306543ECAC Apple HFS/HFS+\n\
145 7C3457EF-0000-11AA-AA11-00306543ECAC Apple APFS\n\
150 4C616265-6C00-11AA-AA11-00306543ECAC Apple label\n\
156 6A85CF4D-1DD2-11B2-99A6-080020736631 Solaris root\n\
157 6A898CC3-1DD2-11B2-99A6-080020736631 Solaris /usr & Apple ZFS\n\
169 49F48D5A-B10E-11DC-B99B-0019D1879648 NetBSD FFS\n\
174 FE3A2A5D-4F32-41A7-B725-ACCC3285A309 ChromeOS kernel\n\
175 3CB8E202-3B7E-47DD-8A3C-7FF2A13CFCEC ChromeOS root fs\n\
183 45B0969E-9B03-4F30-B4C6-B4B80CEFF106 Ceph Journal\n\
185 4FBD7E29-9D25-41B8-AFD0-062C0CEFF05D Ceph OSD\n\
189 AA31E02A-400F-11DB-9590-000C2911D1B8 VMware VMFS\n\
194 824CC7A0-36A8-11E3-890A-952519AD3F61 OpenBSD data\n\
";

/// Lines of a table as key and rest.
fn rows(table: &'static [u8]) -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
    table.split(|&b| b == b'\n').filter_map(|line| {
        let at = line.iter().position(|&b| b == b' ')?;
        Some((line.get(..at)?, line.get(at + 1..)?))
    })
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// A type of an MBR for a list: its number and name.
pub fn dos() -> impl Iterator<Item = (u8, &'static [u8])> {
    rows(DOS).filter_map(|(key, name)| Some((number(key, 16)? as u8, name)))
}

/// A type of a GPT for a list: fdisk's number, GUID in capitals, name.
pub fn gpt() -> impl Iterator<Item = (u32, &'static [u8], &'static [u8])> {
    rows(GPT).filter_map(|(key, rest)| Some((number(key, 10)?, rest.get(..36)?, rest.get(37..)?)))
}

/// The name of a type of an MBR.
pub fn dos_name(kind: u8) -> Option<&'static [u8]> {
    dos().find(|(key, _)| *key == kind).map(|(_, name)| name)
}

/// The name of a type of a GPT, by its GUID in either case.
pub fn gpt_name(guid: &[u8]) -> Option<&'static [u8]> {
    gpt().find(|(_, key, _)| key.eq_ignore_ascii_case(guid)).map(|(_, _, name)| name)
}

/// The name of what a partition's entry says: `0x83` or a GUID.
pub fn name(kind: &[u8]) -> Option<&'static [u8]> {
    match kind.strip_prefix(b"0x") {
        Some(digits) => dos_name(u8::try_from(number(digits, 16)?).ok()?),
        None => gpt_name(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(name(b"0x83"), Some(&b"Linux"[..]));
        assert_eq!(name(b"0x5"), Some(&b"Extended"[..]));
        assert_eq!(name(b"0x17f"), None);
        assert_eq!(name(b"c12a7328-f81f-11d2-ba4b-00a0c93ec93b"), Some(&b"EFI System"[..]));
        assert_eq!(name(b"x"), None);
        assert_eq!(gpt().find(|row| row.0 == 20).unwrap().2, b"Linux filesystem");
        assert_eq!(dos().count(), DOS.split(|&b| b == b'\n').count() - 1);
        assert_eq!(gpt().count(), GPT.split(|&b| b == b'\n').count() - 1);
    }
}
