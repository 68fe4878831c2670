// Links as files, for systems where a link needs a privilege that users do not have (Windows). What points somewhere
// is a file that says so in its last line; what points to a program is in addition a program that starts the other:
// the launcher (installer/launcher), with that line behind it, which Windows does not load and the launcher reads.
//
// So everything that the installer does with links, journals of them and checks of them, holds there as well, and no
// journal has to carry a program: the target alone says what the file is.

/** Before the target, at the beginning of the last line. installer/launcher/main.go knows it too. */
const MARK = "goferry-link: ";

/** Bytes of the line at most. A Windows path relative to bin/ is far shorter. */
export const LINE_LIMIT = 512;

/**
 * The file that stands for a link. `launcher` is the program that starts what a link leads to.
 * @param target relative to the folder of the link, with slashes, such as "../sdk/go1.27.1/bin/go.exe"
 */
export function linkFile(target: string, launcher: Uint8Array | undefined): Uint8Array | undefined {
  const line = Buffer.from(`${MARK}${target}\n`);
  if (!isProgram(target)) return line;
  return launcher === undefined ? undefined : Buffer.concat([launcher, Buffer.from("\n"), line]);
}

/**
 * Where the file leads to, if it is one that `linkFile` makes; null for any other. All of it is compared: a launcher that
 * somebody has changed is no link of ours.
 */
export function linkTarget(bytes: Uint8Array, launcher: Uint8Array | undefined): string | null {
  const tail = Buffer.from(bytes.subarray(-LINE_LIMIT)).toString("latin1");
  const start = tail.lastIndexOf(MARK);
  if (start === -1 || !tail.endsWith("\n")) return null;
  const target = Buffer.from(tail.slice(start + MARK.length, -1), "latin1").toString("utf8");
  if (target.includes("\n")) return null;
  const made = linkFile(target, launcher);
  return made !== undefined && Buffer.compare(made, bytes) === 0 ? target : null;
}

/** Whether a file of that size may be one, so that no other has to be read. */
export function mayBeLink(size: number, launcher: Uint8Array | undefined): boolean {
  const extra = launcher === undefined ? -1 : size - launcher.length;
  return size <= LINE_LIMIT || (extra > 0 && extra <= LINE_LIMIT);
}

function isProgram(target: string): boolean {
  return target.endsWith(".exe");
}
