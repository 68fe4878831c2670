// Which redirects are followed. A redirect is the one place where a server chooses what we ask next, so it must not
// lead off https, to another scheme such as file:, or to a login of the server's choosing.

export type Redirect = { readonly to: URL } | { readonly refused: string };

/** The URL that an answer of `from` with this Location header leads to, or why it is not followed. Pure. */
export function followRedirect(from: URL, location: string | undefined): Redirect {
  if (location === undefined) return { refused: "a redirect without a Location" };
  if (!URL.canParse(location, from.href)) return { refused: "a redirect to something that is no URL" };
  const to = new URL(location, from);
  if (to.protocol !== "https:" && to.protocol !== "http:") return { refused: `a redirect to ${to.protocol}` };
  if (from.protocol === "https:" && to.protocol === "http:")
    return { refused: "a redirect from https to http" };
  to.username = "";
  to.password = "";
  return { to };
}

/** True for the statuses whose Location is followed (RFC 9110 section 15.4). */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}
