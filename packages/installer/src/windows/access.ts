// Who may change what lies in a folder, read from its security descriptor. The installation for a machine runs as every
// user who calls go, so nobody but administrators and the system may write there. %ProgramFiles% is like that by itself; a
// folder on C:\ or on another disk lets every user in.
//
// Source of the language: "Security Descriptor String Format" and "ACE Strings" in the documentation of Windows.

/** Owner-independent: the system and administrators everything, users read and start; below it too. */
export const MACHINE_ACCESS = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";

export interface Access {
  /** As the descriptor names them: BA, SY, S-1-5-21-… */
  owner: string;
  /** Who may write, delete or change rights, in the folder or below it. */
  writers: string[];
}

/** @throws nothing: what cannot be read is listed as the writer "unknown" */
export function readAccess(sddl: string): Access {
  const owner = /^O:(S-[\d-]+|[A-Z]{2})/.exec(sddl)?.[1] ?? "unknown";
  const list = /D:([A-Z_]*)((?:\([^)]*\))*)/.exec(sddl);
  // No list at all means that everybody may do everything.
  if (list === null || list[1]?.includes("NO_ACCESS_CONTROL")) return { owner, writers: ["WD"] };
  const writers = new Set<string>();
  for (const [, entry = ""] of (list[2] ?? "").matchAll(/\(([^)]*)\)/g)) {
    const [kind, , rights = "", , , who = "unknown"] = entry.split(";");
    if ((kind === "A" || kind === "OA" || kind === "XA") && maySpoil(rights)) writers.add(who);
  }
  return { owner, writers: [...writers].toSorted() };
}

/** Of these, whom an ordinary user is not. `own` is who installs: an administrator, or the system. */
export function untrusted({ owner, writers }: Access, own: string): string[] {
  // An owner may always change the rights.
  return [...new Set([owner, ...writers])].filter((who) => !TRUSTED.has(who) && who !== own);
}

/** Administrators, the system, whoever creates something there (who is one of them), Windows' own installer. */
const TRUSTED: ReadonlySet<string> = new Set([
  "BA",
  "SY",
  "CO",
  "S-1-5-32-544",
  "S-1-5-18",
  "S-1-3-0",
  "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
]);

/**
 * FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, GENERIC_WRITE:
 * what puts something else in a program's place.
 */
const SPOILING = 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000;

/** The names of rights, as far as they are among those. */
const NAMED: Readonly<Record<string, number>> = {
  GA: 0x10000000,
  GW: 0x40000000,
  FA: 0x1f01ff,
  FW: 0x120116,
  DC: 0x2,
  LC: 0x4,
  DT: 0x40,
  SD: 0x10000,
  WD: 0x40000,
  WO: 0x80000,
};

function maySpoil(rights: string): boolean {
  if (/^0x[\da-f]+$/i.test(rights)) return (Number.parseInt(rights, 16) & SPOILING) !== 0;
  return (rights.match(/../g) ?? []).some((name) => ((NAMED[name] ?? 0) & SPOILING) !== 0);
}
