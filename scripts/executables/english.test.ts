import { expect, it } from "vitest";
import createEnglish from "./english.ts";

it("fills in what yargs wants to say, and takes the texts that a program sets", () => {
  const english = createEnglish();
  // Without `this`, as yargs calls them.
  const { __, __n } = english;
  expect(__("Unknown command: %s", "instal")).toBe("Unknown command: instal");
  expect(__n("%d file", "%d files", 1)).toBe("1 file");
  expect(__n("%d file", "%d files", 2)).toBe("2 files");
  expect(__n("Unknown argument: %s", "Unknown arguments: %s", 2, "a, b")).toBe("Unknown arguments: a, b");
  english.updateLocale({ "Commands:": "Ports:", "%d file": { one: "%d box", other: "%d boxes" } });
  expect(__("Commands:")).toBe("Ports:");
  expect(__n("%d file", "%d files", 3)).toBe("3 boxes");
});
