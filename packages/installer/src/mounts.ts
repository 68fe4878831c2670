// Which mount a path lies on, from the text of /proc/self/mounts: the options of a mount (noexec, ro) are in no
// answer of statfs(2) that Node passes on.

export interface Mount {
  /** Where it is mounted, absolute. */
  point: string;
  /** The type of the file system, such as "ext4". */
  type: string;
  options: string[];
}

/**
 * The mount that holds `path`; undefined when the text names none. `path` is absolute and without links. Of two
 * mounts at one place the later one counts: it hides the earlier.
 */
export function findMount(text: string, path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of parseMounts(text)) {
    if (!holds(mount.point, path)) continue;
    if (best === undefined || mount.point.length >= best.point.length) best = mount;
  }
  return best;
}

/** The mounts of a text in the format of fstab(5): source, point, type and options, divided by spaces. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const [, point, type, options] = line.split(" ");
    if (point === undefined || type === undefined || options === undefined) continue;
    mounts.push({ point: unescapeOctal(point), type, options: options.split(",") });
  }
  return mounts;
}

/** The kernel writes space, tab, line feed, backslash and # of a path as a backslash and three octal digits. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/gu, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}

function holds(point: string, path: string): boolean {
  return point === "/" || path === point || path.startsWith(`${point}/`);
}
