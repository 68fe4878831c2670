import { expect, it } from "vitest";
import { MACHINE_ACCESS, readAccess, untrusted } from "./access.ts";

const ADMIN = "S-1-5-21-1-2-3-500";

// Written down from the documentation of Windows and from icacls /save on such folders; no real Windows was asked here.
it.each([
  [
    "%ProgramFiles%, where packages and users may only read",
    "O:BAD:AI(A;ID;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)(A;CIIOID;GA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)(A;ID;FA;;;SY)(A;OICIIOID;GA;;;SY)(A;ID;FA;;;BA)(A;OICIIOID;GA;;;BA)(A;ID;0x1200a9;;;BU)(A;OICIIOID;GXGR;;;BU)(A;OICIIOID;GA;;;CO)(A;ID;0x1200a9;;;AC)(A;OICIIOID;GXGR;;;AC)",
    [],
  ],
  ["what goferry sets", `O:BA${MACHINE_ACCESS}`, []],
  [
    "a folder on C:\\, where every user may change everything",
    "O:BAD:AI(A;OICIID;FA;;;BA)(A;OICIID;FA;;;SY)(A;OICIID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)(A;OICIIOID;SDGXGWGR;;;AU)",
    ["AU"],
  ],
  ["one in which users may make files", "O:SYD:(A;OICI;FA;;;BA)(A;CI;DC;;;BU)", ["BU"]],
  ["one that belongs to a user", "O:S-1-5-21-1-2-3-1001D:(A;OICI;FA;;;BA)", ["S-1-5-21-1-2-3-1001"]],
  ["one that belongs to who installs", `O:${ADMIN}D:(A;OICI;FA;;;BA)(A;OICI;FA;;;${ADMIN})`, []],
  ["one without a list", "O:BAD:NO_ACCESS_CONTROL", ["WD"]],
  ["one that nobody can read", "", ["unknown", "WD"]],
  ["one whose owner the list denies others", "O:BAD:(D;OICI;FA;;;BU)(A;OICI;FR;;;WD)", []],
])("%s", (_what, sddl, found) => {
  expect(untrusted(readAccess(sddl), ADMIN)).toEqual(found);
});
