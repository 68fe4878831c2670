// What of Windows Node cannot reach, as the installer uses it: the registry, access lists, who holds a file, the event
// log. A small interface, because no machine of the tests is a real Windows: `helperSystem` in helper.ts asks a little Go
// program that goferry.exe carries (packages/installer/winhelper), test/kit/windows-system.ts has the same in memory, and
// what Wine cannot do was written down from the documentation of Windows (docs/WINDOWS.md says which).
//
// Why a program and not reg.exe, icacls, setx and the like: their output comes in the code page of the console, in the
// language of the system; setx cuts at 1,024 characters; none of them tells other programs of a change; and a policy
// that forbids users to edit the registry forbids reg.exe, but not to put a folder on PATH.

/** "HKCU\\Environment" or "HKLM\\SYSTEM\\…": a hive by its short name, then the path. The 64-bit view. */
export type RegistryKey = string;

/** The type is Windows' number (1 REG_SZ, 2 REG_EXPAND_SZ, 4 REG_DWORD); `data` is base64 of the bytes as they are. */
export interface RegistryValue {
  type: number;
  data: string;
}

export interface RegistryName {
  key: RegistryKey;
  /** Compared without case, as Windows does. */
  name: string;
}

export interface RegistryChange extends RegistryName {
  /** Null takes the value away. */
  value: RegistryValue | null;
}

/** Throws PERMISSION_DENIED where this user may not, IO_FAILED for everything else that Windows refuses. */
export interface Registry {
  /** Null for what is not there. */
  read(names: readonly RegistryName[]): Promise<(RegistryValue | null)[]>;
  /** One after the other, each written through to the disk. Keys are made as needed. */
  write(changes: readonly RegistryChange[]): Promise<void>;
  /** The names of the keys below each; null for a key that does not exist. */
  subkeys(keys: readonly RegistryKey[]): Promise<(string[] | null)[]>;
  /** Takes keys away in which nothing is; the others stay. */
  removeEmpty(keys: readonly RegistryKey[]): Promise<void>;
  /** Tells every window that the environment has changed (WM_SETTINGCHANGE), so that what is started next has it. */
  announce(): Promise<void>;
}

/** Who runs goferry. */
export interface WindowsAccount {
  /** S-1-5-18 is the system itself, -19 and -20 are the services' accounts. */
  sid: string;
  /** The rights of an administrator, and not only the user: "Run as administrator". */
  elevated: boolean;
  /** 0 is that of services. */
  session: number;
}

export interface WindowsVolume {
  kind: "fixed" | "removable" | "remote" | "optical" | "memory" | "unknown";
  /** NTFS, ReFS, exFAT …; "" when it does not say. */
  fileSystem: string;
  /** `\\server\share` of a drive letter that stands for one; "" for others. */
  remote: string;
}

/** A process that has a file open. */
export interface FileHolder {
  pid: number;
  /** As the Restart Manager names it: "gopls", "Microsoft Defender Antivirus Service". */
  name: string;
  /** Short name of a service; "" for what is none. */
  service: string;
}

export interface WindowsEvent {
  /** Registered under this name at the installation for the machine. */
  source: string;
  /** 1 to 1,000: those for which the message file of the system has a text. */
  event: number;
  level: "information" | "warning" | "error";
  text: string;
}

export interface WindowsSystem {
  registry: Registry;
  account(): Promise<WindowsAccount>;
  /** Owner and access list of a folder, as a security descriptor in SDDL. */
  accessOf(path: string): Promise<string>;
  /** Replaces the access list; nothing is inherited from the folder above any more. */
  setAccess(path: string, sddl: string): Promise<void>;
  /** Of the volume that holds `path`, which need not exist. */
  volume(path: string): Promise<WindowsVolume>;
  /** Which processes have one of the files open, by the Restart Manager. */
  holders(paths: readonly string[]): Promise<FileHolder[]>;
  logEvent(event: WindowsEvent): Promise<void>;
  /** Removes a folder, with all that is in it, once this process has ended: a program that runs cannot be removed. */
  removeLater(folder: string): void;
}
