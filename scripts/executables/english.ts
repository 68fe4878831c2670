// Stands in for y18n, with which yargs reads its texts from files beside its sources. An executable has no such files,
// and must not look for them on the host. English needs none: the keys are the English texts.

import { format } from "node:util";

type Texts = Record<string, string | { one: string; other: string }>;

export default function createEnglish() {
  // Texts that the program itself sets, with yargs' updateStrings.
  const changed: Texts = {};
  return {
    __(text: string, ...args: unknown[]): string {
      const found = changed[text];
      return format(typeof found === "string" ? found : text, ...args);
    },
    __n(one: string, other: string, count: number, ...args: unknown[]): string {
      const found = changed[one];
      const forms = typeof found === "object" ? found : { one, other };
      const text = count === 1 ? forms.one : forms.other;
      return text.includes("%d") ? format(text, count, ...args) : format(text, ...args);
    },
    getLocale: () => "en",
    setLocale: () => undefined,
    updateLocale: (texts: Texts) => Object.assign(changed, texts),
  };
}
