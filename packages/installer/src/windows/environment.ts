// The environment of Windows: names without case, and text in which %NAME% stands for another value.

/** A variable by its name in whatever case; undefined where there is none. */
export function variable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  if (env[name] !== undefined) return env[name];
  const wanted = name.toUpperCase();
  const found = Object.keys(env).find((each) => each.toUpperCase() === wanted);
  return found === undefined ? undefined : env[found];
}

/** As Windows expands REG_EXPAND_SZ: what is not known stays as it is. */
export function expand(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/%([^%]+)%/g, (whole, name: string) => variable(env, name) ?? whole);
}
